"""Runs one analysis in its own thread while the page shows how far it is, and stops it when asked or left alone."""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Generic, TypeVar

from femo.demo.markup import empty, render
from femo.demo.server.caller import Watch
from femo.errors import Cancelled, FemoError
from femo.media.streaming import Progress, Report, clock, raise_if

T = TypeVar("T")
_ONE: Final = ThreadPoolExecutor(1, "femo-video")
"""Runs the analyses of every tab one after another, as the queue starts them: who comes after a stopped one waits for its end."""


class Jobs:
    """The running analysis of each visitor; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Job[Any]] = {}

    def follow(self, visitor: str, job: "Job[Any]") -> Iterator[Progress | None]:
        """Run a visitor's job: None when it starts, then its progress until its end.

        An earlier job of theirs is stopped; leaving the loop stops this one.
        """
        self._start(visitor, job)
        try:
            yield None
            yield from job.follow()
        finally:
            self._end(visitor, job)

    def cancel(self, visitor: str) -> None:
        """Stop a visitor's job, if there is one."""
        with self._lock:
            job = self._running.get(visitor)
        if job is not None:
            job.watch.stop.set()

    def _start(self, visitor: str, job: "Job[Any]") -> None:
        with self._lock:
            earlier = self._running.pop(visitor, None)
            self._running[visitor] = job
        if earlier is not None:
            earlier.watch.stop.set()

    def _end(self, visitor: str, job: "Job[Any]") -> None:
        with self._lock:
            if self._running.get(visitor) is job:
                del self._running[visitor]


class Job(Generic[T]):
    """One analysis; made within the event that waits for it.

    Args:
        read: Reads the file; gets what takes progress, and what tells whether to stop.

    Attributes:
        watch: Tells whether to stop: on demand, when the caller leaves, when the host's time is used up.
    """

    def __init__(self, read: Callable[[Report, Callable[[], bool]], T]) -> None:
        self.watch = Watch()
        self._read = read
        self._news: queue.Queue[Progress | None] = queue.Queue()
        self._future: Future[T] | None = None

    def follow(self) -> Iterator[Progress]:
        """Start, and yield progress until the end; leaving the loop stops the analysis, and does not wait for that.

        Gradio closes this generator in the event loop, where waiting would keep every visitor from an answer.
        """
        self._future = _ONE.submit(self._in_turn)
        self._future.add_done_callback(lambda _: self._news.put(None))
        try:
            while (news := self._latest()) is not None:
                yield news
        finally:
            self.watch.stop.set()

    def result(self) -> T:
        """Return what was read, after ``follow`` came to its end.

        Raises:
            FemoError: The file cannot be read, or the job was stopped.
        """
        if self._future is None:
            raise RuntimeError("follow the job first")
        return self._future.result()

    def _in_turn(self) -> T:
        raise_if(self.watch)  # it may have been stopped while it waited
        return self._read(self._report, self.watch)

    def _report(self, progress: Progress) -> None:
        self.watch.tell(progress)
        self._news.put(progress)

    def _latest(self) -> Progress | None:
        """Wait for news; what was overtaken meanwhile is left out."""
        news = self._news.get()
        while news is not None and not self._news.empty():
            news = self._news.get()
        return news


def why_nothing(error: FemoError) -> str:
    """Return what the tab says when a job ended without a reading."""
    title, text = ("Cancelled", "Nothing was kept.") if isinstance(error, Cancelled) else ("Not read", str(error))
    return empty(title, text)


def progress_bar(progress: Progress | None, unit: str = "frame") -> str:
    """Return the bar with frames (or other units) per second and time left; None is the time before the first."""
    left = "" if progress is None or progress.left_s is None else clock(progress.left_s)
    return render("running", progress=progress, left=left, unit=unit)
