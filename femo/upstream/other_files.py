"""Reads what is not ONNX: torch state dicts without running their pickle, and Keras files without TensorFlow."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from femo.errors import WeightsError
from femo.upstream.onnx_graph import need
from femo.upstream.steps import Array, Step

HEAD_PREFIXES = ("classifier.", "head.fc.", "fc.", "head.")
UNSAFE: type[Exception] = torch.serialization.pickle.UnpicklingError  # type: ignore[attr-defined]
"""What torch raises for a file that asks for more than tensors."""
N_KERAS_BLOCKS = 13
"""Depthwise-separable blocks of MobileNet v1 (Howard et al. 2017, table 1)."""


class Head(NamedTuple):
    """A head of a file: weight (K, D), bias (K,), and a hidden layer with ReLU before it, or None."""

    weight: Array
    bias: Array
    hidden: tuple[Array, Array] | None = None


def read_state_dict(path: Path) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the tensors of a state dict: those of the embedding network, and those of its head.

    Raises:
        WeightsError: The file is a pickled module or no torch file; loading it could run any code.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (UNSAFE, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise WeightsError(
            f"{path} is no plain state dict: a pickled module can run any code when it is read, so it is refused; "
            "use the ONNX file of the same network, or a state dict saved with torch.save(model.state_dict(), ...)"
        ) from error
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise WeightsError(f"{path} holds no tensors by name, so it is no state dict")
    tensors = {str(name).removeprefix("module."): value.float().numpy() for name, value in state.items()}
    head = {name: value for name, value in tensors.items() if name.startswith(HEAD_PREFIXES)}
    return {name: value for name, value in tensors.items() if name not in head}, head


def fit_state(tensors: Mapping[str, Array], network: torch.nn.Module, path: Path) -> dict[str, Array]:
    """Check a state dict against a network by name and shape.

    Raises:
        WeightsError: Names missing or left over, or shapes differ.
    """
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items() if value.ndim}
    given = {name: value for name, value in tensors.items() if value.ndim}
    missing, extra = sorted(wanted.keys() - given.keys()), sorted(given.keys() - wanted.keys())
    other = [name for name in sorted(wanted.keys() & given.keys()) if given[name].shape != wanted[name]]
    if missing or extra or other:
        raise WeightsError(
            f"{path} does not fit: missing {missing[:3]}, extra {extra[:3]}, other shape {other[:3]}"
        )
    return given


def head_of_state(tensors: Mapping[str, Array]) -> Head | None:
    """Return the one linear layer among a state dict's head tensors; a Sequential around it is seen through."""
    weights = [name for name, value in tensors.items() if name.endswith("weight") and value.ndim == 2]
    if len(weights) != 1:
        return None
    bias = tensors.get(weights[0].removesuffix("weight") + "bias")
    return None if bias is None else Head(tensors[weights[0]], bias)


def read_keras(path: Path) -> tuple[list[Step], dict[str, Head]]:
    """Read a Keras MobileNet v1 with its dense layers.

    Returns:
        The convolutions and norms in order, and the heads by layer name; ``feats`` becomes their hidden layer.

    Raises:
        WeightsError: No such file, or another layout.
    """
    h5py = need("h5py")
    try:
        with h5py.File(path, "r") as file:
            layers = _KerasLayers(file, path)
            return layers.base(), layers.heads()
    except OSError as error:
        raise WeightsError(f"{path} is not a Keras file in HDF5: {error}") from error
    except KeyError as error:
        raise WeightsError(f"{path} is no MobileNet v1 as the author saved it: {error}") from error


class _KerasLayers:
    """Layers of an open file by name. Keras keeps kernels as (h, w, in, out) and dense weights as (in, out)."""

    def __init__(self, file: Any, path: Path) -> None:
        self.path = path
        self.group = file.get("model_weights", file)
        raw = file.attrs.get("model_config", "{}")
        config = json.loads(raw.decode() if isinstance(raw, bytes) else raw).get("config", {})
        layers = config.get("layers", []) if isinstance(config, dict) else config
        self.config = {entry["config"]["name"]: entry["config"] for entry in layers if "name" in entry["config"]}

    def arrays(self, layer: str) -> dict[str, Array]:
        """Return one layer's arrays by their last name part: kernel, bias, gamma, ..."""
        group = self.group[layer]
        names = [n.decode() if isinstance(n, bytes) else str(n) for n in group.attrs["weight_names"]]
        return {n.split("/")[-1].split(":")[0]: np.asarray(group[n], np.float32) for n in names}

    def base(self) -> list[Step]:
        steps = [self.conv("conv1"), self.norm("conv1_bn")]
        for number in range(1, N_KERAS_BLOCKS + 1):
            for part in ("dw", "pw"):
                steps += [self.conv(f"conv_{part}_{number}"), self.norm(f"conv_{part}_{number}_bn")]
        return steps

    def conv(self, layer: str) -> Step:
        arrays = self.arrays(layer)
        if "depthwise_kernel" in arrays:
            return Step("conv", {"weight": arrays["depthwise_kernel"].transpose(2, 3, 0, 1)})
        bias = {"bias": arrays["bias"]} if "bias" in arrays else {}
        return Step("conv", {"weight": arrays["kernel"].transpose(3, 2, 0, 1), **bias})

    def norm(self, layer: str) -> Step:
        arrays = self.arrays(layer)
        eps = float(self.config.get(layer, {}).get("epsilon", 1e-3))
        parts = {"weight": "gamma", "bias": "beta", "mean": "moving_mean", "var": "moving_variance"}
        return Step("norm", {ours: arrays[keras] for ours, keras in parts.items()}, eps=eps)

    def dense(self, layer: str) -> tuple[Array, Array]:
        arrays = self.arrays(layer)
        return np.ascontiguousarray(arrays["kernel"].T), arrays["bias"]

    def heads(self) -> dict[str, Head]:
        hidden = None
        if "feats" in self.group:
            activation = self.config.get("feats", {}).get("activation", "relu")
            if activation != "relu":
                raise WeightsError(f"{self.path} has a {activation} layer before its heads, expected relu")
            hidden = self.dense("feats")
        return {
            name: Head(*self.dense(name), hidden) for name in self.group if str(name).endswith(("_pred", "_preds"))
        }
