"""Embeddings of crops: channels, mirror pictures, passes, and weights that do not fit, on a network that is known."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from femo.errors import ModelError, WeightsError
from femo.models.config import ModelSpec, read_spec
from femo.networks.backbone import Backbone, build_backbone, compile_backbone, create_network, faces_per_pass
from tests.small_models import DIM, SIZE, write_small


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("models") / "small")


class Means:
    """Stands for a network: the mean of each channel, its left column, and how often it ran."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, crops: np.ndarray) -> list[np.ndarray]:
        self.calls.append(len(crops))
        assert crops.flags.c_contiguous or crops.shape[0] == 0
        left = crops[:, :, 0].astype(np.float32).mean(axis=(1, 2))
        return [np.concatenate([crops.astype(np.float32).mean(axis=(1, 2)), left[:, None]], axis=1)]


def backbone(spec: ModelSpec, **changes: Any) -> tuple[Backbone, Means]:
    network = Means()
    return Backbone(replace(spec, embedding_dim=4, **changes), network), network  # type: ignore[arg-type]


def crops(n: int = 2) -> np.ndarray:
    out = np.zeros((n, 4, 4, 3), np.uint8)
    out[:, :, :1] = (200, 100, 40)  # one column of four
    return out


def test_channels_come_in_the_order_that_the_network_learnt(folder: Path) -> None:
    spec = read_spec(folder)
    assert backbone(spec)[0].embed(crops())[0].tolist() == pytest.approx([50, 25, 10, 340 / 3], rel=1e-6)
    assert backbone(spec, channels="bgr")[0].embed(crops())[0].tolist() == pytest.approx(
        [10, 25, 50, 340 / 3], rel=1e-6
    )


def test_a_still_is_the_mean_of_both_views_in_one_call(folder: Path) -> None:
    body, network = backbone(read_spec(folder), mirror=True)
    found = body.embed_still(crops(3))
    assert found.shape == (3, 4)
    assert found[2].tolist() == pytest.approx(
        [50, 25, 10, 340 / 6], rel=1e-6
    )  # its mirror has nothing on the left
    assert network.calls == [6]
    plain, other = backbone(read_spec(folder))
    assert plain.embed_still(crops(1))[0, 3] == pytest.approx(340 / 3)
    assert other.calls == [1]


def test_no_crops_have_no_embeddings_and_run_nothing(folder: Path) -> None:
    for mirror in (False, True):
        body, network = backbone(read_spec(folder), mirror=mirror)
        assert body.embed(crops(0)).shape == body.embed_still(crops(0)).shape == (0, 4)
        assert network.calls == []


@pytest.mark.parametrize(
    ("size", "faces"), [(224, 8), (225, 7), (112, 32), (48, 32), (260, 5), (634, 1), (1024, 1)]
)
def test_so_many_pixels_go_through_at_once(size: int, faces: int) -> None:
    """8 faces of 224 px are 401,408 pixels; of 225 px, 50,625 each, 7 fit."""
    assert faces_per_pass(size) == faces


def test_the_compiled_network_is_the_module(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEMO_CACHE", str(tmp_path))
    monkeypatch.setenv("FEMO_DEVICE", "torch-cpu")
    spec = read_spec(folder)
    pictures = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8)
    module = build_backbone(spec, folder / "weights.safetensors")
    planes = torch.from_numpy((pictures.astype(np.float32) / 255 - 0.5) / 0.25).permute(0, 3, 1, 2)
    with torch.inference_mode():
        expected = module(planes).numpy()
    network = compile_backbone(spec, "f32")
    np.testing.assert_allclose(
        Backbone(spec, network).embed(pictures), expected, atol=1e-4 * np.abs(expected).max()
    )
    assert network.max_batch == 32
    assert not module.training


def damaged(folder: Path, tmp_path: Path, **changes: Any) -> Path:
    """The weights with some tensors changed, None for taken away."""
    tensors = load_file(folder / "weights.safetensors")
    for name, value in changes.items():
        key = f"backbone.{name.replace('__', '.')}"
        tensors.pop(key, None)
        if value is not None:
            tensors[key] = value
    save_file(tensors, tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"conv1__weight": None}, r"missing \['conv1\.weight'\], extra \[\], other shape \[\]$"),
        ({"conv9__weight": torch.zeros(1)}, r"missing \[\], extra \['conv9\.weight'\]"),
        (
            {"conv1__weight": torch.zeros(8, 3, 5, 5)},
            r"missing \[\], extra \[\], other shape \['conv1\.weight'\]$",
        ),
    ],
)
def test_weights_that_do_not_fit_are_named(
    changes: dict[str, Any], said: str, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match=rf"w\.safetensors does not fit resnet18: {said}"):
        build_backbone(read_spec(folder), damaged(folder, tmp_path, **changes))


def test_another_length_of_the_embedding_is_a_wrong_config(folder: Path) -> None:
    spec = read_spec(folder)
    with pytest.raises(ModelError, match=rf"config\.json says embedding_dim 9, but resnet18 has {DIM}$"):
        create_network(replace(spec, embedding_dim=9))


def test_networks_of_ours_are_found_by_name(folder: Path) -> None:
    spec = read_spec(folder)
    for arch, dim in (("mobilefacenet", 512), ("face_mesh", None)):
        named = replace(spec, arch=arch, arch_args={}, input_size=112, embedding_dim=dim or 1)
        if dim is None:
            with pytest.raises(ModelError, match="but face_mesh has "):
                create_network(named)
        else:
            assert create_network(named).num_features == dim
    assert json.loads((folder / "config.json").read_text())["arch"] == "resnet18"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"arch_args": {"evil": 1}},
            r"config\.json gives resnet18 arguments that it cannot be built with: .*'evil'",
        ),
        (
            {"arch": "mobilefacenet", "input_size": 112, "arch_args": {"blocks": "x"}},
            "gives mobilefacenet arguments",
        ),
        ({"arch": "mobilefacenet", "input_size": 112, "arch_args": {"flat": -1}}, "gives mobilefacenet arguments"),
        (
            {"arch": "mobilefacenet", "input_size": 112, "arch_args": {"num_features": 1 << 60}},
            "gives mobilefacenet arguments",
        ),
        (
            {"arch": "mobilefacenet", "input_size": 64, "arch_args": {}},
            "says input_size 64, but mobilefacenet reads 112",
        ),
    ],
)
def test_a_network_that_cannot_be_built_is_refused_in_one_sentence(
    changes: dict[str, Any], said: str, folder: Path
) -> None:
    with pytest.raises(ModelError, match=said):
        create_network(replace(read_spec(folder), **changes))
