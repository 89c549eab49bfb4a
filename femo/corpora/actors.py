"""Workers that are actors of a Ray cluster; ray comes with femo's extra ``ray``.

Conventions: an actor holds the networks and does one job at a time; jobs and answers are small, rows go to the output folder,
which all nodes must see under the same path. On a node actors share the cores in groups: each keeps to the first group that no
other process of femo holds. GPUs are dealt in equal parts.
"""

import os
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from femo.corpora.cluster import Cluster
from femo.corpora.processes import keep_to_cores
from femo.corpora.spreading import RETRIES, Job, Work, WorkerDied
from femo.errors import FemoError

CPUS_PER_WORKER: Final = 1
PATIENCE_S: Final = 10.0
"""Actors of a run before, or of one that died, may need a moment to let go of their cores;"""
BETWEEN_S: Final = 0.2
"""looked at this often."""


class Actors:
    """A crew of actors.

    Args:
        n_workers: How many; None is one for each core of the cluster.
        work: What they do.
        address: Of the cluster, such as ``ray://head:10001`` or ``head:6379``; None takes the one that runs on this machine.

    Raises:
        NoCluster: None is named and none runs here.
        FemoError: ray is not installed, or no cluster answers.
    """

    def __init__(self, n_workers: int | None, work: Work, address: str | None = None) -> None:
        self._cluster = Cluster(address)
        self._ray = ray = self._cluster.ray
        resources = ray.cluster_resources()
        self.n_workers = n_workers or max(int(resources.get("CPU", 1)) // CPUS_PER_WORKER, 1)
        self._gpus = min(resources.get("GPU", 0) / self.n_workers, 1)
        self._work = work
        self._class = ray.remote(_Actor)
        self._actors = [self._actor() for _ in range(self.n_workers)]

    def submit(self, worker: int, job: Job) -> Any:
        """Begin a job in one actor."""
        with self._cluster.asked():
            return self._actors[worker].do.remote(job)

    def wait(self, running: Collection[Any], timeout_s: float | None) -> Collection[Any]:
        """Return the jobs that have ended."""
        with self._cluster.asked():
            ready, _ = self._ray.wait(list(running), num_returns=1, timeout=timeout_s)
        if not ready:
            self._cluster.look()
        return list(ready)

    def result(self, handle: Any) -> Any:
        """Return what a job returned, or raise what it raised."""
        errors = self._ray.exceptions
        try:
            with self._cluster.asked():
                return self._ray.get(handle)
        except errors.RayTaskError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, MemoryError):
                raise WorkerDied(_died()) from error
            if isinstance(cause, Exception):
                raise cause from None
            raise
        except errors.RayError as error:
            raise WorkerDied(_died()) from error

    def replace(self, worker: int) -> None:
        """Start another actor in the place of one that died."""
        self._cluster.look()  # all die with their head, and a new one could not be had
        with self._cluster.asked():
            self._ray.kill(self._actors[worker])
            self._actors[worker] = self._actor()

    def close(self) -> None:
        """Let the actors go, those too that a lost cluster can no longer be told of."""
        try:
            for actor in self._actors:
                with self._cluster.asked():
                    self._ray.kill(actor)
        except FemoError:
            pass  # they end with their cluster; who asked last has been told why
        self._cluster.leave()

    def _actor(self) -> Any:
        return self._class.options(num_cpus=CPUS_PER_WORKER, num_gpus=self._gpus).remote(self._work)


def _died() -> str:
    return f"its worker on the Ray cluster died {RETRIES + 1} times, out of memory or by a crash of a decoder"


class _Actor:
    """One worker: started with its first job, so that what keeps it from starting comes out as that job's error."""

    def __init__(self, work: Work) -> None:
        self._work, self._started = work, False
        self._cores = _take_cores(CPUS_PER_WORKER)

    def do(self, job: Job) -> Any:
        """Do one job."""
        if not self._started:
            self._work.begin()
            self._started = True
        return self._work.do(*job)


def _take_cores(n: int, patience_s: float = PATIENCE_S) -> FileLock | None:
    """Keep this process to n cores of its node that no other holds; None where all are held, or cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    folder = Path(tempfile.gettempdir()) / f"femo-cores-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    until_s = time.monotonic() + patience_s
    while True:
        for first in range(0, len(cores) - n + 1, n):
            lock = FileLock(folder / f"{cores[first]}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            keep_to_cores(cores[first : first + n])
            return lock
        if time.monotonic() >= until_s:
            return None
        time.sleep(BETWEEN_S)
