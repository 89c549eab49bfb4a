"""Meshes on pictures, and what was measured over a clip as parts of its timeline."""

import numpy as np
import pytest

from femo.mesh.canonical import load_canonical
from femo.mesh.pose import rotate
from femo.meshes import COLUMNS, MEASURED, POSE, Meshes
from femo.models.find import find_model
from femo.models.weights import find_weights
from femo.output.draw import colour, rgb_of
from femo.output.mesh import AXES, draw_meshes
from femo.types import RGB, Floats

SIDE = 400
GREY: RGB = np.full((SIDE, SIDE, 3), 90, np.uint8)


def turned(pitch: float, yaw: float, roll: float) -> Meshes:
    """The canonical face in the middle of a picture, turned by known angles, without perspective."""
    meshes = Meshes.unread(1)
    face = load_canonical(find_weights(find_model("face-mesh"))).points
    angles = np.array([[pitch, yaw, roll]], np.float32)
    meshes.landmarks[0] = face @ rotate(angles)[0].T * 15 + np.array([SIDE / 2, SIDE / 2, 0])
    meshes.values[0, [COLUMNS.index(name) for name in POSE]] = [pitch, yaw, roll, 0, 0, 600]
    meshes.reason[0] = MEASURED
    return meshes


def where(rgb: RGB, hex_colour: str) -> Floats:
    """x and y of the pixels of one colour, (N, 2)."""
    return np.argwhere((rgb == rgb_of(hex_colour)).all(axis=2))[:, ::-1].astype(np.float32)


@pytest.mark.parametrize(
    ("angles", "red", "green", "blue"),
    [
        ((0, 0, 0), (1, 0), (0, -1), (0, 0)),
        ((0, 40, 0), (1, 0), (0, -1), (-1, 0)),  # to the left edge: the nose points there
        ((30, 0, 0), (1, 0), (0, -1), (0, 1)),  # looks down
        ((0, 0, 45), (1, 1), (1, -1), (0, 0)),  # clockwise: the right sinks
    ],
)
def test_the_axes_point_where_the_head_is_turned(
    angles: tuple[float, float, float], red: tuple[int, int], green: tuple[int, int], blue: tuple[int, int]
) -> None:
    meshes = turned(*angles)
    drawn = draw_meshes(GREY, meshes)
    nose = meshes.landmarks[0, 1, :2]
    for (tint, _), expected in zip(AXES, (red, green, blue), strict=True):
        pixels = where(drawn, tint) - nose
        if expected == (0, 0):
            assert np.abs(pixels).max(initial=0) < 6
            continue
        furthest = pixels[np.abs(pixels).max(axis=1).argmax()]
        signs = np.where(np.abs(furthest) < 8, 0, np.sign(furthest))
        assert tuple(signs.tolist()) == expected, tint


@pytest.mark.parametrize(
    ("pose", "blue"),
    [
        ((0, -33.02, 0, -520, 0, 800), (0, 0)),  # at the left edge of a picture, looks into the camera
        ((0, 33.02, 0, 520, 0, 800), (0, 0)),
        ((26.57, 0, 0, 0, -400, 800), (0, 0)),  # above
        ((0, 0, 0, -520, 0, 800), (-1, 0)),  # looks past the camera, along its axis: seen from its left
        ((0, 0, 0, 0, 400, 800), (0, 1)),
    ],
)
def test_the_axes_are_those_of_the_face_as_it_is_seen_wherever_it_stands(
    pose: tuple[float, ...], blue: tuple[int, int]
) -> None:
    meshes = turned(0, 0, 0)
    meshes.values[0, [COLUMNS.index(name) for name in POSE]] = pose
    pixels = where(draw_meshes(GREY, meshes), AXES[2][0]) - meshes.landmarks[0, 1, :2]
    furthest = pixels[np.abs(pixels).max(axis=1).argmax()]
    assert tuple(np.where(np.abs(furthest) < 8, 0, np.sign(furthest)).tolist()) == blue


def test_points_and_outlines_lie_on_the_face_and_scale_with_the_picture() -> None:
    meshes = turned(0, 0, 0)
    meshes.values[:] = np.nan  # no axes, which reach further than the face
    drawn = draw_meshes(GREY, meshes)
    changed = np.argwhere((drawn != GREY).any(axis=2))[:, ::-1]
    low, high = meshes.landmarks[0, :, :2].min(axis=0), meshes.landmarks[0, :, :2].max(axis=0)
    assert (changed.min(axis=0) >= low - 4).all()
    assert (changed.max(axis=0) <= high + 4).all()
    assert len(where(drawn, colour(1))) > 200
    assert len(where(draw_meshes(GREY, meshes, numbers=[3]), colour(3))) > 200
    half = draw_meshes(GREY[: SIDE // 2, : SIDE // 2].copy(), meshes, factor=0.5)
    small = np.argwhere((half != 90).any(axis=2))[:, ::-1]
    assert small.max(axis=0) == pytest.approx(changed.max(axis=0) / 2, abs=3)
    assert (GREY == 90).all()


def test_what_has_no_mesh_is_left_as_it_is() -> None:
    assert (draw_meshes(GREY, None) == GREY).all()
    assert (draw_meshes(GREY, Meshes.unread(2)) == GREY).all()
    assert (draw_meshes(GREY, Meshes.unread(1).without_points()) == GREY).all()
    beside = turned(0, 0, 0)
    beside.landmarks[0, :, 0] += 300  # half of it lies outside of the picture
    assert (draw_meshes(GREY, beside) != GREY).any()
