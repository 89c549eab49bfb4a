"""The recipe end to end on pictures whose labels are plain to see, and the steps it is made of."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from femo.errors import FemoError
from femo.models.find import find_model
from femo.models.weights import find_weights, weights_sha256
from femo.networks.backbone import build_backbone
from femo.training import checkpoint
from femo.training.faces.network import FaceNetwork, multitask_loss, predict
from femo.training.faces.recipe import Phase, Recipe
from femo.training.faces.samples import LABELS, Pool, normalise
from femo.training.faces.trainer import HEADS, Trainer
from tests.face_pools import TINY, face_pool

PHASES = (Phase(24, 1, 1e-3, 1e-3),)


def _trainer(folder: Path, phases: tuple[Phase, ...], seed: int = 1) -> Trainer:
    recipe = Recipe(
        "resnet18", TINY, phases, shares=(8, 8), warmup_steps=2, ema_decay=0.5, dropout=0.0, n_threads=1, seed=seed
    )
    pools = [face_pool(48, 0, True), face_pool(48, 1, False)]
    return Trainer(recipe, pools, [face_pool(40, 2, True), face_pool(40, 3, False)], folder)


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


def test_a_teacher_reads_the_expression_of_colour_pictures_in_grey(tmp_path: Path) -> None:
    """It is asked at the side of its own input, and of what it says nothing is averaged with the network's own reading."""
    torch.manual_seed(3)
    teacher = FaceNetwork("resnet18", TINY, {"expression": 8}).eval()
    with torch.no_grad():
        teacher.heads["expression"].bias.copy_(torch.arange(8.0))
    phase = Phase(24, 1, 5e-3, 1e-3, pseudo=True)
    recipe = Recipe("resnet18", TINY, (phase,), shares=(8, 8), n_threads=1)
    pools = [face_pool(16, 0, True), face_pool(16, 1, False)]
    trainer = Trainer(recipe, pools, [], tmp_path, teachers=[(teacher, 32)])
    trainer._pseudo_label(24)
    grey = (pools[1].images.float() * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    expected = predict(teacher, grey.to(torch.uint8), 32)["expression"].softmax(dim=1)
    torch.testing.assert_close(trainer.pools[1].pseudo, expected)
    assert bool((expected.argmax(1) == 7).all())
    assert trainer.pools[0].pseudo.isnan().all()


def test_what_teachers_say_of_a_view_is_its_share_of_what_is_learnt() -> None:
    """The expression of grey pictures by hand; age and the rest are weighed in the same way, identity is left alone."""
    recipe = Recipe("resnet18", TINY, PHASES, taught=0.25, task_weights=TASKS, identity=True)
    _, labels = _batch()
    logits = {name: torch.randn(8, k, generator=torch.Generator().manual_seed(k)) for name, k in SIZES.items()}
    weights = {
        "expression": torch.ones(8),
        "gender": torch.ones(2),
        "ethnicity": torch.ones(5),
    }
    reading = {"expression": torch.randn(8, 8, generator=torch.Generator().manual_seed(2)).softmax(dim=1)}
    without = multitask_loss(logits, labels, weights, recipe, {})
    told = multitask_loss(logits, labels, weights, recipe, reading)
    log_p = logits["expression"].log_softmax(dim=1)
    by_label = -(labels["expression"][:4] * log_p[:4]).sum(dim=1).mean()
    by_teacher = -(reading["expression"] * log_p).sum(dim=1).mean()
    torch.testing.assert_close(told - without, 0.25 * (by_teacher - by_label))


def test_a_network_begins_as_its_teacher_but_for_who_it_is(tmp_path: Path) -> None:
    torch.manual_seed(3)
    args = {"pad_type": "same"}
    teacher = FaceNetwork("mobilenetv1_100", args, {**HEADS, "identity": 128}, merged=True).eval()
    recipe = Recipe(
        "mobilenetv1_100", args, (Phase(32, 1, 1e-3, 1e-3),), shares=(4, 4), identity=True, from_teacher=True, taught=0.5,
        start={"name": "none", "sha256": "0"}, steps_per_epoch=1, warmup_steps=1, task_weights=TASKS, kept=0.25,
    )  # fmt: skip
    trainer = Trainer(
        recipe, [face_pool(8, 0, True), face_pool(8, 1, False)], [], tmp_path, teachers=[(teacher, 32)]
    )
    for name, value in trainer.network.state_dict().items():
        assert torch.equal(value, teacher.state_dict()[name]) == (name != "heads.identity.weight"), name
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    trainer.run(lambda row: None)
    assert not torch.equal(trainer.network.heads["age"].weight, before["heads.age.weight"])
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())
    learnt, written = trainer.averaged.state_dict(), trainer.written().state_dict()
    for name, value in written.items():
        kept = 0 if name.startswith("heads.identity") else 0.25
        torch.testing.assert_close(value, (1 - kept) * learnt[name] + kept * before[name], msg=name)


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


