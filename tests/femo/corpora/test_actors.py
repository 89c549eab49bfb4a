"""Workers that are actors, with a stand-in for Ray: how many, with what, and what their errors come to.

On a real cluster ``tests/femo/corpora/test_ray.py`` kills them.
"""

import os
import tempfile
from pathlib import Path

import pytest

from femo.corpora import actors, cluster
from femo.corpora.actors import Actors, _Actor, _take_cores
from femo.corpora.spreading import CannotStart, Work, WorkerDied, spread
from femo.errors import FemoError
from tests.fake_ray import FakeRay, RayError, RaySystemError

STARTED: list[str] = []


def _start(word: str) -> None:
    STARTED.append(word)


def _square(number: int) -> int:
    if number < 0:
        raise ValueError(f"{number} is negative")
    if number > 100:
        raise MemoryError
    return number**2


WORK = Work(_start, ("go",), _square)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Actors of these tests live in this process, which keeps its cores."""
    STARTED.clear()
    monkeypatch.setattr(actors, "_take_cores", lambda n: None)


def crew(monkeypatch: pytest.MonkeyPatch, ray: FakeRay, n_workers: int | None = None) -> Actors:
    monkeypatch.setattr(cluster, "_ray", lambda: ray)
    return Actors(n_workers, WORK)


@pytest.mark.parametrize(
    ("cpus", "gpus", "asked", "n_workers", "share"),
    [(4, 0, None, 4, 0), (4, 2, None, 4, 0.5), (4, 2, 1, 1, 1), (0.5, 0, None, 1, 0), (8, 3, 2, 2, 1)],
)
def test_a_worker_for_each_core_and_gpus_in_equal_parts(
    monkeypatch: pytest.MonkeyPatch, cpus: float, gpus: float, asked: int | None, n_workers: int, share: float
) -> None:
    ray = FakeRay(cpus, gpus)
    found = crew(monkeypatch, ray, asked)
    assert found.n_workers == n_workers
    assert ray.given == [{"num_cpus": 1, "num_gpus": share}] * n_workers


def test_jobs_are_done_and_errors_come_out_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = FakeRay(2)
    numbers = iter([3, -1, 4])
    found = crew(monkeypatch, ray)

    def take() -> tuple[int] | None:
        number = next(numbers, None)
        return None if number is None else (number,)

    ended = {each.job[0]: each for some in spread(found, take) for each in some}
    assert (ended[3].value, ended[4].value) == (9, 16)
    assert isinstance(ended[-1].error, ValueError)
    assert len(ray.killed) == 2  # all were let go
    assert not ray.connected
    assert STARTED == ["go"] * 2  # with the first job of each, and once


def test_memory_that_ran_out_and_a_lost_actor_are_deaths(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = FakeRay(1)
    found = crew(monkeypatch, ray)
    with pytest.raises(WorkerDied, match="died 3 times, out of memory or by a crash of a decoder"):
        found.result(found.submit(0, (101,)))
    handle = found.submit(0, (2,))
    ray.refuse = RayError("actor died")
    with pytest.raises(WorkerDied):
        found.result(handle)
    ray.refuse = None
    found.replace(0)
    assert len(ray.killed) == 1
    assert found.result(found.submit(0, (5,))) == 25


def test_a_lost_cluster_ends_the_run_and_closing_says_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = FakeRay(2)
    found = crew(monkeypatch, ray)
    handle = found.submit(0, (2,))
    ray.refuse = RaySystemError()
    for ask in (lambda: found.result(handle), lambda: found.wait([handle], 1), lambda: found.submit(0, (3,))):
        with pytest.raises(FemoError, match="the Ray cluster is gone"):
            ask()
    found.close()
    assert ray.killed == []
    assert not ray.connected


def test_waiting_gives_what_has_ended_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = crew(monkeypatch, FakeRay(2))
    first, second = found.submit(0, (2,)), found.submit(1, (3,))
    assert found.wait([first, second], 1.0) == [first]
    assert found.wait([first, second], 0) == []


def test_what_keeps_an_actor_from_starting_is_its_jobs_error() -> None:
    def fail() -> None:
        raise ValueError("no network here")

    actor = _Actor(Work(fail, (), _square))
    for _ in range(2):
        with pytest.raises(CannotStart, match="cannot start: ValueError: no network here"):
            actor.do((1,))


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """A node of four cores, and what workers keep to."""
    found: list[list[int]] = []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {4, 1, 7, 2}, raising=False)
    monkeypatch.setattr(actors, "keep_to_cores", lambda cores: found.append(list(cores)))
    return found


def test_each_takes_the_first_cores_that_nobody_holds(
    kept: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three workers on four cores in twos: the third finds none free and shares them all."""
    locks = [_take_cores(2, patience_s=0) for _ in range(3)]
    assert kept == [[1, 2], [4, 7]]
    assert locks[2] is None
    assert locks[0] is not None
    locks[0].release()
    assert _take_cores(2, patience_s=0) is not None
    assert kept[-1] == [1, 2]
    monkeypatch.delattr(os, "sched_getaffinity")
    assert _take_cores(2) is None


def test_cores_that_the_run_before_still_holds_are_waited_for(
    kept: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [_take_cores(2), _take_cores(2)]
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if now[0] > 3:
            assert before[1] is not None
            before[1].release()

    monkeypatch.setattr(actors.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(actors.time, "sleep", sleep)
    later = _take_cores(2)
    assert later is not None  # a lock that nobody keeps is let go
    assert kept == [[1, 2], [4, 7], [4, 7]]
    assert 3 < now[0] < 4
    assert _take_cores(2) is None  # nobody lets go any more
    assert 13 < now[0] < 15
