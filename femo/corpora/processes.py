"""Workers that are processes of this machine, each on cores of its own.

A network takes a thread for every core that it sees, and so does OpenCV; processes that all see all cores wait for each
other's threads, and two of them are slower than one. A process ends by itself when the one that started it is gone, however
that ended.
"""

import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any

from femo.corpora.spreading import RETRIES, Job, Work, WorkerDied, spread

_STARTED: list[bool] = []
"""Holds something once this worker process has started; each process has its own."""


class Processes:
    """A crew of processes.

    Args:
        n_workers: How many.
        work: What they do.
    """

    def __init__(self, n_workers: int, work: Work) -> None:
        self.n_workers, self._work = n_workers, work
        self._cores = share_cores(n_workers)
        self._pools = [self._pool(worker) for worker in range(n_workers)]

    def submit(self, worker: int, job: Job) -> Future[Any]:
        """Begin a job in one process."""
        try:
            return self._pools[worker].submit(_do, self._work, job)
        except BrokenProcessPool as error:  # it died while it was idle
            broken: Future[Any] = Future()
            broken.set_exception(error)
            return broken

    def wait(self, running: Collection[Any], timeout_s: float | None) -> Collection[Any]:
        """Return the jobs that have ended."""
        return wait(running, timeout_s, FIRST_COMPLETED).done

    def result(self, handle: Any) -> Any:
        """Return what a job returned, or raise what it raised."""
        try:
            return handle.result()
        except (BrokenProcessPool, MemoryError) as error:
            raise WorkerDied(
                f"its worker process died {RETRIES + 1} times, out of memory or by a crash of a decoder"
            ) from error

    def replace(self, worker: int) -> None:
        """Start another process on the cores of one that died."""
        self._pools[worker].shutdown(wait=False, cancel_futures=True)
        self._pools[worker] = self._pool(worker)

    def close(self) -> None:
        """End all processes, each after what it is doing."""
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools:
            pool.shutdown()

    def _pool(self, worker: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, get_context("spawn"), _begin, (self._cores[worker],))


def in_processes(
    n_processes: int, work: Work, jobs: Sequence[Job], poll_s: float | None = None
) -> Iterator[list[tuple[int, Any]]]:
    """Give jobs to processes, in their order; yields what is finished: position of the job and result.

    Args:
        n_processes: How many; no more are started than there are jobs.
        work: What they do.
        jobs: Arguments of each call.
        poll_s: Yield after so many seconds even if nothing is finished.

    Raises:
        WorkerDied: A job's process died, and those of its retries.
        Exception: What a job raised.
    """
    waiting = iter([(number, *job) for number, job in enumerate(jobs)])
    numbered = Work(work.start, work.start_with, _Numbered(work.do))
    crew = Processes(min(n_processes, len(jobs)), numbered)
    for ended in spread(crew, lambda: next(waiting, None), poll_s):
        for each in ended:
            if each.error is not None:
                raise each.error
        yield [(each.job[0], each.value) for each in ended]


class _Numbered:
    """Leaves out the position of a job."""

    def __init__(self, do: Callable[..., Any]) -> None:
        self._do = do

    def __call__(self, number: int, *job: Any) -> Any:
        return self._do(*job)


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_cores(n_processes: int) -> list[list[int]]:
    """Deal the cores of this process to others; a share is empty where they do not suffice or cannot be chosen."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return [cores[i::n_processes] for i in range(n_processes)]


def keep_to_cores(cores: Sequence[int]) -> None:
    """Keep all of this process to cores, before anything counts them; with none it is kept to one thread of OpenCV.

    OpenVINO takes the cores of all threads of the process together, and opens them to who calls it: one thread that was begun
    before and may run anywhere is enough for two processes to share each other's cores.
    """
    if cores:
        for thread in _threads():
            try:
                os.sched_setaffinity(thread, cores)
            except ProcessLookupError:  # it has ended meanwhile
                continue
    import cv2

    cv2.setNumThreads(max(1, len(cores)))


def _threads() -> list[int]:
    """Return the numbers of this process's threads; 0, the one that asks, where the system does not list them."""
    tasks = Path("/proc/self/task")
    return [int(task.name) for task in tasks.iterdir()] if tasks.is_dir() else [0]


def _begin(cores: Sequence[int]) -> None:
    threading.Thread(target=_end_with_parent, name="femo-parent", daemon=True).start()
    keep_to_cores(cores)


def _end_with_parent() -> None:
    """A pool's process would wait for jobs for ever once its parent was killed."""
    parent = parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)


def _do(work: Work, job: Job) -> Any:
    if not _STARTED:
        work.begin()
        _STARTED.append(True)
    return work.do(*job)
