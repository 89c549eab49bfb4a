"""A caller who leaves frees the machine: the analysis of a long clip stops within two seconds, however they called."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.utils import Status

import femo
from femo.media.streaming import raise_if
from tests import clips

PATIENCE_S = 2.0
ENDPOINTS = ["/analyze_video", "/analyze_group"]


class Endless:
    """Stands in for ``Pipeline.video`` and ``Pipeline.group``: reads until it is told to stop."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()

    def __call__(self, source: object, *, cancel: Any, **settings: object) -> object:
        self.begun.set()
        try:
            for _ in range(6000):
                raise_if(cancel)
                time.sleep(0.01)
        finally:
            self.ended.set()
        raise AssertionError("nobody stopped the analysis for a minute")


@pytest.fixture
def endless(pipeline: femo.Pipeline, monkeypatch: pytest.MonkeyPatch) -> Endless:
    analysis = Endless()
    for name in ("video", "group"):
        monkeypatch.setattr(pipeline, name, analysis)
    return analysis


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", clips.no_face(5))


def uploaded(address: str, path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        (name,) = httpx.post(f"{address}gradio_api/upload", files={"files": (path.name, file)}, timeout=60).json()
    return {"path": name}


def joined(address: str, endpoint: str, values: list[Any]) -> str:
    answer = httpx.post(f"{address}gradio_api/call{endpoint}", json={"data": values}, timeout=60)
    return str(answer.json()["event_id"])


def stops(analysis: Endless) -> bool:
    return analysis.ended.wait(PATIENCE_S)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_cancelled_call_of_the_client_stops(endpoint: str, client: Client, endless: Endless, clip: Path) -> None:
    job = client.submit(handle_file(clip), api_name=endpoint)
    assert endless.begun.wait(30)
    while job.status().code is not Status.PROCESSING:  # before that the client does not know what to cancel
        time.sleep(0.01)

    job.cancel()

    assert stops(endless)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_closed_client_stops(endpoint: str, address: str, endless: Endless, clip: Path) -> None:
    """The process of the caller is gone, as after a kill: its connections are closed, nothing else is said."""
    event = joined(address, endpoint, [uploaded(address, clip)])
    with httpx.stream("GET", f"{address}gradio_api/call{endpoint}/{event}", timeout=30):
        assert endless.begun.wait(30)

    assert stops(endless)


def test_who_never_fetches_the_answer_is_not_waited_for(
    address: str, endless: Endless, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("femo.demo.server.caller.LEFT_ALONE_S", 0.5)
    joined(address, "/analyze_video", [uploaded(address, clip)])
    assert endless.begun.wait(30)

    assert stops(endless)


def test_who_stays_gets_the_answer(
    address: str, endless: Endless, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way round: a caller that listens is not taken for one that left, nor are photos kept waiting."""
    monkeypatch.setattr("femo.demo.server.caller.LEFT_ALONE_S", 4)
    event = joined(address, "/analyze_video", [uploaded(address, clip)])
    with httpx.stream("GET", f"{address}gradio_api/call/analyze_video/{event}", timeout=30):
        assert endless.begun.wait(30)
        assert not endless.ended.wait(6)

    assert stops(endless)


def test_the_next_caller_does_not_wait(address: str, endless: Endless, clip: Path) -> None:
    upload = uploaded(address, clip)
    event = joined(address, "/analyze_video", [upload])
    with httpx.stream("GET", f"{address}gradio_api/call/analyze_video/{event}", timeout=30):
        assert endless.begun.wait(30)
    left_s = time.monotonic()
    endless.begun.clear()

    following = joined(address, "/analyze_group", [upload])
    with httpx.stream("GET", f"{address}gradio_api/call/analyze_group/{following}", timeout=30):
        assert endless.begun.wait(30)
    assert time.monotonic() - left_s < 30, "an analysis that nobody stops takes a minute"


def test_the_host_may_bound_an_analysis(
    address: str, endless: Endless, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEMO_MAX_JOB_S", "0.3")
    event = joined(address, "/analyze_video", [uploaded(address, clip)])
    answer = httpx.get(f"{address}gradio_api/call/analyze_video/{event}", timeout=30).text
    said = json.loads(answer.strip().split("data: ")[-1])["error"]
    assert said.startswith("The analysis took longer than the 0.3 s that this host allows (FEMO_MAX_JOB_S)")
