"""What training starts from: the same network for pictures normalised our way, and what it says of who is in a picture."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from femo.errors import WeightsError
from femo.networks.mobilefacenet import MobileFaceNet
from femo.training.faces.network import merged_state, with_norms
from femo.training.faces.presets import FEMO_BASE, FROM_ARCFACE, FROM_BOTH, FROM_FACERES
from femo.training.faces.recipe import Phase, Recipe
from femo.training.faces.samples import N_IDENTITY, normalise
from femo.training.faces.start import (
    Start,
    about,
    alignment,
    identity_targets,
    read_start,
    start_of_arcface,
    start_of_faceres,
)
from femo.upstream import arcface, faceres
from tests.norms import random_norms


@torch.inference_mode()
def test_the_start_sees_the_same_in_pictures_normalised_our_way() -> None:
    """BGR minus a mean at 0-255, and RGB of ImageNet's mean and deviation: one embedding, but for half a grey at the edge."""
    state = random_norms(1).state_dict()
    state["conv_stem.weight"] = state["conv_stem.weight"] / 100
    images = torch.randint(0, 256, (2, 3, 224, 224), dtype=torch.uint8)
    network = timm.create_model(faceres.ARCH, num_classes=0, **faceres.ARCH_ARGS).eval()
    begun = start_of_faceres(merged_with_norms(state))
    network.load_state_dict(begun.for_normalised(), strict=False)
    expected = start_of_faceres(state).embeddings(images, torch.full((2, 5, 2), torch.nan))
    got = network(normalise(images.float() / 255))
    assert float((got - expected).abs().max()) < 0.01 * float(expected.abs().max())
    turned = network(normalise(images.flip(1).float() / 255))
    assert float((turned - expected).abs().max()) > 0.02 * float(expected.abs().max())


def merged_with_norms(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The start has norms that only add a bias, as ``faceres.backbone_state`` gives them."""
    merged = merged_state({f"backbone.{name}": value for name, value in state.items()})
    return {name.removeprefix("backbone."): value for name, value in with_norms(merged).items()}


@torch.inference_mode()
def test_the_other_start_sees_a_face_that_is_aligned() -> None:
    """Points that lie as the start wants them, moved: the square cut out by hand, at one pixel of the input each."""
    torch.manual_seed(0)
    network = MobileFaceNet(**arcface.ARCH_ARGS).eval()
    begun = start_of_arcface(network.state_dict())
    images = torch.randint(0, 256, (2, 3, 200, 200), dtype=torch.uint8)
    points = ((torch.tensor(arcface.POINTS) + torch.tensor([60, 40])) / 200).repeat(2, 1, 1)
    points[1, 3, 0] = torch.nan
    square = images[:1, :, 40 : 40 + 112, 60 : 60 + 112].float()
    expected = network((square - 127.5) / 127.5)
    got = begun.embeddings(images, points)
    torch.testing.assert_close(got[:1], expected, rtol=1e-3, atol=1e-4)
    assert bool(got[1].isnan().all())
    ours = MobileFaceNet(**arcface.ARCH_ARGS).eval()
    ours.load_state_dict(begun.for_normalised())
    inside = float((ours(normalise(square / 255)) - expected).abs().max())
    assert inside < 0.05 * float(expected.abs().max())  # zeros at the edge stand for another grey


def test_points_are_brought_nearest_to_where_they_belong() -> None:
    """Against numpy's least squares over the four numbers of a similarity, points moved by chance included."""
    wanted, chance = np.array(arcface.POINTS), np.random.default_rng(0)
    turn = np.radians(25)
    exact = (
        wanted @ (0.9 * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])) + (30, 50)
    ) / 200
    points = np.stack([exact, exact + chance.normal(scale=0.02, size=(5, 2))]).astype(np.float32)
    got = alignment(torch.from_numpy(points), arcface.POINTS, 112).numpy()
    x, y = (wanted / 56 - 1).T  # of -1 to 1
    ones, none = np.ones(5), np.zeros(5)
    rows = np.concatenate([np.stack([x, -y, ones, none], axis=1), np.stack([y, x, none, ones], axis=1)])
    for point, matrix in zip(points, got, strict=True):
        a, b, right, down = np.linalg.lstsq(rows, (2 * point - 1).T.ravel(), rcond=None)[0]
        np.testing.assert_allclose(matrix, [[a, -b, right], [b, a, down]], atol=1e-5)
    brought = np.stack([x, y, ones], axis=1) @ got[0].T
    np.testing.assert_allclose((brought + 1) / 2, exact, atol=1e-5)


