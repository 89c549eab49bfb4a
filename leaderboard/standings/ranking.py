"""Order of the table: ranks as ranges where intervals overlap, and the ladder rule.

Conventions: an interval is ``(low, high)`` in the unit of the score; ``higher`` says which direction is better.
Ladder: Blum & Hardt 2015, "The Ladder: A Reliable Leaderboard
for Machine Learning Competitions": a new public score needs an improvement beyond noise, for which their
parameter-free rule takes a standard error.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from leaderboard.schema import Task
from leaderboard.scoring.uncertainty import Interval, holding


def rank_ranges(
    scores: Sequence[float | None], intervals: Sequence[Interval | None], higher: bool = True
) -> list[tuple[int, int] | None]:
    """Return the best and worst rank that each row may hold.

    A row's best rank is one more than the number of rows whose whole interval is better; its worst is the number of
    rows that are not wholly worse. Then ranges are widened until a better score has no worse end of its range than a
    worse score, which intervals of different width would allow.

    Args:
        scores: One per row, None for a row that is not ranked.
        intervals: One per row, None where it is not known. Such a row counts as uncertain as the least certain one
            of the others; if no interval is known, no two different scores can be told apart.
        higher: Whether more is better.
    """
    rows = [index for index, score in enumerate(scores) if score is not None]
    spans = _spans(
        [_signed(scores[row], higher) for row in rows], [_upward(intervals[row], higher) for row in rows]
    )
    lows, highs = sorted(low for low, _ in spans), sorted(high for _, high in spans)
    best = [1 + len(lows) - bisect_right(lows, high) for _, high in spans]
    worst = [len(spans) - bisect_left(highs, low) for low, _ in spans]
    order = sorted(range(len(rows)), key=lambda place: -_signed(scores[rows[place]], higher))
    for place, better_one in zip(order[1:], order, strict=False):
        worst[place] = max(worst[place], worst[better_one])
    for place, worse_one in zip(order[-2::-1], order[::-1], strict=False):
        best[place] = min(best[place], best[worse_one])
    ranges: list[tuple[int, int] | None] = [None] * len(scores)
    for place, row in enumerate(rows):
        ranges[row] = (best[place], worst[place])
    return ranges


def _spans(scores: Sequence[float], intervals: Sequence[Interval | None]) -> list[Interval]:
    """Return an interval for each score, which holds it; as wide as the widest known one where it is not known."""
    known = [span and holding(span, score) for score, span in zip(scores, intervals, strict=True)]
    reach = [(score - span[0], span[1] - score) for score, span in zip(scores, known, strict=True) if span]
    below, above = (max((both[side] for both in reach), default=math.inf) for side in (0, 1))
    return [span or (score - below, score + above) for score, span in zip(scores, known, strict=True)]


def _signed(score: float | None, higher: bool) -> float:
    if score is None:
        raise ValueError("a row without a score has no place")
    return score if higher else -score


def _upward(interval: Interval | None, higher: bool) -> Interval | None:
    return interval if higher or interval is None else (-interval[1], -interval[0])


def ladder(score: float, margin: float, public_best: float | None, higher: bool = True) -> float:
    """Return the public score of a new submission under the ladder rule.

    Args:
        score: Its exact score.
        margin: What counts as noise, at least 0: the standard error of the score.
        public_best: Best public score of the same submitter so far, or None.
        higher: Whether more is better.

    Returns:
        ``score`` if it beats ``public_best`` by more than ``margin``, else ``public_best``.
    """
    if public_best is None:
        return score
    gain = score - public_best if higher else public_best - score
    return score if gain > margin else public_best


def better(first: float, second: float, higher: bool) -> bool:
    """Return whether ``first`` is strictly better than ``second``."""
    return first > second if higher else first < second


def ladder_rule(task: Task, main: float, noise: float) -> Callable[[Sequence[float]], float]:
    """Return what decides the shown score from the submitter's earlier shown ones."""

    def show(earlier: Sequence[float]) -> float:
        best = (max if task.higher_is_better else min)(earlier, default=None)
        return round(ladder(main, noise, best, task.higher_is_better), task.precision)

    return show
