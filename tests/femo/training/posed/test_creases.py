"""The folds that come with an expression: what they are measured as, where they are drawn, and how deep."""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from femo.labels import AFFECTNET_8
from femo.mesh.canonical import CanonicalFace
from femo.mesh.reader import MeshReader
from femo.training.posed.creases import LEVELS, MAPS, NOTHING, SIDE, Creases, front
from femo.training.posed.expressions import Pose

FOLDS, EYE_CORNERS = ((203, 206), (423, 426)), ((243, 190), (463, 414))
"""Points beside the wings of the nose, and above the inner corners of the eyes, left and right."""
EYES, LIPS = ((159, 145), (386, 374)), (13, 14)


@lru_cache
def face() -> CanonicalFace:
    return MeshReader().face


def drawn(pose: Pose) -> npt.NDArray[np.float64]:
    """Logarithm of what a pose's creases do to a grey face that looks ahead, as large as the maps."""
    grey = np.full((SIDE, SIDE, 3), 128, np.uint8)
    made = Creases(face()).draw(grey, front(face()), pose)
    assert (made[..., 0] == made[..., 2]).all()
    return np.log(made[..., 1] / 128.0)


def around(picture: npt.NDArray[np.floating], points: tuple[int, ...]) -> float:
    """Mean of a picture about the middle of points."""
    x, y = front(face())[list(points)].mean(axis=0).astype(int)
    return float(picture[y - 2 : y + 3, x - 2 : x + 3].mean())


def posed(name: str, upper: float, lower: float, side: int = 0) -> Pose:
    return Pose(name, 1.0, {}, side, False, (upper, lower))


def test_the_maps_are_those_of_their_expressions() -> None:
    """Lowered brows shade the inner corners of the eyes, wrinkled noses and smiles fold beside the wings, a dropped jaw neither.

    Only sadness has a chin, since its mouths are closed, and nothing is said of eyeballs and lips.
    """
    maps = cv2.imread(str(MAPS), cv2.IMREAD_GRAYSCALE)
    assert maps is not None
    assert maps.shape == (SIDE, 8 * SIDE)
    depth = {
        name: (part.astype(float) - NOTHING) / LEVELS
        for name, part in zip(AFFECTNET_8, np.split(maps, 8, axis=1), strict=True)
    }
    folds = {name: np.mean([around(part, side) for side in FOLDS]) for name, part in depth.items()}
    corners = {name: np.mean([around(part, side) for side in EYE_CORNERS]) for name, part in depth.items()}
    expressive = [name for name in AFFECTNET_8 if name not in ("neutral", "contempt")]
    assert min(expressive, key=lambda name: corners[name]) == "anger"
    assert sorted(expressive, key=lambda name: folds[name])[:3] == sorted(
        ("anger", "disgust", "happiness"), key=lambda name: folds[name]
    )
    for name in ("anger", "disgust", "happiness"):
        assert folds[name] < folds["surprise"] - 0.05, name
    assert folds["happiness"] < folds["anger"]
    assert (depth["contempt"] == depth["happiness"]).all()
    chin = {name: np.abs(part[chin_px() - 2 : chin_px() + 3, 78:83]).mean() for name, part in depth.items()}
    assert max(expressive, key=lambda name: chin[name]) == "sadness"
    for name in expressive:
        assert abs(around(depth[name], LIPS)) < 0.02, name
        assert max(abs(around(depth[name], eye)) for eye in EYES) < 0.04, name
    assert min(float(part.min()) for part in depth.values()) > -0.45
    for name, part in depth.items():
        shown = drawn(posed(name, 1, 1))
        for place in (*FOLDS, *EYE_CORNERS):
            assert around(shown, place) == pytest.approx(around(part, place), abs=0.012), (name, place)


def chin_px() -> int:
    """Row between lower lip and chin."""
    return int(front(face())[[17, 152], 1].mean())


def test_creases_are_as_deep_as_the_pose_says_above_and_below() -> None:
    once, twice = drawn(posed("anger", 0, 1)), drawn(posed("anger", 0, 2))
    folds = np.mean([around(once, side) for side in FOLDS])
    assert folds < -0.04
    assert np.mean([around(twice, side) for side in FOLDS]) == pytest.approx(2 * folds, abs=0.02)
    brows = int(front(face())[:, 1][[55, 285]].mean())
    assert np.abs(once[:brows]).max() < 0.012
    upper = drawn(posed("anger", 1, 0))
    assert np.abs(upper[:brows]).max() > 0.1
    assert abs(np.mean([around(upper, side) for side in FOLDS])) < 0.1 * abs(folds) + 0.008
    assert (drawn(posed("anger", 0, 0)) == 0).all()


@pytest.mark.parametrize("side", [-1, 1])
def test_creases_of_one_side_leave_the_other_alone(side: int) -> None:
    made = drawn(posed("contempt", 1, 1, side))
    left, right = (around(made, points) for points in FOLDS)
    with_it, without = (left, right) if side < 0 else (right, left)
    assert with_it < -0.05
    assert abs(without) < 0.2 * abs(with_it)
