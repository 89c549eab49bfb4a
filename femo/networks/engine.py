"""One torch module becomes one fast callable: numpy in, numpy out.

Conventions: the first axis is the batch and may have any length, zero too. A network that is compiled with
``normalise`` takes RGB uint8 ``(N, H, W, 3)`` and does ``(x / 255 - mean) / std`` inside its graph; otherwise it
takes float32 as the module does. Outputs are float32. On a CPU OpenVINO runs the graph, on CUDA torch does in
float16 with channels last. ``FEMO_DEVICE`` chooses: ``auto`` (default), ``cpu``, ``cuda`` or ``torch-cpu`` (eager
float32, the reference).
"""

import bisect
import hashlib
import inspect
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from femo.errors import ModelError
from femo.networks.graphs import TRACED_SIZE, openvino_backend
from femo.types import Floats, check_shape

if TYPE_CHECKING:
    import torch

    Build = Callable[[], torch.nn.Module]

Device = Literal["cpu", "cuda", "torch-cpu"]
Precision = Literal["f32", "fast"]
Backend = Callable[[npt.NDArray[Any]], list[Floats]]
DEVICES = ("auto", "cpu", "cuda", "torch-cpu")

BATCHES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
"""Batches are filled up to one of these: a length never seen costs OpenVINO 5-500 ms once."""


def choose_device(device: str | None = None) -> Device:
    """Return where networks run: the argument, else ``FEMO_DEVICE``, else CUDA where there is one.

    Raises:
        ModelError: The name is unknown, or CUDA is asked for and absent.
    """
    wanted = device or os.environ.get("FEMO_DEVICE", "").strip().lower() or "auto"
    if wanted not in DEVICES:
        raise ModelError(f"FEMO_DEVICE is {wanted!r}, expected one of {', '.join(DEVICES)}")
    if wanted in ("cpu", "torch-cpu"):
        return "cpu" if wanted == "cpu" else "torch-cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise ModelError("FEMO_DEVICE is 'cuda' but torch sees no CUDA device; use 'cpu' or 'auto'")
    return "cpu"


class Network:
    """A compiled network; any number of threads may call it at once.

    Attributes:
        name: What was compiled.
        device: Where it runs.
        max_batch: Rows that go through in one pass; longer batches are split.
    """

    def __init__(
        self,
        name: str,
        backend: Backend,
        device: Device,
        shape: tuple[int | None, ...],
        dtype: Any,
        max_batch: int,
    ) -> None:
        self.name = name
        self.device: Device = device
        self.max_batch = max_batch
        self._backend = backend
        self._shape = shape
        self._dtype = np.dtype(dtype)

    def __call__(self, batch: npt.NDArray[Any]) -> tuple[Floats, ...]:
        """Run the network.

        Args:
            batch: uint8 (N, H, W, 3) RGB if the normalisation is folded in, else float32 (N, ...); N may be 0.

        Returns:
            One float32 array (N, ...) per output of the module.

        Raises:
            ValueError: Shape or dtype differ from what was compiled.
        """
        check_shape(self.name, batch, self._shape)
        if batch.dtype != self._dtype:
            raise ValueError(f"{self.name} got {batch.dtype}, expected {self._dtype}")
        n_rows = len(batch)
        if n_rows == 0:
            free = tuple(TRACED_SIZE if size is None else size for size in batch.shape[1:])
            return tuple(out[:0] for out in self._backend(np.zeros((1, *free), self._dtype)))
        parts = [self._pass(batch[i : i + self.max_batch]) for i in range(0, n_rows, self.max_batch)]
        return tuple(outs[0] if len(outs) == 1 else np.concatenate(outs) for outs in zip(*parts, strict=True))

    def _pass(self, rows: npt.NDArray[Any]) -> list[Floats]:
        """One pass over at most ``max_batch`` rows, filled up to a length that is compiled already."""
        n_rows = len(rows)
        full = min(BATCHES[bisect.bisect_left(BATCHES, n_rows)], self.max_batch)
        if full > n_rows:
            rows = np.concatenate([rows, np.zeros((full - n_rows, *rows.shape[1:]), rows.dtype)])
        return [out[:n_rows] for out in self._backend(np.ascontiguousarray(rows))]


