"""ZeroGPU: borrows a GPU of a Space for the time of one call, and does nothing anywhere else.

On such a Space (``SPACES_ZERO_GPU`` is set) the package ``spaces`` is there; it must be imported before a network is
put on the GPU. A decorated call runs in a process of its own, so what crosses must be data: callbacks stay behind,
``Moments`` come back with the result, and functions that run there are ordinary ones, never coroutines. One call reads a
whole clip, faces of several frames in one batch, so a clip borrows the GPU once.
"""

import inspect
import os
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

import femo
from femo.demo.moments import Moments
from femo.models.find import find_models
from femo.readers import load_mesh, load_readers

VARIABLE: Final = "SPACES_ZERO_GPU"
DURATION_S: Final = {"photo": 20, "score_crops": 20, "video": 120, "raw_video": 120, "group": 120}
"""The longest that a call may hold the GPU; a visitor without an account has 120 s per day."""
STAY_BEHIND: Final = ("progress", "cancel")
_BORROWED: ContextVar[bool] = ContextVar("femo_gpu_borrowed", default=False)
"""Whether this call runs on a borrowed GPU already: an analysis that calls another does not borrow twice."""


def load(name: str | None = None, like: femo.Pipeline | None = None) -> femo.Pipeline:
    """Return ``femo.load(name)``; on ZeroGPU its analyses borrow the GPU.

    Args:
        name: What ``femo.load`` takes.
        like: A pipeline whose detector and mesh are used here too: it finds the same faces, and nothing is held twice.
    """
    if not os.environ.get(VARIABLE):
        return _loaded(name, like)
    import spaces

    pipeline = _loaded(name, like)
    for method, seconds in DURATION_S.items():
        setattr(pipeline, method, borrowing(getattr(pipeline, method), spaces.GPU(duration=seconds)))
    return pipeline


def _loaded(name: str | None, like: femo.Pipeline | None) -> femo.Pipeline:
    if like is None:
        return femo.load(name)
    readers = load_readers(find_models(name))
    return femo.Pipeline(like.detector, readers, mesh=like.mesh and load_mesh(readers, like.mesh))


def borrowing(
    call: Callable[..., Any], gpu: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> Callable[..., Any]:
    """Decorate a function with ``spaces.GPU``, keep callbacks out of its process, and bring ``Moments`` back from it.

    Raises:
        TypeError: It is a coroutine function, which ZeroGPU does not run.
    """
    if inspect.iscoroutinefunction(call):
        raise TypeError(f"{call.__name__} is a coroutine function, which ZeroGPU does not run")

    def within(*args: Any, **kwargs: Any) -> Any:
        token = _BORROWED.set(True)
        try:
            return call(*args, **kwargs), kwargs.get("look")
        finally:
            _BORROWED.reset(token)

    decorated = gpu(within)

    def run(*args: Any, **kwargs: Any) -> Any:
        if _BORROWED.get():
            return call(*args, **kwargs)
        crossing = {key: value for key, value in kwargs.items() if key not in STAY_BEHIND}
        result, looked = decorated(*args, **crossing)
        if isinstance(looked, Moments):
            kwargs["look"].take(looked)
        return result

    return run
