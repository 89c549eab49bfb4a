"""Losses, metrics, early stopping and thresholds, by hand and against scikit-learn and the leaderboard's metrics."""

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from femo.training.abaw.dataset.tasks import TASKS
from femo.training.abaw.heads import EarlyStopping, HeadNet, HeadRecipe
from femo.training.abaw.losses import ccc_loss, count_weights, expression_loss, task_loss, unit_loss
from femo.training.abaw.metrics import (
    THRESHOLDS,
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


def test_early_stopping_by_hand() -> None:
    stop = EarlyStopping(patience=2)
    got = [(stop.update(score), stop.stop) for score in (0.3, 0.5, 0.5, 0.4, 0.9)]
    assert got[:4] == [(True, False), (True, False), (False, False), (False, True)]
    assert got[4] == (True, False)  # a late best would count, but nobody asks for a fifth epoch
    assert (stop.best, stop.best_epoch) == (0.9, 5)


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


def test_ccc_loss_by_hand() -> None:
    # x = (0, 1), y = (0, .5): cov .125, variances .25 and .0625, means differ by .25 -> CCC = .25 / .375 = 2/3;
    # the second dimension agrees: CCC 1. A row without a label adds nothing.
    values = torch.tensor([[0.0, 0.2], [1.0, 0.8], [0.9, 0.9]])
    labels = torch.tensor([[0.0, 0.2], [0.5, 0.8], [NAN, 0.3]])
    assert float(ccc_loss(values, labels)) == pytest.approx(1 - (2 / 3 + 1) / 2, abs=1e-5)
    assert float(ccc_loss(values[:1], labels[:1])) == 0


def test_expression_loss_by_hand() -> None:
    # equal logits are p = 1/8: each row costs its class's weight * ln 8; a row without a label adds nothing
    weight = torch.arange(1.0, 9.0)
    labels = torch.tensor([0.0, 2.0, NAN])
    assert float(expression_loss(torch.zeros(3, 8), labels, weight)) == pytest.approx(
        (1 + 3) * math.log(8) / 2, abs=1e-6
    )
    assert float(expression_loss(torch.zeros(1, 8), labels[2:], weight)) == 0


def test_unit_loss_by_hand() -> None:
    # logit 0 is p = .5: an active cell costs weight * ln 2, an inactive one ln 2, an unknown one nothing
    logits, labels = torch.zeros(2, 12), torch.full((2, 12), NAN)
    labels[0, 0], labels[1, 1] = 1, 0
    weight = torch.full((12,), 3.0)
    assert float(unit_loss(logits, labels, weight)) == pytest.approx((3 + 1) * math.log(2) / 2, abs=1e-6)


def test_weights_by_hand() -> None:
    labels = np.full((5, 15), np.nan, np.float32)
    labels[:, 2] = [0, 0, 0, 4, NAN]  # expression
    labels[:4, 3] = [1, 0, 0, 0]  # AU1: three inactive to one active
    weights = count_weights([labels[:2], labels[2:]], TASKS["mtl"])
    assert weights.expr[0] == 1
    assert weights.expr[4] == 3
    assert weights.au[0] == 3
    assert weights.au[1] == 1  # AU2 was never annotated


def test_missing_parts_add_nothing_to_the_multi_task_loss() -> None:
    net = HeadNet(HeadRecipe(hidden=0), 4, TASKS["mtl"].parts)
    rows, labels = torch.randn(6, 4), torch.full((6, 15), NAN)
    labels[:, 2] = torch.tensor([0.0, 1, 2, 3, NAN, NAN])
    weights = count_weights([labels.numpy()], TASKS["mtl"])
    logits = net(rows)
    only = torch.nn.functional.cross_entropy(logits["expr"][:4], labels[:4, 2].long())
    assert task_loss(logits, labels, TASKS["mtl"], weights).item() == pytest.approx(only.item(), abs=1e-6)


def test_heads_are_seeded_and_stored_as_they_are_scored() -> None:
    first, second = (HeadNet(HeadRecipe(seed=7), 5, ("expr",)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    first.round_to_storage()
    weight = first.out["expr"].weight
    assert torch.equal(weight, weight.half().float())
