"""Networks as OpenVINO graphs: traced from torch in memory, kept on disk between starts, run by many threads.

Tracing a network takes seconds, reading a graph back milliseconds. The folder is ``FEMO_CACHE``, else
``$XDG_CACHE_HOME/femo``, else ``~/.cache/femo``; where none can be written every start converts again.
"""

import hashlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from femo.types import Floats

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

TRACED_SIZE = 64
"""Stands for a free image side while a graph is traced."""


def cache_dir() -> Path | None:
    """Return the folder of converted graphs, or None where it cannot be made."""
    named = os.environ.get("FEMO_CACHE")
    try:
        base = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "femo"
        folder = base / "graphs"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # read-only; no home folder
        return None
    return folder if os.access(folder, os.W_OK) else None


def import_openvino() -> Any:
    """Import OpenVINO without its telemetry, which tells Google Analytics of every conversion, from forks of this process."""
    silenced = not {"openvino", "openvino_telemetry"} & set(sys.modules)
    if silenced:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # as if it were not installed
    try:
        import openvino
    finally:
        if silenced:
            sys.modules.pop("openvino_telemetry", None)
    return openvino


def openvino_backend(
    build: "Callable[[], torch.nn.Module]",
    shape: tuple[int | None, ...],
    *,
    pixels: bool,
    name: str,
    recipe: str,
    fast: bool,
) -> Callable[[npt.NDArray[Any]], list[Floats]]:
    """Return the module as a function of one batch on the CPU.

    Args:
        build: Makes the module; called only when the graph is not in the cache.
        shape: Of the input, None where any size may come.
        pixels: The input is uint8, else float32.
        name: Begins the file name.
        recipe: Text that differs whenever the graph would.
        fast: bfloat16 on CPUs that have it.
    """
    core = import_openvino().Core()
    folder = cache_dir()
    stamp = f"{recipe} {version('openvino')} {version('torch')} {_own_sources()}"
    path = folder / f"{name}-{hashlib.sha256(stamp.encode()).hexdigest()[:24]}.xml" if folder else None
    graph = _cached_graph(core, path) if path else None
    if graph is None:
        graph = _converted(build(), shape, pixels)
        if path:
            _store_graph(graph, path)
    bf16 = fast and "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    # Pinned threads wait for a busy core while another is free: unpinned, the slowest quarter of calls on a shared
    # machine takes half as long.
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
        "ENABLE_CPU_PINNING": False,
    }
    return _RequestPool(core.compile_model(graph, "CPU", options))


@lru_cache
def _own_sources() -> str:
    """What identifies the code of this package, which says what the networks are and how they get their input; read once."""
    code = (path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return hashlib.sha256(b"".join(code)).hexdigest()


class _RequestPool:
    """Infer requests hold buffers, so each call borrows its own; there are as many as were ever needed at once."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._idle: list[Any] = []
        self._lock = threading.Lock()

    def __call__(self, batch: npt.NDArray[Any]) -> list[Floats]:
        with self._lock:
            request = self._idle.pop() if self._idle else None
        request = request or self._compiled.create_infer_request()
        try:
            results = request.infer([batch], share_inputs=True)
            return [np.array(results[i], dtype=np.float32) for i in range(len(results))]
        finally:
            with self._lock:
                self._idle.append(request)


def _converted(module: "torch.nn.Module", shape: tuple[int | None, ...], pixels: bool) -> Any:
    """Trace the module into an OpenVINO graph, in memory."""
    import torch

    openvino = import_openvino()
    sizes = [2, *(TRACED_SIZE if size is None else size for size in shape[1:])]
    example = torch.zeros(sizes, dtype=torch.uint8 if pixels else torch.float32)
    free = openvino.PartialShape([-1 if size is None else size for size in shape])
    with torch.inference_mode():
        return openvino.convert_model(module, example_input=example, input=[free])


def _cached_graph(core: Any, path: Path) -> Any | None:
    """Read a converted graph; None if there is none or it is damaged."""
    if not path.exists():
        return None
    try:
        return core.read_model(path)
    except RuntimeError:
        log.warning("The cached network %s is damaged and will be made again", path)
        return None


def _store_graph(graph: Any, path: Path) -> None:
    """Write weights, then description, each at once, so that no other process reads a half."""
    draft = path.with_name(f"{path.stem}-{os.getpid()}-{threading.get_ident()}.xml")
    try:
        import_openvino().save_model(graph, draft, compress_to_fp16=False)
        draft.with_suffix(".bin").replace(path.with_suffix(".bin"))
        draft.replace(path)
    except (OSError, RuntimeError) as problem:
        log.warning("The converted network could not be kept in %s: %s", path.parent, problem)
        for left in (draft, draft.with_suffix(".bin")):
            left.unlink(missing_ok=True)
