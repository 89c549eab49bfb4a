"""Photos on their side and on their head: the faces of the upright photo, in the pixels of the one that came."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data as skimage_data

from femo.errors import FemoError
from femo.faces.upright import TURNS, find_upright, look_again, turn_back
from femo.pipeline import Pipeline
from femo.types import RGB, Faces
from tests import shipped


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
    return shipped.pipeline()


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
        "faces below 97 pixels were not looked for; the option smallest face at 20 pixels (min_face, --min-face) "
        "finds them, and takes longer",
    )
    assert pipeline.photo(large[:400, :400]).notes == ()
    small_face = np.full((1400, 2100, 3), 128, np.uint8)
    small_face[600:687, 900:987] = skimage_data.astronaut()[0:260:3, 100:360:3]  # a face of 30 by 37 pixels
    quick, fine = pipeline.photo(small_face), pipeline.photo(small_face, min_face=20)
    assert "the option smallest face at 20 pixels (min_face, --min-face)" in quick.notes[0]
    assert len(fine.faces) == 1
    assert fine.notes == ()
    with pytest.raises(FemoError):
        pipeline.photo(small_face, min_face=3)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3), st.floats(-40, 40), st.integers(60, 90), st.integers(60, 90))
def test_faces_tell_how_their_photo_was_turned(turns: int, tilt_deg: float, width: int, height: int) -> None:
    """An upright face, tilted less than half a quarter turn, in a photo that came turned: found again as it was found first."""
    tilt = np.deg2rad(tilt_deg)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    points = np.array([[-8, -8], [8, -8], [0, 0], [-6, 8], [6, 8]]) @ turn.T + [30, 25]
    doubtful = points[[3, 4, 2, 0, 1]]  # stands on its head, and counts for nothing beside the sure one
    boxes, scores = np.float32([[18, 12, 42, 38], [1, 2, 9, 12]]), np.float32([0.999, 0.9])
    upright = Faces(boxes, scores, np.stack([points, doubtful]).astype(np.float32))
    rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    came = np.ascontiguousarray(np.rot90(rgb, turns))
    faces = turn_back(upright, turns, came.shape[1], came.shape[0])
    again = look_again(came, faces)
    assert again.turns == turns
    np.testing.assert_array_equal(again.rgb, rgb)
    np.testing.assert_allclose(again.faces.xyxy, upright.xyxy, atol=1e-4)
    np.testing.assert_allclose(again.faces.keypoints, upright.keypoints, atol=1e-4)


def test_where_no_face_is_sure_the_photo_was_looked_at_as_it_came() -> None:
    head_down = np.float32([[[2, 9], [8, 9], [5, 5], [3, 1], [7, 1]]])
    one = Faces(np.float32([[1, 0, 9, 10]]), np.float32([0.99]), head_down)
    picture = np.zeros((20, 30, 3), np.uint8)
    assert look_again(picture, one).turns == 0
    assert look_again(picture, Faces(one.xyxy, np.float32([0.996]), head_down)).turns == 2
    assert look_again(picture, Faces.empty()).turns == 0
