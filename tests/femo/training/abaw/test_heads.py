"""Heads by hand: seeded, stored as they are scored, and stopped in time."""

import numpy as np
import pytest
import torch

from femo.training.abaw.dataset.tasks import TASKS
from femo.training.abaw.heads import EarlyStopping, HeadNet, HeadRecipe, frame_scores


def test_early_stopping_by_hand() -> None:
    stop = EarlyStopping(patience=2)
    got = [(stop.update(score), stop.stop) for score in (0.3, 0.5, 0.5, 0.4, 0.9)]
    assert got[:4] == [(True, False), (True, False), (False, False), (False, True)]
    assert got[4] == (True, False)  # a late best would count, but nobody asks for a fifth epoch
    assert (stop.best, stop.best_epoch) == (0.9, 5)


def test_heads_are_seeded_and_stored_as_they_are_scored() -> None:
    first, second = (HeadNet(HeadRecipe(seed=7), 5, ("expr",)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    first.round_to_storage()
    weight = first.out["expr"].weight
    assert torch.equal(weight, weight.half().float())


@pytest.mark.parametrize(
    ("what", "hidden", "name"),
    [
        ("embedding", 128, "embeddings, 1 hidden layer"),
        ("embedding+scores", 0, "embeddings + scores"),
        ("logits", 0, "logits"),
    ],
)
def test_a_method_is_called_as_in_the_paper(what: str, hidden: int, name: str) -> None:
    assert HeadRecipe(what, hidden).method == name  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["epochs", "patience"])
def test_a_head_that_would_stay_random_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0, expected 1 or more: without an epoch nothing is trained"):
        HeadRecipe(**{name: 0})  # type: ignore[arg-type]


def test_a_hidden_layer_is_relu_between_two_products() -> None:
    net = HeadNet(HeadRecipe(hidden=3), 4, ("expr", "va"))
    rows = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    assert net.hidden is not None
    between = (rows @ net.hidden.weight.T + net.hidden.bias).clamp(min=0)
    for part, logits in net(rows).items():
        torch.testing.assert_close(logits, between @ net.out[part].weight.T + net.out[part].bias)


def test_frames_are_scored_by_part() -> None:
    """Every class once and named right but for one: F1 of six is 1, of the two that are mixed up 2/3 and 0."""
    labels = np.full((8, 15), np.nan, np.float32)
    labels[:, 2] = range(8)
    values = np.eye(8, dtype=np.float32)
    values[7] = values[0]
    units, plane = np.zeros((8, 12), np.float32), np.zeros((8, 2), np.float32)
    got = frame_scores({"expr": values, "au": units, "va": plane}, labels, TASKS["mtl"])
    assert got["expr"] == pytest.approx((6 + 2 / 3) / 8)
    assert (got["va"], got["au"]) == (0, 0)
