"""The canonical face as it ships, against what anatomy says of its named points, and files that lack it."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from femo.errors import WeightsError
from femo.mesh import canonical
from femo.mesh.canonical import CanonicalFace, load_canonical
from femo.meshes import DLIB_68
from femo.models.find import find_model
from femo.models.weights import find_weights


@lru_cache
def face() -> CanonicalFace:
    return load_canonical(find_weights(find_model("face-mesh")))


def middle(points: tuple[int, ...]) -> list[float]:
    return face().points[list(points)].mean(axis=0).tolist()


def test_every_point_has_its_mirror_image() -> None:
    mirrored = face().mirrored
    np.testing.assert_array_equal(mirrored[mirrored], np.arange(468))
    np.testing.assert_allclose(face().points[mirrored], face().points * [-1, 1, 1], atol=1e-4)
    on_the_line = np.flatnonzero(mirrored == np.arange(468))
    assert {canonical.NOSE_BASE, canonical.CHIN, *canonical.UPPER_LIP[1:2]} <= set(on_the_line.tolist())


@pytest.mark.parametrize(
    "sides",
    [canonical.UPPER_LIDS, canonical.LOWER_LIDS, canonical.INNER_BROWS, canonical.MIDDLE_BROWS, canonical.OUTER_BROWS,
     canonical.CHEEKS, canonical.EYE_CORNERS, tuple((point,) for point in canonical.NOSE_WINGS),
     tuple((point,) for point in canonical.LIP_CORNERS)],
)  # fmt: skip
def test_both_sides_of_a_face_are_named_by_mirrored_points(sides: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    left, right = sides
    assert set(face().mirrored[list(left)].tolist()) == set(right)
    assert middle(left)[0] < 0 < middle(right)[0]  # as seen in the picture


def test_parts_lie_where_they_do_in_a_face() -> None:
    """Down is y; from the brows to the chin, the lips one under the other."""
    heights = [
        middle(part)[1]
        for part in (
            canonical.MIDDLE_BROWS[0], canonical.UPPER_LIDS[0], canonical.LOWER_LIDS[0], canonical.NOSE_WINGS,
            (canonical.NOSE_BASE,), canonical.UPPER_LIP, canonical.UPPER_LIP_INNER, canonical.LOWER_LIP_INNER,
            canonical.LOWER_LIP,
            (canonical.CHIN,),
        )
    ]  # fmt: skip
    assert heights == sorted(heights)
    tip_of_the_nose = 4
    assert face().points[:, 2].argmin() == tip_of_the_nose  # nearest to the viewer


def test_what_moves_and_what_does_not() -> None:
    moving, rigid = set(canonical.MOVING), set(face().rigid.tolist())
    assert {33, 263, 55, 285, 61, 291, 13, 14} <= moving
    assert not {canonical.NOSE_BASE, canonical.CHIN, *canonical.NOSE_WINGS} & moving
    assert set(face().mirrored[list(moving)].tolist()) == moving
    assert rigid
    assert not rigid & {61, 291, 13, 14}
    assert set(face().mirrored[face().rigid].tolist()) == rigid


def test_triangles_cover_the_points() -> None:
    triangles = face().triangles
    assert set(triangles.ravel().tolist()) == set(range(468))
    assert all(len(set(row)) == 3 for row in triangles.tolist())
    assert set(DLIB_68) <= set(triangles.ravel().tolist())


@pytest.mark.parametrize("part", ["vertices", "weights", "triangles"])
def test_a_file_without_a_part_of_it_is_named(part: str, tmp_path: Path) -> None:
    tensors = {
        "canonical.vertices": np.zeros((468, 3), np.float32),
        "canonical.weights": np.zeros(468, np.float32),
        "canonical.triangles": np.zeros((5, 3), np.int32),
    }
    del tensors[f"canonical.{part}"]
    save_file(tensors, tmp_path / "weights.safetensors")
    with pytest.raises(
        WeightsError, match=rf"has no canonical\.{part} of the canonical face; import face-mesh again$"
    ):
        load_canonical(tmp_path / "weights.safetensors")


def test_a_face_of_other_points_is_refused(tmp_path: Path) -> None:
    save_file({"canonical.vertices": np.zeros((478, 3), np.float32)}, tmp_path / "weights.safetensors")
    with pytest.raises(WeightsError, match=r"has no canonical\.vertices"):
        load_canonical(tmp_path / "weights.safetensors")


def test_axes_of_the_file_are_turned_to_those_of_a_camera(tmp_path: Path) -> None:
    vertices = np.zeros((468, 3), np.float32)
    vertices[0], vertices[1] = (1, 2, 3), (-1, 2, 3)
    tensors = {"canonical.vertices": vertices, "canonical.weights": np.eye(1, 468, 1, np.float32)[0]}
    save_file(tensors | {"canonical.triangles": np.array([[0, 1, 2]], np.int32)}, tmp_path / "w.safetensors")
    loaded = load_canonical(tmp_path / "w.safetensors")
    assert loaded.points[:2].tolist() == [[1, -2, -3], [-1, -2, -3]]
    assert loaded.mirrored[:3].tolist() == [1, 0, 2]
    assert loaded.rigid.tolist() == [1]
    assert loaded.triangles.tolist() == [[0, 1, 2]]
