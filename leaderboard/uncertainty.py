"""How sure a score is: bootstrap over videos, paired comparison, rank ranges, and the ladder rule.

Conventions: frames of one video depend on each other, so whole groups (videos; clips or images where those are
the items) are drawn with replacement (percentile method, Efron & Tibshirani 1993, chapter 13). A score that
follows from sums over groups needs no frames: each draw is a row of counts, all draws are one matrix product.
"""

from collections.abc import Callable, Sequence

import numpy as np

from leaderboard.types import Doubles

N_DRAWS = 1000
SEED = 2022
"""Fixed, so that a score recomputed later has the same interval."""
LOW_PERCENT, HIGH_PERCENT = 2.5, 97.5
CHUNK_CELLS = 2_000_000
"""Draws x groups held at once (16 MB of counts)."""

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


def interval(draws: Doubles) -> tuple[float, float]:
    """Return the 95 % percentile interval of bootstrap draws."""
    low, high = np.percentile(draws, [LOW_PERCENT, HIGH_PERCENT])
    return float(low), float(high)


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


def rank_ranges(
    scores: Sequence[float | None], intervals: Sequence[tuple[float, float] | None], higher_is_better: bool = True
) -> list[tuple[int, int] | None]:
    """Return (best, worst) rank of each row; rows whose intervals overlap share a range.

    A row's best rank is one more than the number of rows that are surely better (their whole interval lies
    beyond), its worst is the number of rows that are not surely worse. A row without interval is a point; a row
    without score has no rank.
    """
    sign = 1.0 if higher_is_better else -1.0
    spans: list[tuple[float, float] | None] = []
    for score, span in zip(scores, intervals, strict=True):
        if score is None:
            spans.append(None)
            continue
        ends = sorted(sign * value for value in (span or (score, score)))
        spans.append((ends[0], ends[1]))
    known = [span for span in spans if span is not None]
    return [
        None
        if span is None
        else (1 + sum(other[0] > span[1] for other in known), sum(other[1] >= span[0] for other in known))
        for span in spans
    ]


def ladder(best: float | None, score: float, noise: float, higher_is_better: bool = True) -> float:
    """Return the public score after a submission: the new one only if it beats ``best`` by more than ``noise``.

    The Ladder of Blum & Hardt (ICML 2015, section 3) with the noise of the paired difference as its step, which
    keeps repeated submissions from fitting themselves to hidden labels.

    Args:
        best: Public score so far, or None before the first.
        score: Score of the new submission.
        noise: Standard error of the difference, >= 0.
        higher_is_better: Direction of the score.
    """
    if best is None:
        return score
    gain = score - best if higher_is_better else best - score
    return score if gain > noise else best
