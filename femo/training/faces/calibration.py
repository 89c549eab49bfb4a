"""Makes probabilities mean what they say: one temperature per head, fitted on a hold-out.

Guo, Pleiss, Sun & Weinberger, "On Calibration of Modern Neural Networks", ICML 2017: equation 9 (temperature scaling)
and equation 3 (expected calibration error, 15 equal bins of confidence).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from femo.networks.heads import softmax
from femo.types import Floats

N_BINS = 15
TEMPERATURE_RANGE = (0.2, 5.0)
N_STEPS = 60


def expected_calibration_error(probabilities: Floats, target: npt.NDArray[Any]) -> float:
    """Return the mean gap between confidence and accuracy over 15 bins, 0-1.

    Args:
        probabilities: (N, K), rows sum to 1.
        target: (N,) class indices; -1 counts as an error.
    """
    if not len(target):
        return 0.0
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == target
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    gaps = [
        abs(correct[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).sum() for b in np.unique(bins)
    ]
    return float(sum(gaps) / len(target))


def negative_log_likelihood(logits: Floats, target: npt.NDArray[Any], temperature: float) -> float:
    """Mean -log p(target) at a temperature."""
    p = softmax(logits, temperature)[np.arange(len(target)), target]
    return float(-np.log(np.maximum(p, 1e-12)).mean())


def fit_temperature(logits: Floats, target: npt.NDArray[Any]) -> float:
    """Return the temperature with the smallest negative log-likelihood, by golden section on a log scale.

    The likelihood is unimodal in the temperature, so the section finds its one minimum.
    """
    low, high = np.log(TEMPERATURE_RANGE)
    ratio = (np.sqrt(5) - 1) / 2
    for _ in range(N_STEPS):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if negative_log_likelihood(logits, target, float(np.exp(left))) < negative_log_likelihood(
            logits, target, float(np.exp(right))
        ):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))
