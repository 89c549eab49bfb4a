"""Made pictures: which units they show, and which folds come with them."""

from functools import lru_cache

import cv2
import numpy as np
import pytest

from femo.errors import FemoError
from femo.labels import AFFECTNET_8
from femo.mesh.reader import MeshReader
from femo.training.look import made
from femo.training.look.made import FOLDS, make, pose_of
from femo.training.units.pictures import looked_twice
from tests.clips import portrait


@lru_cache
def reader() -> MeshReader:
    return MeshReader()


def test_faces_are_moved_and_shown_at_rest_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """The portrait smiles with parted lips, which counts as rest here; a grey square has no face and is left out."""
    monkeypatch.setattr("femo.training.posed.pictures.WIDEST_GAP", 1.0)
    face = cv2.resize(portrait(), (192, 192))
    pictures, shown, base = make(np.stack([face, np.full_like(face, 128), *[face] * 5]), reader(), seed=3)
    rest = (shown == 0).all(axis=1)
    assert rest.tolist() == [True, False, False, False, True, False, False, False]
    assert all((pictures[row] == face).all() == still for row, still in enumerate(rest))
    assert all(np.nanmax(row) == 1 for row in shown[~rest])
    assert base.tolist() == [0, 0, 2, 3, 4, 4, 5, 6]
    again, same, _ = make(np.stack([face] * 6), reader(), seed=3)
    np.testing.assert_array_equal(again, pictures)
    np.testing.assert_array_equal(same, shown)


def test_a_jaw_that_drops_is_seen_to_drop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("femo.training.posed.pictures.WIDEST_GAP", 1.0)
    monkeypatch.setattr(made, "draw", lambda rng: {"AU26": 1.0})
    face = cv2.resize(portrait(), (192, 192))
    pictures, shown, _ = make(face[None], reader())
    gaps = looked_twice(list(pictures), reader())[0].column("mouth_opening")
    assert gaps[1] > gaps[0] + 0.1
    assert shown[1].sum() == 2  # with it the lips part


def test_without_a_face_at_rest_there_is_nothing_to_move() -> None:
    with pytest.raises(FemoError, match="none of 1 neutral faces looks ahead with closed lips"):
        make(np.full((1, 192, 192, 3), 128, np.uint8), reader())


def test_folds_are_those_of_a_unit_that_is_shown_as_deep_as_it_is_strong() -> None:
    rng = np.random.default_rng(0)
    poses = [pose_of({"AU4": 1.2, "AU25": 1.0}, rng) for _ in range(400)]
    folded = [pose for pose in poses if any(pose.creases)]
    assert len(folded) / len(poses) == pytest.approx(made.FOLDED, abs=0.07)
    assert {pose.expression for pose in folded} == {"anger"}
    upper, lower = np.array([pose.creases for pose in folded]).T
    assert upper.min() > 1.2 * made.SHALLOWEST
    assert upper.max() < 1.2 * made.DEEPEST
    assert not lower.any()
    assert not any(any(pose_of({"AU25": 1.0}, rng).creases) for _ in range(50))
    assert all(expression in AFFECTNET_8 for expression, _, _ in FOLDS.values())
