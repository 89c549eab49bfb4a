"""Head pose of meshes whose shape and pose are known: the canonical face, turned."""

from functools import lru_cache

import numpy as np
import pytest

from femo.mesh import pose
from femo.mesh.canonical import CanonicalFace, load_canonical
from femo.models.find import find_model
from femo.models.weights import find_weights
from femo.types import Floats

WIDTH, HEIGHT = 640, 360
PLACE_CM = np.array([4.0, -3.0, 55.0])


@lru_cache
def face() -> CanonicalFace:
    return load_canonical(find_weights(find_model("face-mesh")))


def seen(angles: Floats) -> Floats:
    """The canonical face as a pinhole camera sees it, (N, 468, 3): written out, not with ``pose.rotate``."""
    out = []
    for pitch, yaw, roll in np.radians(angles).tolist():
        about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        turned = face().points @ (about_x @ about_y @ about_z).T
        placed = turned + PLACE_CM
        focal = (500 * WIDTH / 640 + 500 * HEIGHT / 480) / 2
        flat = placed[:, :2] / placed[:, 2:] * focal + np.array([WIDTH / 2, HEIGHT / 2])
        out.append(np.column_stack([flat, turned[:, 2] * focal / PLACE_CM[2]]))
    return np.array(out, np.float32)


ANGLES = np.array(
    [[0, 0, 0], [20, 0, 0], [-25, 0, 0], [0, 30, 0], [0, -40, 0], [0, 0, 35], [10, -20, 15], [-15, 35, -50]],
    np.float32,
)


def test_a_known_pose_is_found_within_two_degrees() -> None:
    sizes = np.tile(np.float32([WIDTH, HEIGHT]), (len(ANGLES), 1))
    angles, place = pose.solve(seen(ANGLES), sizes, face())
    assert np.abs(angles - ANGLES).max() < 2
    assert np.abs(place - PLACE_CM * 10).max() < 5


def test_jitter_of_half_a_pixel_leaves_the_pose_within_two_degrees() -> None:
    points = seen(ANGLES)
    points[..., :2] += np.random.default_rng(0).normal(0, 0.5, points[..., :2].shape)
    sizes = np.tile(np.float32([WIDTH, HEIGHT]), (len(ANGLES), 1))
    assert np.abs(pose.solve(points, sizes, face())[0] - ANGLES).max() < 2


def test_the_signs_are_those_of_the_convention() -> None:
    nose, straight = 1, seen(np.zeros((1, 3), np.float32))[0, 1]
    looks_down, to_the_left, clockwise = seen(np.float32([[20, 0, 0], [0, 20, 0], [0, 0, 20]]))
    assert looks_down[nose, 1] > straight[1]
    assert to_the_left[nose, 0] < straight[0]
    assert clockwise[263, 1] > clockwise[33, 1]  # the right eye sinks


def test_rotation_and_angles_are_inverse() -> None:
    assert pose.angles_of(pose.rotate(ANGLES)) == pytest.approx(ANGLES, abs=1e-4)


def test_a_head_is_seen_turned_by_the_angle_between_its_nose_and_the_line_of_sight() -> None:
    """That angle's cosine is cos(pitch) cos(yaw), and by the scalar product it needs no turn of the camera."""
    chance = np.random.default_rng(0)
    angles = chance.uniform(-40, 40, (50, 3)).astype(np.float32)
    place = (chance.uniform(-1, 1, (50, 3)) * [500, 300, 0] + [0, 0, 600]).astype(np.float32)
    pitch, yaw, _ = np.radians(pose.seen_angles(angles, place)).T
    nose = pose.rotate(angles) @ np.float32([0, 0, -1])
    cosine = (nose * -place).sum(axis=1) / np.linalg.norm(place, axis=1)
    assert np.cos(pitch) * np.cos(yaw) == pytest.approx(cosine, abs=1e-5)


def test_on_the_axis_of_the_camera_a_head_is_seen_as_its_pose_says_and_beside_it_from_that_side() -> None:
    before = np.tile(np.float32([0, 0, 600]), (len(ANGLES), 1))
    assert pose.seen_angles(ANGLES, before) == pytest.approx(ANGLES, abs=1e-4)
    straight, aside = np.zeros((2, 3), np.float32), np.float32([[600, 0, 600], [0, 600, 600]])
    # parallel to the axis at the right edge: the nose points to the right; at the lower edge it points down
    assert pose.seen_angles(straight, aside) == pytest.approx(np.float32([[0, -45, 0], [45, 0, 0]]), abs=1e-4)
    assert np.isnan(pose.seen_angles(straight, np.full((2, 3), np.nan, np.float32))).all()
    assert pose.seen_angles(straight[:0], aside[:0]).shape == (0, 3)
