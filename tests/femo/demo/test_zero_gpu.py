"""ZeroGPU: the decorator is used there and nowhere else."""

import pickle
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import femo
from femo.demo import zero_gpu
from femo.demo.moments import Moments
from femo.labels import ABAW_AU
from femo.types import Frame
from tests import shipped
from tests.clips import portrait
from tests.small_models import write_small


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


def test_what_looked_at_the_frames_in_the_other_process_comes_back() -> None:
    """As ``spaces`` does, everything that crosses is pickled, on the way there and on the way back."""

    def gpu(call: Callable[..., Any]) -> Callable[..., Any]:
        def crossed(*args: Any, **kwargs: Any) -> Any:
            there, how = pickle.loads(pickle.dumps((args, kwargs)))
            return pickle.loads(pickle.dumps(call(*there, **how)))

        return crossed

    def read(n_frames: int, look: Callable[[Frame], object]) -> str:
        for k in range(n_frames):
            look(Frame(np.full((4, 6, 3), k, np.uint8), float(k), k))
        return "read"

    moments, here = Moments(), Moments()
    assert zero_gpu.borrowing(read, gpu)(3, look=moments) == "read"
    read(3, here)
    assert [time_s for time_s, _ in moments.kept] == [0, 1, 2]
    assert moments == here


def test_another_model_shares_detector_and_mesh_but_not_what_the_first_one_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own network sees no units, so they are those of the points, with its expression as evidence."""
    monkeypatch.delenv(zero_gpu.VARIABLE, raising=False)
    monkeypatch.setenv("FEMO_DEVICE", "torch-cpu")
    folder, first = write_small(tmp_path / "small"), shipped.pipeline()
    other = zero_gpu.load(str(folder), first)
    assert other.detector is first.detector
    assert other.mesh is not None
    assert first.mesh is not None
    assert (first.mesh.looks, other.mesh.looks) == (True, False)
    assert other.mesh._network is first.mesh._network
    result = other.photo(portrait())
    assert result.meshes is not None
    known = dict(zip(ABAW_AU, np.isfinite(result.meshes.units[0]).tolist(), strict=True))
    assert known["AU12"]
    assert not known["AU10"]
    again = zero_gpu.load("femo-base", other)
    assert again.mesh is not None
    assert again.mesh.looks
    bare = zero_gpu.load(str(folder), femo.Pipeline(first.detector, first.readers))
    assert bare.mesh is None
