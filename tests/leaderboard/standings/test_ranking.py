"""Rank ranges, the Wilson interval and the ladder rule, against hand-made tables and scipy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from leaderboard.standings.ranking import Interval, better, ladder, rank_ranges, wilson


@pytest.mark.parametrize(("k", "n"), [(227, 383), (0, 10), (10, 10), (1, 1), (2484, 4000)])
def test_wilson_agrees_with_scipy(k: int, n: int) -> None:
    expected = binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert wilson(k / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(
    ("intervals", "higher", "expected"),
    [
        ([(0.5, 0.5), (0.7, 0.7), (0.6, 0.6)], True, [(3, 3), (1, 1), (2, 2)]),  # points: the plain order
        ([(0.5, 0.5), (0.7, 0.7), (0.6, 0.6)], False, [(1, 1), (3, 3), (2, 2)]),  # years of error: less is better
        ([(0.5, 0.6), (0.55, 0.65), (0.7, 0.8)], True, [(2, 3), (2, 3), (1, 1)]),  # two that overlap
        ([(0.1, 0.3), (0.2, 0.5), (0.4, 0.6)], True, [(2, 3), (1, 3), (1, 2)]),  # overlap is not transitive
        ([(0.5, 0.5), (0.5, 0.5)], True, [(1, 2), (1, 2)]),  # a tie
        ([None, (0.0, 0.0)], True, [None, (1, 1)]),  # a score of 0 has a rank, a missing one has none
        ([], True, []),
    ],
)
def test_rank_ranges(
    intervals: list[Interval | None], higher: bool, expected: list[tuple[int, int] | None]
) -> None:
    assert rank_ranges(intervals, higher) == expected


scores = st.floats(-5, 5)
spans = st.tuples(scores, scores).map(lambda pair: (min(pair), max(pair)))


@given(st.lists(st.one_of(st.none(), spans)), st.booleans())
def test_every_order_that_the_intervals_allow_is_within_the_ranges(
    intervals: list[Interval | None], higher: bool
) -> None:
    """Brute force over pairs: a row is surely behind those whose worst end beats its best end."""
    known = [span for span in intervals if span is not None]
    for span, ranks in zip(intervals, rank_ranges(intervals, higher), strict=True):
        if span is None:
            assert ranks is None
            continue
        surely_better = sum(low > span[1] if higher else high < span[0] for low, high in known)
        surely_worse = sum(high < span[0] if higher else low > span[1] for low, high in known)
        assert ranks == (1 + surely_better, len(known) - surely_worse)
        assert 1 <= ranks[0] <= ranks[1] <= len(known)


def test_ladder_moves_only_beyond_the_noise() -> None:
    shown: list[float] = []
    for score in (0.50, 0.505, 0.52, 0.51, 0.529, 0.45, 0.531):
        shown.append(ladder(score, 0.01, max(shown) if shown else None))
    assert shown == [0.50, 0.50, 0.52, 0.52, 0.52, 0.52, 0.531]


def test_ladder_in_years_goes_down() -> None:
    assert ladder(5.0, 0.2, None, higher=False) == 5.0
    assert ladder(4.9, 0.2, 5.0, higher=False) == 5.0
    assert ladder(4.7, 0.2, 5.0, higher=False) == 4.7


@given(st.lists(scores, min_size=1), st.floats(0, 2))
def test_ladder_never_shows_a_worse_score_and_hides_small_steps(values: list[float], margin: float) -> None:
    best: float | None = None
    for value in values:
        shown = ladder(value, margin, best)
        assert best is None or shown == best or shown - best > margin
        best = shown


def test_better() -> None:
    assert better(2, 1, higher=True)
    assert better(1, 2, higher=False)
    assert not better(1, 1, higher=True)
