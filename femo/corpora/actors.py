"""Workers that are actors of a Ray cluster; ray comes with ``pip install femo[ray]``.

Conventions: an actor holds the networks and does one job at a time; jobs and answers are small, rows go to the output folder,
which all nodes must see under the same path. On a node actors share the cores in groups: each keeps to the first group that no
other process of femo holds. GPUs are dealt in equal parts.
"""

import os
import tempfile
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from filelock import FileLock, Timeout

from femo.corpora.spreading import RETRIES, Job, Work, WorkerDied
from femo.errors import FemoError

CPUS_PER_WORKER: Final = 1
GONE: Final = "the Ray cluster is gone; start it and give the same command again, it goes on from here"


def _ray() -> ModuleType:
    try:
        import ray
    except ImportError as error:
        raise FemoError("the engine ray needs the package ray: pip install 'femo[ray]'") from error
    return ray


class Actors:
    """A crew of actors.

    Args:
        n_workers: How many; None is one for each core of the cluster.
        work: What they do.
        address: Of the cluster, such as ``ray://head:10001`` or ``head:6379``; None takes the one that runs on this machine, or
            starts one for this run.

    Raises:
        FemoError: ray is not installed, or no cluster answers.
    """

    def __init__(self, n_workers: int | None, work: Work, address: str | None = None) -> None:
        self._ray = ray = _ray()
        self._ours = not ray.is_initialized()
        if self._ours:
            _connect(ray, address)
        resources = ray.cluster_resources()
        self.n_workers = n_workers or max(int(resources.get("CPU", 1)) // CPUS_PER_WORKER, 1)
        self._gpus = min(resources.get("GPU", 0) / self.n_workers, 1)
        self._work = work
        self._class = ray.remote(_Actor)
        self._actors = [self._actor() for _ in range(self.n_workers)]

    def submit(self, worker: int, job: Job) -> Any:
        """Begin a job in one actor."""
        return self._actors[worker].do.remote(job)

    def wait(self, running: Collection[Any], timeout_s: float | None) -> Collection[Any]:
        """Return the jobs that have ended."""
        ready, _ = self._ray.wait(list(running), num_returns=1, timeout=timeout_s)
        return list(ready)

    def result(self, handle: Any) -> Any:
        """Return what a job returned, or raise what it raised."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(handle)
        except errors.RayTaskError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, MemoryError):
                raise WorkerDied(_died()) from error
            if isinstance(cause, Exception):
                raise cause from None
            raise
        except errors.RaySystemError as error:
            raise FemoError(GONE) from error
        except errors.RayError as error:
            raise WorkerDied(_died()) from error

    def replace(self, worker: int) -> None:
        """Start another actor in the place of one that died."""
        self._ray.kill(self._actors[worker])
        self._actors[worker] = self._actor()

    def close(self) -> None:
        """Let the actors go, and the cluster if it was started for them."""
        for actor in self._actors:
            self._ray.kill(actor)
        if self._ours:
            self._ray.shutdown()

    def _actor(self) -> Any:
        return self._class.options(num_cpus=CPUS_PER_WORKER, num_gpus=self._gpus).remote(self._work)


def _died() -> str:
    return f"its worker on the Ray cluster died {RETRIES + 1} times, out of memory or by a crash of a decoder"


def _connect(ray: ModuleType, address: str | None) -> None:
    quiet = {"log_to_driver": False, "logging_level": "error"}
    try:
        if address is not None:
            ray.init(address=address, **quiet)
            return
        try:
            ray.init(address="auto", **quiet)
        except ConnectionError:  # none runs here
            ray.init(address="local", include_dashboard=False, _node_ip_address="127.0.0.1", **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        raise FemoError(f"no Ray cluster answers at {address or 'this machine'}: {error}") from error


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


def _take_cores(n: int) -> FileLock | None:
    """Keep this process to n cores of its node that no other holds; None where all are held, or cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    folder = Path(tempfile.gettempdir()) / f"femo-cores-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for first in range(0, len(cores) - n + 1, n):
        lock = FileLock(folder / f"{cores[first]}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        os.sched_setaffinity(0, cores[first : first + n])
        return lock
    return None
