"""Losses of the recipes, and their sum over tasks with labels missing for some.

Conventions: logits float32 (N, K); a missing label is a row of NaN (distributions, ages) or -1 (classes), and adds
nothing to the loss.
"""

import torch
from torch import Tensor
from torch.nn import functional

from femo.labels import AGE_MAX_YEARS

AGE_SIGMA_YEARS = 2.5
"""Spread of the age target: neighbouring years look alike (label distribution learning, Gao et al. 2017)."""


def class_weights(n_per_class: Tensor, power: float = 1.0) -> Tensor:
    """Weight each class by (max N / N_y) ** power.

    SISY 2021, equation 2, is power 1. A smaller power keeps rare classes from drowning accuracy and calibration.

    Args:
        n_per_class: (K,) number of training examples.
        power: 0 gives equal weights.
    """
    return (n_per_class.max() / n_per_class.clamp(min=1)).pow(power)


def weighted_softmax(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Mean weighted cross-entropy against distributions (N, K); rows of NaN are left out.

    With one-hot targets this is SISY 2021, equation 2: -log softmax(z_y) * max N_c / N_y.
    """
    present = ~target.isnan().any(dim=1)
    if not present.any():
        return logits.sum() * 0
    weighted = target[present] * weights
    return -(weighted * functional.log_softmax(logits[present], dim=1)).sum(dim=1).mean()


def class_loss(logits: Tensor, target: Tensor, weights: Tensor, smoothing: float = 0.0) -> Tensor:
    """Weighted softmax loss against class indices (N,); -1 is left out."""
    one_hot = functional.one_hot(target.clamp(min=0), logits.shape[1]).to(logits.dtype)
    one_hot = one_hot * (1 - smoothing) + smoothing / logits.shape[1]
    one_hot[target < 0] = torch.nan
    return weighted_softmax(logits, one_hot, weights)


def age_distribution(age_years: Tensor) -> Tensor:
    """Target over the classes 1 ... 101 years: a Gaussian around the age, summing to 1; NaN stays NaN."""
    years = torch.arange(1, AGE_MAX_YEARS + 1, dtype=age_years.dtype, device=age_years.device)
    centred = years[None] - age_years.clamp(1, AGE_MAX_YEARS)[:, None]
    return torch.softmax(-(centred**2) / (2 * AGE_SIGMA_YEARS**2), dim=1)


def age_loss(logits: Tensor, age_years: Tensor, mae_share: float = 0.05) -> Tensor:
    """Cross-entropy with the age distribution plus ``mae_share`` times the error of the expected age in years."""
    present = ~age_years.isnan()
    if not present.any():
        return logits.sum() * 0
    logits, age_years = logits[present], age_years[present]
    entropy = weighted_softmax(logits, age_distribution(age_years), torch.ones_like(logits[0]))
    years = torch.arange(1, AGE_MAX_YEARS + 1, dtype=logits.dtype, device=logits.device)
    expected = (logits.softmax(dim=1) * years).sum(dim=1)
    return entropy + mae_share * (expected - age_years).abs().mean()


def direction_loss(values: Tensor, target: Tensor) -> Tensor:
    """Mean of 1 minus the cosine between values (N, K) and unit targets (N, K); rows of NaN are left out."""
    present = ~target.isnan().any(dim=1)
    if not present.any():
        return values.sum() * 0
    return (1 - functional.cosine_similarity(values[present], target[present], dim=1)).mean()
