"""Photos on their side and on their head: the faces of the upright photo, in the pixels of the one that came."""

import numpy as np
import pytest
from skimage import data as skimage_data

import femo
from femo.errors import FemoError
from femo.faces.upright import TURNS, find_upright, turn_back
from femo.pipeline import Pipeline
from femo.types import RGB, Faces


def faces(score: float, xyxy: list[float] | None = None) -> Faces:
    box = np.array([xyxy or [10, 20, 30, 50]], np.float32)
    return Faces(box, np.array([score], np.float32), np.zeros((1, 5, 2), np.float32))


def test_a_sure_face_ends_the_search_and_doubtful_ones_do_not() -> None:
    seen: list[tuple[int, ...]] = []

    def detect(scores: dict[int, float], rgb: RGB) -> Faces:
        """The corner that is red tells how far the picture is turned clockwise."""
        seen.append(rgb.shape)
        corners = [rgb[0, 0], rgb[0, -1], rgb[-1, -1], rgb[-1, 0]]
        turns = next(number for number, pixel in enumerate(corners) if pixel[0] == 255)
        return faces(scores[turns]) if turns in scores else Faces.empty()

    picture = np.zeros((60, 80, 3), np.uint8)
    picture[0, 0, 0] = 255
    assert find_upright(picture, lambda rgb: detect({0: 0.999, 1: 1.0}, rgb)).turns == 0
    assert len(seen) == 1
    for turns in TURNS:
        found = find_upright(picture, lambda rgb, turns=turns: detect({0: 0.9, turns: 0.999}, rgb))
        assert found.turns == turns
        assert found.rgb.shape == ((60, 80, 3) if turns == 2 else (80, 60, 3))
    doubtful = find_upright(picture, lambda rgb: detect({0: 0.8, 1: 0.9, 2: 0.9, 3: 0.9}, rgb))
    assert (doubtful.turns, float(doubtful.faces.score[0])) == (0, pytest.approx(0.8))
    assert len(find_upright(picture, lambda rgb: detect({}, rgb)).faces) == 0


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_points_go_back_to_where_they_came_from(turns: int) -> None:
    """A red pixel at (x, y) is found in the turned picture; its square there comes back to (x, y) to (x + 1, y + 1)."""
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[17, 42, 0] = 255
    row, column = np.argwhere(np.rot90(picture, -turns)[..., 0])[0]
    found = faces(1.0, [column, row, column + 1, row + 1])
    back = turn_back(found, turns, 80, 60)
    np.testing.assert_array_equal(back.xyxy, [[42, 17, 43, 18]])
    assert turn_back(found, 0, 80, 60) is found


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return femo.load()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_photo_that_lies_says_so_and_gives_the_same_face(pipeline: Pipeline, turns: int) -> None:
    """The portrait of the NASA, turned anticlockwise: set upright by as many turns clockwise."""
    upright = skimage_data.astronaut()
    truth = pipeline.photo(upright)
    assert truth.notes == ()
    lying = np.ascontiguousarray(np.rot90(upright, turns))
    found = pipeline.photo(lying)
    assert found.notes == (f"no upright face; found when turned by {90 * turns}° clockwise",)
    assert len(found.faces) == len(truth.faces) == 1
    x1, y1, x2, y2 = found.faces.xyxy[0].astype(int)
    marked = np.zeros(lying.shape[:2], bool)
    marked[y1:y2, x1:x2] = True
    rows, columns = np.nonzero(np.rot90(marked, -turns))
    box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(box, truth.faces.xyxy[0], atol=3)
    np.testing.assert_allclose(found.scores["expression"].values, truth.scores["expression"].values, atol=0.05)


def test_a_large_photo_says_which_faces_were_not_looked_for(pipeline: Pipeline) -> None:
    large = np.full((3000, 4000, 3), 128, np.uint8)
    assert pipeline.photo(large).notes == (
        "faces below 97 pixels were not looked for; min_face=20 does, and takes longer",
    )
    assert pipeline.photo(large[:400, :400]).notes == ()
    small_face = np.full((1400, 2100, 3), 128, np.uint8)
    small_face[600:687, 900:987] = skimage_data.astronaut()[0:260:3, 100:360:3]  # a face of 30 by 37 pixels
    quick, fine = pipeline.photo(small_face), pipeline.photo(small_face, min_face=20)
    assert "min_face=20" in quick.notes[0]
    assert len(fine.faces) == 1
    assert fine.notes == ()
    with pytest.raises(FemoError):
        pipeline.photo(small_face, min_face=3)
