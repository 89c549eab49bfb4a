"""Rank ranges and the ladder rule, against hand-made tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.scoring.uncertainty import Interval
from leaderboard.standings.ranking import _spans, better, ladder, rank_ranges


@pytest.mark.parametrize(
    ("intervals", "higher", "expected"),
    [
        ([(0.5, 0.5), (0.7, 0.7), (0.6, 0.6)], True, [(3, 3), (1, 1), (2, 2)]),  # points: the plain order
        ([(0.5, 0.5), (0.7, 0.7), (0.6, 0.6)], False, [(1, 1), (3, 3), (2, 2)]),  # years of error: less is better
        ([(0.5, 0.6), (0.55, 0.65), (0.7, 0.8)], True, [(2, 3), (2, 3), (1, 1)]),  # two that overlap
        ([(0.1, 0.3), (0.2, 0.5), (0.4, 0.6)], True, [(2, 3), (1, 3), (1, 2)]),  # overlap is not transitive
        ([(0.5, 0.5), (0.5, 0.5)], True, [(1, 2), (1, 2)]),  # a tie
        ([None, (0.0, 0.0)], True, [None, (1, 1)]),  # a score of 0 has a rank, a missing one has none
        ([(0.58, 0.60), (0.50, 0.70), (0.54, 0.56)], True, [(1, 3), (1, 3), (2, 3)]),  # worse and narrow: widened
        ([], True, []),
    ],
)
def test_rank_ranges(
    intervals: list[Interval | None], higher: bool, expected: list[tuple[int, int] | None]
) -> None:
    assert rank_ranges([middle(span) for span in intervals], intervals, higher) == expected


scores = st.floats(-5, 5)
spans = st.tuples(scores, scores).map(lambda pair: (min(pair), max(pair)))
rows = st.lists(st.tuples(scores, st.one_of(st.none(), st.tuples(st.floats(0, 2), st.floats(0, 2)))))


def middle(span: Interval | None) -> float | None:
    return None if span is None else (span[0] + span[1]) / 2


def ranged(rows: list[tuple[float, tuple[float, float] | None]], higher: bool) -> list[tuple[int, int]]:
    """Rank rows of (score, how far the interval reaches below and above)."""
    intervals = [reach and (score - reach[0], score + reach[1]) for score, reach in rows]
    return [rank for rank in rank_ranges([score for score, _ in rows], intervals, higher) if rank]


@given(rows, st.booleans())
def test_a_better_score_never_has_a_worse_range(
    rows: list[tuple[float, tuple[float, float] | None]], higher: bool
) -> None:
    ranks = ranged(rows, higher)
    for (one, _), first in zip(rows, ranks, strict=True):
        assert 1 <= first[0] <= first[1] <= len(rows)
        for (two, _), second in zip(rows, ranks, strict=True):
            if better(one, two, higher):
                assert first[0] <= second[0]
                assert first[1] <= second[1]


@given(rows, st.booleans())
def test_every_order_that_the_intervals_allow_is_within_the_ranges(
    rows: list[tuple[float, tuple[float, float] | None]], higher: bool
) -> None:
    """Brute force over pairs: a row is surely behind those whose worst end beats its best end."""
    known = [(score, reach) for score, reach in rows if reach]
    intervals = [(score - reach[0], score + reach[1]) for score, reach in known]
    for span, rank in zip(intervals, ranged(known, higher), strict=True):
        surely_better = sum(low > span[1] if higher else high < span[0] for low, high in intervals)
        surely_worse = sum(high < span[0] if higher else low > span[1] for low, high in intervals)
        assert rank[0] <= 1 + surely_better
        assert rank[1] >= len(known) - surely_worse


@given(rows, st.booleans(), st.data())
def test_not_knowing_an_interval_widens_a_range(
    rows: list[tuple[float, tuple[float, float] | None]], higher: bool, data: st.DataObject
) -> None:
    """Whatever spread a row may have that another has, its range lies within that of not knowing it."""
    if rows:
        at = data.draw(st.integers(0, len(rows) - 1))
        others = [*rows[:at], *rows[at + 1 :]]
        reach = data.draw(st.sampled_from([(0.0, 0.0), *(known for _, known in others if known)]))
        exact = [*rows[:at], (rows[at][0], reach), *rows[at + 1 :]]
        unknown = [*rows[:at], (rows[at][0], None), *rows[at + 1 :]]
        sure, unsure = ranged(exact, higher)[at], ranged(unknown, higher)[at]
        assert unsure[0] <= sure[0] <= sure[1] <= unsure[1]


def test_without_any_interval_nothing_can_be_told_apart() -> None:
    """ABAW3's test table prints .3025 and .3007 and no N."""
    assert rank_ranges([0.3025, 0.3007, 0.205], [None, None, None]) == [(1, 3)] * 3


def test_an_unknown_interval_is_as_wide_as_the_widest_known() -> None:
    ranges = rank_ranges([0.60, 0.55, 0.30], [(0.57, 0.63), None, (0.29, 0.31)])
    assert ranges == [(1, 2), (1, 2), (3, 3)]


@pytest.mark.parametrize("higher", [True, False])
def test_an_interval_that_does_not_hold_its_score_makes_no_other_score_surer(higher: bool) -> None:
    """Entries of before may hold such: 0.5 with 0.2 to 0.3. The others reach 0.3 to the worse side and none to the better."""
    scores, interval = [0.5, 0.45, 0.28], (0.2, 0.3)
    if not higher:
        scores, interval = [-score for score in scores], (-0.3, -0.2)
    assert rank_ranges(scores, [interval, None, None], higher) == [(1, 3)] * 3
    spans = _spans([0.5, 0.45, 0.28], [(0.2, 0.3), None, None])
    assert spans == [(0.2, 0.5), pytest.approx((0.15, 0.45)), pytest.approx((-0.02, 0.28))]


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
