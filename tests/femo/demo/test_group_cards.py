"""The mood strip by hand, and what is said of more people than are shown."""

import re
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from femo.demo import group_cards
from femo.demo.group_cards import mood_strip, people, shares_said
from femo.models.config import HeadSpec
from femo.output.figures.group import MOOD_COLOURS
from femo.results import Timeline
from femo.types import REASONS, Reading, Scores
from tests.femo.results_by_hand import timeline, video

MOODS = ("positive", "neutral", "negative")
HEAD = HeadSpec("group", "vgaf-3", "distribution", "prior")


def mood(*labels: str) -> Scores:
    values = np.array([[float(name == label) for name in MOODS] for label in labels], np.float32)
    return Scores("group", MOODS, values, "distribution", "prior")


def test_a_strip_has_a_part_per_moment_and_gaps_where_nobody_is_seen() -> None:
    line = timeline(1, [0, 1, 2, 3], ["happiness"] * 4, present=[True, True, False, True])
    strip = mood_strip(line, mood("positive", "neutral", "positive", "negative"))
    assert strip == [(0.0, 250.6, "positive"), (250.0, 250.6, "neutral"), (750.0, 250.6, "negative")]


def test_a_part_of_a_long_strip_shows_the_mean_mood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_cards, "N_CELLS", 2)
    line = timeline(1, [0, 1, 2, 3, 4, 5], ["happiness"] * 6)
    strip = mood_strip(line, mood("positive", "negative", "negative", "neutral", "neutral", "positive"))
    assert [(x, label) for x, _, label in strip] == [(0.0, "negative"), (500.0, "neutral")]


def test_people_beyond_those_shown_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_cards, "MAX_PERSONS", 1)
    lines = (timeline(1, [0, 0.5], ["anger", "anger"]), timeline(2, [0, 0.5], ["fear", "fear"]))
    group: Any = SimpleNamespace(
        video=video(*lines), moods={1: mood("negative", "negative"), 2: mood("neutral", "neutral")}
    )
    card = people(group, {})
    assert "and 1 more, seen for less time" in card
    assert "<b>1</b> mostly anger<small>in view 100\u00a0% of the clip</small>" in card
    assert "mostly fear" not in card
    assert re.findall(r'fill="(#\w+)"', card) == [MOOD_COLOURS["negative"]] * 2
    assert 'data-time="0.000"' in card


def photo(*expressions: str, peak: float = 0.93) -> Any:
    """A group's photo, one face per expression."""
    lines = [timeline(k, [0.0], [name]) for k, name in enumerate(expressions, 1)]
    for line in lines:
        head = line.scores["expression"]
        top = head.values[0].max()
        values = np.where(head.values == top, peak, (1 - peak) / 7).astype(np.float32)
        line.scores["expression"] = head.with_values(values)
    labels = lines[0].scores["expression"].labels
    shares = dict(
        zip(labels, np.mean([line.scores["expression"].values[0] for line in lines], axis=0).tolist(), strict=True)
    )
    moods = {line.track: mood("positive") for line in lines}
    return SimpleNamespace(video=video(*lines), moods=moods, shares=shares)


def test_where_all_smile_a_sentence_takes_the_place_of_one_long_bar() -> None:
    said = "All 3 faces show happiness, each 97\u00a0% or more; all other expressions together 3\u00a0%."
    assert shares_said(photo("happiness", "happiness", "happiness", peak=0.97)) == said
    assert shares_said(photo("happiness", "anger", peak=0.97)) == ""
    assert shares_said(photo("happiness", peak=0.94)) == ""
    assert shares_said(photo("fear", peak=0.96)).startswith("The only face here shows fear, 96\u00a0%;")
    assert shares_said(photo("fear", "fear", peak=0.999)).startswith("Both faces show fear, each 100\u00a0%; all")
    mixed = photo(*["fear"] * 40, peak=0.99)
    odd = mixed.video.timelines[0].scores
    odd["expression"] = odd["expression"].with_values(np.full((1, 8), 0.125, np.float32))
    assert shares_said(mixed).startswith("Nearly all that this group shows is fear, 99\u00a0%;")
    assert shares_said(SimpleNamespace(shares={}, video=video(time_s=[0.0]))) == ""  # type: ignore[arg-type]


def test_a_photo_has_no_strip_over_time_and_nothing_that_is_in_view() -> None:
    card = people(photo("happiness", "anger"), {})
    assert "<b>1</b> happiness 93\u00a0%<small>then anger 1\u00a0%</small>" in card
    assert "<svg" not in card
    assert "in view" not in card
    group = photo("happiness")
    group.verdict, group.face_count, group.agreement = mood("positive"), np.ones(1, np.int64), np.array([0.5])
    said = group_cards.verdict_card(group, HEAD)
    assert "1 person; agreement between their faces 50\u00a0%" in said


