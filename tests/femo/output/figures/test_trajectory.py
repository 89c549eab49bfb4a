"""The way through valence and arousal: the points are those of the frames in which the person was measured."""

from dataclasses import replace

import numpy as np
import pytest

from femo.output.draw import colour
from femo.output.figures.photo import moments
from femo.output.figures.trajectory import trajectory
from femo.results import Timeline
from tests.femo.results_by_hand import timeline

TIMES = [0.0, 0.5, 1.0, 1.5]
AFFECT = np.array([[0.1, 0.2], [0.3, -0.4], [np.nan, np.nan], [-0.5, 0.6]], np.float32)


def line(present: list[bool], values: np.ndarray = AFFECT) -> Timeline:
    plain = timeline(3, TIMES, ["fear"] * 4, present)
    head = plain.scores["valence_arousal"].with_values(values.astype(np.float32))
    return replace(plain, scores={**plain.scores, "valence_arousal": head})


def test_way_and_dots_are_the_measured_moments_in_view_and_their_mean() -> None:
    figure = trajectory(line([True, True, True, True]))
    way, dots, mean = figure.data[-3:]
    for trace in (way, dots):
        np.testing.assert_allclose(trace.x, [0.1, 0.3, -0.5], atol=1e-6)
        np.testing.assert_allclose(trace.y, [0.2, -0.4, 0.6], atol=1e-6)
    assert list(dots.customdata) == list(dots.marker.color) == [0.0, 0.5, 1.5]
    assert (float(mean.x[0]), float(mean.y[0])) == pytest.approx((-0.1 / 3, 0.4 / 3), abs=1e-6)
    assert mean.marker.color == colour(3)
    assert mean.hovertemplate == "mean: valence -0.03, arousal 0.13<extra></extra>"


def test_the_mean_is_that_of_the_clip_and_not_of_the_moments_that_are_drawn() -> None:
    """Of a long clip 1,500 moments are drawn; here those have .4 and all others -.4."""
    n_frames = 3000
    drawn = moments(n_frames)
    values = np.full((n_frames, 2), -0.4, np.float32)
    values[drawn] = 0.4
    plain = timeline(3, [row / 25 for row in range(n_frames)], ["fear"] * n_frames)
    head = plain.scores["valence_arousal"].with_values(values)
    *_, dots, mean = trajectory(replace(plain, scores={"valence_arousal": head})).data
    assert len(dots.x) == len(drawn) == 1500
    assert float(mean.x[0]) == pytest.approx(0, abs=1e-6)
    assert float(mean.y[0]) == pytest.approx(0, abs=1e-6)


def test_where_the_person_is_not_in_view_the_way_does_not_go() -> None:
    dots = trajectory(line([False, True, True, True])).data[-2]
    np.testing.assert_allclose(dots.x, [0.3, -0.5], atol=1e-6)


def test_one_moment_is_a_dot() -> None:
    figure = trajectory(line([True, False, False, False]))
    assert [list(map(float, trace.x)) for trace in figure.data[-2:]] == [[pytest.approx(0.1)]] * 2


@pytest.mark.parametrize("gone", ["no head", "not in view", "not measured"])
def test_nothing_measured_is_said_in_the_chart(gone: str) -> None:
    one = line([gone != "not in view"] * 4, np.full((4, 2), np.nan) if gone == "not measured" else AFFECT)
    if gone == "no head":
        one = replace(one, scores={"expression": one.scores["expression"]})
    figure = trajectory(one)
    assert len(figure.data) == 0
    assert [note.text for note in figure.layout.annotations] == ["valence and arousal were not measured"]
