"""A timeline in a few numbers, by hand: time in view, shares, changes, and who only passes by."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.clips.summaries import (
    count_alike,
    find,
    means,
    seconds_in_view,
    share_in_view,
    shares,
    spans,
    split_brief,
    transitions,
)
from femo.results import Timeline
from tests.femo.results_by_hand import timeline, video

UNEVEN = [0.0, 0.1, 0.2, 0.6, 0.7]
"""The third frame lasts .4 s, the last as long as most: .1."""


def test_a_person_is_found_by_number() -> None:
    lines = [timeline(track, UNEVEN, ["fear"] * 5) for track in (2, 5)]
    assert find(video(*lines), 5) is lines[1]
    with pytest.raises(ValueError, match="3"):
        find(video(*lines), 3)


def test_agreement_counts_faces_at_one_place_that_both_readings_show() -> None:
    times = [0.0, 0.1, 0.2, 0.3]
    mine = timeline(1, times, ["anger", "fear", "fear", "fear"], present=[True, True, True, False])
    theirs = timeline(7, times, ["anger", "anger", "fear", "anger"])  # ids of two readings may differ
    elsewhere = timeline(2, times, ["sadness"] * 4, left=100)
    # one and two are compared where both are present: 3 frames, 2 of them alike; the other person has no counterpart
    assert count_alike(video(mine, elsewhere), video(theirs)) == (2, 3)
    assert count_alike(video(mine, elsewhere), video(theirs, elsewhere)) == (6, 7)
    assert count_alike(video(time_s=times), video(theirs)) == (0, 0)


def test_a_frame_lasts_until_the_next_one() -> None:
    line = timeline(
        1, UNEVEN, ["anger", "anger", "fear", "fear", "anger"], present=[True, True, True, False, True]
    )
    assert seconds_in_view(line) == pytest.approx(0.1 + 0.1 + 0.4 + 0.1)
    assert shares(line) == {"fear": pytest.approx(0.4 / 0.7), "anger": pytest.approx(0.3 / 0.7)}
    assert list(shares(line)) == ["fear", "anger"]  # the longest first


def test_the_last_frame_lasts_no_longer_than_the_clip() -> None:
    """Each 30th of 72 frames at 30 a second: 1 s, 1 s, and the 0.4 s that are left."""
    line = timeline(1, [0.0, 1.0, 2.0], ["anger", "anger", "fear"])
    assert seconds_in_view(line, 2.4) == pytest.approx(2.4)
    assert shares(line, 2.4) == {"anger": pytest.approx(2 / 2.4), "fear": pytest.approx(0.4 / 2.4)}
    assert seconds_in_view(line, 9.0) == 3.0  # as long as most: what comes after was not looked at
    assert seconds_in_view(line, 2.0) == seconds_in_view(line, 0.0) == 3.0  # a length that cannot be
    assert seconds_in_view(timeline(1, [3.0], ["anger"]), 3.02) == pytest.approx(0.02)


def test_a_single_frame_lasts_a_twenty_fifth() -> None:
    assert seconds_in_view(timeline(1, [3.0], ["anger"])) == pytest.approx(0.04)
    assert shares(timeline(1, [3.0], ["anger"])) == {"anger": 1.0}


def test_who_was_never_read_shows_nothing() -> None:
    line = timeline(1, UNEVEN, ["anger"] * 5, present=[False] * 5)
    assert (shares(line), seconds_in_view(line), len(transitions(line))) == ({}, 0.0, 0)
    line.scores["expression"].values[:] = np.nan
    assert shares(line) == {}
    bare = timeline(1, UNEVEN, ["anger"] * 5)
    del bare.scores["expression"]  # type: ignore[attr-defined]
    assert shares(bare) == {}
    assert transitions(bare).columns.tolist() == ["from", "to", "count"]


def test_a_change_counts_while_the_person_stays_in_view() -> None:
    """anger-fear twice, fear-anger once; from fear to sadness the face was gone."""
    words = ["anger", "fear", "anger", "fear", "fear", "neutral", "sadness"]
    line = timeline(1, np.arange(7.0).tolist(), words, present=[True, True, True, True, True, False, True])
    assert transitions(line).values.tolist() == [["anger", "fear", 2], ["fear", "anger", 1]]


def test_a_mark_holds_from_its_first_frame_to_the_one_after_its_last() -> None:
    times = np.array([0.0, 1.0, 2.0, 3.0])
    assert spans(times, np.array([True, True, False, True]), 3.5) == [(0.0, 2.0), (3.0, 3.5)]
    assert spans(times, np.array([False] * 4), 3.5) == []
    assert spans(times, np.array([True] * 4), 2.0) == [(0.0, 3.0)]  # a clip that says it is shorter than it is
    assert spans(np.zeros(0), np.zeros(0, np.bool_), 1.0) == []


@given(st.lists(st.booleans(), max_size=40))
def test_spans_hold_what_is_marked_and_nothing_else(marks: list[bool]) -> None:
    times, marked = np.arange(len(marks), dtype=np.float64), np.array(marks, np.bool_)
    found = spans(times, marked, float(len(marks)))
    held = [any(start <= time < stop for start, stop in found) for time in times]
    assert held == marks
    assert all(a[1] < b[0] for a, b in pairwise(found))


def test_brief_faces_are_told_apart_unless_all_are() -> None:
    times = np.arange(100.0).tolist()
    words = ["anger"] * 100
    lasting, brief = (timeline(k, times, words, present=[i < n for i in range(100)]) for k, n in ((1, 3), (2, 2)))
    assert split_brief(video(lasting, brief)) == ([lasting], [brief])
    assert split_brief(video(brief)) == ([brief], [])
    assert split_brief(video(time_s=times)) == ([], [])


def test_in_view_and_brief_are_shares_of_the_time_and_not_of_the_frames() -> None:
    """100 frames in the first second, then three of 10 s, the last of which lasts as long as most: 0.01 s."""
    times = [*(k / 100 for k in range(100)), 1.0, 11.0, 21.0]
    words = ["anger"] * 103
    early, late = (timeline(k, times, words, present=[(n < 100) == (k == 1) for n in range(103)]) for k in (1, 2))
    assert share_in_view(early) == pytest.approx(1 / 21.01)
    assert share_in_view(late) == pytest.approx(20.01 / 21.01)
    passer = timeline(
        3, times, words, present=[n < 50 for n in range(103)]
    )  # half of the frames, 2.4 % of the time
    assert split_brief(video(early, late, passer)) == ([early, late], [passer])


def test_means_are_over_the_time_in_view_and_not_over_frames() -> None:
    line = timeline(1, UNEVEN, ["fear"] * 5, present=[True, True, True, False, True])
    plane = line.scores["valence_arousal"].values
    plane[:, 0], plane[:, 1] = [1, np.nan, -1, 1, 0.5], [0, np.nan, 0.5, 1, 0]
    # .1 s of 1, .4 s of -1 and .1 s of .5; in the second frame nothing was read, in the fourth nobody was seen
    found = means(line, "valence_arousal", 9.0)
    assert found == pytest.approx({"valence": (0.1 - 0.4 + 0.05) / 0.6, "arousal": 0.2 / 0.6})
    # the clip ends .05 s after its last frame begins
    assert means(line, "valence_arousal", 0.75)["valence"] == pytest.approx((0.1 - 0.4 + 0.025) / 0.55)
    assert means(line, "age") == {}
    plane[:] = np.nan
    assert means(line, "valence_arousal") == {}
    bare = {"valence_arousal": line.scores["valence_arousal"].with_values(np.zeros((0, 2), np.float32))}
    nobody = Timeline(1, np.zeros(0), np.zeros(0, np.bool_), np.zeros((0, 4), np.float32), bare)
    assert means(nobody, "valence_arousal") == {}
