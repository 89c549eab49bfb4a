"""Metrics against hand calculation, scikit-learn, and the definition written out with numpy's own statistics."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from leaderboard.scoring import metrics

CLASSES = arrays(np.int8, st.shared(st.integers(1, 60), key="n"), elements=st.integers(0, 7))
BITS = arrays(np.int8, st.shared(st.integers(1, 60), key="n"), elements=st.integers(0, 1))
REALS = arrays(
    np.float64,
    st.shared(st.integers(2, 40), key="n"),
    elements=st.floats(-1, 1).map(lambda value: round(value, 3)),
)


def table(reference: list[int], predicted: list[int], n_classes: int) -> np.ndarray:
    return metrics.confusion(np.array(reference), np.array(predicted), n_classes)[0]


def test_confusion_counts_reference_in_rows_per_group() -> None:
    counts = metrics.confusion(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 3, np.array([0, 0, 1, 1]), 2)
    assert counts.tolist() == [
        [[1, 1, 0], [0, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 1, 0], [1, 0, 0]],
    ]


def test_macro_f1_by_hand() -> None:
    # class 0: TP 1, FP 1, FN 1 -> 2/4; class 1: TP 2, FP 1 -> 4/5; class 2: never predicted -> 0
    counts = table([0, 0, 1, 1, 2], [0, 1, 1, 1, 0], 8)
    assert metrics.f1_per_class(counts)[:3].tolist() == pytest.approx([0.5, 0.8, 0.0])
    assert metrics.macro_f1(counts) == pytest.approx(1.3 / 8)
    assert metrics.macro_f1_present(counts) == pytest.approx(1.3 / 3)
    assert metrics.accuracy(counts) == pytest.approx(3 / 5)


def test_an_absent_class_counts_zero_in_the_fixed_list_only() -> None:
    counts = table(list(range(7)), list(range(7)), 8)
    assert metrics.macro_f1(counts) == 0.875
    assert metrics.macro_f1_present(counts) == 1.0


@settings(max_examples=25)
@given(CLASSES, CLASSES)
def test_class_metrics_agree_with_scikit_learn(reference: np.ndarray, predicted: np.ndarray) -> None:
    counts = metrics.confusion(reference, predicted, 8)[0]
    fixed = {"labels": range(8), "average": None, "zero_division": 0}
    assert metrics.f1_per_class(counts) == pytest.approx(f1_score(reference, predicted, **fixed), abs=1e-12)
    assert metrics.precision_per_class(counts) == pytest.approx(precision_score(reference, predicted, **fixed))
    assert metrics.recall_per_class(counts) == pytest.approx(recall_score(reference, predicted, **fixed))
    present = f1_score(reference, predicted, average="macro", zero_division=0)
    assert float(metrics.macro_f1_present(counts)) == pytest.approx(present, abs=1e-12)
    assert float(metrics.accuracy(counts)) == pytest.approx(accuracy_score(reference, predicted))


@settings(max_examples=25)
@given(BITS, BITS)
def test_binary_f1_agrees_with_scikit_learn(reference: np.ndarray, predicted: np.ndarray) -> None:
    pairs = list(zip(reference.tolist(), predicted.tolist(), strict=True))
    counts = np.array([pairs.count(pair) for pair in ((1, 1), (0, 1), (1, 0), (0, 0))], float)
    for empty in (0, 1):
        expected = f1_score(reference, predicted, zero_division=empty)
        assert float(metrics.binary_f1(counts, empty)) == pytest.approx(expected, abs=1e-12)
    both = f1_score(reference, predicted, labels=[0, 1], average="macro", zero_division=0)
    assert float(metrics.binary_macro_f1(counts)) == pytest.approx(both, abs=1e-12)


def test_ccc_by_hand() -> None:
    # means 2 and 7/3, variances 2/3 and 14/9, covariance 1: 2 / (2/3 + 14/9 + 1/9) = 6/7
    assert metrics.ccc(np.array([1.0, 2, 3]), np.array([1.0, 2, 4])) == pytest.approx(6 / 7, abs=1e-15)


def test_ccc_of_a_shift_is_lowered_by_the_means() -> None:
    # equal variances 1/4, covariance 1/4, means 1 apart: (2/4) / (1/4 + 1/4 + 1) = 1/3
    assert metrics.ccc(np.array([0.0, 1]), np.array([1.0, 2])) == pytest.approx(1 / 3)


@given(REALS, REALS)
def test_ccc_agrees_with_its_definition(x: np.ndarray, y: np.ndarray) -> None:
    value = metrics.ccc(x, y)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert value == 0.0
        return
    cov = np.cov(x, y, ddof=0)
    expected = 2 * cov[0, 1] / (cov[0, 0] + cov[1, 1] + (np.mean(x) - np.mean(y)) ** 2)
    assert value == pytest.approx(expected, abs=1e-12)
    assert -1 - 1e-12 <= value <= 1 + 1e-12
    assert metrics.ccc(x, x) == 1.0
    assert metrics.ccc(y, x) == pytest.approx(value, abs=1e-14)


@pytest.mark.parametrize("n", [2, 5, 1000, 338_755])
@pytest.mark.parametrize("value", [0.1, 0.0, -1.0, 1 / 3])
def test_constants_score_zero_whatever_rounding_says(n: int, value: float) -> None:
    constant, other = np.full(n, value), np.linspace(-1, 1, n)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metrics.ccc(constant, constant) == 0.0
        assert metrics.ccc(other, constant) == 0.0
        assert metrics.ccc(constant, other) == 0.0
        moments = metrics.ccc_moments(constant, constant, np.zeros(n, int), 1)
        assert metrics.ccc_from_moments(moments).tolist() == [0.0]


def test_ccc_of_too_few_values_is_zero() -> None:
    assert metrics.ccc(np.zeros(0), np.zeros(0)) == 0.0
    assert metrics.ccc(np.ones(1), np.ones(1)) == 0.0


@given(REALS, REALS, st.data())
def test_sums_per_video_give_the_pooled_ccc(x: np.ndarray, y: np.ndarray, data: st.DataObject) -> None:
    group = data.draw(arrays(np.int32, len(x), elements=st.integers(0, 3)))
    moments = metrics.ccc_moments(x, y, group, 4)
    assert float(metrics.ccc_from_moments(moments.sum(axis=0))) == pytest.approx(metrics.ccc(x, y), abs=1e-9)


def test_ccc_variants_in_the_wild() -> None:
    x = np.array([-1.0, -0.5, 0, 0.5, 1])
    total = metrics.ccc_moments(x, x, np.zeros(5, int), 1)[0]
    assert metrics.ccc_from_moments(total, 1, 0) == pytest.approx(1.25)  # n / (n - 1)
    assert metrics.ccc_from_moments(total, 0, 1) == pytest.approx(0.8)  # (n - 1) / n
    assert metrics.ccc_from_moments(total, 1, 1) == pytest.approx(1.0)


def test_sample_variances_in_both_places_as_torchmetrics_does() -> None:
    x, y = np.array([0.1, 0.4, -0.3, 0.9]), np.array([0.2, 0.1, -0.5, 0.7])
    cov = np.cov(x, y, ddof=1)
    expected = 2 * cov[0, 1] / (cov[0, 0] + cov[1, 1] + (x.mean() - y.mean()) ** 2)
    moments = metrics.ccc_moments(x, y, np.zeros(4, int), 1)[0]
    # the moments are scaled by one factor on both sides, which changes neither form
    assert metrics.ccc_from_moments(moments, 1, 1) == pytest.approx(expected, abs=1e-12)


def test_pooled_ccc_is_not_the_mean_over_videos() -> None:
    # within each video the prediction runs against the label; between videos it follows it
    x, y = np.array([0.8, 0.9, -0.8, -0.9]), np.array([0.9, 0.8, -0.9, -0.8])
    moments = metrics.ccc_moments(x, y, np.array([0, 0, 1, 1]), 2)
    assert metrics.ccc(x, y) == pytest.approx(0.72 / 0.725)  # covariance over variance, equal means
    assert metrics.ccc_from_moments(moments) == pytest.approx([-1, -1])


def test_ages() -> None:
    reference, predicted = np.array([20.0, 30, 40]), np.array([25.0, 30, 46])
    assert metrics.mean_absolute_error(reference, predicted) == pytest.approx(11 / 3)
    assert metrics.cumulative_score(reference, predicted) == pytest.approx(2 / 3)
