"""Pools, how often each picture is drawn, and the batches that are mixed of them."""

import numpy as np
import pytest
import torch

from femo.training.faces.augment import Augmentation
from femo.training.faces.ferplus import FerPlus
from femo.training.faces.samples import (
    as_rgb,
    batches,
    drawn_shares,
    ferplus_pool,
    looked_shares,
    normalise,
    utkface_pool,
)
from femo.training.faces.utkface import UtkFace
from tests.face_pools import face_pool


def test_batches_take_a_fixed_share_of_each_pool_and_repeat_by_seed() -> None:
    pools = [face_pool(10, 0, True), face_pool(10, 1, False)]
    first = list(batches(pools, (3, 2), 4, 24, Augmentation(), seed=5))
    again = list(batches(pools, (3, 2), 4, 24, Augmentation(), seed=5))
    for (images, labels), (same, _) in zip(first, again, strict=True):
        assert torch.equal(images, same)
        assert (~labels["expression"].isnan().any(1)).tolist() == [True] * 3 + [False] * 2
        assert (labels["gender"] >= 0).tolist() == [False] * 3 + [True] * 2


def test_a_class_is_drawn_by_its_frequency_to_a_power_and_the_logits_know_it() -> None:
    """Nine of one class, one of another: at power 1 both are drawn alike, (10 / 2) / 9 and 5 times each picture.

    A natural logit then gains log(5 / 9) and log(5 / 1), so that softmax of what is trained sees the mix that was drawn.
    """
    target = torch.tensor([0] * 9 + [1])
    assert drawn_shares(target, 1.0).tolist() == pytest.approx([5 / 9] * 9 + [5.0])
    assert drawn_shares(target, 0.0).tolist() == [1.0] * 10


def test_ferplus_targets_lie_between_the_votes_and_the_majority() -> None:
    """Votes of a quarter and three quarters, two fifths of it the majority: .6 x .25 and .6 x .75 + .4."""
    votes = np.zeros((1, 8), np.float32)
    votes[0, [0, 4]] = 0.25, 0.75
    pool = ferplus_pool(FerPlus(np.full((1, 48, 48), 7, np.uint8), votes, np.array([4]), 0), 0.4)
    np.testing.assert_allclose(pool.expression.numpy(), [[0.15, 0, 0, 0, 0.85, 0, 0, 0]], atol=1e-6)
    assert pool.images.shape == (1, 1, 48, 48)
    assert (int(pool.gender), int(pool.ethnicity), bool(pool.age_years.isnan())) == (-1, -1, True)


def test_utkface_has_attributes_and_an_expression_where_somebody_looked() -> None:
    images = np.zeros((2, 4, 4, 3), np.uint8)
    images[1, 1, 2] = 10, 20, 30
    looks = np.full((2, 8), np.nan, np.float32)
    looks[0] = np.eye(8)[6]
    data = UtkFace(
        images, np.array([30, 60], np.float32), np.array([0, 1]), np.array([2, 4]), looks, ("a", "b"), 0
    )
    pool = utkface_pool(data)
    assert pool.images[1, :, 1, 2].tolist() == [10, 20, 30]
    labels = pool.labels(torch.tensor([1]))
    assert [labels[name].item() for name in ("age_years", "gender", "ethnicity")] == [60, 1, 4]
    assert bool(labels["expression"].isnan().all())
    assert pool.expression[0].tolist() == [0, 0, 0, 0, 0, 0, 1, 0]
    assert bool(pool.without_looks().expression.isnan().all())
    assert pool.without_looks().gender.tolist() == [0, 1]


def test_what_is_rare_in_a_pool_comes_nearer_to_its_share_elsewhere() -> None:
    """Of ten pictures one is half angry, half neutral, one wholly sad, one neutral by eye; nobody looked at seven.

    Anger has .05 of the pool, .2 elsewhere: four times. Sadness .1, and .6 elsewhere: six times, or three where that is the most.
    """
    expression = torch.full((10, 8), torch.nan)
    expression[:3] = torch.tensor(
        [[0.5, 0, 0, 0, 0, 0.5, 0, 0], [0, 0, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1, 0, 0]]
    )
    elsewhere = torch.tensor([0.2, 0, 0, 0, 0, 0.2, 0.6, 0])
    assert looked_shares(expression, elsewhere, 8.0).tolist() == pytest.approx([2.5, 6, 1] + [1] * 7)
    assert looked_shares(expression, elsewhere, 3.0).tolist() == pytest.approx([2, 3, 1] + [1] * 7)


def test_a_subset_keeps_what_belongs_together() -> None:
    pool = face_pool(6, 0, False)
    pool.boxes[4] = torch.tensor([0.1, 0.2, 0.3, 0.4])
    reading = torch.eye(8)[:6]
    part = pool.with_pseudo(reading).subset(torch.tensor([4, 1]))
    torch.testing.assert_close(part.images, pool.images[[4, 1]])
    assert part.gender.tolist() == pool.gender[[4, 1]].tolist()
    torch.testing.assert_close(part.boxes[0], torch.tensor([0.1, 0.2, 0.3, 0.4]))
    torch.testing.assert_close(part.pseudo, reading[[4, 1]])


def test_imagenets_mean_is_nought_and_a_deviation_above_it_one() -> None:
    grey = torch.full((1, 1, 2, 2), 51, dtype=torch.uint8)
    rgb = as_rgb(grey)
    assert rgb.shape == (1, 3, 2, 2)
    torch.testing.assert_close(rgb, torch.full((1, 3, 2, 2), 0.2))
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    torch.testing.assert_close(normalise(mean.expand(1, 3, 2, 2)), torch.zeros(1, 3, 2, 2))
    torch.testing.assert_close(normalise((mean + std).expand(1, 3, 2, 2)), torch.ones(1, 3, 2, 2))


def test_every_picture_comes_once_before_any_comes_again() -> None:
    pool = face_pool(10, 1, False)
    pool.age_years[:] = torch.arange(10.0)
    taken = batches([pool], (5,), 4, 24, Augmentation(), seed=3)
    ages = torch.cat([labels["age_years"] for _, labels in taken]).tolist()
    assert sorted(ages[:10]) == sorted(ages[10:]) == [float(age) for age in range(10)]
    assert ages[:10] != ages[10:]


def test_a_picture_comes_as_often_as_it_is_drawn() -> None:
    pool = face_pool(3, 1, False)
    pool.age_years[:] = torch.arange(3.0)
    drawn = [torch.tensor([2.0, 0.5, 0.5])]
    taken = batches([pool], (60,), 10, 8, Augmentation().weakened(0), seed=1, drawn=drawn)
    ages = torch.cat([labels["age_years"] for _, labels in taken])
    shares = torch.bincount(ages.long(), minlength=3) / len(ages)
    assert shares.tolist() == pytest.approx([4 / 6, 1 / 6, 1 / 6], abs=0.04)
