"""The bootstrap against distributions that are known, and its shortcuts against what they are short for."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

import leaderboard
from leaderboard.scoring import uncertainty
from leaderboard.scoring.reports import score
from leaderboard.scoring.uncertainty import bootstrap, holding, interval, paired_differences, share_better, wilson
from leaderboard.tasks import get_task
from leaderboard.types import Keys, Reference, Submission
from tests.leaderboard.writing import score_files, text


def share(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0] / sums[..., 1]


def test_draws_have_the_distribution_of_all_samples_with_replacement() -> None:
    """All 27 samples of three groups, written out; two of the groups are equal and must not be drawn as one."""
    stats = np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]])
    exact = [share(stats[list(rows)].sum(axis=0)) for rows in product(range(3), repeat=3)]
    values, counts = np.unique(np.round(exact, 12), return_counts=True)
    draws = bootstrap(stats, share, n_draws=20_000, seed=1)
    assert set(np.round(draws, 12)) == set(values)
    for value, count in zip(values, counts, strict=True):
        assert np.isclose(draws, value).mean() == pytest.approx(count / 27, abs=0.015)


@pytest.mark.parametrize("cells", [1, 7, 30])
def test_a_small_chunk_gives_as_many_draws(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stats = np.array([[k, 4.0] for k in range(5)])
    whole = bootstrap(stats, share, n_draws=10)
    monkeypatch.setattr(uncertainty, "CHUNK_CELLS", cells)
    assert bootstrap(stats, share, n_draws=10) == pytest.approx(whole, abs=1e-12)


def test_another_seed_draws_other_groups() -> None:
    stats = np.random.default_rng(0).random((20, 2)) + 1
    assert np.array_equal(bootstrap(stats, share, 50), bootstrap(stats, share, 50, seed=2022))
    assert not np.array_equal(bootstrap(stats, share, 50), bootstrap(stats, share, 50, seed=2023))


def test_groups_that_are_all_alike_leave_nothing_unsure() -> None:
    assert bootstrap(np.tile([[1.0, 4.0]], (9, 1)), share, 20) == pytest.approx(np.full(20, 0.25))


def test_the_interval_leaves_a_fortieth_out_on_either_side() -> None:
    assert interval(np.arange(1001.0)[::-1]) == (25.0, 975.0)


def test_both_are_scored_on_the_same_groups() -> None:
    """The second is the first plus 0.1 on every group, so every draw differs by exactly that, however wide each is."""
    first = np.column_stack([np.arange(8.0), np.full(8, 10.0)])
    second = first + np.array([1.0, 0.0])
    assert paired_differences(second, first, share, share, 200) == pytest.approx(np.full(200, 0.1))
    assert np.ptp(bootstrap(first, share, 200)) > 0.2


def test_sums_of_different_width_are_told_apart() -> None:
    ones, sums = np.array([[0.25]] * 4), np.array([[1.0, 2.0]] * 4)
    assert paired_differences(ones, sums, lambda s: s[..., 0] / 4, share, 5) == pytest.approx(np.full(5, -0.25))


@pytest.mark.parametrize(
    ("differences", "higher", "expected"),
    [([0.1, 0.2, -0.1, 0.0], True, 0.625), ([0.1, 0.2, -0.1, 0.0], False, 0.375), ([0.0, 0.0], True, 0.5)],
)
def test_ties_count_half(differences: list[float], higher: bool, expected: float) -> None:
    assert share_better(np.array(differences), higher) == expected


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_one_of_two_is_better_or_they_are_even(differences: list[float]) -> None:
    given_differences = np.array(differences)
    assert share_better(given_differences) + share_better(-given_differences) == pytest.approx(1)
    assert share_better(given_differences, higher_is_better=False) == share_better(-given_differences)


def test_accuracy_interval_is_that_of_a_binomial(tmp_path: Path) -> None:
    n, correct = 200, 150
    labels = text(tmp_path / "ref.csv", "clip,emotion", *(f"{i:03d},happy" for i in range(n)))
    words = ["happy"] * correct + ["sad"] * (n - correct)
    guesses = text(tmp_path / "sub.csv", "clip,emotion", *(f"{i:03d},{word}" for i, word in enumerate(words)))
    report = score_files("afew", labels, guesses, n_draws=20_000)
    assert report.main == 0.75
    assert report.interval == pytest.approx(binom.ppf([0.025, 0.975], n, 0.75) / n, abs=0.0051)
    assert report.std_error == pytest.approx(np.sqrt(0.75 * 0.25 / n), rel=0.02)
    assert report.per_video == ()  # a clip is one item; a table of clips would be the labels


def test_drawing_videos_gives_a_wider_interval_than_frames_would() -> None:
    """Two good videos and two bad ones: what is uncertain is which videos one happened to film."""
    keys = Keys(
        tuple("abcd"),
        np.repeat(np.arange(4), 500).astype(np.int32),
        np.tile(np.arange(1, 501), 4).astype(np.int32),
    )
    labels = np.tile(np.arange(2000) % 8, (1, 1)).T
    values = np.where(keys.group[:, None] < 2, labels, (labels + 1) % 8)
    truth = Reference("abaw-expr", keys, labels, np.ones(labels.shape, bool), np.zeros(2000, bool), "0" * 8)
    report = score(get_task("abaw-expr"), Submission("abaw-expr", keys, values), truth)
    assert report.interval == pytest.approx((0.0, 1.0), abs=0.01)
    assert report.main == pytest.approx(0.5)


EXPRESSIONS = np.repeat(np.arange(8), 50)
UNITS = np.repeat(np.eye(12, dtype=int), 40, axis=0)


@pytest.mark.parametrize(
    ("task", "labels", "n_groups", "expected"),
    [
        ("abaw-expr", EXPRESSIONS, 8, (3 / 8, 1.0)),  # each expression in one video
        (
            "abaw-expr",
            EXPRESSIONS % 4,
            8,
            (0.25, 0.5),
        ),  # four of eight occur at all: the fixed list counts the others 0
        ("abaw-au", UNITS, 12, (0.5, 1.0)),  # each unit in one video
    ],
)
def test_the_interval_of_perfect_predictions_holds_their_score(
    task: str, labels: np.ndarray, n_groups: int, expected: tuple[float, float]
) -> None:
    """A draw scores the share of labels that it holds: of eight videos three or fewer in 2.05 % of draws."""
    report = leaderboard.score(task, labels, labels, np.repeat(np.arange(n_groups), len(labels) // n_groups))
    assert report.main == pytest.approx(expected[1], abs=1e-12)
    assert report.interval == pytest.approx(expected, abs=1e-12)


def test_an_interval_is_widened_to_its_score() -> None:
    assert holding((0.2, 0.4), 0.3) == (0.2, 0.4)
    assert (holding((0.2, 0.4), 0.1), holding((0.2, 0.4), 0.5)) == ((0.1, 0.4), (0.2, 0.5))


@pytest.mark.parametrize(("k", "n"), [(227, 383), (0, 10), (10, 10), (1, 1), (2484, 4000)])
def test_wilson_agrees_with_scipy(k: int, n: int) -> None:
    expected = binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert wilson(k / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)
