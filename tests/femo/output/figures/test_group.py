"""Charts of a group: its mood, faces and agreement over time, and shares, value by value."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from femo.output.draw import EXPRESSION_COLOURS
from femo.output.figures.group import group_timeline, has_course, share_bars
from femo.types import Scores

MOODS = ("positive", "neutral", "negative")
VALUES = [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]]


def group(present: list[bool], n: int = 3) -> Any:
    mood = Scores("group", MOODS, np.array(VALUES[:n], np.float32), "distribution", "prior")
    over_time = SimpleNamespace(time_s=np.arange(n) / 2, present=np.array(present), scores={"group": mood})
    return SimpleNamespace(
        over_time=over_time, face_count=np.array([2, 3, 1])[:n], agreement=np.array([0.5, 1.0, np.nan])[:n]
    )


def test_mood_faces_and_agreement_lie_over_one_time() -> None:
    figure = group_timeline(group([True] * 3))
    by_name = {trace.name: trace for trace in figure.data}
    assert list(by_name) == ["negative", "neutral", "positive", "faces", "agreement"]
    for name, column in zip(MOODS, range(3), strict=True):
        np.testing.assert_allclose(by_name[name].y, [row[column] for row in VALUES], atol=1e-6)
        assert list(by_name[name].x) == [0, 0.5, 1.0]
    assert list(by_name["faces"].y) == [2, 3, 1]
    assert list(by_name["agreement"].y[:2]) == [0.5, 1.0]
    assert np.isnan(by_name["agreement"].y[2])
    assert list(figure.layout.xaxis.range) == [0, 1.0]


def test_where_nobody_counts_the_mood_has_a_gap_that_says_so() -> None:
    positive = next(trace for trace in group_timeline(group([True, False, True])).data if trace.name == "positive")
    assert 0.5 not in list(positive.x)
    said = dict(zip(positive.x, positive.hovertemplate, strict=True))
    assert (said[0.0], said[1.0]) == ("%{y:.0%}", "%{y:.0%}")
    assert "no face that counts" in positive.hovertemplate


@pytest.mark.parametrize(("present", "n"), [([False] * 3, 3), ([True], 1)])
def test_a_moment_or_nobody_has_no_course(present: list[bool], n: int) -> None:
    assert not has_course(group(present, n))
    with pytest.raises(ValueError, match="has no timeline"):
        group_timeline(group(present, n))


def test_shares_are_bars_the_largest_on_top() -> None:
    bars = share_bars({"fear": 0.25, "anger": 0.7, "else": 0.047, "rare": 0.003}).data[0]
    assert (list(bars.y), list(bars.x), list(bars.text)) == (
        ["anger", "fear", "else", "rare"],
        [0.7, 0.25, 0.047, 0.003],
        ["70\u00a0%", "25\u00a0%", "5\u00a0%", "<1\u00a0%"],
    )
    assert list(bars.marker.color[:2]) == [EXPRESSION_COLOURS["anger"], EXPRESSION_COLOURS["fear"]]
    few = share_bars({"fear": 0.004, "anger": 0.99, "else": 0.006}).data[0]
    assert list(few.y) == ["anger", "2 others"]  # what nobody shows has one line
    assert few.x[1] == pytest.approx(0.01)
    assert share_bars({}).layout.annotations[0].text == "no face that counts"
