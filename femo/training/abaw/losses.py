"""Losses of the ABAW heads, and their sum over parts with labels missing for some.

CVPR-W 2022, section 2, step 4: softmax with class weights, tanh with 1 - (CCC_V + CCC_A) / 2, sigmoid with weighted
binary cross-entropy. Conventions: labels are float32 (N, C) in the columns of the task, NaN where missing; a missing
label adds nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from femo.training.abaw.dataset.tasks import OUTPUTS, AbawTask, columns
from femo.training.losses import class_weights
from femo.types import Floats

VARIANCE_FLOOR: Final = 1e-8
SMALLEST_WEIGHT: Final = 1e-3
"""Of an active unit, where it is active in nearly every frame."""


def activate(part: str, logits: Tensor) -> Tensor:
    """Turn logits into probabilities or values: softmax, tanh or sigmoid."""
    if part == "expr":
        return logits.softmax(dim=1)
    return logits.tanh() if part == "va" else logits.sigmoid()


def ccc_loss(values: Tensor, labels: Tensor) -> Tensor:
    """1 - (CCC_V + CCC_A) / 2 over the rows that have both labels; 0 with fewer than two rows.

    Args:
        values: (N, 2) after tanh.
        labels: (N, 2), NaN where missing.
    """
    known = ~labels.isnan().any(dim=1)
    if int(known.sum()) < 2:
        return values.sum() * 0
    x, y = values[known], labels[known]
    mean_x, mean_y = x.mean(0), y.mean(0)
    cov = ((x - mean_x) * (y - mean_y)).mean(0)
    below = x.var(0, unbiased=False) + y.var(0, unbiased=False) + (mean_x - mean_y) ** 2
    return 1 - (2 * cov / (below + VARIANCE_FLOOR)).mean()


def unit_loss(logits: Tensor, labels: Tensor, positive_weight: Tensor) -> Tensor:
    """Weighted binary cross-entropy, mean over the cells that have a label.

    Args:
        logits: (N, 12).
        labels: (N, 12) 0 or 1, NaN where missing.
        positive_weight: (12,) weight of an active unit.
    """
    known = ~labels.isnan()
    if not known.any():
        return logits.sum() * 0
    target = labels.nan_to_num()
    loss = functional.binary_cross_entropy_with_logits(
        logits, target, pos_weight=positive_weight, reduction="none"
    )
    return (loss * known).sum() / known.sum()


def expression_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Mean weighted cross-entropy over the rows that have a label (SISY 2021, equation 2); 0 with none.

    Args:
        logits: (N, 8).
        labels: (N,) classes as float32, NaN where missing.
        weights: (8,) of the classes.
    """
    target = labels.nan_to_num(-1).long()
    total = functional.cross_entropy(logits, target, weight=weights, ignore_index=-1, reduction="sum")
    return total / (target >= 0).sum().clamp(min=1)


@dataclass(frozen=True, slots=True, eq=False)
class LossWeights:
    """Weights from the training labels.

    Attributes:
        expr: (8,) max N / N_y.
        au: (12,) inactive / active frames.
    """

    expr: Tensor
    au: Tensor


def count_weights(labels: Iterable[Floats], task: AbawTask) -> LossWeights:
    """Count classes and active units over the training labels, clip by clip."""
    at = columns(task)
    classes, active, known = np.zeros(OUTPUTS["expr"]), np.zeros(OUTPUTS["au"]), np.zeros(OUTPUTS["au"])
    for rows in labels:
        if "expr" in at:
            present = rows[:, at["expr"]][:, 0]
            classes += np.bincount(present[~np.isnan(present)].astype(np.int64), minlength=len(classes))
        if "au" in at:
            units = rows[:, at["au"]]
            active += (units == 1).sum(axis=0)
            known += (~np.isnan(units)).sum(axis=0)
    positive = np.where(active > 0, (known - active) / np.maximum(active, 1), 1)
    return LossWeights(
        class_weights(torch.from_numpy(classes).float()),
        torch.from_numpy(np.maximum(positive, SMALLEST_WEIGHT)).float(),
    )


def task_loss(logits: Mapping[str, Tensor], labels: Tensor, task: AbawTask, weights: LossWeights) -> Tensor:
    """Sum the losses of the task's parts."""
    losses = []
    for part, at in columns(task).items():
        if part == "expr":
            losses.append(expression_loss(logits[part], labels[:, at.start], weights.expr))
        elif part == "va":
            losses.append(ccc_loss(activate(part, logits[part]), labels[:, at]))
        else:
            losses.append(unit_loss(logits[part], labels[:, at], weights.au))
    return torch.stack(losses).sum()
