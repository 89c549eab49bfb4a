"""Spreads jobs over workers, whatever these are: processes of this machine, or actors of a cluster.

Conventions: a worker does one job at a time and gets the next one when it is done, so that nothing piles up. A worker that dies
costs its job ``RETRIES`` retries on a fresh one, and not the run; what a job raises comes out as it is.
"""

from collections import deque
from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field
from typing import Any, Protocol

from femo.errors import FemoError

RETRIES = 2
"""A job whose worker died is given to another so often."""

Job = tuple[Any, ...]
Take = Callable[[], Job | None]
"""Gives the next job; None where there is none for now. It is asked again whenever a job has ended."""


class WorkerDied(FemoError):
    """The worker of a job ended before the job did."""


class CannotStart(FemoError):
    """No worker can do any job."""


@dataclass(frozen=True, slots=True)
class Work:
    """What workers do.

    Attributes:
        start: Called once in every worker, with ``start_with``.
        start_with: Its arguments.
        do: Called for every job, with what the job holds.
    """

    start: Callable[..., object]
    start_with: tuple[Any, ...]
    do: Callable[..., Any]

    def begin(self) -> None:
        """Start the worker.

        Raises:
            CannotStart: It cannot.
        """
        try:
            self.start(*self.start_with)
        except FemoError:
            raise
        except Exception as error:
            raise CannotStart(f"a worker cannot start: {type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that is over.

    Attributes:
        job: As it was taken.
        value: What ``do`` returned.
        error: What it raised, or ``WorkerDied``; None where it went well.
    """

    job: Job
    value: Any = None
    error: BaseException | None = None


class Crew(Protocol):
    """Workers by number, from 0."""

    n_workers: int

    def submit(self, worker: int, job: Job) -> Any:
        """Begin a job; returns its handle."""

    def wait(self, running: Collection[Any], timeout_s: float | None) -> Collection[Any]:
        """Return the handles of jobs that have ended, after ``timeout_s`` perhaps none."""

    def result(self, handle: Any) -> Any:
        """Return what an ended job returned, or raise what it raised; ``WorkerDied`` if its worker did."""

    def replace(self, worker: int) -> None:
        """Put a fresh worker in the place of one that died."""

    def close(self) -> None:
        """Let all workers go."""


@dataclass(slots=True)
class _Desk:
    """Who does what."""

    crew: Crew
    take: Take
    idle: deque[int]
    again: deque[tuple[Job, int]] = field(default_factory=deque)
    running: dict[Any, tuple[int, Job, int]] = field(default_factory=dict)

    def deal(self) -> None:
        """Give every idle worker a job, first those that lost their worker."""
        while self.idle:
            entry = self.again.popleft() if self.again else (self.take(), 0)
            job, deaths = entry
            if job is None:
                return
            worker = self.idle.popleft()
            self.running[self.crew.submit(worker, job)] = (worker, job, deaths)

    def collect(self, timeout_s: float | None) -> list[Ended]:
        """Wait for jobs to end."""
        ended = []
        for handle in list(self.crew.wait(list(self.running), timeout_s)):
            worker, job, deaths = self.running.pop(handle)
            self.idle.append(worker)
            try:
                ended.append(Ended(job, self.crew.result(handle)))
            except WorkerDied as error:
                self.crew.replace(worker)
                if deaths < RETRIES:
                    self.again.append((job, deaths + 1))
                else:
                    ended.append(Ended(job, error=error))
            except Exception as error:  # noqa: BLE001  handed to who spreads the work
                ended.append(Ended(job, error=error))
        return ended


def spread(crew: Crew, take: Take, poll_s: float | None = None) -> Generator[list[Ended], None, None]:
    """Let a crew do jobs until none is left; yields those that ended.

    Args:
        crew: The workers; closed at the end, or when the generator is.
        take: Gives jobs.
        poll_s: Yield after so many seconds even if nothing has ended.
    """
    desk = _Desk(crew, take, deque(range(crew.n_workers)))
    try:
        while True:
            desk.deal()
            if not desk.running:
                return
            ended = desk.collect(poll_s)
            desk.deal()
            if ended or poll_s is not None:
                yield ended
    finally:
        crew.close()
