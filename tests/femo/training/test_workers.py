"""Processes that keep to their own cores: every job once, in its place, and nothing shared."""

import os
import time

import cv2
import pytest

from femo.training.workers import in_processes, share_cores

_STARTED: list[str] = []


def _start(word: str) -> None:
    _STARTED.append(word)


def _job(number: int) -> tuple[int, int, list[str], tuple[int, ...], int]:
    time.sleep(0.05)
    return number**2, os.getpid(), _STARTED, tuple(sorted(os.sched_getaffinity(0))), cv2.getNumThreads()


def _fail(number: int) -> None:
    raise ValueError(f"job {number}")


def test_cores_are_dealt_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {7, 0, 3}, raising=False)
    assert share_cores(2) == [[0, 7], [3]]
    assert share_cores(4) == [[0], [3], [7], []]
    monkeypatch.delattr(os, "sched_getaffinity")
    assert share_cores(2) == [[], []]


def test_every_job_is_done_once_and_no_core_is_shared() -> None:
    done = [
        pair for some in in_processes(2, _start, ("go",), _job, [(n,) for n in range(8)], 0.01) for pair in some
    ]
    found = dict(done)
    assert len(done) == 8
    assert {number: result[0] for number, result in found.items()} == {n: n**2 for n in range(8)}
    assert all(result[2] == ["go"] for result in found.values())  # started once in each process
    cores = {result[1]: (result[3], result[4]) for result in found.values()}
    shares = share_cores(2)
    assert os.getpid() not in cores
    assert len(cores) == 2
    if all(shares):
        assert sorted(cores.values()) == [(tuple(share), len(share)) for share in shares]


def test_an_error_in_a_process_comes_out() -> None:
    with pytest.raises(ValueError, match="job 5"):
        list(in_processes(3, _start, ("go",), _fail, [(5,)]))
