"""Frame-level heads: linear or one hidden layer, one task or several, trained side by side on one pass over the data.

CVPR-W 2022, section 2, step 4: Adam with learning rate 0.001, 20 epochs, early stopping. Reading is the slow part, so
all heads of an ablation learn from the same batches.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from femo.training.abaw.checkpoint import Checkpoint
from femo.training.abaw.dataset.tasks import OUTPUTS, AbawTask, Part, columns
from femo.training.abaw.features import CachedInput, Columns
from femo.training.abaw.losses import activate, count_weights, task_loss
from femo.training.abaw.metrics import count_au, count_expr, count_va, main_score
from femo.training.abaw.samples import Samples
from femo.types import Floats

HIDDEN: Final = 128


@dataclass(frozen=True, slots=True)
class HeadRecipe:
    """One head, and how it is trained.

    Attributes:
        input: What it reads.
        hidden: Neurons of the hidden layer, 0 for a linear head.
        epochs: At most; 1 or more.
        patience: Epochs without a better validation score before it stops; 1 or more.
        lr: Of Adam.
        batch: Frames in a batch.
        seed: Of weights and order.
    """

    input: CachedInput = "embedding"
    hidden: int = HIDDEN
    epochs: int = 20
    patience: int = 5
    lr: float = 1e-3
    batch: int = 512
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "patience"):
            if (number := getattr(self, name)) < 1:
                raise ValueError(f"{name} is {number}, expected 1 or more: without an epoch nothing is trained")

    @property
    def method(self) -> str:
        """Name as in the paper's tables."""
        name = {
            "embedding": "embeddings",
            "scores": "scores",
            "logits": "logits",
            "embedding+scores": "embeddings + scores",
        }[self.input]
        return f"{name}, 1 hidden layer" if self.hidden else name


def _linear(layer: Any, rows: Tensor) -> Tensor:
    """Weights times rows, not rows times weights: with few outputs this product takes half the time."""
    return torch.addmm(layer.bias[:, None], layer.weight, rows.t()).t()


class HeadNet(nn.Module):
    """Optional hidden layer with ReLU, shared by one output layer per part."""

    def __init__(self, recipe: HeadRecipe, n_inputs: int, parts: Sequence[Part]) -> None:
        super().__init__()
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.parts = tuple(parts)
        self.hidden = nn.Linear(n_inputs, recipe.hidden) if recipe.hidden else None
        self.out = nn.ModuleDict({part: nn.Linear(recipe.hidden or n_inputs, OUTPUTS[part]) for part in parts})

    def forward(self, rows: Tensor) -> dict[str, Tensor]:
        """Map inputs (N, D) to logits (N, K) per part."""
        if self.hidden is not None:
            rows = functional.relu(_linear(self.hidden, rows))
        return {part: _linear(layer, rows) for part, layer in self.out.items()}

    def round_to_storage(self) -> None:
        """Round matrices to float16 as a model folder stores them, so that scores hold for what is written."""
        with torch.no_grad():
            for parameter in self.parameters():
                if parameter.ndim > 1:
                    parameter.copy_(parameter.half().float())


