"""The recipe of SISY 2021, section 3.2, as code: several tasks, one lightweight network.

New heads first with the rest frozen (where a network is given to start from), then all weights; Adam, alone or inside
SAM; weighted softmax loss; an exponential moving average of the weights is what gets evaluated and shipped. A run is a
folder with ``log.csv``, ``checkpoint.safetensors`` and ``checkpoint.json``; a killed run goes on from the last epoch.
"""

import csv
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from femo.labels import AFFECTNET_8, AGE, ETHNICITY_5, GENDER
from femo.models.find import find_model
from femo.models.weights import find_weights
from femo.networks.backbone import build_backbone
from femo.training import checkpoint
from femo.training.faces.augment import Augmentation
from femo.training.faces.network import FaceNetwork
from femo.training.faces.sam import sam_step
from femo.training.faces.samples import Pool, as_rgb, batches, normalise
from femo.training.losses import age_loss, class_loss, class_weights, weighted_softmax

HEADS = {"expression": len(AFFECTNET_8), "age": len(AGE), "gender": len(GENDER), "ethnicity": len(ETHNICITY_5)}


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of training at one resolution.

    Attributes:
        size: Side of the input in pixels.
        epochs: Passes over the first pool.
        lr_start: Learning rate at its beginning (reached after ``warmup_steps``).
        lr_end: Learning rate at its end, by cosine.
        sam: Step with SAM, two passes each.
        climb_every: SAM climbs by every n-th picture of the batch; 1 takes all, 3 costs a third more than no SAM.
        heads_only: Keep the backbone frozen.
        pseudo: Label the other pools with the averaged network's reading of their grey version first.
        keep_whole: Share of pictures shown nearly whole; more of it at the end closes the gap to evaluation.
        class_weight_power: Power of equation 2's weights; 0 at the end leaves the classes as frequent as they are.
    """

    size: int
    epochs: int
    lr_start: float
    lr_end: float
    sam: bool = False
    climb_every: int = 1
    heads_only: bool = False
    pseudo: bool = False
    keep_whole: float = 0.4
    class_weight_power: float = 0.2


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a run, written beside its result."""

    arch: str
    arch_args: Mapping[str, Any]
    phases: Sequence[Phase]
    shares: Sequence[int] = (84, 44)
    weight_decay: float = 0.05
    ema_decay: float = 0.998
    warmup_steps: int = 300
    majority_share: float = 0.4
    task_weights: Mapping[str, float] = field(
        default_factory=lambda: {"expression": 1.0, "age": 0.12, "gender": 0.25, "ethnicity": 0.3}
    )
    pseudo_weight: float = 0.3
    dropout: float = 0.3
    rho: float = 0.05
    seed: int = 1
    n_threads: int = 2

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def multitask_loss(
    logits: Mapping[str, Tensor], labels: Mapping[str, Tensor], weights: Mapping[str, Tensor], recipe: Recipe
) -> Tensor:
    """Sum the task losses; a label that is missing adds nothing."""
    parts = {
        "expression": weighted_softmax(logits["expression"], labels["expression"], weights["expression"]),
        "age": age_loss(logits["age"], labels["age_years"]),
        "gender": class_loss(logits["gender"], labels["gender"], weights["gender"], smoothing=0.05),
        "ethnicity": class_loss(logits["ethnicity"], labels["ethnicity"], weights["ethnicity"], smoothing=0.05),
    }
    pseudo = weighted_softmax(logits["expression"], labels["pseudo"], torch.ones(len(AFFECTNET_8)))
    parts["expression"] = parts["expression"] + recipe.pseudo_weight * pseudo
    return torch.stack([recipe.task_weights[name] * part for name, part in parts.items()]).sum()


@torch.inference_mode()
def predict(
    network: FaceNetwork, images: Tensor, size: int, *, mirror: bool = False, batch: int = 256
) -> dict[str, Tensor]:
    """Return logits (N, K) per head for uint8 images (N, C, S, S), squashed to ``size`` as at run time.

    With ``mirror`` they are the mean over the pictures and their mirror pictures, as photos are read.
    """
    if mirror:
        views = [predict(network, view, size, batch=batch) for view in (images, images.flip(-1))]
        return {name: (views[0][name] + views[1][name]) / 2 for name in views[0]}
    network.eval()
    outputs: dict[str, list[Tensor]] = {}
    for start in range(0, len(images), batch):
        part = as_rgb(images[start : start + batch])
        part = torch.nn.functional.interpolate(part, size=(size, size), mode="bilinear", antialias=True)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(normalise(part))
        for name, value in logits.items():
            outputs.setdefault(name, []).append(value)
    return {name: torch.cat(parts) for name, parts in outputs.items()}


def measure(network: FaceNetwork, held_out: Sequence[Pool], size: int) -> dict[str, float]:
    """Return expression, gender and ethnicity accuracy (0-1) and age error in years on the held-out pools."""
    scores: dict[str, float] = {}
    years = torch.arange(1, len(AGE) + 1, dtype=torch.float32)
    for pool in held_out:
        logits = predict(network, pool.images, size)
        if not pool.expression.isnan().any():
            hit = logits["expression"].argmax(1) == pool.expression.argmax(1)
            scores["expression_acc"] = float(hit.float().mean())
        if (pool.gender >= 0).all():
            scores["gender_acc"] = float((logits["gender"].argmax(1) == pool.gender).float().mean())
            scores["ethnicity_acc"] = float((logits["ethnicity"].argmax(1) == pool.ethnicity).float().mean())
            expected = (logits["age"].softmax(1) * years).sum(1)
            scores["age_mae_years"] = float((expected - pool.age_years).abs().mean())
    return scores


