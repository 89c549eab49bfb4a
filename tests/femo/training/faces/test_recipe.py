"""The recipe end to end on pictures whose labels are plain to see: brightness is the expression, hue the gender."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from femo.training import checkpoint
from femo.training.faces.augment import Augmentation, augment, degrade, warp
from femo.training.faces.network import FaceNetwork, measure
from femo.training.faces.recipe import Phase, Recipe
from femo.training.faces.samples import LABELS, Pool, batches, drawn_shares, normalise
from femo.training.faces.trainer import HEADS, Trainer, multitask_loss

TINY = {"channels": [8, 8, 8, 8]}
STILL = Augmentation(
    keep_whole=0,
    jitter=0,
    rotation_deg=0,
    tilted=0,
    grey=0,
    tint=0,
    shade=0,
    noise=0,
    erase=0,
    cover=0,
    small=0,
    soft=0,
    jpeg=0,
)
NOWHERE = torch.full((1, 4), torch.nan)


def _pool(n: int, seed: int, expression: bool) -> Pool:
    rng = torch.Generator().manual_seed(seed)
    target = torch.randint(0, 2, (n,), generator=rng)
    level = torch.where(target == 0, 60, 190)[:, None, None, None]
    noise = torch.randint(0, 40, (n, 3, 24, 24), generator=rng)
    images = (level + noise).expand(-1, 3, -1, -1).clone()
    if not expression:
        images[target == 0, 0] += 60
    missing = torch.full((n,), -1)
    nan = torch.full((n, 8), torch.nan)
    return Pool(
        images.to(torch.uint8),
        torch.eye(8)[target] if expression else nan,
        torch.full((n,), torch.nan) if expression else 20.0 + 40 * target,
        missing if expression else target,
        missing if expression else target,
        nan,
        torch.full((n, 4), torch.nan),
        torch.full((n, 128), torch.nan),
    )


def _trainer(folder: Path, phases: tuple[Phase, ...], seed: int = 1) -> Trainer:
    recipe = Recipe(
        "resnet18", TINY, phases, shares=(8, 8), warmup_steps=2, ema_decay=0.5, dropout=0.0, n_threads=1, seed=seed
    )
    pools = [_pool(48, 0, True), _pool(48, 1, False)]
    return Trainer(recipe, pools, [_pool(40, 2, True), _pool(40, 3, False)], folder)


def test_training_finds_the_signal_and_writes_its_log(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path, (Phase(24, 3, 5e-3, 1e-3), Phase(24, 1, 1e-3, 1e-4, sam=True, pseudo=True)))
    rows: list[dict[str, float]] = []
    trainer.run(rows.append)
    assert rows[-1]["expression_acc"] >= 0.95
    assert rows[-1]["gender_acc"] >= 0.95
    with (tmp_path / "log.csv").open() as file:
        logged = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in logged] == [1, 2, 3, 4]
    assert float(logged[-1]["expression_acc"]) == pytest.approx(rows[-1]["expression_acc"], rel=1e-4)
    assert json.loads((tmp_path / "recipe.json").read_text())["phases"][1]["sam"] is True
    assert torch.isfinite(trainer.pools[1].pseudo).all()


def test_a_killed_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    phases = (Phase(24, 2, 5e-3, 1e-3),)
    straight = _trainer(tmp_path / "straight", phases)
    straight.run(lambda row: None)

    class Killed(Exception):
        pass

    def kill(row: dict[str, float]) -> None:
        raise Killed

    first = _trainer(tmp_path / "killed", phases)
    with pytest.raises(Killed):
        first.run(kill)
    second = _trainer(tmp_path / "killed", phases, seed=1)
    assert second.done == 1
    second.run(lambda row: None)
    for name, value in straight.averaged.state_dict().items():
        torch.testing.assert_close(second.averaged.state_dict()[name], value, rtol=1e-3, atol=1e-4, msg=name)


def test_heads_only_leaves_the_backbone_as_it_was(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path, (Phase(24, 1, 5e-3, 1e-3, heads_only=True),))
    before = {name: p.clone() for name, p in trainer.network.named_parameters()}
    trainer.run(lambda row: None)
    after = dict(trainer.network.named_parameters())
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("backbone."))
    assert not torch.equal(before["heads.gender.weight"], after["heads.gender.weight"])


def test_checkpoint_keeps_every_tensor_exactly(tmp_path: Path) -> None:
    one, two = (FaceNetwork("resnet18", TINY, HEADS) for _ in range(2))
    average = FaceNetwork("resnet18", TINY, HEADS)
    optimizer = torch.optim.AdamW(one.parameters())
    sum(head.sum() for head in one(torch.randn(2, 3, 24, 24)).values()).backward()
    optimizer.step()
    checkpoint.save(tmp_path, one, average, optimizer, 7)
    other = torch.optim.AdamW(two.parameters())
    assert checkpoint.resume(tmp_path, two, FaceNetwork("resnet18", TINY, HEADS), other) == 7
    for name, value in one.state_dict().items():
        assert torch.equal(two.state_dict()[name], value)
    wanted, got = optimizer.state_dict()["state"], other.state_dict()["state"]
    assert all(torch.equal(wanted[i][moment], got[i][moment]) for i in wanted for moment in wanted[i])


def test_no_checkpoint_means_nothing_done(tmp_path: Path) -> None:
    network = FaceNetwork("resnet18", TINY, HEADS)
    assert checkpoint.resume(tmp_path, network, network, torch.optim.AdamW(network.parameters())) == 0


def test_still_augmentation_mirrors_or_keeps() -> None:
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    seen = set()
    for seed in range(8):
        how = STILL
        out = augment(image, NOWHERE, 16, how, torch.Generator().manual_seed(seed))
        kept, mirrored = (float((_levels(out) - _levels(ref)).abs().mean()) for ref in (image, image.flip(-1)))
        seen.add("kept" if kept < mirrored else "mirrored")
        assert min(kept, mirrored) < 0.05
    assert seen == {"kept", "mirrored"}


def _levels(images: torch.Tensor) -> torch.Tensor:
    """Ranks of the pixels, which brightness, contrast and gamma leave alone."""
    flat = images.mean(dim=1).flatten()
    return flat.argsort().argsort().float().view(1, 16, 16) / len(flat)


def test_batches_take_a_fixed_share_of_each_pool_and_repeat_by_seed() -> None:
    pools = [_pool(10, 0, True), _pool(10, 1, False)]
    first = list(batches(pools, (3, 2), 4, 24, Augmentation(), seed=5))
    again = list(batches(pools, (3, 2), 4, 24, Augmentation(), seed=5))
    for (images, labels), (same, _) in zip(first, again, strict=True):
        assert torch.equal(images, same)
        assert (~labels["expression"].isnan().any(1)).tolist() == [True] * 3 + [False] * 2
        assert (labels["gender"] >= 0).tolist() == [False] * 3 + [True] * 2


def test_measure_counts_hits() -> None:
    """A network whose heads always say class 0 hits as often as class 0 occurs."""
    network = FaceNetwork("resnet18", TINY, HEADS)
    for head in network.heads.values():
        torch.nn.init.zeros_(head.weight)
        head.bias.data[0] = 5.0
    pool = _pool(40, 3, False)
    got = measure(network, [pool], 24)
    assert got["gender_acc"] == pytest.approx(float((pool.gender == 0).float().mean()))


def test_half_of_the_pictures_are_cut_by_their_box() -> None:
    """A white square in the lower right quarter: cut by its box it fills the crop, shown whole a quarter of it."""
    image = torch.zeros(1, 1, 32, 32)
    image[:, :, 16:, 16:] = 1
    box = torch.tensor([[0.5, 0.5, 1.0, 1.0]])
    levels = [
        float(warp(image, box, 32, replace(STILL, keep_whole=0.5), torch.Generator().manual_seed(seed)).mean())
        for seed in range(40)
    ]
    assert {round(level, 1) for level in levels} <= {1.0, 0.2, 0.3}
    assert 8 <= sum(level > 0.9 for level in levels) <= 32


def test_small_pictures_lose_what_is_finer_than_their_pixels() -> None:
    fine = torch.zeros(1, 3, 64, 64)
    fine[..., ::2] = 1
    how = replace(STILL, small=1.0, smallest_px=8)
    deviations = [float(degrade(fine, how, torch.Generator().manual_seed(seed)).std()) for seed in range(6)]
    assert float(fine.std()) == pytest.approx(0.5, abs=0.01)
    assert max(deviations) < 0.35


def test_a_class_is_drawn_by_its_frequency_to_a_power_and_the_logits_know_it() -> None:
    """Nine of one class, one of another: at power 1 both are drawn alike, (10 / 2) / 9 and 5 times each picture.

    A natural logit then gains log(5 / 9) and log(5 / 1), so that softmax of what is trained sees the mix that was drawn.
    """
    target = torch.tensor([0] * 9 + [1])
    assert drawn_shares(target, 1.0).tolist() == pytest.approx([5 / 9] * 9 + [5.0])
    assert drawn_shares(target, 0.0).tolist() == [1.0] * 10


def test_the_shift_of_the_logits_is_what_the_draw_changed(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path, ())
    pool = _pool(10, 0, True)
    expression = torch.eye(8)[torch.tensor([0] * 8 + [1] * 2)]
    trainer.pools[0] = replace(pool, expression=expression)
    shares, shift = trainer._drawn(1.0)
    assert shift[:2].tolist() == pytest.approx([math.log(5 / 8), math.log(5 / 2)], abs=1e-5)
    assert shares[0].sum() == pytest.approx(10)


def test_a_pretrained_network_learns_in_parts_and_keeps_its_frozen_layers(tmp_path: Path) -> None:
    """The gradients of four threads' parts are those of the whole batch."""
    recipe = Recipe(
        "mobilenetv1_100", {"pad_type": "same"}, (), shares=(4, 4), dropout=0.0, n_threads=2, identity=True, head_lr=3.0,
        layer_decay=0.5, start={"name": "none", "sha256": "0"}, task_weights=TASKS,
    )  # fmt: skip
    trainer = Trainer(recipe, [_pool(8, 0, True), _pool(8, 1, False)], [], tmp_path)
    network, (images, labels) = trainer.network, _batch()
    network.train()
    network.freeze(4)
    weights = trainer._class_weights(0.0) | {"drawn": torch.zeros(8)}
    multitask_loss(network(images), labels, weights, recipe).backward()
    wanted = {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    trainer._step(images, labels, weights, Phase(32, 1, 1e-3, 1e-3))
    for name, parameter in network.named_parameters():
        if name in wanted:
            torch.testing.assert_close(parameter.grad, wanted[name], rtol=1e-3, atol=1e-5, msg=name)
        else:
            assert torch.equal(parameter, before[name]), name
    assert "backbone.conv_stem.weight" not in wanted
    assert "backbone.blocks.2.0.conv_pw.weight" in wanted
    scales = [group["scale"] for group in trainer.optimizer.param_groups]
    assert scales == pytest.approx([0.5**k for k in range(13, -1, -1)] + [3.0])


TASKS = {"expression": 1.0, "age": 0.12, "gender": 0.3, "ethnicity": 0.4, "identity": 1.0}


def _batch() -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Eight pictures, half of each pool, every label known where a pool has it."""
    faces, others = _pool(4, 5, True), _pool(4, 6, False)
    rng = torch.Generator().manual_seed(3)
    labels = {
        name: torch.cat([faces.labels(torch.arange(4))[name], others.labels(torch.arange(4))[name]])
        for name in LABELS
    }
    labels["identity"][4:] = torch.nn.functional.normalize(torch.randn(4, 128, generator=rng), dim=1)
    labels.pop("pseudo")
    return normalise(torch.rand(8, 3, 32, 32, generator=rng)), labels
