"""What training starts from: the same network for pictures normalised our way, and what it says of who is in a picture."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from femo.errors import WeightsError
from femo.training.faces import start
from femo.training.faces.network import merged_state, with_norms
from femo.training.faces.samples import N_IDENTITY, normalise
from femo.training.faces.start import for_normalised, identity_targets, read_start, start_embeddings
from femo.upstream import faceres
from tests.norms import random_norms


@torch.inference_mode()
def test_the_start_sees_the_same_in_pictures_normalised_our_way() -> None:
    """BGR minus a mean at 0-255, and RGB of ImageNet's mean and deviation: one embedding, but for half a grey at the edge."""
    state = random_norms(1).state_dict()
    state["conv_stem.weight"] = state["conv_stem.weight"] / 100
    images = torch.randint(0, 256, (2, 3, 224, 224), dtype=torch.uint8)
    network = timm.create_model(faceres.ARCH, num_classes=0, **faceres.ARCH_ARGS).eval()
    for_ours = for_normalised(merged_with_norms(state))
    network.load_state_dict(for_ours, strict=False)
    expected = start_embeddings(state, images)
    got = network(normalise(images.float() / 255))
    assert float((got - expected).abs().max()) < 0.01 * float(expected.abs().max())
    turned = network(normalise(images.flip(1).float() / 255))
    assert float((turned - expected).abs().max()) > 0.02 * float(expected.abs().max())


def merged_with_norms(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The start has norms that only add a bias, as ``faceres.backbone_state`` gives them."""
    merged = merged_state({f"backbone.{name}": value for name, value in state.items()})
    return {name.removeprefix("backbone."): value for name, value in with_norms(merged).items()}


def _embedded(monkeypatch: pytest.MonkeyPatch, embedding: torch.Tensor) -> list[int]:
    """Let the start network say this of any pictures; returns how many it was shown each time."""
    shown: list[int] = []

    def say(state: object, images: torch.Tensor) -> torch.Tensor:
        shown.append(len(images))
        return embedding[: len(images)]

    monkeypatch.setattr(start, "start_embeddings", say)
    return shown


def test_targets_are_the_directions_of_largest_variance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cosines against those of numpy's singular value decomposition, which knows nothing of covariances."""
    chance = np.random.default_rng(0)
    embedding = (chance.normal(size=(200, 150)) * np.linspace(3, 0.1, 150) + 5).astype(np.float32)
    _embedded(monkeypatch, torch.from_numpy(embedding))
    targets = identity_targets({}, torch.zeros(200, 3, 2, 2), tmp_path / "k" / "i.npy").numpy()
    left, sizes, _ = np.linalg.svd(embedding - embedding.mean(axis=0), full_matrices=False)
    wanted = (left * sizes)[:, :N_IDENTITY]
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    assert targets.shape == (200, N_IDENTITY)
    np.testing.assert_allclose(targets @ targets.T, wanted @ wanted.T, atol=1e-4)


def test_targets_that_are_kept_are_read_and_those_of_other_pictures_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding = torch.randn(150, 140, generator=torch.Generator().manual_seed(0))
    shown, kept = _embedded(monkeypatch, embedding), tmp_path / "i.npy"
    first = identity_targets({}, torch.zeros(150, 3, 2, 2), kept)
    torch.testing.assert_close(identity_targets({}, torch.zeros(150, 3, 2, 2), kept), first)
    assert shown == [150]
    assert len(identity_targets({}, torch.zeros(140, 3, 2, 2), kept)) == 140
    assert shown == [150, 140]


def test_another_file_than_the_recipes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faceres, "read_graph_model", lambda path: {})
    monkeypatch.setattr(faceres, "backbone_state", lambda tensors, path: {"a": np.array([1.5], np.float32)})
    (tmp_path / "f.bin").write_bytes(b"abc")
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    state = read_start(tmp_path / "f.json", {"name": "f", "sha256": abc})
    torch.testing.assert_close(state["a"], torch.tensor([1.5]))
    with pytest.raises(WeightsError, match=rf"f\.bin has SHA-256 {abc}, but the recipe starts from 00"):
        read_start(tmp_path / "f.json", {"name": "f", "sha256": "00"})
