"""Processes that keep to their own cores: every job once, in its place, and nothing shared."""

import os
import signal
import threading
import time
from pathlib import Path

import cv2
import pytest

from femo.corpora.processes import in_processes, keep_to_cores, share_cores
from femo.corpora.spreading import CannotStart, Work, WorkerDied

_STARTED: list[str] = []


def _start(word: str) -> None:
    _STARTED.append(word)


def _job(number: int) -> tuple[int, int, list[str], set[tuple[int, ...]], int]:
    time.sleep(0.05)
    return number**2, os.getpid(), _STARTED, _cores_of_threads(), cv2.getNumThreads()


def _cores_of_threads() -> set[tuple[int, ...]]:
    """Return the cores that the threads of this process may use, of which OpenVINO takes all together."""
    threads = [int(task.name) for task in Path("/proc/self/task").iterdir()]
    return {tuple(sorted(os.sched_getaffinity(thread))) for thread in threads}


def _fail(number: int) -> None:
    raise ValueError(f"job {number}")


def _no_start() -> None:
    raise ValueError("no network here")


def _die(marks: Path, number: int, deaths: int) -> int:
    """End the process as a crash does, the first ``deaths`` times."""
    before = len(list(marks.glob(f"{number}-*")))
    (marks / f"{number}-{before}").touch()
    if before < deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_cores_are_dealt_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {7, 0, 3}, raising=False)
    assert share_cores(2) == [[0, 7], [3]]
    assert share_cores(4) == [[0], [3], [7], []]
    monkeypatch.delattr(os, "sched_getaffinity")
    assert share_cores(2) == [[], []]


def test_every_job_is_done_once_and_no_core_is_shared() -> None:
    done = [
        pair
        for some in in_processes(2, Work(_start, ("go",), _job), [(n,) for n in range(8)], 0.01)
        for pair in some
    ]
    found = dict(done)
    assert len(done) == 8
    assert {number: result[0] for number, result in found.items()} == {n: n**2 for n in range(8)}
    assert all(result[2] == ["go"] for result in found.values())  # started once in each process
    cores = {result[1]: (sorted(result[3]), result[4]) for result in found.values()}
    shares = share_cores(2)
    assert os.getpid() not in cores
    assert len(cores) == 2
    if all(shares):
        assert sorted(cores.values()) == [([tuple(share)], len(share)) for share in shares]


def test_threads_that_run_already_are_kept_to_the_cores_too() -> None:
    [(_, cores)] = [pair for some in in_processes(1, Work(_begin_thread, (), _keep), [(0,)]) for pair in some]
    first = min(os.sched_getaffinity(0))
    assert cores == ({(first,)}, 1)


def _begin_thread() -> None:
    threading.Thread(target=threading.Event().wait, daemon=True).start()


def _keep(_: int) -> tuple[set[tuple[int, ...]], int]:
    keep_to_cores([min(os.sched_getaffinity(0))])
    return _cores_of_threads(), cv2.getNumThreads()


def test_an_error_in_a_process_comes_out() -> None:
    with pytest.raises(ValueError, match="job 5"):
        list(in_processes(3, Work(_start, ("go",), _fail), [(5,)]))


def test_a_worker_that_dies_costs_its_job_two_retries_and_nobody_else(tmp_path: Path) -> None:
    jobs = [(tmp_path, 0, 0), (tmp_path, 1, 2), (tmp_path, 2, 0), (tmp_path, 3, 0)]
    done = sorted(pair for some in in_processes(2, Work(_start, ("go",), _die), jobs) for pair in some)
    assert done == [(0, 0), (1, 1), (2, 2), (3, 3)]
    tries = [len(list(tmp_path.glob(f"{number}-*"))) for number in range(4)]
    assert tries == [1, 3, 1, 1]


def test_the_third_death_is_said(tmp_path: Path) -> None:
    with pytest.raises(WorkerDied, match="died 3 times, out of memory or by a crash"):
        list(in_processes(1, Work(_start, ("go",), _die), [(tmp_path, 0, 3)]))
    assert len(list(tmp_path.iterdir())) == 3


def test_workers_that_cannot_start_say_why() -> None:
    with pytest.raises(CannotStart, match="cannot start: ValueError: no network here"):
        list(in_processes(2, Work(_no_start, (), _fail), [(1,), (2,)]))
