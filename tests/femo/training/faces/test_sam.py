"""Sharpness-aware steps on functions whose gradient is known."""

import pytest
import torch
from torch import nn

from femo.training.faces.sam import sam_step


def test_sam_steps_with_the_gradient_at_the_climbed_point() -> None:
    """f(w) = w^4 at w = 1: the climb goes to 1 + rho, where the gradient is 4 (1 + rho)^3."""
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(1.0)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    value = sam_step(optimizer, network, lambda: (network.weight**4).sum(), rho=0.5)
    assert value == pytest.approx(1.0)
    assert float(network.weight.detach()) == pytest.approx(1 - 0.01 * 4 * 1.5**3, rel=1e-6)


def test_sam_climbs_by_the_loss_that_it_is_given() -> None:
    """The climb by -w goes from 1 to 1 - rho; the loss that counts is still w^4."""
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(1.0)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    value = sam_step(optimizer, network, lambda: (network.weight**4).sum(), 0.5, lambda: -network.weight.sum())
    assert value == pytest.approx(-1.0)
    assert float(network.weight.detach()) == pytest.approx(1 - 0.01 * 4 * 0.5**3, rel=1e-6)


def test_sam_tracks_batch_statistics_once() -> None:
    network = nn.BatchNorm1d(1)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.0)
    batch = torch.tensor([[1.0], [3.0]])
    sam_step(optimizer, network, lambda: network(batch).pow(2).sum() + network.weight.sum())
    assert network.running_mean is not None
    assert float(network.running_mean) == pytest.approx(0.1 * 2.0)
    assert network.momentum == 0.1
