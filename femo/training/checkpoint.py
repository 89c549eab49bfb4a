"""Keeps a run on disk without pickle: tensors in safetensors, counters in JSON.

Conventions: names are ``network.*``, ``average.*`` and ``optimizer.<index>.<moment>``. Files are written beside their
final place and renamed, so a kill leaves the last whole checkpoint.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

TENSORS = "checkpoint.safetensors"


def save(
    folder: Path, network: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, n_epochs: int
) -> None:
    """Write the whole state after ``n_epochs`` finished epochs."""
    tensors: dict[str, Tensor] = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in moments.items()}
    partial = folder / f"{TENSORS}.partial"
    tensors = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
    save_file(tensors, partial, metadata={"epochs": json.dumps(n_epochs)})
    partial.replace(folder / TENSORS)


def resume(folder: Path, network: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Load the last checkpoint, if there is one, and return the number of finished epochs."""
    path = folder / TENSORS
    if not path.exists():
        return 0
    with safe_open(path, framework="pt") as file:
        n_epochs = int(json.loads(file.metadata()["epochs"]))
    parts: dict[str, dict[str, Tensor]] = {"network": {}, "average": {}, "optimizer": {}}
    for name, value in load_file(path).items():
        kind, rest = name.split(".", 1)
        parts[kind][rest] = value
    network.load_state_dict(parts["network"])
    average.load_state_dict(parts["average"])
    state: dict[int, dict[str, Any]] = {}
    for name, value in parts["optimizer"].items():
        index, moment = name.split(".", 1)
        state.setdefault(int(index), {})[moment] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return n_epochs
