"""Adaptive frame rate, against hand calculation on short clips."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from femo.clips.adaptive import (
    AdaptiveRate,
    Calibration,
    allowed_fpr,
    frame_step,
    parse_every,
    rate_from,
    refine,
    uncalibrated,
    window_mean,
)
from femo.clips.timelines import RawPerson, RawVideo
from femo.errors import FemoError, MediaError
from femo.types import ClipInfo, Scores

SURE, UNSURE = [0.99, 0.01], [0.6, 0.4]


class Clip:
    """A clip that notes which frames were asked for."""

    def __init__(self, rows: list[list[float]]) -> None:
        self.values = np.array(rows, np.float32)[:, None]
        self.asked: list[int] = []

    def look(self, index: np.ndarray) -> np.ndarray:
        self.asked += index.tolist()
        return self.values[index]


def rate(*strides: int, threshold: float = 0.9) -> AdaptiveRate:
    coarse = strides[:-1]
    return AdaptiveRate(strides, (threshold,) * len(coarse), coarse, 0.05, calibrated=False)


def test_a_sure_clip_is_looked_at_on_the_coarse_grid_and_its_last_frame_only() -> None:
    clip = Clip([SURE] * 19)
    out = refine(clip.look, 19, rate(8, 4, 1))
    assert clip.asked == [0, 8, 16, 18]
    assert out.share == 4 / 19
    assert (out.decision == 0).all()
    np.testing.assert_allclose(out.values[:, 0], np.tile(SURE, (19, 1)), atol=1e-6)


def test_only_the_unsure_end_is_looked_at_more_closely() -> None:
    # Frame 16 is unsure. Windows of +-8 that hold it: frames 8-18. Means there: (.99 + .6) / 2 or .6, below .9.
    clip = Clip([SURE] * 16 + [UNSURE] * 3)
    out = refine(clip.look, 19, rate(8, 4, 1))
    # level 1 (stride 4, +-4): 12 is added; frames 8-11 see 8 and 12 and are decided; 12-18 see frame 16 or 18
    assert clip.asked[:5] == [0, 8, 16, 18, 12]
    assert sorted(clip.asked) == [0, 8, 12, 13, 14, 15, 16, 17, 18]
    assert out.level.tolist() == [0] * 8 + [1] * 4 + [2] * 7


def test_nobody_is_decided_half_way_and_interpolation_needs_both_neighbours() -> None:
    nan = [float("nan")] * 2
    clip = Clip([nan] * 16 + [SURE])
    out = refine(clip.look, 17, rate(8, 4, 2, 1))
    assert 0.2 < out.share < 0.5
    assert np.isnan(out.values[:13]).all()
    assert out.decision[0, 0] == -1
    assert out.decision[16, 0] == 0


def test_two_persons_must_both_be_sure() -> None:
    values = np.zeros((9, 2, 2), np.float32)
    values[:, 0], values[:, 1] = SURE, UNSURE
    out = refine(lambda index: values[index], 9, rate(8, 1))
    assert out.share == 1
    assert (out.level == 1).all()


def test_who_is_known_to_be_there_is_looked_at_before_a_frame_is_decided() -> None:
    """A second person in frames 3-5 lies between two coarse looks; the middle of level 1 shows it, and is sure."""
    values = np.full((9, 2, 2), np.nan, np.float32)
    values[:, 0], values[3:6, 1] = SURE, SURE
    present = np.isfinite(values).all(axis=2)
    asked: list[int] = []

    def look(index: np.ndarray) -> np.ndarray:
        asked.extend(index.tolist())
        return values[index]

    out = refine(look, 9, rate(8, 4, 1), present)
    assert asked == [0, 8, 4]
    assert out.level.tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0]
    assert out.decision[:, 1].tolist() == [-1, -1, -1, 0, 0, 0, -1, -1, -1]
    asked.clear()
    assert refine(look, 9, rate(8, 4, 1)).looked.sum() == 2  # where it is not known, the coarse looks are enough


def test_window_mean_by_hand() -> None:
    values = np.array([1, 2, 3, 4, 5], np.float32)[:, None, None]
    looked = np.array([True, False, True, False, True])
    mean = window_mean(values, looked, 1)[:, 0, 0]
    np.testing.assert_allclose(mean, [1, 2, 3, 4, 5])  # frame 1 sees 0 and 2, frame 3 sees 2 and 4
    assert np.isnan(window_mean(values, looked, 0)[1, 0, 0])


def test_the_knob_is_spread_over_the_levels_as_benjamini_and_hochberg() -> None:
    assert allowed_fpr(0.1, 4) == pytest.approx((0.025, 0.05, 0.075, 0.1))
    assert uncalibrated(0.1, (8, 4, 1)).thresholds == pytest.approx((0.95, 0.9))


def test_calibration_counts_the_wrong_decisions_that_look_sure() -> None:
    # Stride 2 without neighbours: frames 0, 2, 4 are decided from their own score. Frames 2 and 4 are wrong, with
    # scores .6 and .8; so half of the wrong ones reach a threshold of .7, and none reaches .85.
    values = np.array([[0.9, 0.1], [0.5, 0.5], [0.6, 0.4], [0.5, 0.5], [0.8, 0.2]], np.float32)
    calibration = Calibration((2, 1), half_windows=(0,))
    calibration.add(values, np.array([0, 1, 1, 1, 1]))
    config = calibration.to_dict()
    fpr = dict(zip(config["grid"], config["fpr"][0], strict=True))
    assert (fpr[0.0], fpr[0.5], fpr[0.7], fpr[0.85]) == (1, 1, 0.5, 0)
    assert rate_from(config, 0.5).thresholds == (0.605,)  # the first of the grid above .6
    assert rate_from(config, 0.1).thresholds == (0.805,)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 90), st.integers(0, 2**31), st.floats(0.001, 0.5))
def test_never_asks_twice_and_keeps_what_it_saw(n_frames: int, seed: int, fpr: float) -> None:
    scores = np.random.default_rng(seed).dirichlet([0.3] * 3, n_frames).astype(np.float32)[:, None]
    asked: list[int] = []

    def look(index: np.ndarray) -> np.ndarray:
        asked.extend(index.tolist())
        return scores[index]

    out = refine(look, n_frames, uncalibrated(fpr))
    assert sorted(asked) == sorted(set(asked)) == np.flatnonzero(out.looked).tolist()
    np.testing.assert_array_equal(out.values[out.looked], scores[out.looked])
    assert (out.decision >= 0).all()


def test_the_share_counts_frames_in_which_a_face_was_read() -> None:
    nan = [float("nan")] * 2

    def person(track: int, row: list[int], values: list[list[float]]) -> RawPerson:
        head = Scores("expression", ("a", "b"), np.array(values, np.float32), "distribution", "trained")
        return RawPerson(track, np.array(row), np.zeros((len(row), 4), np.float32), {"expression": head})

    one, two = person(1, [0, 1, 2, 3], [SURE, nan, nan, SURE]), person(2, [2, 3, 5], [SURE, nan, nan])
    times = np.arange(6) / 10

    def share(*persons: RawPerson) -> float:
        return RawVideo(times, times, persons, ClipInfo(0, "m", 0.6, 100, 100)).read_share

    assert share(one) == 0.5
    assert share(one, two) == 3 / 5  # frames 0, 2 and 3 of 0, 1, 2, 3 and 5
    assert share() == 1


@pytest.mark.parametrize(("text", "every"), [("all", 1), ("1", 1), ("12", 12), ("auto", "auto")])
def test_which_frames_are_read(text: str, every: object) -> None:
    assert parse_every(text) == every


def test_a_number_that_python_does_not_read_is_refused_and_cut() -> None:
    assert parse_every("9" * 12) == 999_999_999_999
    for n_digits in (13, 5000):
        with pytest.raises(FemoError) as refused:
            parse_every("9" * n_digits)
        said = f"every is '{'9' * min(n_digits, 60)}'; expected all, auto or a whole number from 1, of at most 12 digits."
        assert str(refused.value) == said


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "", "some", "²", "all "])
def test_other_words_for_frames_are_refused(text: str) -> None:
    with pytest.raises(FemoError, match="expected all, auto or a whole number from 1"):
        parse_every(text)


@pytest.mark.parametrize(("every", "step"), [(1, 1), (7, 7), (np.int64(7), 7), ("auto", 1)])
def test_each_so_many_frames_are_looked_at(every: Any, step: int) -> None:
    assert frame_step(every) == step
    assert type(frame_step(every)) is int


@pytest.mark.parametrize("every", [0, -1, 2.5, 5.0, "5", "all", "", True, None, np.float64(2), np.ones(2)])
def test_what_is_no_number_of_frames_is_refused_in_one_sentence(every: Any) -> None:
    with pytest.raises(MediaError, match=r"^every is .*; expected a whole number from 1, or 'auto'\.$"):
        frame_step(every)
