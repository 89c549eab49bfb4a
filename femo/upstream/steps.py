"""Weights in the order in which a network uses them, and their mapping onto a torch module.

An exported graph has no reliable names: the exporter folds batch norms into convolutions and numbers what is left.
What it keeps is the order of execution and the shapes, and so the k-th weighted operation of the file is the k-th
weighted module that the torch network runs. Names that did survive must agree. The caller then runs both.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from femo.errors import WeightsError

Array = npt.NDArray[np.float32]
StepKind = Literal["conv", "linear", "norm", "prelu", "vector"]


@dataclass(frozen=True, slots=True)
class Step:
    """One weighted operation of a file.

    Attributes:
        kind: ``conv`` weight (O, I, h, w) and bias; ``linear`` weight (O, I) and bias; ``norm`` weight, bias, mean and
            var (C,); ``prelu`` slopes (C,); ``vector`` an array that is multiplied or added, (C,).
        arrays: By the names above; ``bias`` may be absent.
        names: What the file calls them, where it does.
        eps: Of a norm.
    """

    kind: StepKind
    arrays: dict[str, Array]
    names: dict[str, str] = field(default_factory=dict)
    eps: float = 1e-5


def weighted_modules(network: nn.Module, input_size: int) -> list[tuple[str, nn.Module]]:
    """Return the modules that own parameters, in the order in which one pass runs them.

    Raises:
        WeightsError: A parameter is used outside its module, or a module runs twice.
    """
    order: list[tuple[str, nn.Module]] = []
    own = {name: module for name, module in network.named_modules() if list(module.parameters(recurse=False))}
    hooks = [
        module.register_forward_pre_hook(lambda module, _, name=name: order.append((name, module)))
        for name, module in own.items()
    ]
    with torch.inference_mode():
        network.eval()(torch.zeros(1, 3, input_size, input_size))
    for hook in hooks:
        hook.remove()
    if sorted(name for name, _ in order) != sorted(own):
        raise WeightsError(
            "this architecture does not run each of its layers exactly once, so no file can be mapped"
        )
    return order


def map_steps(network: nn.Module, steps: list[Step], input_size: int) -> dict[str, Array]:
    """Return the network's state by parameter name, taken from a file's steps.

    Args:
        network: The embedding network, with any weights.
        steps: Of the file, without the head.
        input_size: Side of its input in pixels.

    Raises:
        WeightsError: A layer is missing, left over, or of another shape; the message names the first.
    """
    mapper = _Mapper(steps)
    for name, module in weighted_modules(network, input_size):
        mapper.take(name, module)
    mapper.finish()
    known = {name for name, value in network.state_dict().items() if value.ndim}
    astray = [(said, name) for said, name in mapper.said.items() if said in known and said != name]
    if astray:
        raise WeightsError(f"the file calls a weight {astray[0][0]!r} where the network has {astray[0][1]!r}")
    return mapper.state


class _Mapper:
    """Walks the steps of a file along the modules of a network."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self.at = 0
        self.state: dict[str, Array] = {}
        self.said: dict[str, str] = {}
        self.spare_bias: Array | None = None
        self.after_conv = False

    def take(self, name: str, module: nn.Module) -> None:
        """Fill one module from the next step or steps."""
        after_conv, self.after_conv = self.after_conv, isinstance(module, nn.Conv2d)
        if isinstance(module, nn.Conv2d):
            self._conv(name, module)
        elif isinstance(module, nn.Linear):
            self._linear(name, module)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            self._batch_norm(name, module, after_conv)
        elif isinstance(module, nn.GroupNorm | nn.LayerNorm):
            self._other_norm(name, module)
        elif isinstance(module, nn.PReLU):
            step = self._next("prelu", name)
            self._put(f"{name}.weight", step, "weight", module.weight)
        else:
            raise WeightsError(f"{name} is a {type(module).__name__}, which cannot be mapped from a file")

    def finish(self) -> None:
        """Check that nothing is left over."""
        left = [step for step in self.steps[self.at :] if step.kind != "vector"]
        if left or self.spare_bias is not None:
            raise WeightsError(
                f"the file has {len(left)} more weighted layers than the network: another architecture"
            )

    def _next(self, kind: StepKind, name: str) -> Step:
        """Return the next step, which must be of this kind; constants in between belong to no layer."""
        if self.spare_bias is not None:
            raise WeightsError(
                f"the file adds a bias before {name}, where the network has none: another architecture"
            )
        while kind != "vector" and self.at < len(self.steps) and self.steps[self.at].kind == "vector":
            self.at += 1
        if self.at == len(self.steps) or self.steps[self.at].kind != kind:
            found = "ends" if self.at == len(self.steps) else f"has a {self.steps[self.at].kind}"
            raise WeightsError(f"the network has a {kind} at {name}, where the file {found}: another architecture")
        self.at += 1
        return self.steps[self.at - 1]

    def _peek(self) -> str:
        return self.steps[self.at].kind if self.at < len(self.steps) else ""

    def _put(self, target: str, step: Step, part: str, value: Any) -> None:
        if part not in step.arrays:
            raise WeightsError(f"the file has no constant {part} for {target}, so it cannot be mapped")
        array = step.arrays[part].reshape(-1) if value.ndim == 1 else step.arrays[part]
        if array.shape != tuple(value.shape):
            raise WeightsError(
                f"{target} has shape {tuple(value.shape)} in the network and {array.shape} in the file: "
                "another architecture"
            )
        self.state[target] = np.ascontiguousarray(array, np.float32)
        if part in step.names:
            self.said[step.names[part]] = target

    def _conv(self, name: str, module: nn.Conv2d) -> None:
        step = self._next("conv", name)
        self._put(f"{name}.weight", step, "weight", module.weight)
        bias = step.arrays.get("bias")
        if module.bias is None:
            self.spare_bias = bias
        else:
            filled = Step("conv", {"bias": np.zeros(module.out_channels, np.float32), **step.arrays}, step.names)
            self._put(f"{name}.bias", filled, "bias", module.bias)

    def _linear(self, name: str, module: nn.Linear) -> None:
        step = self._next("linear", name)
        self._put(f"{name}.weight", step, "weight", module.weight)
        if module.bias is not None:
            if "bias" in step.arrays:
                self._put(f"{name}.bias", step, "bias", module.bias)
            else:
                self._put(f"{name}.bias", self._next("vector", name), "value", module.bias)

    def _batch_norm(self, name: str, module: nn.modules.batchnorm._BatchNorm, after_conv: bool) -> None:
        if self._peek() != "norm":
            self._folded_norm(name, module, after_conv)
            return
        bias, self.spare_bias = self.spare_bias, None
        step = self._next("norm", name)
        variance = step.arrays["var"] + np.float32(step.eps - module.eps)
        mean = step.arrays["mean"] - (0 if bias is None else bias)
        step = Step("norm", {**step.arrays, "var": variance, "mean": mean}, step.names)
        parts = {"weight": "weight", "bias": "bias", "running_mean": "mean", "running_var": "var"}
        for target, part in parts.items():
            self._put(f"{name}.{target}", step, part, getattr(module, target))

    def _folded_norm(self, name: str, module: nn.modules.batchnorm._BatchNorm, after_conv: bool) -> None:
        """Make the norm pass its input on, plus the bias of a convolution that has no place for one."""
        n_channels = module.num_features
        bias = np.zeros(n_channels, np.float32) if self.spare_bias is None else self.spare_bias
        if not after_conv or bias.shape != (n_channels,):
            raise WeightsError(f"the file has neither {name} nor a convolution that it is folded into")
        self.state[f"{name}.weight"] = np.ones(n_channels, np.float32)
        self.state[f"{name}.bias"] = np.ascontiguousarray(bias, np.float32)
        self.state[f"{name}.running_mean"] = np.zeros(n_channels, np.float32)
        self.state[f"{name}.running_var"] = np.full(n_channels, 1 - module.eps, np.float32)
        self.spare_bias = None

    def _other_norm(self, name: str, module: nn.GroupNorm | nn.LayerNorm) -> None:
        if self._peek() == "norm":
            step = self._next("norm", name)
            self._put(f"{name}.weight", step, "weight", module.weight)
            self._put(f"{name}.bias", step, "bias", module.bias)
            return
        self._put(f"{name}.weight", self._next("vector", name), "value", module.weight)
        self._put(f"{name}.bias", self._next("vector", name), "value", module.bias)