def test_in_view_is_a_share_of_the_time() -> None:
    """Frames of 0.1, 0.1, 0.6, 0.1 and 0.1 s, and somebody in the long one."""
    times = [0.0, 0.1, 0.2, 0.8, 0.9]
    line = timeline(1, times, ["anger"] * 5, present=[n == 2 for n in range(5)])
    group: Any = SimpleNamespace(video=video(line, duration_s=1.0), moods={1: mood(*["negative"] * 5)})
    assert "in view 60\xa0% of the clip" in people(group, {})


def test_brief_faces_are_folded_away_and_counted_apart() -> None:
    times, anger = [k / 25 for k in range(50)], ["anger"] * 50
    lines = [timeline(k, times, anger, present=[k == 1 or n == 9 for n in range(50)]) for k in (1, 2, 3)]
    moods = {line.track: mood(*["negative"] * 50) for line in lines}
    verdict = mood("negative")
    counted = np.ones(50, np.int64)
    group: Any = SimpleNamespace(
        video=video(*lines), moods=moods, verdict=verdict, face_count=counted, agreement=np.full(50, np.nan)
    )
    shown, folded = people(group, {}).split("<details")
    assert ("<b>1</b>" in shown, "<b>2</b>" in shown, folded.count('femo-member"')) == (True, False, 2)
    assert "2 brief faces, in view for less than 3\xa0% of the clip" in folded
    assert "1 person, at most 1 at once; 2 brief faces" in group_cards.verdict_card(group, HEAD)
    group.verdict = verdict.with_values(np.full((1, 3), np.nan, np.float32))
    assert "Every face is a blur" in group_cards.verdict_card(group, HEAD)


def blurred(line: Timeline, blurs: Sequence[bool]) -> Timeline:
    reasons = np.zeros((len(blurs), len(REASONS)), np.bool_)
    reasons[:, REASONS.index("blurred")] = blurs
    return replace(line, reading=Reading(reasons, np.ones(len(blurs), np.bool_)))


def test_faces_that_do_not_count_are_not_in_the_sentence() -> None:
    """A happy face and a blurred sad one: the shares hold the first alone."""
    group, blur = photo("happiness", "happiness", "sadness", peak=0.97), [True]
    first, second, third = group.video.timelines
    group.shares = {"happiness": 0.97, "sadness": 0.004}
    for lines, who in (
        ((first, blurred(third, blur)), "The only face that counts shows happiness, 97\u00a0%;"),
        ((first, second, blurred(third, blur)), "Both faces that count show happiness, each 97\u00a0% or more;"),
        ((first, blurred(second, blur)), "The only face that counts shows happiness, 97\u00a0%;"),
        ((first, second, replace(first, track=4), blurred(third, blur)), "All 3 faces that count show happiness,"),
    ):
        group.video = video(*lines)
        assert shares_said(group).startswith(who)


def test_a_person_is_what_is_seen_where_the_face_is_no_blur_and_marked_where_there_is_nothing_else() -> None:
    changing = timeline(1, [0.0, 0.5, 1.0], ["anger", "fear", "fear"])
    moods = {1: mood(*["negative"] * 3), 2: mood(*["negative"] * 3)}
    lines = blurred(changing, [False, True, True]), blurred(replace(changing, track=2), [True] * 3)
    group: Any = SimpleNamespace(video=video(*lines), moods=moods)
    sharp, soft = people(group, {}).split("<b>2</b>")
    assert "<b>1</b> mostly anger<small>" in sharp
    assert "unsure" not in sharp
    assert 'mostly fear<span class="femo-unsure">unsure: blurred</span>' in soft
    still = photo("happiness")
    still.video = video(blurred(still.video.timelines[0], [True]))
    assert '<b>1</b> happiness 93\u00a0%<span class="femo-unsure">unsure: blurred</span>' in people(still, {})


def test_a_prior_is_not_explained_by_the_clips_that_a_trained_head_learnt_from() -> None:
    group = photo("happiness")
    group.face_count, group.agreement = np.ones(1, np.int64), np.array([0.5])
    trained = replace(mood("positive"), source="trained")
    for verdict, own, told in (
        (mood("positive"), "prior", True),
        (mood("positive"), "trained", False),
        (trained, "trained", True),
    ):
        group.verdict = verdict
        head = HeadSpec("group", "vgaf-3", "distribution", own, citation="trained on 9 clips")  # type: ignore[arg-type]
        assert ("trained on 9 clips" in group_cards.verdict_card(group, head)) is told
