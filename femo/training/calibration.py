"""Makes probabilities mean what they say: one temperature per head, fitted on a hold-out.

Guo, Pleiss, Sun & Weinberger, "On Calibration of Modern Neural Networks", ICML 2017: equation 9 (temperature scaling)
and equation 3 (expected calibration error, 15 equal bins of confidence).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from femo.networks.heads import softmax
from femo.types import Floats

N_BINS = 15
TEMPERATURE_RANGE = (0.2, 5.0)


def expected_calibration_error(
    probabilities: Floats, target: npt.NDArray[Any], weights: npt.NDArray[Any] | None = None
) -> float:
    """Return the mean gap between confidence and accuracy over 15 bins, 0-1.

    Args:
        probabilities: (N, K), rows sum to 1.
        target: (N,) class indices; -1 counts as an error.
        weights: (N,), how much each row counts, >= 0; all alike by default.
    """
    if not len(target):
        return 0.0
    weights = np.ones(len(target)) if weights is None else np.asarray(weights, np.float64)
    confidence = probabilities.max(axis=1)
    gap = weights * ((probabilities.argmax(axis=1) == target) - confidence)
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    return float(np.abs(np.bincount(bins, gap, minlength=N_BINS)).sum() / weights.sum())


def negative_log_likelihood(
    logits: Floats, target: npt.NDArray[Any], temperature: float, weights: npt.NDArray[Any] | None = None
) -> float:
    """Mean -log p(target) at a temperature, rows weighted."""
    p = softmax(logits, temperature)[np.arange(len(target)), target]
    return float(np.average(-np.log(np.maximum(p, 1e-12)), weights=weights))


def fit_temperature(logits: Floats, target: npt.NDArray[Any], weights: npt.NDArray[Any] | None = None) -> float:
    """Return the temperature with the smallest negative log-likelihood, found on a log scale.

    Args:
        logits: (N, K).
        target: (N,) class indices.
        weights: (N,), how much each row counts; all alike by default.
    """
    low, high = np.log(TEMPERATURE_RANGE)
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits, target, float(np.exp(log_t)), weights),
        bounds=(low, high),
        method="bounded",
    )
    return float(np.exp(found.x))
