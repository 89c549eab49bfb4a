"""Where converted networks are kept, and that a folder which cannot be used costs nothing but time."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from femo.networks import engine, graphs
from femo.networks.graphs import _RequestPool, cache_dir, import_openvino


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"FEMO_CACHE": "named"}, "named/graphs"),
        ({"FEMO_CACHE": "named", "XDG_CACHE_HOME": "xdg"}, "named/graphs"),
        ({"XDG_CACHE_HOME": "xdg"}, "xdg/femo/graphs"),
        ({"FEMO_CACHE": "", "XDG_CACHE_HOME": ""}, "home/.cache/femo/graphs"),
        ({}, "home/.cache/femo/graphs"),
    ],
)
def test_the_folder_follows_the_environment(
    environment: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FEMO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, str(tmp_path / value) if value else "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_dir() == tmp_path / expected
    assert (tmp_path / expected).is_dir()


def test_where_nothing_can_be_made_there_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FEMO_CACHE", str(tmp_path / "file" / "below"))
    assert cache_dir() is None
    monkeypatch.setenv("FEMO_CACHE", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert cache_dir() is None


def test_a_user_without_a_home_has_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("FEMO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert cache_dir() is None


def test_a_damaged_graph_is_made_again_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def read(path: Path) -> Any:
        raise RuntimeError("bad xml")

    core = SimpleNamespace(read_model=read)
    assert graphs._cached_graph(core, tmp_path / "none.xml") is None
    assert caplog.records == []
    (tmp_path / "n.xml").write_text("<")
    with caplog.at_level(logging.WARNING):
        assert graphs._cached_graph(core, tmp_path / "n.xml") is None
    assert "n.xml is damaged and will be made again" in caplog.text


def test_a_graph_is_kept_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def save(graph: str, path: Path, compress_to_fp16: bool) -> None:
        path.with_suffix(".bin").write_text("weights")
        if graph == "full":
            raise OSError(28, "No space left on device")
        path.write_text("description")

    monkeypatch.setattr(import_openvino(), "save_model", save)
    graphs._store_graph("full", tmp_path / "n.xml")
    assert list(tmp_path.iterdir()) == []
    assert "could not be kept" in caplog.text
    graphs._store_graph("fine", tmp_path / "n.xml")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "n.bin": "weights",
        "n.xml": "description",
    }


NOBODY_IS_TOLD = """
import sys, threading
asked = []
sys.addaudithook(lambda event, _: event in ("os.fork", "socket.getaddrinfo") and asked.append(event))
import torch
from femo.networks import engine
engine.compile_module(torch.nn.Linear(4, 2), (None, 4), name="linear", precision="f32", device="cpu")
for thread in threading.enumerate():
    if thread not in (threading.main_thread(), threading.current_thread()) and not thread.daemon:
        thread.join(20)
print(asked, sys.modules.get("openvino_telemetry", "not there"))
"""


def test_a_conversion_tells_nobody_and_forks_nothing(tmp_path: Path) -> None:
    """OpenVINO's telemetry would send an event to Google Analytics, each from a fork of a process with many threads."""
    environment = os.environ | {"FEMO_CACHE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", NOBODY_IS_TOLD], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[] not there\n", done.stdout
    assert [path.suffix for path in sorted((tmp_path / "graphs").iterdir())] == [".bin", ".xml"]


class Compiled:
    """Makes requests that answer with their own number times the input, and wait where they are told to."""

    def __init__(self) -> None:
        self.made = 0
        self.together: threading.Barrier | None = None

    def create_infer_request(self) -> Any:
        self.made += 1
        buffer = np.zeros(3, np.float32)

        def infer(inputs: list[np.ndarray], share_inputs: bool) -> dict[int, np.ndarray]:
            if self.together is not None:
                self.together.wait(30)
            if inputs[0][0] < 0:
                raise RuntimeError("a wrong shape")
            buffer[:] = inputs[0] * 2
            return {0: buffer}

        return SimpleNamespace(infer=infer)


