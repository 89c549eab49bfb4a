"""P_EXPR, P_VA and P_AU, by hand and against scikit-learn and the leaderboard's metrics."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from femo.clips.temporal import decide_units
from femo.training.abaw.metrics import (
    THRESHOLDS,
    accuracy,
    best_thresholds,
    count_au,
    count_expr,
    count_thresholds,
    count_va,
    main_score,
    per_item,
    tally,
)
from leaderboard.scoring.metrics import ccc as board_ccc

NAN = float("nan")


def test_nine_thresholds_are_exact_decimals() -> None:
    assert THRESHOLDS == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def test_best_threshold_by_hand_and_ties_go_to_the_first() -> None:
    # Unit 0: positives score .35 and .75, negatives .1 and .5. F1 at .1: 2*2/(4+2) = .667, at .2 and .3: 4/5 = .8,
    # at .4 and .5: 2/(2+2) = .5, at .6 and .7: 2/3 = .667, above: 0. The first of the two best is .2.
    label = np.tile(np.array([[1.0], [1], [0], [0]], np.float32), (1, 12))
    value = np.tile(np.array([[0.35], [0.75], [0.1], [0.5]], np.float32), (1, 12))
    label[:, 1], value[:, 1] = 0, 0.95  # never active: F1 is 0 everywhere, so the first
    counts = count_thresholds(label, value)
    np.testing.assert_allclose(
        per_item("au", counts)[:, 0], [4 / 6, 0.8, 0.8, 0.5, 0.5, 2 / 3, 2 / 3, 0, 0], atol=1e-12
    )
    assert best_thresholds(counts)[:3] == (0.2, 0.1, 0.2)


def test_a_value_on_its_threshold_is_active() -> None:
    label = np.ones((1, 12), np.float32)
    value = np.full((1, 12), np.float32(0.3))
    assert count_thresholds(label, value)[:, 0, 0].tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_a_threshold_is_chosen_as_it_is_applied(threshold: float) -> None:
    """The float32 nearest to 0.1, 0.5 or 0.7 is at or above that decimal or, as 0.7 (0.699999988), below it; it counts."""
    label, value = np.ones((1, 12), np.float32), np.full((1, 12), np.float32(threshold))
    n_reached = THRESHOLDS.index(threshold) + 1
    assert count_thresholds(label, value)[:, 0, 0].tolist() == [1] * n_reached + [0] * (9 - n_reached)
    assert [decide_units(value, one)[0, 0] for one in THRESHOLDS] == [1] * n_reached + [0] * (9 - n_reached)


def test_the_best_threshold_gives_the_f1_that_it_was_chosen_for() -> None:
    """By hand: positives .7 and .7, negatives .65 and .1. From 0.7 on both positives and nothing else are active: F1 1."""
    label = np.tile(np.array([[1.0], [1], [0], [0]], np.float32), (1, 12))
    value = np.tile(np.array([[0.7], [0.7], [0.65], [0.1]], np.float32), (1, 12))
    chosen = best_thresholds(count_thresholds(label, value))
    assert chosen == (0.7,) * 12
    assert decide_units(value, chosen)[:, 0].tolist() == [1, 1, 0, 0]


@settings(max_examples=30)
@given(st.integers(0, 2**31))
def test_counts_give_what_scikit_learn_and_the_leaderboard_give(seed: int) -> None:
    rng = np.random.default_rng(seed)
    label, decision = rng.integers(0, 8, 60).astype(np.float32), rng.integers(0, 8, 60)
    known = rng.random(60) < 0.8
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = f1_score(label[known], decision[known], average="macro", labels=range(8), zero_division=0)
    assert main_score("expr", count_expr(np.where(known, label, NAN), decision)) == pytest.approx(theirs)
    units, active = rng.integers(0, 2, (60, 12)).astype(np.float32), rng.integers(0, 2, (60, 12))
    mask = rng.random((60, 12)) < 0.8
    ours = per_item("au", count_au(np.where(mask, units, np.nan), active))
    for j in range(12):
        assert ours[j] == pytest.approx(f1_score(units[mask[:, j], j], active[mask[:, j], j], zero_division=0))
    values, guess = rng.uniform(-1, 1, (60, 2)).astype(np.float32), rng.uniform(-1, 1, (60, 2)).astype(np.float32)
    both = per_item("va", count_va(values, guess))
    for j in range(2):
        assert both[j] == pytest.approx(board_ccc(values[:, j].astype(float), guess[:, j].astype(float)), abs=1e-9)


def test_a_constant_prediction_has_ccc_zero() -> None:
    label = np.array([[0.1, 0.2], [0.3, 0.4]], np.float32)
    assert per_item("va", count_va(label, np.full((2, 2), np.float32(0.1)))).tolist() == [0, 0]


def test_the_interval_draws_media_files_not_frames() -> None:
    right, wrong = np.diag([9.0] * 8), np.roll(np.diag([9.0] * 8), 1, axis=1)
    two = tally(["a", "a", "b"], {"expr": [right, right, wrong]}, 216)
    assert two.counts["expr"].shape == (2, 8, 8)  # two subjects of one video are one file
    low, high = two.interval()  # one of two files is wrong: drawing it twice gives 0, the other twice gives 1
    assert (low, high) == (0, 1)
    assert tally(["a"], {"expr": [right]}, 72).interval() is None


def test_the_interval_of_perfect_decisions_holds_their_score() -> None:
    """Eight files of one expression each: a draw lacks some, which count 0 in it; 2.05 % of all draws hold three or fewer."""
    each = np.zeros((8, 8, 8))
    each[range(8), range(8), range(8)] = 50
    perfect = tally([str(video) for video in range(8)], {"expr": list(each)}, 400)
    assert perfect.score() == 1
    assert perfect.interval() == (pytest.approx(4 / 8), 1.0)


def test_accuracy_is_the_diagonals_share() -> None:
    counts = count_expr(np.array([0, 0, 1, NAN], np.float32), np.array([0, 3, 1, 1]))
    assert accuracy(counts) == pytest.approx(2 / 3)
    assert (counts[0, 3], counts[0, 0], counts[1, 1], counts.sum()) == (1, 1, 1, 3)
    assert accuracy(np.zeros((8, 8))) == 0


def test_a_cell_without_a_label_is_neither_hit_nor_false() -> None:
    label, decision = np.full((3, 12), NAN, np.float32), np.ones((3, 12), np.int64)
    label[:, 0] = 1, 0, NAN
    decision[0, 1] = 0
    assert count_au(label, decision)[:2].tolist() == [[1, 1, 0], [0, 0, 0]]
