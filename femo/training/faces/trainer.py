"""The recipe of SISY 2021, section 3.2, as code: several tasks, one lightweight network.

From a network pretrained on faces: new heads first with the rest frozen, then all weights, early layers by smaller steps or
not at all. Adam, alone or inside SAM; weighted softmax loss; rare expressions are drawn more often and the logits adjusted for
it (Menon et al., "Long-tail learning via logit adjustment", ICLR 2021), so that they stay those of the natural mix. An
exponential moving average of the weights is what gets evaluated and shipped. A run is a folder with ``log.csv`` and
``checkpoint.safetensors``; a killed run goes on from the last epoch.
"""

import copy
import csv
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from femo.errors import FemoError
from femo.labels import AFFECTNET_8, AGE, ETHNICITY_5, GENDER
from femo.training import checkpoint
from femo.training.faces.augment import Augmentation
from femo.training.faces.network import (
    FaceNetwork,
    measure,
    merged_state,
    multitask_loss,
    predict,
    read_together,
)
from femo.training.faces.presets import note_recipe
from femo.training.faces.recipe import Phase, Recipe
from femo.training.faces.sam import sam_step
from femo.training.faces.samples import N_IDENTITY, Pool, batches, drawn_shares, grey, looked_shares
from femo.training.faces.start import check_init, init_state
from femo.training.losses import class_weights

HEADS = {"expression": len(AFFECTNET_8), "age": len(AGE), "gender": len(GENDER), "ethnicity": len(ETHNICITY_5)}
N_PARTS = 4
"""A step at 160 px takes 28 ms a picture in two threads of one core each, 48 in one thread of both (busy machine)."""
PSEUDO_PART = 2048
"""Pictures that are turned grey at once: as floats, all of them at 200 px would take 10 GB."""


