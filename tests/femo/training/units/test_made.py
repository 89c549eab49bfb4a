"""Made pictures: what they show is known, and they are measured against the face at rest."""

from functools import lru_cache

import cv2
import numpy as np
import pytest

from femo.errors import FemoError
from femo.labels import ABAW_AU
from femo.mesh.reader import MeshReader
from femo.training.units.made import Made, coarse, draw, make, shows
from tests.clips import portrait


@lru_cache
def reader() -> MeshReader:
    return MeshReader()


def test_pictures_are_made_of_faces_at_rest_and_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The portrait smiles with parted lips, which counts as rest here; a grey square has no face and is left out."""
    monkeypatch.setattr("femo.training.units.made.WIDEST_GAP", 1.0)
    face = cv2.resize(portrait()[20:150, 20:150], (192, 192))
    faces = np.stack([np.full_like(face, 128), face])
    made = make(faces, reader(), 3, seed=1)
    assert made.base.tolist() == [1, 1, 1, 1]
    assert made.frontal.shape == (4, 468, 3)
    assert not made.shown[0].any()
    assert all(np.nanmax(row) == 1 for row in made.shown[1:])
    moved, change = made.own_neutral()
    assert moved.tolist() == [False, True, True, True]
    assert np.abs(change).max() > 0.02
    again = make(faces, reader(), 3, seed=1)
    np.testing.assert_array_equal(again.shown, made.shown)
    np.testing.assert_allclose(again.frontal, made.frontal, atol=1e-4)


def test_without_a_face_at_rest_there_is_nothing_to_move() -> None:
    with pytest.raises(FemoError, match="none of 1 neutral faces looks at the viewer with closed lips"):
        make(np.full((1, 192, 192, 3), 128, np.uint8), reader(), 2)


def test_what_a_picture_shows_is_known_or_left_open() -> None:
    def said(**amounts: float) -> dict[str, float]:
        return dict(zip(ABAW_AU, shows(amounts).tolist(), strict=True))

    assert set(said().values()) == {0.0}
    jaw = said(AU26=0.5)
    assert (jaw["AU26"], jaw["AU25"], jaw["AU12"]) == (1, 1, 0)
    assert np.isnan(said(AU12=1.0)["AU6"])
    assert np.isnan(said(AU24=1.0)["AU23"])
    assert said(AU12=1.0, AU6=1.0)["AU6"] == 1


def test_units_that_pull_against_each_other_are_not_drawn_together() -> None:
    rng = np.random.default_rng(0)
    drawn = [frozenset(draw(rng)) for _ in range(2000)]
    assert {len(one) for one in drawn} == {1, 2, 3}
    assert set().union(*drawn) == set(ABAW_AU)
    assert not any({"AU12", "AU15"} <= one or {"AU24", "AU25"} <= one for one in drawn)
    assert all("AU1" in one for one in drawn if {"AU2", "AU4"} <= one)
    assert any({"AU1", "AU4"} <= one for one in drawn)


def test_pictures_are_seen_against_the_same_face_at_rest() -> None:
    frontal = np.arange(5, dtype=np.float32)[:, None, None] * np.ones((5, 468, 3), np.float32)
    shown = np.zeros((5, 12), np.float32)
    shown[[1, 2, 4], 0] = (
        1  # face 0 at rest and twice moved; face 1 at rest; of face 2 only a moved picture was measured
    )
    made = Made(frontal, shown, np.array([0, 0, 0, 1, 2]))
    moved, change = made.own_neutral()
    assert moved.tolist() == [False, True, True, False, False]
    assert change[:, 0, 0].tolist() == [1, 2]
    assert made.at_rest()[:, 0, 0].tolist() == [0, 3]


def test_coarse_pictures_keep_their_size_and_lose_detail() -> None:
    sharp = np.zeros((192, 192, 3), np.uint8)
    sharp[::2] = 255
    assert (coarse(sharp, 192) == sharp).all()
    assert coarse(sharp, 48).shape == sharp.shape
    assert coarse(sharp, 48)[20:-20].std() < 0.2 * sharp.std()
