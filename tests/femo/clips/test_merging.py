"""Two persons become one: rows in the order of time, each with what belongs to it."""

import numpy as np
import pytest

from femo.clips.merging import merge, without
from femo.clips.timelines import RawPerson, RawVideo
from femo.errors import FemoError
from femo.meshes import COLUMNS, N_POINTS, N_UNITS, Meshes, PackedPoints
from femo.types import QUALITY, ClipInfo, Scores


def person(track: int, rows: list[int], left: float = 0.0) -> RawPerson:
    """Of a person whose every fact is its row, plus a hundredth of the id; the points of its second row were not kept."""
    n, facts = len(rows), np.array(rows, np.float32) + np.float32(track / 100)
    tall = lambda width: np.repeat(facts[:, None], width, axis=1)  # noqa: E731
    boxes = np.stack([facts * 0 + left, facts * 0, facts * 0 + left + 100, facts * 0 + 100], axis=1)
    points = np.repeat(tall(N_POINTS)[..., None], 3, axis=2)
    meshes = Meshes(
        np.zeros((n, 0, 3), np.float32), facts, tall(len(COLUMNS)), tall(N_UNITS), np.zeros(n, np.uint8)
    )
    kept = PackedPoints.pack(np.arange(n), points, 0.01).select(np.ones(n, np.bool_))
    missing = np.arange(n) != 1
    kept = PackedPoints(kept.row[missing], kept.steps[missing], kept.step_px)
    score = Scores("age", ("years", "years_std"), tall(2), "regression", "trained")
    portrait = np.full((2, 2, 3), track, np.uint8)
    return RawPerson(track, np.array(rows), boxes, {"age": score}, portrait, tall(len(QUALITY)), meshes, kept)


def clip(*persons: RawPerson) -> RawVideo:
    times = np.arange(20) / 10
    return RawVideo(times, times, persons, ClipInfo(0, "test", 2.0, 320, 240))


def test_rows_come_in_the_order_of_time_with_all_that_belongs_to_them() -> None:
    joined, stranger = merge(clip(person(1, [4, 5, 9]), person(2, [0, 1, 7]), person(3, [3])), 1, 2).persons
    facts = [0.02, 1.02, 4.01, 5.01, 7.02, 9.01]
    assert (joined.track, stranger.track) == (1, 3)
    assert joined.row.tolist() == [0, 1, 4, 5, 7, 9]
    assert joined.portrait is not None
    assert joined.portrait.max() == 1
    assert joined.scores["age"].values[:, 0] == pytest.approx(facts)
    assert joined.quality is not None
    assert joined.quality[:, 0] == pytest.approx(facts)
    assert joined.meshes is not None
    assert joined.meshes.values[:, 0] == pytest.approx(facts)
    assert joined.points is not None
    # rows 1 (the second of person 2) and 5 (the second of person 1) have none
    np.testing.assert_allclose(
        joined.points.unpack(6)[:, 0, 0], [0.02, np.nan, 4.01, np.nan, 7.02, 9.01], atol=1e-6
    )


def test_of_a_face_that_was_found_twice_the_first_person_counts() -> None:
    [joined] = merge(clip(person(1, [4, 5]), person(2, [5, 6], left=10)), 1, 2).persons
    assert joined.row.tolist() == [4, 5, 6]
    assert joined.scores["age"].values[:, 0] == pytest.approx([4.01, 5.01, 6.02])
    assert joined.xyxy[:, 0].tolist() == [0, 0, 10]


def test_two_who_are_seen_apart_in_one_frame_are_two_people() -> None:
    with pytest.raises(
        FemoError, match="1 and 2 are seen at different places in 2 frames, so they are two people"
    ):
        merge(clip(person(1, [3, 4, 5]), person(2, [4, 5, 6], left=150)), 1, 2)


def test_a_stranger_cannot_be_joined_and_oneself_changes_nothing() -> None:
    raw = clip(person(1, [3]))
    with pytest.raises(FemoError, match="Nobody in this clip is person 7"):
        merge(raw, 1, 7)
    assert merge(raw, 1, 1) is raw


def test_who_is_left_out_is_gone() -> None:
    raw = clip(person(1, [3]), person(2, [4]))
    assert [p.track for p in without(raw, frozenset({1})).persons] == [2]
