"""Parts of a person's timeline that no mesh and no gap decides: shares, and what the axes span."""

from dataclasses import replace

import pytest

from femo.output.draw import EXPRESSION_COLOURS
from femo.output.figures import video as figures
from tests.femo.results_by_hand import timeline, video

TIMES = [0.0, 1.0, 2.0, 3.0]


def test_shares_of_expressions_fill_one_bar() -> None:
    line = timeline(1, TIMES, ["fear", "anger", "fear", "fear"])
    bars = {trace.name: (float(trace.x[0]), trace.marker.color) for trace in figures.share_bar(line).data}
    assert bars["fear 75 %"] == (pytest.approx(0.75), EXPRESSION_COLOURS["fear"])
    assert bars["anger 25 %"] == (pytest.approx(0.25), EXPRESSION_COLOURS["anger"])
    assert sum(share for share, _ in bars.values()) == pytest.approx(1)


def test_names_of_many_expressions_have_lines_of_their_own_above_the_bar() -> None:
    """Two names fit into the narrowest column beside each other; a legend that has no room lies over the bar."""
    two, four = (
        figures.share_bar(timeline(1, TIMES, words)).layout.height
        for words in (["fear", "anger", "fear", "fear"], ["fear", "anger", "neutral", "disgust"])
    )
    assert (two, four) == (112, 132)


def test_of_nothing_read_the_share_says_so() -> None:
    figure = figures.share_bar(replace(timeline(1, TIMES, ["fear"] * 4), scores={}))
    assert figure.layout.annotations[0].text == "no expression was read"


def test_an_expression_is_a_part_of_the_height_at_each_moment() -> None:
    line = timeline(1, TIMES, ["fear", "anger", "fear", "fear"])
    figure = figures.timeline(video(line), 1)
    drawn = {trace.name: trace for trace in figure.data if trace.name in ("fear", "anger")}
    assert list(drawn["fear"].x) == TIMES
    assert list(drawn["fear"].y) == pytest.approx([0.93, 0.01, 0.93, 0.93])
    assert list(drawn["anger"].y) == pytest.approx([0.01, 0.93, 0.01, 0.01])
