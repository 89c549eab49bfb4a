"""Keeps a run on disk without pickle: tensors in safetensors, counters as JSON in the file's header.

Conventions: a file takes the place of the one before when it is whole, so a kill leaves the last whole checkpoint. A run
that is one network, its average and one optimizer names its tensors ``network.*``, ``average.*`` and
``optimizer.<index>.<moment>``; soft labels that it learns from ``pseudo.<position of the pool>``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from femo.atomic import write_bytes
from femo.errors import FemoError

TENSORS = "checkpoint.safetensors"


def write_state(path: Path, tensors: Mapping[str, Tensor], **counters: Any) -> None:
    """Write tensors and counters (plain JSON values).

    Raises:
        FemoError: The folder cannot be written to.
        OSError: The disk is full.
    """
    whole = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
    write_bytes(path, to_bytes(whole, {name: json.dumps(value) for name, value in counters.items()}))


def read_state(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return tensors and counters of a file that is there.

    Raises:
        OSError: It cannot be read.
        SafetensorError: It is damaged.
    """
    with safe_open(path, framework="pt") as file:
        counters = {name: json.loads(value) for name, value in (file.metadata() or {}).items()}
        return {name: file.get_tensor(name) for name in file.keys()}, counters  # noqa: SIM118


def save(
    folder: Path,
    network: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
    n_epochs: int,
    pseudo: Mapping[int, Tensor] | None = None,
    **told: Any,
) -> None:
    """Write the whole state after ``n_epochs`` finished epochs.

    Args:
        folder: Of the run.
        network: As it is.
        average: Its average.
        optimizer: With its moments.
        n_epochs: Epochs that are done.
        pseudo: Position of a pool to its soft labels: an earlier network read them, so they cannot be made again.
        told: Plain JSON values that belong to these weights.
    """
    tensors: dict[str, Tensor] = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in moments.items()}
    tensors |= {f"pseudo.{position}": labels for position, labels in (pseudo or {}).items()}
    write_state(folder / TENSORS, tensors, epochs=n_epochs, **told)


def counters_of(folder: Path) -> dict[str, Any]:
    """Return what a run's checkpoint tells beside its tensors; nothing where there is none."""
    path = folder / TENSORS
    if not path.exists():
        return {}
    with safe_open(path, framework="pt") as file:
        return {name: json.loads(value) for name, value in (file.metadata() or {}).items()}


def epochs_done(folder: Path) -> int:
    """Return the number of finished epochs of a run's folder, 0 where there is no checkpoint."""
    return int(counters_of(folder).get("epochs", 0))


def read_pseudo(folder: Path) -> dict[int, Tensor]:
    """Return the soft labels that a run's checkpoint was learning from by the position of their pool; none without it."""
    path = folder / TENSORS
    if not path.exists():
        return {}
    with safe_open(path, framework="pt") as file:
        names = [name for name in file.keys() if name.startswith("pseudo.")]  # noqa: SIM118
        return {int(name.removeprefix("pseudo.")): file.get_tensor(name) for name in names}


def resume(folder: Path, network: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Load the last checkpoint, if there is one, and return the number of finished epochs."""
    path = folder / TENSORS
    if not path.exists():
        return 0
    tensors, counters = read_state(path)
    parts: dict[str, dict[str, Tensor]] = {"network": {}, "average": {}, "optimizer": {}, "pseudo": {}}
    for name, value in tensors.items():
        kind, rest = name.split(".", 1)
        parts[kind][rest] = value
    network.load_state_dict(parts["network"])
    average.load_state_dict(parts["average"])
    state: dict[int, dict[str, Any]] = {}
    for name, value in parts["optimizer"].items():
        index, moment = name.split(".", 1)
        state.setdefault(int(index), {})[moment] = value
    _check_moments(path, state, optimizer)
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return int(counters["epochs"])


def _check_moments(
    path: Path, state: Mapping[int, Mapping[str, Tensor]], optimizer: torch.optim.Optimizer
) -> None:
    """Refuse moments of a run whose parameters stood in another order: they are known by their place alone."""
    learnt = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for index, moments in state.items():
        for name, value in moments.items():
            if index >= len(learnt) or (value.ndim and value.shape != learnt[index].shape):
                raise FemoError(
                    f"{path} was begun with layers in another order, of which {name} of parameter {index} does not fit; "
                    "begin again in another folder"
                )