def compile_module(
    module: "torch.nn.Module | Build",
    input_shape: Sequence[int | None],
    *,
    name: str,
    key: str | None = None,
    normalise: tuple[Sequence[float], Sequence[float]] | None = None,
    precision: Precision = "fast",
    device: str | None = None,
    max_batch: int = 32,
) -> Network:
    """Compile a module, or read it from the cache of converted graphs.

    Args:
        module: The network in evaluation mode, or a function that builds it. With a function and a ``key`` neither
            torch nor the network is loaded when the cache has it.
        input_shape: One input with its batch axis, None where any size may come, e.g. ``(None, 224, 224, 3)``.
        name: For messages and file names.
        key: What identifies weights and structure, such as the SHA-256 of the weight file. The source file of the
            building function is added. Without it the weights and the code of the module are hashed.
        normalise: Mean and standard deviation of R, G, B on the 0-1 scale. The input is then uint8 (N, H, W, 3).
        precision: ``f32``, or ``fast``: bfloat16 on CPUs that have it, float16 on CUDA.
        device: ``auto``, ``cpu``, ``cuda`` or ``torch-cpu``; None reads ``FEMO_DEVICE``.
        max_batch: Rows in one pass, at most 128.

    Raises:
        ModelError: The device does not exist.
    """
    if not 1 <= max_batch <= BATCHES[-1]:
        raise ValueError(f"max_batch is {max_batch}, expected 1-{BATCHES[-1]}")
    where = choose_device(device)
    shape = (None, *input_shape[1:])

    def build() -> "torch.nn.Module":
        return _with_normalisation(_built(module), normalise)

    if where == "cpu":
        recipe = f"{shape} {normalise} {_identity(module, key)}"
        pixels = normalise is not None
        backend = openvino_backend(build, shape, pixels=pixels, name=name, recipe=recipe, fast=precision == "fast")
    else:
        backend = _torch(build, where, precision)
    return Network(name, backend, where, shape, np.float32 if normalise is None else np.uint8, max_batch)


def _built(module: "torch.nn.Module | Build") -> "torch.nn.Module":
    import torch

    return module if isinstance(module, torch.nn.Module) else module()


def _with_normalisation(
    module: "torch.nn.Module", normalise: tuple[Sequence[float], Sequence[float]] | None
) -> "torch.nn.Module":
    """Put ``(x / 255 - mean) / std`` and NHWC -> NCHW before the module."""
    import torch

    module = module.eval()
    if normalise is None:
        return module
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) * 255 for values in normalise)

    class FromPixels(torch.nn.Module):
        mean: torch.Tensor
        std: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.module = module
            self.register_buffer("mean", mean)
            self.register_buffer("std", std)

        def forward(self, pixels: torch.Tensor) -> Any:
            planes = pixels.permute(0, 3, 1, 2).to(self.mean.dtype)
            return self.module((planes - self.mean) / self.std)

    return FromPixels().eval()


def _identity(module: "torch.nn.Module | Build", key: str | None) -> str:
    """Text that changes when weights or code change."""
    if key is not None and not hasattr(module, "state_dict"):
        source = inspect.getsourcefile(module)
        return f"{key} {_sha256(Path(source).read_bytes() if source else b'')}"
    built = _built(module)
    digest = hashlib.sha256(repr(built).encode())
    for part in built.modules():
        digest.update(type(part).forward.__code__.co_code)
    for label, tensor in sorted(built.state_dict().items()):
        digest.update(label.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _torch(build: "Build", device: Device, precision: Precision) -> Backend:
    """Torch itself: float16 with channels last on CUDA, float32 otherwise."""
    import torch

    half = device == "cuda" and precision == "fast"
    target = torch.device("cuda" if device == "cuda" else "cpu")
    network = build().to(target, torch.float16 if half else torch.float32)
    if device == "cuda":
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def run(batch: npt.NDArray[Any]) -> list[Floats]:
        with torch.inference_mode():
            rows = torch.from_numpy(batch).to(target)
            if half and rows.is_floating_point():
                rows = rows.half()
            outs = network(rows)
            return [o.float().cpu().numpy() for o in (outs if isinstance(outs, tuple | list) else (outs,))]

    return run
