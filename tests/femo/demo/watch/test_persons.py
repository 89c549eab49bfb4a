"""Names, joined and hidden persons are laid over a reading; brief faces are folded away."""

import re

import numpy as np
import pytest

from femo.clips.timelines import RawPerson, RawVideo
from femo.demo.watch.persons import Said, chooser
from femo.errors import FemoError
from femo.labels import AFFECTNET_8
from femo.types import ClipInfo, Scores
from tests.femo.results_by_hand import one_hot, timeline, video


def person(track: int, rows: list[int], left: float = 0) -> RawPerson:
    expression = Scores("expression", AFFECTNET_8, one_hot(["fear"] * len(rows)), "distribution", "trained")
    boxes = np.tile(np.array([[left, 0, left + 50, 60]], np.float32), (len(rows), 1))
    return RawPerson(track, np.array(rows), boxes, {"expression": expression})


def clip(*persons: RawPerson) -> RawVideo:
    times = np.arange(10) / 10
    return RawVideo(times, times, persons, ClipInfo(0, "test", 1.0, 320, 240))


def test_what_was_said_is_laid_over_the_reading_and_leaves_it_as_it_was() -> None:
    raw = clip(person(1, [0, 1, 2]), person(2, [7, 8]), person(3, [4, 5], left=100))
    said = Said().join(1, 2).hide(3)
    assert [(p.track, p.row.tolist()) for p in said.over(raw).persons] == [(1, [0, 1, 2, 7, 8])]
    assert [p.track for p in Said().over(raw).persons] == [1, 2, 3]
    assert [p.track for p in raw.persons] == [1, 2, 3]


def test_who_is_joined_to_one_who_was_joined_is_refused() -> None:
    raw = clip(person(1, [0]), person(2, [7]), person(3, [4]))
    with pytest.raises(FemoError, match="Nobody in this clip is person 2"):
        Said().join(1, 2).join(3, 2).over(raw)


def test_a_name_is_short_and_an_empty_one_takes_it_back() -> None:
    said = Said().name(1, "  Ann\n B. ")
    assert (said.names, said.called(1), said.called(2)) == ({1: "Ann B."}, "1 Ann B.", "person 2")
    assert said.name(1, "x" * 99).names == {1: "x" * 40}
    assert said.name(1, " ") == Said()


def test_the_chosen_person_is_pressed_and_names_are_no_markup() -> None:
    lines = [timeline(k, [0, 1], ["fear", "fear"], present=[True, k == 1]) for k in (1, 2)]
    text = chooser(video(*lines, duration_s=2.0), 2, {1: "data:x"}, {2: "<i>Ann"})
    assert re.findall(r'data-track="(\d)" aria-pressed="(\w+)"', text) == [("1", "false"), ("2", "true")]
    assert ("seen 100\xa0%" in text, "seen 50\xa0%" in text, text.count("<img")) == (True, True, 1)
    assert "&lt;i&gt;Ann" in text
    assert "<details" not in text


def brief(track: int) -> list[bool]:
    """One frame of fifty is 2 %."""
    return [k == track for k in range(50)]


def test_brief_faces_are_folded_away_and_unfolded_when_one_is_chosen() -> None:
    times, fear = [k / 25 for k in range(50)], ["fear"] * 50
    lines = [timeline(1, times, fear), *(timeline(k, times, fear, present=brief(k)) for k in (2, 3))]
    shown, folded = chooser(video(*lines), 1, {}, {}).split('<details class="femo-brief">')
    assert re.findall(r'data-track="(\d)"', shown) == ["1"]
    assert re.findall(r'data-track="(\d)"', folded) == ["2", "3"]
    assert "2 brief faces, in view for less than 3\xa0% of the clip" in folded
    assert '<details class="femo-brief" open>' in chooser(video(*lines), 3, {}, {})


def test_seen_is_a_share_of_the_time() -> None:
    """Two frames of 0.1 s, then one of 0.6 s and two more of 0.1 s: who is seen in that one is seen for 60 %."""
    times, fear = [0.0, 0.1, 0.2, 0.8, 0.9], ["fear"] * 5
    lines = [timeline(k, times, fear, present=[(n == 2) == (k == 1) for n in range(5)]) for k in (1, 2)]
    text = chooser(video(*lines, duration_s=1.0), 1, {}, {})
    assert re.findall(r"seen (\d+)", text) == ["60", "40"]


def test_where_all_are_brief_nobody_is_folded_away() -> None:
    times, fear = [k / 25 for k in range(50)], ["fear"] * 50
    lines = [timeline(k, times, fear, present=brief(k)) for k in (2, 3)]
    text = chooser(video(*lines), 2, {}, {})
    assert text.count("data-track") == 2
    assert "<details" not in text
