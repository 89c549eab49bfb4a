"""Where nobody is seen the charts hold nothing."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from femo.output.figures import gaps
from femo.output.figures import video as figures_video
from femo.types import Scores
from tests.femo.results_by_hand import timeline, video

TIMES = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
SEEN = [False, True, True, False, False, True]


def test_an_area_ends_at_once_and_begins_at_once() -> None:
    values = np.array([[1], [2], [3], [4], [5], [6]], np.float32)
    drawn = gaps.areas(np.array(TIMES), values, np.array(SEEN))
    np.testing.assert_allclose(drawn.time_s, [0.999, 1, 2, 2.998, 2.999, 4.999, 5])
    np.testing.assert_allclose(drawn.values[:, 0], [0, 2, 3, 3, 0, 0, 6])
    assert drawn.said.tolist() == [False, True, True, True, False, False, True]


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(0, 2**16))
def test_times_increase_and_what_was_not_seen_is_nowhere(seen: list[bool], seed: int) -> None:
    chance = np.random.default_rng(seed)
    times = np.cumsum(chance.uniform(0.01, 1, len(seen)))
    values = chance.uniform(0.1, 1, (len(seen), 3)).astype(np.float32)
    drawn = gaps.areas(times, values, np.array(seen))
    assert (np.diff(drawn.time_s) > 0).all()
    assert not np.isin(times[~np.array(seen)], drawn.time_s).any()
    assert np.isin(times[np.array(seen)], drawn.time_s).all()
    assert (drawn.values[~drawn.said] == 0).all()


def test_no_part_of_a_timeline_shows_anything_where_the_person_is_not_there() -> None:
    line = timeline(1, TIMES, ["anger"] * 6, present=SEEN)
    learnt = {name: replace(line.scores[name], source="trained") for name in ("valence_arousal", "action_units")}
    line = replace(line, scores={**line.scores, **learnt})
    figure = figures_video.timeline(video(line), 1)
    curves = {trace.name: trace for trace in figure.data if trace.name}
    np.testing.assert_array_equal(np.isnan(curves["valence"].y), ~np.array(SEEN))
    assert curves["valence"].connectgaps is False
    anger = dict(zip(curves["anger"].x, curves["anger"].y, strict=True))
    assert set(TIMES) & set(anger) == {1.0, 2.0, 5.0}
    [units] = [trace for trace in figure.data if trace.type == "heatmap"]
    np.testing.assert_array_equal(np.isnan(units.z), np.tile(~np.array(SEEN), (12, 1)))
    assert not figure.layout.shapes  # no veil


def test_brief_faces_have_no_strip_and_names_stand_in_theirs() -> None:
    times = [k / 25 for k in range(50)]
    lines = [timeline(k, times, ["fear"] * 50, present=[k < 3 or n == 7 for n in range(50)]) for k in (1, 2, 3)]
    for chosen, words in ((2, ["2 Ann", "person 1"]), (3, ["person 3", "person 1", "2 Ann"])):
        figure = figures_video.timeline(video(*lines), chosen, {2: "Ann"})
        [axis] = [axis for axis in figure.select_yaxes() if axis.type == "category"]
        assert list(axis.ticktext) == words


def test_hidden_curves_keep_their_shape() -> None:
    values = Scores("x", ("a", "b"), np.ones((2, 2), np.float32), "regression", "trained").values
    np.testing.assert_array_equal(
        gaps.without_absence(values, np.array([True, False])), [[1, 1], [np.nan, np.nan]]
    )