@pytest.mark.parametrize("n_done", [2, 3])
def test_a_killed_run_goes_on_with_the_labels_that_it_read(tmp_path: Path, n_done: int) -> None:
    """In the phase that begins with them and in the one after, to the bit."""
    phases = (Phase(24, 1, 5e-3, 1e-3), Phase(24, 2, 5e-3, 1e-3, pseudo=True), Phase(24, 1, 5e-3, 1e-3))
    straight = _trainer(tmp_path / "straight", phases)
    straight.run(lambda row: None)

    class Killed(Exception):
        pass

    def kill(row: dict[str, float]) -> None:
        if row["epoch"] == n_done:
            raise Killed

    with pytest.raises(Killed):
        _trainer(tmp_path / "killed", phases).run(kill)
    second = _trainer(tmp_path / "killed", phases)
    assert second.done == n_done
    second.run(lambda row: None)
    assert torch.equal(second.pools[1].pseudo, straight.pools[1].pseudo)
    assert bool(straight.pools[1].pseudo.isfinite().all())
    for name, value in straight.averaged.state_dict().items():
        assert torch.equal(second.averaged.state_dict()[name], value), name
    if n_done == 2:
        fewer = Trainer(second.recipe, [face_pool(48, 0, True), face_pool(47, 1, False)], [], tmp_path / "killed")
        fewer.done = 3
        with pytest.raises(
            FemoError, match="learns from 48 pictures which it labelled, expected 47 as in the data"
        ):
            fewer.run(lambda row: None)


SAME = {"pad_type": "same"}


def _begun(folder: Path, start: dict[str, str] | None = None) -> Trainer:
    """A run of femo-base's own network, one step long."""
    recipe = Recipe(
        "mobilenetv1_100", SAME, PHASES, shares=(2, 2), n_threads=1, warmup_steps=0, steps_per_epoch=1, start=start
    )
    return Trainer(recipe, [face_pool(4, 0, True), face_pool(4, 1, False)], [], folder)


@pytest.mark.parametrize("start", [None, {"name": "none", "sha256": "0"}])
def test_a_run_begins_with_the_backbone_of_a_folder(tmp_path: Path, start: dict[str, str] | None) -> None:
    """Of a network with its norms and of one whose norms are merged; the checkpoint tells of which weights."""
    trainer, spec = _begun(tmp_path, start), find_model("femo-base")
    trainer.start_from("femo-base")
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        expected = build_backbone(spec, find_weights(spec))(images)
        for network in (trainer.network, trainer.averaged):
            torch.testing.assert_close(network.eval().backbone(images), expected, rtol=1e-3, atol=1e-3)
    trainer.run(lambda row: None)
    assert checkpoint.counters_of(tmp_path) == {"epochs": 1, "init": weights_sha256(spec)}
    again = _begun(tmp_path, start)
    again.start_from("femo-base")
    learnt = trainer.network.state_dict()
    assert all(torch.equal(value, learnt[name]) for name, value in again.network.state_dict().items())