def test_there_are_as_many_requests_as_were_needed_at_once() -> None:
    compiled = Compiled()
    pool = _RequestPool(compiled)
    for value in (1, 2, 3):
        assert pool(np.full(3, value, np.float32))[0].tolist() == [2 * value] * 3
    assert compiled.made == 1
    compiled.together = threading.Barrier(4)
    found: dict[int, list[float]] = {}

    def call(value: int) -> None:
        found[value] = pool(np.full(3, value, np.float32))[0].tolist()

    threads = [threading.Thread(target=call, args=(value,)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == {value: [2.0 * value] * 3 for value in range(4)}
    assert compiled.made == 4


def test_a_request_that_fails_is_used_again_and_results_are_copies() -> None:
    compiled = Compiled()
    pool = _RequestPool(compiled)
    with pytest.raises(RuntimeError, match="a wrong shape"):
        pool(np.full(3, -1, np.float32))
    first = pool(np.ones(3, np.float32))[0]
    pool(np.full(3, 9, np.float32))
    assert (first.tolist(), compiled.made) == ([2, 2, 2], 1)


NORMALISE = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class TwoHeads(torch.nn.Module):
    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.body = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, stride=2), torch.nn.PReLU(8))
        self.head = torch.nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.body(x).mean(dim=(2, 3))
        return self.head(features), features


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FEMO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FEMO_DEVICE", raising=False)
    return


def compiled(device: str, precision: engine.Precision = "f32", max_batch: int = 32) -> engine.Network:
    shape = (None, None, None, 3)
    return engine.compile_module(
        TwoHeads(), shape, name="two", normalise=NORMALISE, precision=precision, device=device, max_batch=max_batch
    )


def test_a_second_start_reads_the_cache_and_builds_nothing() -> None:
    built: list[int] = []

    def build() -> torch.nn.Module:
        built.append(1)
        return TwoHeads()

    def start(key: str) -> np.ndarray:
        network = engine.compile_module(
            build, (None, 16, 16, 3), name="n", key=key, normalise=NORMALISE, device="cpu"
        )
        return network(np.full((1, 16, 16, 3), 90, np.uint8))[0]

    first, second = start("a"), start("a")
    assert built == [1]
    np.testing.assert_allclose(
        second, first, rtol=1e-5
    )  # the graph may be laid out anew: float32 sums differ by 3e-6
    start("b")
    assert built == [1, 1]


@pytest.mark.parametrize("key", ["a", None])
def test_changed_code_of_the_package_makes_another_graph(
    key: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a network with a key, which is not built to be known, and of one without."""

    def start() -> int:
        engine.compile_module(TwoHeads, (None, 16, 16, 3), name="n", key=key, normalise=NORMALISE, device="cpu")
        folder = graphs.cache_dir()
        assert folder is not None
        return len(list(folder.glob("*.xml")))

    package = tmp_path / "networks"
    package.mkdir()
    for module in Path(graphs.__file__).parent.glob("*.py"):
        (package / module.name).write_bytes(module.read_bytes())
    monkeypatch.setattr(graphs, "__file__", str(package / "graphs.py"))
    monkeypatch.setattr(graphs, "_own_sources", graphs._own_sources.__wrapped__)
    assert [start(), start()] == [1, 1]
    (package / "mesh.py").write_text("SIDE = 96\n")
    assert [start(), start()] == [2, 2]


def test_other_weights_make_another_graph() -> None:
    def run(seed: int) -> np.ndarray:
        network = engine.compile_module(
            TwoHeads(seed), (None, 16, 16, 3), name="n", normalise=NORMALISE, device="cpu"
        )
        return network(np.full((1, 16, 16, 3), 90, np.uint8))[0]

    assert not np.allclose(run(0), run(1))


def test_a_damaged_cache_is_made_again(caplog: pytest.LogCaptureFixture) -> None:
    pixels = np.full((1, 20, 20, 3), 90, np.uint8)
    want = compiled("cpu")(pixels)[0]
    folder = graphs.cache_dir()
    assert folder is not None
    (graph,) = folder.glob("*.xml")
    graph.write_text("not a graph")
    np.testing.assert_allclose(compiled("cpu")(pixels)[0], want)
    assert "damaged" in caplog.text
    assert graph.read_text() != "not a graph"


def test_a_cache_that_cannot_be_written_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "a file, not a folder"
    blocked.write_text("")
    monkeypatch.setenv("FEMO_CACHE", str(blocked))
    assert graphs.cache_dir() is None
    assert compiled("cpu")(np.zeros((1, 20, 20, 3), np.uint8))[0].shape == (1, 5)
