"""P_EXPR, P_VA, P_AU and their sum, from counts per clip, so that intervals over videos cost nothing extra.

Conventions: P_EXPR is the mean F1 over the fixed eight classes, a class that occurs nowhere counts 0. P_AU is the
mean F1 of the positive class over twelve units. P_VA is the mean of the two CCCs, pooled over all frames, population
moments; a constant prediction has CCC 0. Labels that are NaN are left out cell by cell. Sources: CVPR-W 2022, section 3;
CCC after Lin, Biometrics 45 (1989). Intervals: percentile bootstrap over media files, since the frames of a video, and two
subjects of one video, depend on each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from femo.clips.temporal import decide_units
from femo.labels import ABAW_AU, ABAW_EXPR
from femo.training.abaw.dataset.tasks import Part
from femo.types import Doubles, Floats, Ints

N_CLASSES: Final = len(ABAW_EXPR)
N_DRAWS: Final = 2000
INTERVAL: Final = (2.5, 97.5)
SMALLEST_VARIANCE: Final = 1e-12

Counts = Doubles
"""Sums of one clip: (8, 8) confusion, (2, 6) moments or (12, 3) true positives, false positives, false negatives."""


def count_expr(label: Floats, decision: Ints) -> Counts:
    """Return the confusion (8, 8), reference in rows; rows without a label are left out.

    Args:
        label: float32 (T,), NaN where invalid.
        decision: int64 (T,).
    """
    known = ~np.isnan(label)
    code = label[known].astype(np.int64) * N_CLASSES + decision[known]
    return np.bincount(code, minlength=N_CLASSES**2).reshape(N_CLASSES, N_CLASSES).astype(np.float64)


def count_au(label: Floats, decision: Ints) -> Counts:
    """Return (12, 3): true positives, false positives, false negatives of each unit.

    Args:
        label: float32 (T, 12), NaN where invalid.
        decision: 0 or 1, (T, 12).
    """
    positive, predicted = label == 1, decision == 1
    known = ~np.isnan(label)
    hit, false = positive & predicted, known & ~positive & predicted
    return np.stack([hit.sum(0), false.sum(0), (positive & ~predicted).sum(0)], axis=1).astype(np.float64)


def count_va(label: Floats, value: Floats) -> Counts:
    """Return (2, 6) sums: n, x, y, xx, yy, xy with x the label.

    Args:
        label: float32 (T, 2), NaN where invalid.
        value: float32 (T, 2).
    """
    out = np.zeros((2, 6))
    for column in range(2):
        known = ~np.isnan(label[:, column])
        x, y = (array[known, column].astype(np.float64) for array in (label, value))
        out[column] = len(x), x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()
    return out


def f1(hits: Doubles, others: Doubles) -> Doubles:
    """Return 2 TP / (2 TP + others), 0 where nothing occurs; others are false positives plus false negatives."""
    total = 2 * hits + others
    return np.asarray(np.divide(2 * hits, total, out=np.zeros_like(total), where=total > 0))


def ccc(sums: Doubles) -> Doubles:
    """Return the CCC (...) of sums (..., 6); 0 where either side is constant."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    n = np.maximum(n, 1)
    mean_x, mean_y = x / n, y / n
    var_x, var_y = xx / n - mean_x**2, yy / n - mean_y**2
    below = var_x + var_y + (mean_x - mean_y) ** 2
    varies = np.minimum(var_x, var_y) > SMALLEST_VARIANCE
    top = 2 * (xy / n - mean_x * mean_y)
    return np.asarray(np.divide(top, below, out=np.zeros_like(below), where=varies))


def per_item(part: Part, counts: Counts) -> Doubles:
    """Return F1 per class (..., 8), F1 per unit (..., 12), or the two CCCs (..., 2)."""
    if part == "va":
        return ccc(counts)
    if part == "au":
        return f1(counts[..., 0], counts[..., 1] + counts[..., 2])
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    return f1(hits, counts.sum(-1) + counts.sum(-2) - 2 * hits)


def main_score(part: Part, counts: Counts) -> Doubles:
    """Return P_EXPR, P_AU or P_VA (...)."""
    return np.asarray(per_item(part, counts).mean(-1))


def accuracy(counts: Counts) -> float:
    """Return the share of correct frames of a confusion."""
    return float(np.trace(counts) / max(counts.sum(), 1))


@dataclass(frozen=True, slots=True, eq=False)
class MediaCounts:
    """Counts of every clip for the parts of a task.

    Attributes:
        counts: Part to (V, ...) counts, one row per media file.
        n_frames: Frames that were scored.
    """

    counts: Mapping[Part, Counts]
    n_frames: int

    def score(self, part: Part | None = None) -> float:
        """Return one part's main score, or the sum over parts (P_MTL)."""
        parts = [part] if part else list(self.counts)
        return float(sum(main_score(p, self.counts[p].sum(0)) for p in parts))

    def items(self, part: Part) -> Doubles:
        """Return the score of each class, unit or dimension."""
        return per_item(part, self.counts[part].sum(0))

    def accuracy(self) -> float:
        """Return the share of frames with the right expression."""
        return accuracy(self.counts["expr"].sum(0))

    def interval(self, seed: int = 0, n_draws: int = N_DRAWS) -> tuple[float, float] | None:
        """Return the 95 % percentile interval of ``score()`` over media files, widened to hold it; None for a single one."""
        n_videos = len(next(iter(self.counts.values())))
        if n_videos < 2:
            return None
        draws = np.random.default_rng(seed).multinomial(n_videos, [1 / n_videos] * n_videos, n_draws)
        total = np.zeros(n_draws)
        for part, counts in self.counts.items():
            total += main_score(part, np.tensordot(draws.astype(np.float64), counts, axes=1))
        low, high = np.percentile(total, INTERVAL)
        return min(float(low), self.score()), max(float(high), self.score())


def tally(groups: Sequence[str], counts: Mapping[Part, Sequence[Counts]], n_frames: int) -> MediaCounts:
    """Add up the clips of each media file.

    Args:
        groups: Media file of each clip.
        counts: Part to the counts of each clip.
        n_frames: Frames that were scored.
    """
    index = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    out: dict[Part, Counts] = {}
    for part, rows in counts.items():
        sums = np.zeros((len(index), *rows[0].shape))
        for name, row in zip(groups, rows, strict=True):
            sums[index[name]] += row
        out[part] = sums
    return MediaCounts(out, n_frames)


THRESHOLDS: Final = tuple(tenth / 10 for tenth in range(1, 10))
"""The nine values 0.1, 0.2, ... 0.9, each the nearest float (adding up steps of 0.1 gives 0.30000000000000004)."""


def count_thresholds(label: Floats, value: Floats) -> Counts:
    """Return (9, 12, 3) counts of each unit at each threshold, decided as the threshold will be applied.

    Args:
        label: float32 (T, 12), NaN where invalid.
        value: Probabilities float32 (T, 12).
    """
    return np.stack([count_au(label, decide_units(value, t)) for t in THRESHOLDS])


def best_thresholds(counts: Counts) -> tuple[float, ...]:
    """Return for each unit the threshold of the highest F1, the smallest of equal ones.

    Args:
        counts: (9, 12, 3) as of ``count_thresholds``, added up over clips.
    """
    best = per_item("au", counts).argmax(axis=0)
    assert len(best) == len(ABAW_AU)
    return tuple(THRESHOLDS[i] for i in best)
