"""Folds that come with an expression: found where they are, of faces that stand for it, and nowhere else."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pytest

from femo.errors import FemoError
from femo.labels import AFFECTNET_8
from femo.mesh.canonical import CanonicalFace
from femo.mesh.reader import MeshReader
from femo.training.faces.ferplus import FerPlus
from femo.training.posed import ratios
from femo.training.posed.creases import LEVELS, NOTHING, SIDE, front
from femo.training.posed.ratios import average, shown_by, told
from femo.types import Doubles
from tests.clips import portrait

BETWEEN_BROWS, LIPS, EYE, CHIN = (9, 151), (13, 14), (159, 145), (18, 200)


@lru_cache
def face() -> CanonicalFace:
    return MeshReader().face


def place(points: tuple[int, ...]) -> tuple[int, int]:
    x, y = front(face())[list(points)].mean(axis=0).round().astype(int)
    return int(x), int(y)


def pictures(**changed: npt.NDArray[np.uint8]) -> dict[str, list[tuple[npt.NDArray[np.uint8], Doubles]]]:
    """A face with a bright cheek whatever it shows, or another picture."""
    plain = np.full((SIDE, SIDE), 150, np.uint8)
    plain[90:100, 40:50] = 220
    names = [name for name in AFFECTNET_8 if name != "contempt"]
    return {name: [(changed.get(name, plain), front(face()))] * 2 for name in names}


def maps(**changed: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.float64]]:
    made = average(pictures(**changed), face()).astype(float)
    return dict(zip(AFFECTNET_8, np.split((made - NOTHING) / LEVELS, 8, axis=1), strict=True))


def darkened(points: tuple[int, ...], factor: float) -> npt.NDArray[np.uint8]:
    """The plain face with a spot about some points, further to the right than to the left."""
    picture = pictures()["neutral"][0][0].astype(np.float64)
    x, y = place(points)
    picture[y - 3 : y + 4, x - 3 : x + 7] *= factor
    return picture.round().astype(np.uint8)


def test_a_shadow_that_comes_with_an_expression_is_found_where_it_is() -> None:
    """Angry faces have a spot of a factor of .7 between the brows, not in the middle: left and right share it."""
    found = maps(anger=darkened(BETWEEN_BROWS, 0.7))
    x, y = place(BETWEEN_BROWS)
    expected = np.log((150 * 0.7 + 20) / 170)
    assert found["anger"][y, x] == pytest.approx(expected, abs=0.06)
    assert found["anger"][y, x + 5] == found["anger"][y, SIDE - 1 - (x + 5)]
    assert found["anger"][y, x + 5] == pytest.approx(expected / 2, abs=0.06)
    assert np.abs(found["anger"][y + 25 :]).max() < 0.02  # the bright cheek is that of neutral faces too
    assert (found["disgust"] == 0).all()
    assert found["neutral"][y, x] == pytest.approx(found["anger"][y, x] / 6, abs=0.006)


def test_a_shadow_of_neutral_faces_is_none_of_an_expression() -> None:
    found = maps(neutral=darkened(BETWEEN_BROWS, 0.7))
    x, y = place(BETWEEN_BROWS)
    assert found["fear"][y, x] == pytest.approx(np.log(170 / (150 * 0.7 + 20)), abs=0.06)


def test_chins_count_where_mouths_are_closed() -> None:
    x, y = place(CHIN)
    found = maps(sadness=darkened(CHIN, 0.7), surprise=darkened(CHIN, 0.7))
    assert found["sadness"][y, x] < -0.2
    assert abs(found["surprise"][y, x]) < 0.02


def test_contempt_has_the_folds_of_happiness() -> None:
    found = maps(happiness=darkened((203, 206), 0.7))
    x, y = place((203, 206))
    assert found["contempt"][y, x] < -0.1
    np.testing.assert_array_equal(found["contempt"], found["happiness"])


@pytest.mark.parametrize(
    ("points", "mouths_open", "share"),
    [
        (LIPS, True, 0),
        (LIPS, False, 0),
        (EYE, True, 0),
        (CHIN, True, 0),
        (CHIN, False, 1),
        (BETWEEN_BROWS, True, 1),
    ],
)
def test_nothing_is_said_of_eyes_and_lips_and_of_what_lies_below_an_open_mouth(
    points: tuple[int, ...], mouths_open: bool, share: int
) -> None:
    x, y = place(points)
    assert told(front(face()), mouths_open)[y, x] == pytest.approx(share, abs=0.15)


def test_faces_that_most_agree_on_stand_for_an_expression_each_picture_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ratios, "_measured", lambda images, reader: images[:, 0, 0].tolist())
    levels = np.array([1, 2, 3, 4, 4, 5, 6], np.uint8)
    shares = np.zeros((7, 8), np.float32)
    column = AFFECTNET_8.index
    for row, (name, share) in enumerate(
        [("anger", 0.7), ("anger", 0.69), ("disgust", 0.4), ("fear", 0.5), ("fear", 0.5), ("neutral", 0.85), ("contempt", 1.0)]
    ):  # fmt: skip
        shares[row, column(name)] = share
    images = np.tile(levels[:, None, None], (1, 48, 48))
    got = shown_by(FerPlus(images, shares, shares.argmax(1), 0), MeshReader())
    assert {name: list(rows) for name, rows in got.items() if list(rows)} == {
        "anger": [1],
        "disgust": [3],
        "fear": [4],
    }
    assert "contempt" not in got
    monkeypatch.setattr(ratios, "MOST", 1)
    shares[1, column("anger")] = 1
    assert len(list(shown_by(FerPlus(images, shares, shares.argmax(1), 0), MeshReader())["anger"])) == 1


def test_a_mesh_is_laid_on_the_faces_that_look_ahead() -> None:
    """A portrait and a grey square: the nose's tip lies between the eyes' corners and below them."""
    grey = np.asarray(portrait()[20:150, 20:150].mean(axis=2).round(), np.uint8)
    import cv2

    images = np.stack([np.full((48, 48), 128, np.uint8), np.asarray(cv2.resize(grey, (48, 48)), np.uint8)])
    [(picture, points)] = list(ratios._measured(images, MeshReader()))
    assert picture.shape == (192, 192)
    assert points[33, 0] < points[4, 0] < points[263, 0]
    assert points[4, 1] > points[[33, 263], 1].max() + 10


def test_an_expression_that_nobody_shows_is_said() -> None:
    with pytest.raises(
        FemoError, match="no picture shows fear clearly and has a face; expected the training partition"
    ):
        average(pictures() | {"fear": []}, face())
