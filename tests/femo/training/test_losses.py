"""Losses against hand calculation and torch's own cross-entropy."""

import math

import pytest
import torch
from torch import nn

from femo.training.losses import age_distribution, age_loss, class_loss, class_weights, weighted_softmax


def test_class_weights_are_equation_2() -> None:
    got = class_weights(torch.tensor([100.0, 50.0, 10.0]))
    torch.testing.assert_close(got, torch.tensor([1.0, 2.0, 10.0]))


def test_class_weights_of_power_one_half() -> None:
    got = class_weights(torch.tensor([100.0, 25.0]), power=0.5)
    torch.testing.assert_close(got, torch.tensor([1.0, 2.0]))


def test_weighted_softmax_of_one_hot_is_equation_2() -> None:
    logits = torch.tensor([[0.0, math.log(3.0)], [0.0, math.log(3.0)]])
    target = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    got = weighted_softmax(logits, target, torch.tensor([4.0, 1.0]))
    assert float(got) == pytest.approx((4 * -math.log(0.25) + -math.log(0.75)) / 2, rel=1e-6)


def test_weighted_softmax_agrees_with_torch_on_distributions() -> None:
    rng = torch.Generator().manual_seed(0)
    logits, target = torch.randn(16, 8, generator=rng), torch.rand(16, 8, generator=rng).softmax(dim=1)
    expected = nn.functional.cross_entropy(logits, target)
    torch.testing.assert_close(weighted_softmax(logits, target, torch.ones(8)), expected)


def test_missing_labels_add_nothing() -> None:
    logits = torch.tensor([[0.0, math.log(3.0)], [9.0, -9.0]], requires_grad=True)
    target = torch.tensor([[0.0, 1.0], [torch.nan, torch.nan]])
    loss = weighted_softmax(logits, target, torch.ones(2))
    assert float(loss.detach()) == pytest.approx(-math.log(0.75), rel=1e-6)
    loss.backward()
    assert logits.grad is not None
    assert float(logits.grad[1].abs().sum()) == 0


def test_class_loss_leaves_out_minus_one() -> None:
    logits = torch.tensor([[0.0, math.log(3.0)], [9.0, -9.0]])
    got = class_loss(logits, torch.tensor([1, -1]), torch.ones(2))
    assert float(got) == pytest.approx(-math.log(0.75), rel=1e-6)


def test_age_target_is_centred_and_symmetric() -> None:
    [row] = age_distribution(torch.tensor([40.0]))
    assert int(row.argmax()) == 39
    assert float(row[39 - 5]) == pytest.approx(float(row[39 + 5]))
    assert float(row[41] / row[39]) == pytest.approx(math.exp(-4 / (2 * 2.5**2)), rel=1e-4)


def test_age_loss_of_a_sure_right_answer_is_the_entropy_of_the_target() -> None:
    target = age_distribution(torch.tensor([40.0]))
    entropy = -torch.special.xlogy(target, target).sum()
    got = age_loss(target.clamp(min=1e-30).log(), torch.tensor([40.0]), mae_share=0.0)
    assert float(got) == pytest.approx(float(entropy), rel=1e-5)
    assert float(age_loss(torch.zeros(1, 101), torch.tensor([torch.nan]))) == 0
