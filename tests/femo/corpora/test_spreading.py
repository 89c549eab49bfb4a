"""Jobs spread over workers that do as they are told: each once, two retries after a death, nothing piled up."""

from collections.abc import Collection, Iterator
from typing import Any

import pytest

from femo.corpora.spreading import CannotStart, Ended, Job, Work, WorkerDied, spread
from femo.errors import FemoError


class Crew:
    """Workers that end their jobs one at a time, the one that was begun last first."""

    def __init__(self, n_workers: int, deaths: dict[str, int] | None = None) -> None:
        self.n_workers, self.deaths = n_workers, dict(deaths or {})
        self.busy: dict[int, int] = {}
        self.jobs: dict[int, str] = {}
        self.replaced: list[int] = []
        self.most = self.n_begun = 0
        self.closed = False

    def submit(self, worker: int, job: Job) -> int:
        assert worker not in self.busy.values()
        self.n_begun += 1
        self.busy[self.n_begun], self.jobs[self.n_begun] = worker, job[0]
        self.most = max(self.most, len(self.busy))
        return self.n_begun

    def wait(self, running: Collection[int], timeout_s: float | None) -> Collection[int]:
        return [max(running)]

    def result(self, handle: int) -> Any:
        del self.busy[handle]
        name = self.jobs[handle]
        if self.deaths.get(name, 0):
            self.deaths[name] -= 1
            raise WorkerDied("died")
        if name.startswith("bad"):
            raise ValueError(name)
        return name.upper()

    def replace(self, worker: int) -> None:
        self.replaced.append(worker)

    def close(self) -> None:
        self.closed = True


def jobs(*names: str) -> Any:
    left: Iterator[str] = iter(names)

    def take() -> Job | None:
        name = next(left, None)
        return None if name is None else (name,)

    return take


def done(rounds: Iterator[list[Ended]]) -> list[Ended]:
    return [each for some in rounds for each in some]


def test_every_job_is_done_once_and_no_worker_has_two() -> None:
    crew = Crew(2)
    ended = done(spread(crew, jobs("a", "b", "c", "d", "e")))
    assert sorted((each.job[0], each.value) for each in ended) == [(name, name.upper()) for name in "abcde"]
    assert (crew.most, crew.n_begun, crew.closed) == (2, 5, True)


def test_an_error_comes_out_with_its_job_and_the_others_go_on() -> None:
    ended = {each.job[0]: each for each in done(spread(Crew(1), jobs("a", "bad", "c")))}
    assert (ended["a"].value, ended["c"].value, ended["bad"].value) == ("A", "C", None)
    assert isinstance(ended["bad"].error, ValueError)


def test_a_death_costs_its_job_a_retry_on_a_fresh_worker() -> None:
    crew = Crew(1, {"a": 2})
    ended = done(spread(crew, jobs("a", "b")))
    assert [(each.job[0], each.value) for each in ended] == [("a", "A"), ("b", "B")]
    assert (crew.n_begun, crew.replaced) == (4, [0, 0])


def test_the_third_death_ends_the_job_and_not_the_run() -> None:
    crew = Crew(1, {"a": 3})
    ended = {each.job[0]: each for each in done(spread(crew, jobs("a", "b")))}
    assert isinstance(ended["a"].error, WorkerDied)
    assert (ended["b"].value, crew.n_begun, len(crew.replaced)) == ("B", 4, 3)


def test_what_a_job_leads_to_is_done_too() -> None:
    """For a while there is nothing to do, until a job has ended: the shards of a long clip come so."""
    waiting, crew = ["cut"], Crew(2)

    def take() -> Job | None:
        if waiting:
            return (waiting.pop(0),)
        if crew.n_begun == 1 and not crew.busy:
            waiting.append("second shard")
            return ("first shard",)
        return None

    assert sorted(each.value for each in done(spread(crew, take))) == ["CUT", "FIRST SHARD", "SECOND SHARD"]


def test_someone_who_waits_hears_from_time_to_time() -> None:
    class Slow(Crew):
        def __init__(self) -> None:
            super().__init__(1)
            self.asked: list[float | None] = []

        def wait(self, running: Collection[int], timeout_s: float | None) -> Collection[int]:
            self.asked.append(timeout_s)
            return list(running) if len(self.asked) == 3 else []

    slow = Slow()
    rounds = [[each.value for each in some] for some in spread(slow, jobs("a"), 0.25)]
    assert (rounds, slow.asked) == ([[], [], ["A"]], [0.25] * 3)


def test_who_stops_listening_lets_all_workers_go() -> None:
    crew = Crew(2)
    rounds = spread(crew, jobs("a", "b", "c"))
    next(rounds)
    rounds.close()  # type: ignore[attr-defined]
    assert crew.closed
    with pytest.raises(RuntimeError, match="no more"):
        done(spread(broken := Crew(1), lambda: (_ for _ in ()).throw(RuntimeError("no more"))))
    assert broken.closed


def test_a_worker_that_cannot_start_says_why_and_a_sentence_stays_one() -> None:
    def fail(error: Exception) -> None:
        raise error

    with pytest.raises(CannotStart, match="a worker cannot start: ValueError: no network"):
        Work(fail, (ValueError("no network"),), print).begin()
    with pytest.raises(FemoError, match=r"^no such model$"):
        Work(fail, (FemoError("no such model"),), print).begin()
