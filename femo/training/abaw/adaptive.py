"""The adaptive frame rate on Aff-Wild2: calibrated on training videos, measured on validation videos.

The reference is the analysis of every frame with the window of the finest levels: agreement is the share of frames with the same
decision, and P_EXPR stands beside that of every frame, as in the ICML 2023 paper.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from femo.clips.adaptive import CHUNK_STRIDES, HALF_WINDOW, STRIDES, Calibration, rate_from, refine, window_mean
from femo.clips.temporal import decide_class
from femo.training.abaw.dataset.tasks import AbawTask, columns
from femo.training.abaw.metrics import count_expr, main_score
from femo.training.abaw.scoring import ClipValues
from femo.types import Floats

RATES: Final = (0.01, 0.05, 0.1, 0.3)
"""False-positive rates that are tried; the author's code uses 0.05 to 0.3."""


@dataclass(frozen=True, slots=True)
class AdaptiveRow:
    """One setting of the knob.

    Attributes:
        plan: Which strides, a name of ``PLANS``.
        fpr: False-positive rate that may pass.
        share: Share of the crops that were looked at.
        agreement: Share of labelled frames decided as by every-frame analysis.
        p_expr: With the adaptive rate.
        p_expr_every: With every frame.
    """

    plan: str
    fpr: float
    share: float
    agreement: float
    p_expr: float
    p_expr_every: float


def _expressions(item: ClipValues, task: AbawTask) -> Floats:
    return item.clip.labels[:, columns(task)["expr"]][:, 0]


PLANS: Final[Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]] = {
    "video": (CHUNK_STRIDES, CHUNK_STRIDES[:-1]),
    "paper": (STRIDES, (HALF_WINDOW,) * (len(STRIDES) - 1)),
}
"""Strides and half windows: of ``femo video --every auto``, and of the paper's author for Aff-Wild2."""


def calibrate(train: Sequence[ClipValues], task: AbawTask) -> dict[str, dict[str, Any]]:
    """Return the calibration of the training clips for each of ``PLANS``; ``video`` is for a model folder's config."""
    plans = {name: Calibration(strides, halves) for name, (strides, halves) in PLANS.items()}
    for item in train:
        label = np.nan_to_num(_expressions(item, task), nan=-1).astype(np.int64)
        for calibration in plans.values():
            calibration.add(item.values["expr"], label)
    return {name: calibration.to_dict() for name, calibration in plans.items()}


def measure(
    val: Sequence[ClipValues], task: AbawTask, configs: Mapping[str, Mapping[str, Any]]
) -> list[AdaptiveRow]:
    """Try every rate of ``RATES`` with every calibration on the validation clips."""
    return [_measure(val, task, name, config, fpr) for name, config in configs.items() for fpr in RATES]


def _measure(
    val: Sequence[ClipValues], task: AbawTask, plan: str, config: Mapping[str, Any], fpr: float
) -> AdaptiveRow:
    rate = rate_from(config, fpr)
    half = rate.half_windows[-1]
    looked = n_crops = same = n_labelled = 0
    adaptive, every = np.zeros((8, 8)), np.zeros((8, 8))
    for item in val:
        rows = np.flatnonzero(item.clip.row >= 0)  # the crops of a clip are its frames here
        values = item.values["expr"][rows][:, None]
        label = _expressions(item, task)[rows]
        if not len(rows):
            continue
        refined = refine(lambda index, v=values: v[index], len(rows), rate)  # type: ignore[misc]
        full = decide_class(window_mean(values, np.ones(len(rows), bool), half)[:, 0])
        known = ~np.isnan(label)
        looked, n_crops = looked + int(refined.looked.sum()), n_crops + len(rows)
        same += int((refined.decision[:, 0] == full)[known].sum())
        n_labelled += int(known.sum())
        adaptive += count_expr(label, refined.decision[:, 0])
        every += count_expr(label, full)
    scores = (float(main_score("expr", counts)) for counts in (adaptive, every))
    return AdaptiveRow(plan, fpr, looked / max(n_crops, 1), same / max(n_labelled, 1), *scores)
