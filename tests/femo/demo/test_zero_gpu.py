"""ZeroGPU: the decorator is used there and nowhere else."""

import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

import femo
from femo.demo import zero_gpu


class FakePipeline:
    """Records what reaches the analyses."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        for name in zero_gpu.DURATION_S:
            setattr(self, name, lambda *args, _name=name, **kwargs: self.calls.append((_name, args, kwargs)))


def test_elsewhere_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = FakePipeline()
    monkeypatch.delenv(zero_gpu.VARIABLE, raising=False)
    monkeypatch.setattr(femo, "load", lambda name=None: pipeline)
    monkeypatch.setitem(sys.modules, "spaces", None)  # an import would raise
    before = dict(vars(pipeline))
    assert zero_gpu.load() is pipeline
    assert vars(pipeline) == before


def test_on_zero_gpu_each_analysis_borrows_and_callbacks_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    lent: list[int] = []

    def gpu(duration: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        lent.append(duration)
        return lambda call: call

    pipeline = FakePipeline()
    monkeypatch.setenv(zero_gpu.VARIABLE, "true")
    monkeypatch.setattr(femo, "load", lambda name=None: pipeline)
    monkeypatch.setitem(sys.modules, "spaces", types.SimpleNamespace(GPU=gpu))
    lending: Any = zero_gpu.load()
    assert lent == list(zero_gpu.DURATION_S.values())
    lending.video("clip.mp4", smooth="mean:15", progress=print, cancel=print)
    assert pipeline.calls == [("video", ("clip.mp4",), {"smooth": "mean:15"})]


def test_coroutines_are_refused() -> None:
    async def analysis() -> None: ...

    with pytest.raises(TypeError, match="analysis is a coroutine function"):
        zero_gpu.borrowing(analysis, lambda call: call)


def test_an_analysis_within_another_does_not_borrow_again() -> None:
    borrowed: list[str] = []

    def gpu(call: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: (borrowed.append("once"), call(*args, **kwargs))[1]

    inner = zero_gpu.borrowing(lambda progress: progress, gpu)
    outer = zero_gpu.borrowing(lambda: inner(progress="kept"), gpu)
    assert outer() == "kept"
    assert borrowed == ["once"]