class Trainer:
    """One run: network, averaged network, optimizer, and where they are kept.

    Args:
        recipe: What to do.
        pools: Training sets, FER+ first: all of its pictures have expressions; UTKFace second, of which those have one that
            somebody looked at; made pictures and drawn faces next, where the recipe has some, before ``run``.
        held_out: Sets that the log reports on.
        folder: Of the run.
        start: Weights of the backbone under its own names, of a recipe that names a start.
        teachers: Networks that are learnt from, and the sides of their input.

    Raises:
        FemoError: A batch takes more faces of FER+ than there are, so that no batch makes an epoch.
    """

    def __init__(
        self,
        recipe: Recipe,
        pools: Sequence[Pool],
        held_out: Sequence[Pool],
        folder: Path,
        start: Mapping[str, Tensor] | None = None,
        teachers: Sequence[tuple[FaceNetwork, int]] = (),
    ) -> None:
        torch.set_num_threads(recipe.n_threads)
        torch.manual_seed(recipe.seed)
        self.recipe, self.held_out, self.folder = recipe, list(held_out), folder
        faces, attributes, *made = pools
        self.pools = [faces, attributes if recipe.looks else attributes.without_looks(), *made]
        self.n_steps = recipe.steps_per_epoch or len(faces) // recipe.shares[0]
        if not self.n_steps:
            raise FemoError(
                f"a batch takes {recipe.shares[0]} faces of FER+ (shares in the recipe), expected {len(faces)} at most"
            )
        self.teachers = [(network.to(memory_format=torch.channels_last), size) for network, size in teachers]  # type: ignore[call-overload]
        heads = HEADS | ({"identity": N_IDENTITY} if recipe.identity else {})
        self.network = FaceNetwork(recipe.arch, recipe.arch_args, heads, recipe.dropout, recipe.start is not None)
        if recipe.from_teacher:
            self.network.load_state_dict(self.network.state_dict() | dict(self._of_first_teacher()))
        elif start is not None:
            self.network.backbone.load_state_dict(merged_state(start))
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = AveragedModel(
            self.network,
            multi_avg_fn=get_ema_multi_avg_fn(recipe.ema_decay),
            use_buffers=True,
        )
        self.optimizer = torch.optim.AdamW(
            self.network.rates(recipe.head_lr, recipe.layer_decay), weight_decay=recipe.weight_decay
        )
        self.done = checkpoint.resume(folder, self.network, self.average, self.optimizer)
        self.pseudo = checkpoint.read_pseudo(folder)
        self.init = checkpoint.counters_of(folder).get("init")

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train."""
        return self.done >= sum(phase.epochs for phase in self.recipe.phases)

    @property
    def averaged(self) -> FaceNetwork:
        """The network with averaged weights, which the log evaluates."""
        module = self.average.module
        assert isinstance(module, FaceNetwork)
        return module

    def written(self) -> FaceNetwork:
        """Return the network that is shipped: the averaged one, with the share of the first teacher that the recipe keeps."""
        network = copy.deepcopy(self.averaged)
        if self.recipe.kept:
            learnt = network.state_dict()
            mixed = {
                name: torch.lerp(learnt[name], value, self.recipe.kept) for name, value in self._of_first_teacher()
            }
            network.load_state_dict(learnt | mixed)
        return network

    def _of_first_teacher(self) -> Iterator[tuple[str, Tensor]]:
        for name, value in self.teachers[0][0].state_dict().items():
            if not name.startswith("heads.identity"):
                yield name, value

    def start_from(self, name: str) -> None:
        """Take the backbone of a model folder; a run that has checkpoints keeps its own, which began there.

        Raises:
            FemoError: It is of another form, or the run began from other weights.
        """
        sha256 = check_init(self.recipe, name, self.folder)
        if self.done:
            return
        backbone, self.init = init_state(name, self.network.merged), sha256
        for network in (self.network, self.averaged):
            network.backbone.load_state_dict(backbone)

    def run(self, report: Callable[[dict[str, float]], None]) -> None:
        """Train every epoch that is not done yet; ``report`` gets each row of the log.

        Raises:
            FemoError: The folder holds another run.
        """
        note_recipe(self.folder, self.recipe)
        if self.finished:
            return
        self._hand_out_pseudo()
        epoch = 0
        for phase in self.recipe.phases:
            if phase.pseudo and (epoch >= self.done or not self.pseudo):  # earlier checkpoints keep none
                self._pseudo_label(phase.size)
            for index in range(phase.epochs):
                if epoch >= self.done:
                    row = self._epoch(phase, index, epoch)
                    state = (self.network, self.average, self.optimizer)
                    checkpoint.save(self.folder, *state, epoch + 1, self.pseudo, init=self.init)
                    self._log(row)
                    report(row)
                epoch += 1

    def _epoch(self, phase: Phase, index: int, epoch: int) -> dict[str, float]:
        started, losses = time.perf_counter(), []
        n_steps = self.n_steps
        self.network.train()
        self.network.freeze(None if phase.heads_only else phase.frozen_layers)
        weights = self._class_weights(phase.class_weight_power)
        for step, (images, labels) in enumerate(self._batches(phase, n_steps, epoch)):
            done = index * n_steps + step
            share = done / max(1, phase.epochs * n_steps)
            lr = phase.lr_end + (phase.lr_start - phase.lr_end) * 0.5 * (1 + math.cos(math.pi * share))
            for group in self.optimizer.param_groups:
                group["lr"] = group["scale"] * lr * min(1.0, (done + 1) / max(1, self.recipe.warmup_steps))
            losses.append(self._step(images, labels, weights, phase))
            self.average.update_parameters(self.network)
        size = phase.size
        row: dict[str, float] = {"epoch": epoch + 1, "size": size, "lr": lr, "loss": sum(losses) / len(losses)}
        row |= measure(self.averaged, self.held_out, size)
        return row | {"seconds": time.perf_counter() - started}

    def _batches(self, phase: Phase, n_steps: int, epoch: int) -> Iterator[tuple[Tensor, Mapping[str, Tensor]]]:
        how = Augmentation(keep_whole=phase.keep_whole).weakened(phase.strength)
        seed = self.recipe.seed * 1000 + epoch
        drawn, shifts = self._drawn(phase.drawn_power)
        return batches(self.pools, self.recipe.shares, n_steps, phase.size, how, seed, drawn, shifts)

    def _drawn(self, power: float) -> tuple[list[Tensor], list[Tensor]]:
        """How often each picture of each pool is drawn, and what the mix drawn adds to the natural logits, (8,) each."""
        faces = self.pools[0]
        target = faces.expression.nan_to_num().argmax(1)
        shares = drawn_shares(target, power)
        mix = torch.zeros(len(AFFECTNET_8)).index_add_(0, target, shares)
        natural = torch.bincount(target, minlength=len(AFFECTNET_8)).float()
        shift = (mix.clamp(min=1) / natural.clamp(min=1)).log()
        attributes, *made = self.pools[1:]
        often = looked_shares(attributes.expression, mix / mix.sum(), self.recipe.looks)
        alike = [torch.ones(len(pool)) for pool in made]
        made_mix = (pool.expression.sum(0) * len(faces) / len(pool) for pool in made)
        own = [(one.clamp(min=1) / natural.clamp(min=1)).log() for one in made_mix]
        return [shares, often, *alike], [shift, shift, *own]

    def _class_weights(self, power: float) -> dict[str, Tensor]:
        faces, attributes = self.pools[:2]
        n_ethnicity = torch.bincount(attributes.ethnicity, minlength=len(ETHNICITY_5))
        return {
            "expression": class_weights(faces.expression.sum(dim=0), power),
            "gender": torch.ones(len(GENDER)),
            "ethnicity": class_weights(n_ethnicity, power),
        }

    def _step(
        self, images: Tensor, labels: Mapping[str, Tensor], weights: Mapping[str, Tensor], phase: Phase
    ) -> float:
        if self.network.merged and not phase.sam:
            self.optimizer.zero_grad()
            return self._step_in_parts(images, labels, weights)
        reading = self._read(images)

        def loss(every: int = 1) -> Tensor:
            with torch.autocast("cpu", torch.bfloat16, enabled=not self.network.merged):
                logits = self.network(images[::every])
            part = {name: label[::every] for name, label in labels.items()}
            said = {name: soft[::every] for name, soft in reading.items()}
            return multitask_loss(logits, part, weights, self.recipe, said)

        if phase.sam:
            climb = partial(loss, phase.climb_every)
            return sam_step(self.optimizer, self.network, loss, self.recipe.rho, climb)
        self.optimizer.zero_grad()
        value = loss()
        value.backward()
        self.optimizer.step()
        return float(value.detach())

    def _step_in_parts(self, images: Tensor, labels: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> float:
        """One step whose gradients are those of ``N_PARTS`` parts, computed by threads of one core each.

        Every n-th picture makes a part, so each holds the same share of every pool, to a picture, and the mean of their losses is
        nearly that of the batch; of looks a part may hold more than another. Dropout draws in the order of the threads: two
        runs differ by that.
        """
        learning = [p for p in self.network.parameters() if p.requires_grad]

        def part(first: int) -> tuple[float, tuple[Tensor, ...]]:
            own = {name: label[first::N_PARTS] for name, label in labels.items()}
            with torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.bfloat16):
                logits = self.network(images[first::N_PARTS])
            reading = self._read(images[first::N_PARTS])
            value = multitask_loss(logits, own, weights, self.recipe, reading) / N_PARTS
            return float(value.detach()), torch.autograd.grad(value, learning)

        torch.set_num_threads(1)
        with ThreadPoolExecutor(self.recipe.n_threads) as pool:
            done = list(pool.map(part, range(N_PARTS)))
        torch.set_num_threads(self.recipe.n_threads)
        for row, parameter in enumerate(learning):
            parameter.grad = torch.stack([gradients[row] for _, gradients in done]).sum(0)
        self.optimizer.step()
        return sum(value for value, _ in done)

    def _read(self, images: Tensor) -> dict[str, Tensor]:
        return read_together(self.teachers, images) if self.recipe.taught else {}

    def _pseudo_label(self, size: int) -> None:
        """Give pictures without expression labels the teacher's reading of their grey version."""
        network, size = self.teachers[0] if self.teachers else (self.averaged, size)
        for position, pool in enumerate(self.pools):
            unknown = pool.expression.isnan().any(dim=1)
            if unknown.any():
                read = [
                    predict(network, grey(part), size)["expression"].softmax(dim=1)
                    for part in pool.images.split(PSEUDO_PART)
                ]
                self.pseudo[position] = torch.where(unknown[:, None], torch.cat(read), torch.nan)
        self._hand_out_pseudo()

    def _hand_out_pseudo(self) -> None:
        for position, reading in self.pseudo.items():
            if len(reading) != (n_pictures := len(self.pools[position])):
                raise FemoError(
                    f"{self.folder} holds a run that learns from {len(reading)} pictures which it labelled, "
                    f"expected {n_pictures} as in the data; name another folder with --run"
                )
            self.pools[position] = self.pools[position].with_pseudo(reading)

    def _log(self, row: Mapping[str, float]) -> None:
        path = self.folder / "log.csv"
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(row))
            if new:
                writer.writeheader()
            writer.writerow({name: f"{value:.6g}" for name, value in row.items()})