def _embedded(monkeypatch: pytest.MonkeyPatch, embedding: torch.Tensor) -> tuple[Start, list[int]]:
    """A start that says this of any pictures, and how many it was shown each time."""
    shown: list[int] = []

    def say(self: Start, images: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        shown.append(len(images))
        return embedding[: len(images)]

    monkeypatch.setattr(Start, "embeddings", say)
    return start_of_faceres({}), shown


def test_targets_are_the_directions_of_largest_variance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cosines against those of numpy's singular value decomposition, which knows nothing of covariances."""
    chance = np.random.default_rng(0)
    embedding = (chance.normal(size=(200, 150)) * np.linspace(3, 0.1, 150) + 5).astype(np.float32)
    begun, _ = _embedded(monkeypatch, torch.from_numpy(embedding))
    embedding[::10] = np.nan
    targets = identity_targets(
        begun, torch.zeros(200, 3, 2, 2), torch.zeros(200, 5, 2), tmp_path / "k" / "i.npy"
    ).numpy()
    assert targets.shape == (200, N_IDENTITY)
    assert bool(np.isnan(targets[::10]).all())
    said = np.flatnonzero(np.arange(200) % 10)
    left, sizes, _ = np.linalg.svd(embedding[said] - embedding[said].mean(axis=0), full_matrices=False)
    wanted = (left * sizes)[:, :N_IDENTITY]
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    targets = targets[said]
    np.testing.assert_allclose(targets @ targets.T, wanted @ wanted.T, atol=1e-4)


def test_targets_that_are_kept_are_read_and_those_of_other_pictures_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding = torch.randn(150, 140, generator=torch.Generator().manual_seed(0))
    (begun, shown), kept, points = _embedded(monkeypatch, embedding), tmp_path / "i.npy", torch.zeros(150, 5, 2)
    first = identity_targets(begun, torch.zeros(150, 3, 2, 2), points, kept)
    torch.testing.assert_close(identity_targets(begun, torch.zeros(150, 3, 2, 2), points, kept), first)
    assert shown == [150]
    assert len(identity_targets(begun, torch.zeros(140, 3, 2, 2), points[:140], kept)) == 140
    assert shown == [150, 140]
    identity_targets(begun, torch.ones(150, 3, 2, 2), points, kept)
    identity_targets(begun, torch.zeros(150, 3, 2, 2), points + 1, kept)
    assert shown == [150, 140, 150, 150]  # as many pictures, but others, or faces elsewhere in them


SHA256_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""Of the bytes ``abc`` (FIPS 180-2, appendix B.1)."""


def test_another_file_than_the_recipes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faceres, "read_graph_model", lambda path: {})
    monkeypatch.setattr(faceres, "backbone_state", lambda tensors, path: {"a": np.array([1.5], np.float32)})
    (tmp_path / "f.bin").write_bytes(b"abc")
    begun = read_start(tmp_path / "f.json", {"name": "f", "sha256": SHA256_ABC})
    torch.testing.assert_close(begun.state["a"], torch.tensor([1.5]))
    assert (begun.arch, begun.size, begun.bgr, begun.points) == ("mobilenetv1_100", 224, True, None)
    with pytest.raises(WeightsError, match=rf"f\.bin has SHA-256 {SHA256_ABC}, but the recipe starts from 00"):
        read_start(tmp_path / "f.json", {"name": "f", "sha256": "00"})


def test_an_onnx_file_is_the_other_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arcface, "backbone_state", lambda path: {"a": np.array([2.5], np.float32)})
    (tmp_path / "f.onnx").write_bytes(b"abc")
    begun = read_start(tmp_path / "f.onnx", {"name": "f", "sha256": SHA256_ABC})
    torch.testing.assert_close(begun.state["a"], torch.tensor([2.5]))
    assert (begun.arch, begun.size, begun.bgr, begun.points) == ("mobilefacenet", 112, False, arcface.POINTS)
    with pytest.raises(WeightsError, match=r"g\.onnx does not exist; the recipe starts from f"):
        read_start(tmp_path / "g.onnx", {"name": "f", "sha256": SHA256_ABC})


def test_a_folder_says_what_it_began_as() -> None:
    assert about(Recipe("resnet18", {}, (Phase(24, 1, 1, 1),))).citation == "from random weights"
    assert about(FROM_FACERES).embedding == "HSE_FaceRec_tf (A. V. Savchenko 2019, VGGFace2)"
    assert about(FROM_ARCFACE).file == "w600k_mbf.onnx"
    assert about(FROM_ARCFACE).terms.endswith(
        "terms of its teachers: from-faceres (the MobileNet of HSE_FaceRec_tf, VGGFace2)"
    )
    assert about(FROM_ARCFACE).citation.endswith(
        ", and learnt from from-faceres (the MobileNet of HSE_FaceRec_tf, VGGFace2)"
    )
    scratch = about(Recipe("resnet18", {}, (Phase(24, 1, 1, 1),), teachers=({"name": "the first"},)))
    assert scratch.terms == "(FER2013 and UTKFace terms) and the terms of its teachers: the first"
    taught = about(FROM_BOTH)
    assert taught.embedding == about(FROM_ARCFACE).embedding
    assert taught.terms.startswith(about(FROM_ARCFACE).terms)
    assert taught.terms.endswith(
        "(the MobileNet of HSE_FaceRec_tf, VGGFace2) and from-arcface (InsightFace's MobileFaceNet, WebFace600K)"
    )
    assert taught.citation.startswith("began as the first of its teachers, from-faceres")
    assert all(name in about(FEMO_BASE).terms for name in ("InsightFace's terms", "VGGFace2", "WebFace600K"))