def test_a_run_goes_on_from_nothing_but_what_it_began_with(tmp_path: Path) -> None:
    trainer = _begun(tmp_path)
    state = (trainer.network, trainer.average, trainer.optimizer)
    for told in ({"init": None}, {"init": "00"}):
        checkpoint.save(tmp_path, *state, 1, **told)
        with pytest.raises(
            FemoError, match=r"holds a run that began from other weights than femo-base; .* --init"
        ):
            _begun(tmp_path).start_from("femo-base")
    checkpoint.save(tmp_path, *state, 1)  # as earlier versions did
    _begun(tmp_path).start_from("femo-base")
    checkpoint.save(tmp_path, *state, 1, init="00")
    assert _begun(tmp_path).init == "00"


def test_a_folder_of_another_network_is_no_beginning(tmp_path: Path) -> None:
    with pytest.raises(FemoError, match=r"femo-base holds a mobilenetv1_100 .* recipe's network, a resnet18"):
        _trainer(tmp_path, PHASES).start_from("femo-base")
    recipe = replace(_begun(tmp_path).recipe, arch_args={})
    pools = [face_pool(4, 0, True), face_pool(4, 1, False)]
    with pytest.raises(FemoError, match=r"\(\{'pad_type': 'same'\}\), but .* a mobilenetv1_100 \(\{\}\)"):
        Trainer(recipe, pools, [], tmp_path).start_from("femo-base")


def test_a_batch_of_more_faces_than_there_are_is_no_epoch(tmp_path: Path) -> None:
    recipe = Recipe("resnet18", TINY, PHASES, shares=(9, 8), n_threads=1)
    pools = [face_pool(8, 0, True), face_pool(8, 1, False)]
    with pytest.raises(
        FemoError, match=r"a batch takes 9 faces of FER\+ \(shares in the recipe\), expected 8 at most"
    ):
        Trainer(recipe, pools, [], tmp_path)
    assert Trainer(replace(recipe, steps_per_epoch=3), pools, [], tmp_path).n_steps == 3
    assert Trainer(replace(recipe, shares=(3, 8)), pools, [], tmp_path).n_steps == 2


def test_without_warm_up_the_first_step_has_the_whole_rate(tmp_path: Path) -> None:
    trainer = _begun(tmp_path)
    rows: list[dict[str, float]] = []
    trainer.run(rows.append)
    assert [group["lr"] for group in trainer.optimizer.param_groups] == [1e-3]
    assert rows[0]["lr"] == 1e-3


def test_heads_only_leaves_the_backbone_as_it_was(tmp_path: Path) -> None:
    """Its norms' statistics too."""
    trainer = _trainer(tmp_path, (Phase(24, 1, 5e-3, 1e-3, heads_only=True),))
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.run(lambda row: None)
    after = trainer.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("backbone."))
    assert not torch.equal(before["heads.gender.weight"], after["heads.gender.weight"])


def test_the_shift_of_the_logits_is_what_the_draw_changed(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path, PHASES)
    pool = face_pool(10, 0, True)
    expression = torch.eye(8)[torch.tensor([0] * 8 + [1] * 2)]
    trainer.pools[0] = replace(pool, expression=expression)
    shares, (shift, elsewhere) = trainer._drawn(1.0)
    assert torch.equal(shift, elsewhere)
    assert shift[:2].tolist() == pytest.approx([math.log(5 / 8), math.log(5 / 2)], abs=1e-5)
    assert shares[0].sum() == pytest.approx(10)


def test_made_pictures_shift_the_logits_by_their_own_mix(tmp_path: Path) -> None:
    """Of FER+ half are of class 0 and half of 1; of the made pictures a quarter and three quarters."""
    half = replace(face_pool(8, 0, True), expression=torch.eye(8)[torch.tensor([0, 1] * 4)])
    made = replace(face_pool(4, 1, False), expression=torch.eye(8)[torch.tensor([0, 1, 1, 1])])
    recipe = Recipe("resnet18", TINY, PHASES, shares=(4, 4, 4), n_threads=1, looks=3.0, posed=2)
    trainer = Trainer(recipe, [half, face_pool(8, 1, False), made], [], tmp_path)
    drawn, shifts = trainer._drawn(0.0)
    assert drawn[2].tolist() == [1] * 4
    assert shifts[2][:2].tolist() == pytest.approx([math.log(0.25 / 0.5), math.log(0.75 / 0.5)], abs=1e-5)
    _, labels = next(trainer._batches(Phase(24, 1, 1e-3, 1e-3), 1, 0))
    torch.testing.assert_close(labels["shift"], torch.stack([shifts[0]] * 4 + [shifts[1]] * 4 + [shifts[2]] * 4))