class EarlyStopping:
    """Remembers the best score; stops after ``patience`` epochs without a better one."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best = float("-inf")
        self.best_epoch = 0
        self.epoch = 0

    def update(self, score: float) -> bool:
        """Take the score of the next epoch; returns whether it is the best so far."""
        self.epoch += 1
        if score > self.best:
            self.best, self.best_epoch = score, self.epoch
            return True
        return False

    @property
    def stop(self) -> bool:
        """Whether to stop now."""
        return self.epoch - self.best_epoch >= self.patience


Values = dict[Part, Floats]
"""Part to float32 (N, K), in the order of ``Samples.in_order``."""


@torch.inference_mode()
def predict(samples: Samples, nets: Sequence[HeadNet], cached: Columns) -> list[Values]:
    """Run heads over all frames in order, reading them once."""
    out: list[Values] = [
        {part: np.empty((len(samples), OUTPUTS[part]), np.float32) for part in net.parts} for net in nets
    ]
    start = 0
    for _, rows, _ in samples.in_order():
        for net, values in zip(nets, out, strict=True):
            logits = net(rows[:, cached.of(net.recipe.input)])
            for part in net.parts:
                values[part][start : start + len(rows)] = activate(part, logits[part]).numpy()
        start += len(rows)
    return out


def frame_scores(values: Mapping[Part, Floats], labels: Floats, task: AbawTask) -> dict[Part, float]:
    """Return P_EXPR, P_VA, P_AU (threshold 0.5) of frames as they are.

    Args:
        values: Part to (N, K).
        labels: (N, C).
        task: The task.
    """
    out: dict[Part, float] = {}
    for part, at in columns(task).items():
        label, value = labels[:, at], values[part]
        if part == "expr":
            counts = count_expr(label[:, 0], value.argmax(axis=1))
        elif part == "va":
            counts = count_va(label, value)
        else:
            counts = count_au(label, (value.astype(np.float64) >= 0.5).astype(np.int64))
        out[part] = float(main_score(part, counts))
    return out


OnEpoch = Callable[[dict[str, float]], None]


@contextmanager
def _room_for_the_reader(recipes: Sequence[HeadRecipe]) -> Iterator[None]:
    """Leave a core to the thread that reads while linear heads train.

    Their products are too small to share, and a waiting torch thread would spin on the core that the reader needs.
    """
    n_threads = torch.get_num_threads()
    if not any(recipe.hidden for recipe in recipes):
        torch.set_num_threads(max(1, n_threads - 1))
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


class HeadTrainer:
    """Heads that learn from the same batches, each with its own optimizer and early stopping.

    Args:
        train: Frames to learn from.
        val: Frames whose main score chooses the epoch, as in the paper.
        recipes: Heads; batch, epochs and seed are those of the first.
        task: Parts and their losses.
        checkpoint: Keeps the state after every epoch; what a killed run left there is taken up.

    Attributes:
        n_epochs: Finished epochs.
    """

    def __init__(
        self,
        train: Samples,
        val: Samples,
        recipes: Sequence[HeadRecipe],
        task: AbawTask,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.train, self.val, self.recipes, self.task = train, val, tuple(recipes), task
        self.inputs = [train.cache.columns.of(recipe.input) for recipe in recipes]
        self.nets = [
            HeadNet(r, at.stop - at.start, task.parts) for r, at in zip(recipes, self.inputs, strict=True)
        ]
        self.optimizers = [torch.optim.Adam(net.parameters(), lr=net.recipe.lr, fused=True) for net in self.nets]
        self.stops = [EarlyStopping(recipe.patience) for recipe in recipes]
        self.best = [_copy(net) for net in self.nets]
        self.weights = count_weights(train.labels(), task)
        self.val_labels = np.concatenate(list(val.labels()))
        self.n_epochs, self.checkpoint = 0, checkpoint
        if checkpoint is not None and (kept := checkpoint.load()):
            self._restore(*kept)

    def run(self, report: OnEpoch = lambda row: None) -> list[HeadNet]:
        """Train, and return the heads at their best epoch, rounded as they will be stored.

        Args:
            report: Gets a row of figures per epoch.
        """
        with _room_for_the_reader(self.recipes):
            while self.n_epochs < self.recipes[0].epochs:
                live = [i for i, stop in enumerate(self.stops) if not stop.stop]
                if not live:
                    break
                row = self._epoch(self.n_epochs, live)
                self.n_epochs += 1
                if self.checkpoint is not None:
                    self.checkpoint.save(*self._state())
                report(row)
        for net, state in zip(self.nets, self.best, strict=True):
            net.load_state_dict(state)
            net.round_to_storage()
        return self.nets

    def _epoch(self, epoch: int, live: Sequence[int]) -> dict[str, float]:
        started, first = time.perf_counter(), self.recipes[0]
        for rows, labels in self.train.batches(first.batch, seed=first.seed * 1000 + epoch):
            for i in live:
                self._step(i, rows[:, self.inputs[i]], labels)
        row = {"epoch": epoch + 1.0, "frames_per_s": len(self.train) / (time.perf_counter() - started)}
        values = predict(self.val, [self.nets[i] for i in live], self.val.cache.columns)
        for i, value in zip(live, values, strict=True):
            score = float(np.sum(list(frame_scores(value, self.val_labels, self.task).values())))
            row[f"{self.recipes[i].method}: val"] = score
            if self.stops[i].update(score):
                self.best[i] = _copy(self.nets[i])
        return row

    def _state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything that the next epoch depends on."""
        tensors: dict[str, Tensor] = {}
        for i, (net, best, optimizer) in enumerate(zip(self.nets, self.best, self.optimizers, strict=True)):
            tensors |= {f"{i}.net.{name}": value for name, value in net.state_dict().items()}
            tensors |= {f"{i}.best.{name}": value for name, value in best.items()}
            for number, moments in optimizer.state_dict()["state"].items():
                tensors |= {f"{i}.adam.{number}.{name}": value for name, value in moments.items()}
        stops = [(stop.best, stop.best_epoch, stop.epoch) for stop in self.stops]
        return tensors, {"n_epochs": self.n_epochs, "stops": stops}

    def _restore(self, tensors: Mapping[str, Tensor], counters: Mapping[str, Any]) -> None:
        """Take up what ``_state`` gave."""
        self.n_epochs = int(counters["n_epochs"])
        for stop, values in zip(self.stops, counters["stops"], strict=True):
            stop.best, stop.best_epoch, stop.epoch = values
        adam: list[dict[int, dict[str, Tensor]]] = [{} for _ in self.nets]
        parts: list[dict[str, dict[str, Tensor]]] = [{"net": {}, "best": {}} for _ in self.nets]
        for key, value in tensors.items():
            head, kind, name = key.split(".", 2)
            if kind == "adam":
                number, moment = name.split(".")
                adam[int(head)].setdefault(int(number), {})[moment] = value
            else:
                parts[int(head)][kind][name] = value
        for i, (net, optimizer) in enumerate(zip(self.nets, self.optimizers, strict=True)):
            net.load_state_dict(parts[i]["net"])
            self.best[i] = parts[i]["best"]
            optimizer.load_state_dict(optimizer.state_dict() | {"state": adam[i]})

    def _step(self, i: int, rows: Tensor, labels: Tensor) -> None:
        self.optimizers[i].zero_grad()
        loss = task_loss(self.nets[i](rows), labels, self.task, self.weights)
        loss.backward()
        self.optimizers[i].step()


def _copy(net: HeadNet) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in net.state_dict().items()}
