"""Two readings of one clip: counts and shares that were counted by hand, and a chart with both."""

from dataclasses import replace

import numpy as np
import pytest

from femo.labels import AFFECTNET_7, AFFECTNET_8
from femo.output.figures import beside_clip, presence
from femo.output.figures import video as figures
from femo.results import Timeline, VideoResult
from femo.types import Scores
from tests.femo.results_by_hand import one_hot, timeline, video

TIMES = [0.0, 1.0, 2.0, 3.0]
FIRST = ["contempt", "anger", "fear", "fear"]
SECOND = ["anger", "anger", "fear", "sadness"]


def other(line: Timeline, expressions: list[str], order: tuple[str, ...] = AFFECTNET_7) -> Timeline:
    """The same person as a model with other labels reads it."""
    head = Scores("expression", order, one_hot(expressions, order), "distribution", "trained")
    return replace(line, scores={**line.scores, "expression": head})


def named(result: VideoResult, model: str) -> VideoResult:
    return replace(result, clip=replace(result.clip, model=model))


@pytest.fixture
def both() -> tuple[VideoResult, VideoResult]:
    """Person 1 is seen for four seconds, person 2 for the first two of them."""
    one, two = timeline(1, TIMES, FIRST), timeline(2, TIMES, ["fear"] * 4, [True, True, False, False], left=90)
    second = named(video(other(one, SECOND), other(two, ["fear", "anger", "fear", "fear"])), "small")
    return named(video(one, two), "large"), second


def test_agreement_counts_frames_in_which_both_name_something(both: tuple[VideoResult, VideoResult]) -> None:
    """Person 1: anger and fear of four. Person 2: one of two. Together three of six."""
    assert beside_clip.agreement(*both, 1) == (
        "They name the same expression in 50 % of the 4 frames in which both read person 1, "
        "and in 50 % of those of all 2 persons."
    )
    assert beside_clip.differ(both[0].timelines[0], both[1].timelines[0]).tolist() == [True, False, False, True]
    assert beside_clip.differ(both[0].timelines[1], both[1].timelines[1]).tolist() == [False, True, False, False]


def test_of_one_person_the_others_are_not_spoken(both: tuple[VideoResult, VideoResult]) -> None:
    alone = [named(video(result.timelines[0]), result.model) for result in both]
    assert beside_clip.agreement(alone[0], alone[1], 1).endswith("both read person 1.")


def test_what_a_model_has_no_word_for_is_said_with_how_often_it_counts(
    both: tuple[VideoResult, VideoResult],
) -> None:
    assert beside_clip.unknown(*both, 1) == [
        "small does not know contempt, which large names in 1 frame of person 1."
    ]
    assert beside_clip.unknown(*both[::-1], 2) == [
        "small does not know contempt, which large names in 0 frames of person 2."
    ]
    assert beside_clip.unknown(both[0], both[0], 1) == []


def test_shares_of_the_time_stand_side_by_side_and_an_unknown_word_has_none(
    both: tuple[VideoResult, VideoResult],
) -> None:
    pairs = beside_clip.shares(both[0].timelines[0], both[1].timelines[0])
    assert [(pair.name, pair.first, pair.second, pair.told) for pair in pairs] == [
        ("fear", 0.5, 0.25, "-25"),
        ("anger", 0.25, 0.5, "+25"),
        ("contempt", 0.25, None, ""),
        ("sadness", 0.0, 0.25, "+25"),
    ]


def test_what_one_has_not_read_is_no_disagreement(both: tuple[VideoResult, VideoResult]) -> None:
    line = both[1].timelines[0]
    values = line.scores["expression"].values.copy()
    values[:] = np.nan
    blind = replace(line, scores={"expression": line.scores["expression"].with_values(values)})
    second = replace(both[1], timelines=(blind, both[1].timelines[1]))
    assert not beside_clip.differ(both[0].timelines[0], blind).any()
    assert (
        beside_clip.agreement(both[0], second, 1)
        == "There is no frame in which both name an expression of person 1."
    )


@pytest.mark.parametrize(("same", "said"), [(0, "0 %"), (1, "1 %"), (999, "99 %"), (1000, "100 %"), (500, "50 %")])
def test_all_and_none_are_said_of_all_and_none_only(same: int, said: str) -> None:
    assert beside_clip._share(same, 1000) == said


def test_nobody_has_that_number(both: tuple[VideoResult, VideoResult]) -> None:
    with pytest.raises(ValueError, match="9"):
        beside_clip.agreement(*both, 9)
    with pytest.raises(ValueError, match="9"):
        beside_clip.unknown(*both, 9)


def test_both_readings_have_a_part_of_the_chart_on_one_axis_and_one_legend(
    both: tuple[VideoResult, VideoResult],
) -> None:
    figure = figures.timeline(both[0], 1, None, both[1])
    titles = [note.text for note in figure.layout.annotations]
    assert [title.split("</b>")[0] for title in titles] == [
        "<b>Expression",
        "<b>Expression",
        "<b>Where they name different expressions",
        "<b>In view",
    ]
    assert "large trained" in titles[0]
    assert "small trained" in titles[1]
    fear = [trace for trace in figure.data if trace.name == "fear"]
    assert [trace.meta for trace in fear] == ["large", "small"]
    assert [trace.yaxis for trace in fear] == ["y", "y2"]
    assert list(fear[1].y) == pytest.approx([0.07 / 6, 0.07 / 6, 0.93, 0.07 / 6])
    legend = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert sorted(legend) == sorted(AFFECTNET_8)  # each word once, contempt too
    strip = next(trace for trace in figure.data if trace.name == beside_clip.NAMED_OTHERWISE)
    assert list(strip.x) == [0.0, 1.0, None, 3.0, pytest.approx(3.04), None]


def test_one_reading_alone_is_drawn_as_before(both: tuple[VideoResult, VideoResult]) -> None:
    figure = figures.timeline(both[0], 1)
    titles = [note.text for note in figure.layout.annotations]
    assert titles[0] == "<b>Expression</b>  <span style='font-size:11px'>trained</span>"
    assert all(trace.meta is None for trace in figure.data)


def test_two_readings_take_little_more_room_than_one(both: tuple[VideoResult, VideoResult]) -> None:
    alone, paired = figures.timeline(both[0], 1), figures.timeline(both[0], 1, None, both[1])
    assert paired.layout.height - alone.layout.height == 2 * 110 - 210 + presence.STRIP_PX + 2 * figures.GAP_PX
