"""Order of the table: ranks as ranges where intervals overlap, an interval from k of N, and the ladder rule.

Conventions: an interval is ``(low, high)`` in the unit of the score; ``higher`` says which direction is better.
Wilson: E. B. Wilson 1927, J. Am. Stat. Assoc. 22. Ladder: Blum & Hardt 2015, "The Ladder: A Reliable Leaderboard
for Machine Learning Competitions": a new public score needs an improvement beyond noise, for which their
parameter-free rule takes a standard error.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

Interval = tuple[float, float]
Z95 = 1.959963984540054
"""97.5 % quantile of the normal distribution."""


def wilson(score: float, n: int) -> Interval:
    """Return the 95 % interval of an accuracy over ``n`` independent items (Wilson 1927).

    Args:
        score: Accuracy, 0-1.
        n: Items counted, at least 1.
    """
    spread = Z95 * math.sqrt(score * (1 - score) / n + Z95**2 / (4 * n**2))
    centre = score + Z95**2 / (2 * n)
    return max(0.0, (centre - spread) / (1 + Z95**2 / n)), min(1.0, (centre + spread) / (1 + Z95**2 / n))


def rank_ranges(intervals: Sequence[Interval | None], higher: bool = True) -> list[tuple[int, int] | None]:
    """Return the best and worst rank that each row may hold.

    A row's best rank is one more than the number of rows whose whole interval is better; its worst is the number
    of rows that are not wholly worse. Rows without a score have no rank.

    Args:
        intervals: One per row; a score without a known interval is ``(score, score)``; None where there is none.
        higher: Whether more is better.
    """
    known = [_upward(interval, higher) for interval in intervals if interval is not None]
    lows, highs = sorted(low for low, _ in known), sorted(high for _, high in known)
    ranges: list[tuple[int, int] | None] = []
    for interval in intervals:
        if interval is None:
            ranges.append(None)
            continue
        low, high = _upward(interval, higher)
        n_better = len(lows) - bisect_right(lows, high)
        n_worse = bisect_left(highs, low)
        ranges.append((1 + n_better, len(known) - n_worse))
    return ranges


def _upward(interval: Interval, higher: bool) -> Interval:
    return interval if higher else (-interval[1], -interval[0])


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
