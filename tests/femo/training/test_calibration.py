"""Calibration error and temperature, against hand calculation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.training.calibration import (
    TEMPERATURE_RANGE,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
)


def test_calibration_error_by_hand() -> None:
    """Two at confidence 0.9 with one right (gap 0.4), two at 0.6 with both right (gap 0.4)."""
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]], np.float32)
    assert expected_calibration_error(p, np.array([0, 1, 0, 0])) == pytest.approx(0.4, abs=1e-6)


def test_weighted_calibration_error_by_hand() -> None:
    """Confidences .9 (right) and .6 (wrong), the second counting three times: (.1 + 3 * .6) / 4 = .475."""
    p = np.array([[0.9, 0.1], [0.6, 0.4]], np.float32)
    got = expected_calibration_error(p, np.array([0, 1]), np.array([1.0, 3.0]))
    assert got == pytest.approx(0.475, abs=1e-6)
    assert expected_calibration_error(p, np.array([0, 1])) == pytest.approx((0.1 + 0.6) / 2, abs=1e-6)


def test_temperature_is_found_again() -> None:
    """Labels drawn from softmax(z) and logits 3 z: the temperature is 3."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(20_000, 4)).astype(np.float32)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    target = (p.cumsum(axis=1) < rng.random((len(p), 1))).sum(axis=1)
    assert fit_temperature(3 * z, target) == pytest.approx(3.0, rel=0.05)


def test_what_is_unknown_is_an_error_and_nothing_has_none() -> None:
    """One sure right answer, one sure answer to a class that the head lacks: gaps 0 and 1 in one bin."""
    p = np.array([[1.0, 0.0], [1.0, 0.0]], np.float32)
    assert expected_calibration_error(p, np.array([0, -1])) == pytest.approx(0.5)
    assert expected_calibration_error(np.zeros((0, 2), np.float32), np.zeros(0, int)) == 0.0


def test_gaps_of_both_signs_in_one_bin_make_up_for_each_other() -> None:
    """Ten of confidence 0.9 of which nine are right: calibrated, though no single answer is."""
    p = np.tile(np.array([[0.9, 0.1]], np.float32), (10, 1))
    assert expected_calibration_error(p, np.array([0] * 9 + [1])) == pytest.approx(0, abs=1e-6)


def test_likelihood_by_hand() -> None:
    logits = np.array([[0.0, np.log(3)], [0.0, np.log(3)]], np.float32)
    target = np.array([1, 0])
    assert negative_log_likelihood(logits, target, 1.0) == pytest.approx(-(np.log(0.75) + np.log(0.25)) / 2)
    weighed = negative_log_likelihood(logits, target, 1.0, np.array([3.0, 1.0]))
    assert weighed == pytest.approx(-(3 * np.log(0.75) + np.log(0.25)) / 4)
    # at half the temperature the odds are squared, 9 : 1
    assert negative_log_likelihood(logits, target, 0.5) == pytest.approx(-(np.log(0.9) + np.log(0.1)) / 2)


@given(st.integers(0, 2**31))
def test_no_temperature_does_better_than_the_one_that_is_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits, target = rng.normal(0, 2, (60, 4)).astype(np.float32), rng.integers(0, 4, 60)
    found = fit_temperature(logits, target)
    best = negative_log_likelihood(logits, target, found)
    low, high = TEMPERATURE_RANGE
    assert low <= found <= high
    others = [negative_log_likelihood(logits, target, float(t)) for t in np.geomspace(low, high, 40)]
    assert best <= min(others) + 1e-4


def test_weights_choose_whose_temperature_it_is() -> None:
    """Two mixes of answers, one over-sure and one under-sure: all weight on one of them finds its own temperature."""
    logits = np.array([[0.0, 4.0]] * 10 + [[0.0, 0.5]] * 10, np.float32)
    target = np.array([1] * 7 + [0] * 3 + [1] * 9 + [0])
    for rows, odds in ((slice(0, 10), 7 / 3), (slice(10, 20), 9)):
        weights = np.zeros(20)
        weights[rows] = 1
        wanted = logits[rows][0, 1] / np.log(odds)
        assert fit_temperature(logits, target, weights) == pytest.approx(wanted, rel=0.01)