class Trainer:
    """One run: network, averaged network, optimizer, and where they are kept."""

    def __init__(self, recipe: Recipe, pools: Sequence[Pool], held_out: Sequence[Pool], folder: Path) -> None:
        torch.set_num_threads(recipe.n_threads)
        torch.manual_seed(recipe.seed)
        self.recipe, self.pools, self.held_out, self.folder = recipe, list(pools), list(held_out), folder
        self.network = FaceNetwork(recipe.arch, recipe.arch_args, HEADS, recipe.dropout)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = AveragedModel(
            self.network,
            multi_avg_fn=get_ema_multi_avg_fn(recipe.ema_decay),
            use_buffers=True,
        )
        self.optimizer = torch.optim.AdamW(self.network.parameters(), weight_decay=recipe.weight_decay)
        self.done = checkpoint.resume(folder, self.network, self.average, self.optimizer)

    @property
    def averaged(self) -> FaceNetwork:
        """The network with averaged weights, which is what gets evaluated and shipped."""
        module = self.average.module
        assert isinstance(module, FaceNetwork)
        return module

    def start_from(self, name: str) -> None:
        """Take the backbone of a model folder; a run that has checkpoints keeps its own."""
        if self.done:
            return
        spec = find_model(name)
        backbone = build_backbone(spec, find_weights(spec)).state_dict()
        for network in (self.network, self.averaged):
            network.backbone.load_state_dict(backbone)

    def run(self, report: Callable[[dict[str, float]], None]) -> None:
        """Train every epoch that is not done yet; ``report`` gets each row of the log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "recipe.json").write_text(json.dumps(self.recipe.to_dict(), indent=2))
        epoch = 0
        for phase in self.recipe.phases:
            if phase.pseudo and epoch + phase.epochs > self.done:
                self._pseudo_label(phase.size)
            for index in range(phase.epochs):
                if epoch >= self.done:
                    row = self._epoch(phase, index, epoch)
                    checkpoint.save(self.folder, self.network, self.average, self.optimizer, epoch + 1)
                    self._log(row)
                    report(row)
                epoch += 1

    def _epoch(self, phase: Phase, index: int, epoch: int) -> dict[str, float]:
        started, losses = time.perf_counter(), []
        n_steps = len(self.pools[0]) // self.recipe.shares[0]
        self.network.train()
        self.network.freeze_backbone(phase.heads_only)
        seed = self.recipe.seed * 1000 + epoch
        how = Augmentation(keep_whole=phase.keep_whole)
        weights = self._class_weights(phase.class_weight_power)
        drawn = batches(self.pools, self.recipe.shares, n_steps, phase.size, how, seed)
        for step, (images, labels) in enumerate(drawn):
            done = index * n_steps + step
            share = done / max(1, phase.epochs * n_steps)
            lr = phase.lr_end + (phase.lr_start - phase.lr_end) * 0.5 * (1 + math.cos(math.pi * share))
            for group in self.optimizer.param_groups:
                group["lr"] = lr * min(1.0, (done + 1) / self.recipe.warmup_steps)
            losses.append(self._step(images, labels, weights, phase))
            self.average.update_parameters(self.network)
        size = phase.size
        row: dict[str, float] = {"epoch": epoch + 1, "size": size, "lr": lr, "loss": sum(losses) / len(losses)}
        row |= measure(self.averaged, self.held_out, size)
        return row | {"seconds": time.perf_counter() - started}

    def _class_weights(self, power: float) -> dict[str, Tensor]:
        faces, attributes = self.pools[0], self.pools[-1]
        n_ethnicity = torch.bincount(attributes.ethnicity, minlength=len(ETHNICITY_5))
        return {
            "expression": class_weights(faces.expression.sum(dim=0), power),
            "gender": torch.ones(len(GENDER)),
            "ethnicity": class_weights(n_ethnicity, power),
        }

    def _step(
        self, images: Tensor, labels: Mapping[str, Tensor], weights: Mapping[str, Tensor], phase: Phase
    ) -> float:
        def loss(every: int = 1) -> Tensor:
            with torch.autocast("cpu", torch.bfloat16):
                logits = self.network(images[::every])
            part = {name: label[::every] for name, label in labels.items()}
            return multitask_loss(logits, part, weights, self.recipe)

        if phase.sam:
            climb = partial(loss, phase.climb_every)
            return sam_step(self.optimizer, self.network, loss, self.recipe.rho, climb)
        self.optimizer.zero_grad()
        value = loss()
        value.backward()
        self.optimizer.step()
        return float(value.detach())

    def _pseudo_label(self, size: int) -> None:
        """Give pools without expression labels the averaged network's reading of their grey version."""
        for position, pool in enumerate(self.pools):
            if pool.expression.isnan().all():
                grey = (pool.images.float() * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(
                    1, keepdim=True
                )
                read = predict(self.averaged, grey.to(torch.uint8), size)["expression"].softmax(dim=1)
                self.pools[position] = pool.with_pseudo(read)

    def _log(self, row: Mapping[str, float]) -> None:
        path = self.folder / "log.csv"
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(row))
            if new:
                writer.writeheader()
            writer.writerow({name: f"{value:.6g}" for name, value in row.items()})
