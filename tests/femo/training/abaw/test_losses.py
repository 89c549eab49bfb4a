"""Losses of the ABAW heads and their weights, by hand."""

import math

import numpy as np
import pytest
import torch

from femo.training.abaw.dataset.tasks import TASKS
from femo.training.abaw.heads import HeadNet, HeadRecipe
from femo.training.abaw.losses import (
    SMALLEST_WEIGHT,
    activate,
    ccc_loss,
    count_weights,
    expression_loss,
    task_loss,
    unit_loss,
)

NAN = float("nan")


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


def test_a_unit_that_is_nearly_always_active_keeps_some_weight() -> None:
    labels = np.ones((2000, 12), np.float32)
    labels[0, 1] = 0
    weights = count_weights([labels], TASKS["au"])
    assert weights.au[0] == pytest.approx(SMALLEST_WEIGHT)
    assert weights.au[1] == pytest.approx(SMALLEST_WEIGHT)  # 1 / 1999 is less


def test_parts_end_in_their_own_function() -> None:
    logits = torch.tensor([[0.0, math.log(3)]])
    torch.testing.assert_close(activate("expr", logits), torch.tensor([[0.25, 0.75]]))
    torch.testing.assert_close(activate("au", logits), torch.tensor([[0.5, 0.75]]))
    torch.testing.assert_close(activate("va", logits), torch.tensor([[0.0, 0.8]]))  # (9 - 1) / (9 + 1)


def test_the_losses_of_a_task_are_added() -> None:
    labels = torch.zeros(2, 15)
    labels[:, 3] = torch.tensor([1.0, 0.0])
    logits = {"va": torch.zeros(2, 2), "expr": torch.zeros(2, 8), "au": torch.zeros(2, 12)}
    weights = count_weights([labels.numpy()], TASKS["mtl"])
    # va: constant values have CCC 0, loss 1; expr: ln 8; au: ln 2 a cell, all weights 1
    assert float(task_loss(logits, labels, TASKS["mtl"], weights)) == pytest.approx(1 + math.log(8) + math.log(2))
