"""Time: interpolation, smoothing and decisions against plain loops that follow the text of the recipe."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from femo.clips.temporal import (
    NOT_MEASURED,
    Smoothing,
    decide_class,
    decide_units,
    interpolate,
    parse_smoothing,
    resample,
    smooth,
    smooth_video,
)
from femo.errors import FemoError
from femo.results import Timeline, VideoResult
from femo.types import ClipInfo, Scores

NAN = np.nan


@st.composite
def series(draw: st.DrawFn, distribution: bool = False) -> np.ndarray:
    """Some rows of numbers, some of NaN."""
    n_rows, n_columns = draw(st.integers(1, 24)), draw(st.integers(1, 4))
    unit = st.floats(0, 1, width=32).filter(lambda value: value == 0 or value > 1e-6)
    values = draw(hnp.arrays(np.float32, (n_rows, n_columns), elements=unit))
    if distribution:
        values = values + np.float32(1e-3)
        values = values / values.sum(axis=1, keepdims=True)
    values[draw(hnp.arrays(np.bool_, n_rows))] = NAN
    return values


KERNELS = st.sampled_from([1, 3, 5, 7, 15, 51])


# --- interpolation -------------------------------------------------------------------------------------------


def test_a_gap_is_filled_linearly_and_the_ends_are_repeated() -> None:
    values = np.array([[NAN], [NAN], [0.2], [NAN], [NAN], [NAN], [1.0], [NAN]], np.float32)
    # by hand: a quarter of the way each from 0.2 to 1.0
    np.testing.assert_allclose(interpolate(values)[:, 0], [0.2, 0.2, 0.2, 0.4, 0.6, 0.8, 1.0, 1.0], atol=1e-6)


def test_the_nearer_neighbour_weighs_more() -> None:
    """One frame after the left neighbour the value is close to the left one; reversed weights would give 0.9."""
    values = np.full((11, 1), NAN, np.float32)
    values[0], values[10] = 0.0, 1.0
    assert interpolate(values)[1, 0] == pytest.approx(0.1)


def test_interpolation_follows_the_time_stamps() -> None:
    values = np.array([[0.0], [NAN], [1.0]], np.float32)
    assert interpolate(values, np.array([0.0, 0.1, 1.0]))[1, 0] == pytest.approx(0.1)


def test_nothing_measured_stays_nothing() -> None:
    assert np.isnan(interpolate(np.full((4, 2), NAN, np.float32))).all()
    assert interpolate(np.zeros((0, 3), np.float32)).shape == (0, 3)


def naive_interpolate(values: np.ndarray) -> np.ndarray:
    out = values.astype(np.float64)
    known = [row for row in range(len(values)) if not math.isnan(values[row, 0])]
    for t in range(len(values)):
        before = [row for row in known if row <= t]
        after = [row for row in known if row >= t]
        if before and after:
            p, q = before[-1], after[0]
            w = 0.0 if p == q else (t - p) / (q - p)
            out[t] = (1 - w) * values[p] + w * values[q]
        elif before or after:
            out[t] = values[before[-1] if before else after[0]]
    return out


@given(values=series())
def test_interpolation_agrees_with_a_loop(values: np.ndarray) -> None:
    np.testing.assert_allclose(interpolate(values), naive_interpolate(values), atol=1e-6)


@given(values=series(distribution=True))
def test_interpolated_distributions_sum_to_one(values: np.ndarray) -> None:
    sums = interpolate(values).sum(axis=1)
    if np.isfinite(values).any():
        np.testing.assert_allclose(sums, 1, atol=1e-5)


def test_resampling_at_other_times() -> None:
    time_s = np.array([0.0, 1.0, 2.0, 4.0])
    values = np.array([[0, 10], [1, 20], [NAN, NAN], [4, 50]], np.float32)
    out = resample(time_s, values, np.array([-1.0, 0.5, 1.0, 2.5, 9.0]))
    np.testing.assert_allclose(out, [[0, 10], [0.5, 15], [1, 20], [2.5, 35], [4, 50]], atol=1e-6)


# --- smoothing -----------------------------------------------------------------------------------------------


def test_the_window_holds_the_frame_itself_and_is_cut_off_at_the_ends() -> None:
    values = np.array([[1], [2], [6], [3], [8]], np.float32)
    # by hand for k = 3: (1+2)/2, (1+2+6)/3, (2+6+3)/3, (6+3+8)/3, (3+8)/2
    np.testing.assert_allclose(
        smooth(values, Smoothing("mean", 3))[:, 0], [1.5, 3, 11 / 3, 17 / 3, 5.5], atol=1e-6
    )
    # medians of the same windows
    np.testing.assert_allclose(smooth(values, Smoothing("median", 3))[:, 0], [1.5, 2, 3, 6, 5.5], atol=1e-6)


def naive_smooth(values: np.ndarray, method: str, kernel: int) -> np.ndarray:
    delta = (kernel - 1) // 2
    out = np.full(values.shape, NAN)
    for t in range(len(values)):
        for column in range(values.shape[1]):
            window = [float(values[i, column]) for i in range(t - delta, t + delta + 1) if 0 <= i < len(values)]
            window = [value for value in window if not math.isnan(value)]
            if window:
                out[t, column] = statistics.fmean(window) if method == "mean" else statistics.median(window)
    return out


@given(values=series(), method=st.sampled_from(["mean", "median"]), kernel=KERNELS)
def test_smoothing_agrees_with_a_loop(values: np.ndarray, method: str, kernel: int) -> None:
    expected = values if kernel == 1 else naive_smooth(values, method, kernel)
    np.testing.assert_allclose(smooth(values, Smoothing(method, kernel)), expected, atol=1e-6)


@given(values=series(distribution=True), method=st.sampled_from(["mean", "median"]), kernel=KERNELS)
def test_smoothed_distributions_are_valid_scores(values: np.ndarray, method: str, kernel: int) -> None:
    out = smooth(values, Smoothing(method, kernel), "distribution")
    labels = tuple(str(column) for column in range(values.shape[1]))
    scores = Scores("expression", labels, out, "distribution", "trained")  # checks range, sums and NaN rows
    sums = scores.values.sum(axis=1)
    np.testing.assert_allclose(sums[~np.isnan(sums)], 1, atol=1e-5)


def test_medians_that_are_all_zero_fall_back_to_the_mean() -> None:
    one_hot = np.eye(3, dtype=np.float32)
    out = smooth(one_hot, Smoothing("median", 3), "distribution")
    np.testing.assert_allclose(out[1], [1 / 3, 1 / 3, 1 / 3], atol=1e-6)
    # by hand at the ends: the medians of two values are their means
    np.testing.assert_allclose(out[0], [0.5, 0.5, 0], atol=1e-6)


def test_median_keeps_the_proportions_of_what_it_renormalises() -> None:
    values = np.array([[0.6, 0.3, 0.1], [0.1, 0.6, 0.3], [0.3, 0.1, 0.6]], np.float32)
    # medians 0.3, 0.3, 0.3
    np.testing.assert_allclose(smooth(values, Smoothing("median", 3), "distribution")[1], [1 / 3] * 3, atol=1e-6)
    raw = smooth(values, Smoothing("median", 3), "independent")[1]
    np.testing.assert_allclose(raw, [0.3, 0.3, 0.3], atol=1e-6)


def test_the_decision_comes_after_smoothing() -> None:
    """One strong frame of class 1 among weak frames of class 0: the average decides, not the majority."""
    values = np.array([[0.55, 0.45], [0.0, 1.0], [0.55, 0.45]], np.float32)
    assert decide_class(values).tolist() == [0, 1, 0]
    assert decide_class(smooth(values, Smoothing("mean", 3))).tolist() == [1, 1, 1]


def test_a_whole_clip() -> None:
    time_s = np.array([0.0, 0.1, 0.5])
    expression = Scores(
        "expression", ("a", "b"), np.array([[1, 0], [0, 1], [1, 0]], np.float32), "distribution", "prior"
    )
    valence = Scores(
        "valence_arousal", ("valence",), np.array([[-1], [0], [1]], np.float32), "regression", "trained"
    )
    boxes = np.tile(np.array([[0, 0, 5, 5]], np.float32), (3, 1))
    line = Timeline(1, time_s, np.array([True, False, True]), boxes, {"expression": expression, "va": valence})
    clip = VideoResult(time_s, (line,), ClipInfo(2, "m", 0.6, 64, 48))
    out = smooth_video(clip, "mean:3")
    np.testing.assert_allclose(out.timelines[0].scores["expression"].values[:, 0], [0.5, 2 / 3, 0.5], atol=1e-6)
    np.testing.assert_allclose(out.timelines[0].scores["va"].values[:, 0], [-0.5, 0, 0.5], atol=1e-6)
    assert out.timelines[0].scores["expression"].source == "prior"
    assert out.timelines[0].present.tolist() == [True, False, True]
    assert out.skipped_frames == 2
    assert clip.timelines[0].scores["expression"].values[0, 0] == 1  # the original is as it was


def test_what_was_not_measured_of_a_unit_stays_a_gap() -> None:
    """As in a clip that is smoothed while it is laid out; the row of a head that nobody read at all is filled."""
    time_s, nan = np.array([0.0, 0.1, 0.2]), np.nan
    units = Scores(
        "action_units",
        ("AU1", "AU2"),
        np.array([[0.2, 0.4], [nan, 0.8], [0.6, 0.6]], np.float32),
        "independent",
        "mixed",
    )
    valence = Scores(
        "valence_arousal", ("valence",), np.array([[-1], [nan], [0]], np.float32), "regression", "trained"
    )
    boxes = np.tile(np.array([[0, 0, 5, 5]], np.float32), (3, 1))
    line = Timeline(1, time_s, np.ones(3, np.bool_), boxes, {"action_units": units, "va": valence})
    [out] = smooth_video(VideoResult(time_s, (line,), ClipInfo(0, "m", 0.3, 64, 48)), "mean:3").timelines
    np.testing.assert_allclose(out.scores["action_units"].column("AU1"), [0.2, nan, 0.6], atol=1e-6)
    np.testing.assert_allclose(out.scores["action_units"].column("AU2"), [0.6, 0.6, 0.7], atol=1e-6)
    np.testing.assert_allclose(out.scores["va"].column("valence"), [-1, -0.5, 0], atol=1e-6)


# --- what a user types ---------------------------------------------------------------------------------------


def test_parsing() -> None:
    assert parse_smoothing("mean:15") == Smoothing("mean", 15)
    assert parse_smoothing(" Median:5 ") == Smoothing("median", 5)
    assert parse_smoothing("none") == parse_smoothing(None) == parse_smoothing("") == Smoothing("none", 1)
    assert str(parse_smoothing("median:7")) == "median:7"
    assert parse_smoothing(str(Smoothing())) == Smoothing()
    assert parse_smoothing(Smoothing("mean", 3)) == Smoothing("mean", 3)


@pytest.mark.parametrize(
    "text", ["mean", "mean:", "mean:x", "mean:-3", "gauss:3", "none:3", "mean:3:3", "mean:1.5", "mean:²"]
)
def test_parsing_says_what_was_expected(text: str) -> None:
    with pytest.raises(FemoError, match="expected none, mean:K or median:K"):
        parse_smoothing(text)


def test_a_window_that_python_does_not_read_is_refused_and_cut() -> None:
    assert parse_smoothing("mean:" + "9" * 12).kernel == 999_999_999_999
    for n_digits in (13, 5000):
        with pytest.raises(FemoError, match="such as mean:15, K of at most 12 digits") as refused:
            parse_smoothing("mean:" + "9" * n_digits)
        assert f"'mean:{'9' * min(n_digits, 55)}'" in str(refused.value)


@pytest.mark.parametrize("kernel", [0, 4, 100])
def test_even_windows_are_refused(kernel: int) -> None:
    with pytest.raises(FemoError, match=f"{kernel} frames; expected an odd number from 1"):
        parse_smoothing(f"mean:{kernel}")


# --- decisions -----------------------------------------------------------------------------------------------


def test_classes_and_units() -> None:
    values = np.array([[0.2, 0.5, 0.3], [NAN, NAN, NAN], [0.9, 0.05, 0.05]], np.float32)
    assert decide_class(values).tolist() == [1, NOT_MEASURED, 0]
    assert decide_units(values).tolist() == [[0, 1, 0], [-1, -1, -1], [1, 0, 0]]
    assert decide_units(values, [0.2, 0.6, 0.3]).tolist()[0] == [1, 0, 1]
    assert decide_units(values, 0.05).tolist()[2] == [1, 1, 1]


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.6, 0.7, 0.9])
def test_a_probability_equal_to_its_threshold_is_active(threshold: float) -> None:
    assert decide_units(np.array([[threshold]], np.float32), threshold).tolist() == [[1]]


def test_thresholds_are_checked() -> None:
    values = np.zeros((2, 12), np.float32)
    with pytest.raises(FemoError, match="There are 3 action-unit thresholds; expected 1 or 12"):
        decide_units(values, [0.1, 0.2, 0.3])
    with pytest.raises(FemoError, match="outside 0-1"):
        decide_units(values, 1.5)
