"""What travels between the steps is checked once, at the door, and picked by row."""

from dataclasses import replace

import numpy as np
import pytest

from femo.types import REASONS, ClipInfo, Faces, Frame, OfClip, Reading, Scores, check_shape
from tests.femo import results_by_hand as by_hand

NAN = float("nan")


@pytest.mark.parametrize(
    ("shape", "expected", "fits"),
    [
        ((2, 3), (2, 3), True), ((2, 3), (None, 3), True), ((0, 3), (None, 3), True), ((2,), (2,), True), ((), (), True),
        ((2, 3), (3, 2), False), ((2, 3), (2,), False), ((2,), (2, None), False), ((2, 3), (2, 3, None), False),
    ],
)  # fmt: skip
def test_shapes(shape: tuple[int, ...], expected: tuple[int | None, ...], fits: bool) -> None:
    if fits:
        check_shape("x", np.zeros(shape), expected)
    else:
        with pytest.raises(ValueError, match=r"^x has shape \("):
            check_shape("x", np.zeros(shape), expected)


def test_a_wrong_shape_is_told_with_what_was_expected() -> None:
    with pytest.raises(ValueError, match=r"^boxes has shape \(5, 2\), expected \('any', 4\)$"):
        check_shape("boxes", np.zeros((5, 2)), (None, 4))


def test_of_a_mixed_head_single_cells_may_be_unknown() -> None:
    cells = np.array([[0.5, NAN]], np.float32)
    assert Scores("x", ("a", "b"), cells, "independent", "mixed").top() == [None]
    with pytest.raises(ValueError, match="a row must be finite or all NaN"):
        Scores("x", ("a", "b"), cells, "independent", "prior")
    with pytest.raises(ValueError, match="must lie in 0-1"):
        Scores("x", ("a", "b"), np.array([[1.5, NAN]], np.float32), "independent", "mixed")


def test_a_distribution_may_miss_one_by_what_float16_leaves() -> None:
    Scores("x", ("a", "b"), np.array([[0.5, 0.4995]], np.float32), "distribution", "trained")
    with pytest.raises(ValueError, match="must sum to 1"):
        Scores("x", ("a", "b"), np.array([[0.5, 0.498]], np.float32), "distribution", "trained")


def reading() -> Reading:
    """Sure; small and close; not seen at all, whatever its reasons say."""
    reasons = np.zeros((3, len(REASONS)), np.bool_)
    reasons[1, [0, 4]] = True
    reasons[2, 1] = True
    return Reading(reasons, np.array([True, True, False]))


def test_a_reading_is_unsure_for_a_reason_and_unknown_where_nothing_was_seen() -> None:
    assert reading().unsure.tolist() == [False, True, False]
    assert reading().states() == ["sure", "unsure", None]
    assert reading().names() == [[], ["small", "close"], []]
    assert reading().to_dict(1) == {"state": "unsure", "reasons": ["small", "close"]}
    assert reading().to_dict(slice(1, 3)) == {"state": ["unsure", None], "reasons": [["small", "close"], []]}


def test_columns_of_a_reading_are_words_and_empty_without_one() -> None:
    assert Reading.columns(reading(), 3) == {"reading": ["sure", "unsure", ""], "reasons": ["", "small close", ""]}
    assert Reading.columns(None, 2) == {"reading": ["", ""], "reasons": ["", ""]}


def test_a_head_keeps_its_thresholds_when_its_values_change() -> None:
    head = Scores("action_units", ("AU1",), np.zeros((1, 1), np.float32), "independent", "trained", (0.3,))
    changed = head.with_values(np.ones((2, 1), np.float32))
    assert (changed.thresholds, len(changed)) == ((0.3,), 2)


def test_what_is_of_a_clip_says_what_the_clip_says() -> None:
    class Some(OfClip):
        clip = ClipInfo(3, "femo-base", 1.5, 640, 360, ("cut off",))

    some = Some()
    said = (some.skipped_frames, some.model, some.duration_s, some.width, some.height, some.notes)
    assert said == (3, "femo-base", 1.5, 640, 360, ("cut off",))


def test_types_are_checked_at_the_door() -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        Frame(np.zeros((4, 4, 3), np.float32))
    with pytest.raises(ValueError, match="rgb has shape"):
        Frame(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="expected seconds >= 0"):
        Frame(np.zeros((4, 4, 3), np.uint8), -0.1)
    boxes, score, points = (
        np.array([[5, 5, 4, 9]], np.float32),
        np.ones(1, np.float32),
        np.zeros((1, 5, 2), np.float32),
    )
    with pytest.raises(ValueError, match="x1 < x2 and y1 < y2"):
        Faces(boxes, score, points)
    with pytest.raises(ValueError, match="must be finite"):
        Faces(np.array([[0, 0, NAN, 9]], np.float32), score, points)
    with pytest.raises(ValueError, match="must sum to 1"):
        Scores("x", ("a", "b"), np.array([[0.5, 0.4]], np.float32), "distribution", "prior")
    with pytest.raises(ValueError, match="must lie in 0-1"):
        Scores("x", ("a", "b"), np.array([[1.5, 0.4]], np.float32), "independent", "prior")
    with pytest.raises(ValueError, match="finite or all NaN"):
        Scores("x", ("a", "b"), np.array([[NAN, 0.4]], np.float32), "regression", "prior")


def test_selecting_and_top() -> None:
    faces = replace(by_hand.photo(3).faces, track=np.array([7, 8, 9]))
    picked = faces.select(np.array([2, 0]))
    assert picked.track is not None
    assert picked.track.tolist() == [9, 7]
    np.testing.assert_array_equal(picked.xyxy[:, 0], [20, 0])
    assert len(Faces.empty()) == 0
    scores = Scores("x", ("a", "b"), np.array([[0.2, 0.8], [NAN, NAN]], np.float32), "distribution", "prior")
    assert scores.top() == ["b", None]
    np.testing.assert_array_equal(scores.column("a"), np.array([0.2, NAN], np.float32))
