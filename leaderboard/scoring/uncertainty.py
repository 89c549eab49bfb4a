"""How sure a score is: bootstrap over videos, Wilson's interval of independent items, and paired comparison.

Conventions: frames of one video depend on each other, so whole groups (videos; clips or images where those are
the items) are drawn with replacement (percentile method, Efron & Tibshirani 1993, chapter 13). A score that
follows from sums over groups needs no frames: each draw is a row of counts, all draws are one matrix product. A class
that a draw lacks counts 0 in it, so draws of few videos lie below the score: intervals err on the wide side, and are
widened to hold it (``holding``). The share of whole clips or images that are right has Wilson's interval (E. B. Wilson 1927,
J. Am. Stat. Assoc. 22), published or scored here.
"""

import math
from collections.abc import Callable

import numpy as np

from leaderboard.types import Doubles

N_DRAWS = 1000
SEED = 2022
"""Fixed, so that a score recomputed later has the same interval."""
LOW_PERCENT, HIGH_PERCENT = 2.5, 97.5
CHUNK_CELLS = 2_000_000
"""Draws x groups held at once (16 MB of counts)."""

Z95 = 1.959963984540054
"""97.5 % quantile of the normal distribution."""

Interval = tuple[float, float]
Measure = Callable[[Doubles], Doubles]
"""From sums (..., S) to scores (...)."""


def bootstrap(stats: Doubles, measure: Measure, n_draws: int = N_DRAWS, seed: int = SEED) -> Doubles:
    """Return ``n_draws`` scores, each of as many groups as there are, drawn with replacement.

    Groups with equal sums are exchangeable, so they are drawn together: a draw is one multinomial sample over the
    distinct rows. With single items as groups that shrinks thousands of rows to the cells of a table.

    Args:
        stats: (G, S) sums per group.
        measure: Score of summed sums.
        n_draws: Bootstrap draws.
        seed: Seed of the draws.
    """
    rows, times = np.unique(stats, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    n_groups = len(stats)
    chunk = max(1, CHUNK_CELLS // len(rows))
    scores = [
        measure(rng.multinomial(n_groups, times / n_groups, min(chunk, n_draws - done)).astype(np.float64) @ rows)
        for done in range(0, n_draws, chunk)
    ]
    return np.concatenate(scores)


def interval(draws: Doubles) -> Interval:
    """Return the 95 % percentile interval of bootstrap draws."""
    low, high = np.percentile(draws, [LOW_PERCENT, HIGH_PERCENT])
    return float(low), float(high)


def wilson(score: float, n: int) -> Interval:
    """Return the 95 % interval of an accuracy over ``n`` independent items (Wilson 1927).

    By hand because scipy.stats takes 0.8 to 1.9 ms a row, beside the 2.5 µs here; the test holds it against scipy.

    Args:
        score: Accuracy, 0-1.
        n: Items counted, at least 1.
    """
    spread = Z95 * math.sqrt(score * (1 - score) / n + Z95**2 / (4 * n**2))
    centre = score + Z95**2 / (2 * n)
    return max(0.0, (centre - spread) / (1 + Z95**2 / n)), min(1.0, (centre + spread) / (1 + Z95**2 / n))


def holding(span: Interval, score: float) -> Interval:
    """Return an interval widened to hold its score, which classes that few videos hold may take out of it."""
    return min(span[0], score), max(span[1], score)


def paired_differences(
    first: Doubles,
    second: Doubles,
    measure_first: Measure,
    measure_second: Measure,
    n_draws: int = N_DRAWS,
    seed: int = SEED,
) -> Doubles:
    """Return ``n_draws`` differences (first - second), both scored on the same drawn groups.

    Args:
        first: (G, S) sums per group of the first submission.
        second: (G, T) sums per group of the second.
        measure_first: Score of the first's sums.
        measure_second: Score of the second's sums.
        n_draws: Bootstrap draws.
        seed: Seed of the draws.
    """
    width = first.shape[1]

    def difference(totals: Doubles) -> Doubles:
        return measure_first(totals[..., :width]) - measure_second(totals[..., width:])

    return bootstrap(np.hstack([first, second]), difference, n_draws, seed)


def share_better(differences: Doubles, higher_is_better: bool = True) -> float:
    """Return the share of draws in which the first is better, ties counted half."""
    signed = differences if higher_is_better else -differences
    return float(((signed > 0) + 0.5 * (signed == 0)).mean())