@pytest.mark.parametrize("looks", [0.0, 3.0])
def test_looks_are_learnt_from_where_the_recipe_says_so(tmp_path: Path, looks: float) -> None:
    pools = [face_pool(8, 0, True), face_pool(8, 1, False)]
    pools[1].expression[2] = torch.eye(8)[int(pools[0].expression[0].argmax())]
    recipe = Recipe("resnet18", TINY, PHASES, shares=(8, 8), n_threads=1, looks=looks)
    trainer = Trainer(recipe, pools, [], tmp_path)
    shares, _ = trainer._drawn(0.0)
    assert (~trainer.pools[1].expression.isnan().any(dim=1)).tolist() == [
        looks > 0 and row == 2 for row in range(8)
    ]
    others = [row for row in range(8) if row != 2]
    assert shares[1][others].tolist() == [1] * 7
    assert float(shares[1][2]) == pytest.approx(1 if not looks else min(3, 8 * _share(pools[0])), abs=1e-5)


def test_a_teacher_gives_no_second_label_to_what_somebody_saw(tmp_path: Path) -> None:
    pools = [face_pool(8, 0, True), face_pool(8, 1, False)]
    pools[1].expression[2] = torch.eye(8)[0]
    recipe = Recipe("resnet18", TINY, PHASES, shares=(8, 8), n_threads=1, looks=3.0)
    trainer = Trainer(recipe, pools, [], tmp_path)
    trainer._pseudo_label(24)
    assert trainer.pools[1].pseudo.isnan().any(dim=1).tolist() == [row == 2 for row in range(8)]
    assert trainer.pools[0].pseudo.isnan().all()


def _share(pool: Pool) -> float:
    target = pool.expression.argmax(dim=1)
    return float((target == target[0]).float().mean())


def test_a_pretrained_network_learns_in_parts_and_keeps_its_frozen_layers(tmp_path: Path) -> None:
    """The gradients of four threads' parts are those of the whole batch."""
    recipe = Recipe(
        "mobilenetv1_100", {"pad_type": "same"}, PHASES, shares=(4, 4), dropout=0.0, n_threads=2, identity=True, head_lr=3.0,
        layer_decay=0.5, start={"name": "none", "sha256": "0"}, task_weights=TASKS,
    )  # fmt: skip
    trainer = Trainer(recipe, [face_pool(8, 0, True), face_pool(8, 1, False)], [], tmp_path)
    network, (images, labels) = trainer.network, _batch()
    network.train()
    network.freeze(4)
    weights = trainer._class_weights(0.0)
    multitask_loss(network(images), labels, weights, recipe, {}).backward()
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


SIZES = {**HEADS, "identity": 128}
TASKS = {"expression": 1.0, "age": 0.12, "gender": 0.3, "ethnicity": 0.4, "identity": 1.0}


def _batch() -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Eight pictures, half of each pool, every label known where a pool has it."""
    faces, others = face_pool(4, 5, True), face_pool(4, 6, False)
    rng = torch.Generator().manual_seed(3)
    labels = {
        name: torch.cat([faces.labels(torch.arange(4))[name], others.labels(torch.arange(4))[name]])
        for name in LABELS
    }
    labels["identity"][4:] = torch.nn.functional.normalize(torch.randn(4, 128, generator=rng), dim=1)
    labels.pop("pseudo")
    labels["shift"] = torch.zeros(8, 8)
    return normalise(torch.rand(8, 3, 32, 32, generator=rng)), labels
