"""Tells whether anyone still waits for the event that runs, and how long it may run.

Conventions: Gradio 6 marks an event whose connection closed but lets its function run to the end; here the function asks.
A caller who never opened the stream of answers counts as gone after ``LEFT_ALONE_S``.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Final

from gradio.context import LocalContext
from gradio.queueing import Queue

from femo.demo.server.line import Line
from femo.errors import FemoError, MediaError
from femo.media.containers import VideoLimits
from femo.media.streaming import Progress

LEFT_ALONE_S: Final = 30.0
"""An answer that nobody fetched for so long has no reader."""
MAX_JOB_S: Final = 1800.0
"""The default of ``FEMO_MAX_JOB_S``: an hour of film at twice real time."""
PIXELS_PER_CORE_S: Final = 125e6
"""More than one core reads in a second: two read 84 megapixels of 1080p with six faces (benchmarks/RESULTS.md)."""


def max_job_s() -> float:
    """Return how many seconds one analysis may take, from ``FEMO_MAX_JOB_S``.

    Raises:
        FemoError: It is no number above 0.
    """
    wanted = os.environ.get("FEMO_MAX_JOB_S", "").strip()
    try:
        seconds = float(wanted) if wanted else MAX_JOB_S
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise FemoError(f"FEMO_MAX_JOB_S is {wanted!r}, expected a number of seconds above 0.")
    return seconds


def clip_limits() -> VideoLimits:
    """Return what the app refuses before it reads a clip: what this host cannot read within ``FEMO_MAX_JOB_S``."""
    return VideoLimits(max_total_pixels=max_job_s() * PIXELS_PER_CORE_S * (os.cpu_count() or 1))


def has_left(queue: Queue | None, event_id: str | None) -> Callable[[], bool]:
    """Return what tells whether the caller of an event has left.

    Where no queue runs the event (a test, a direct call) the caller stays.
    """
    event = None if queue is None or event_id is None else queue.event_ids_to_events.get(event_id)
    if queue is None or event_id is None or event is None:
        return lambda: False
    unread_since: list[float] = []

    def left() -> bool:
        if queue.stopped or not event.alive or queue.event_ids_to_events.get(event_id) is not event:
            return True
        unread = queue.pending_messages_per_session.get(event.session_hash)
        if unread is None or not unread.qsize():
            unread_since.clear()
            return False
        unread_since.append(time.monotonic())
        del unread_since[1:]
        return time.monotonic() - unread_since[0] > LEFT_ALONE_S

    return left


class Watch:
    """Stops one analysis, as its ``cancel``: when told so, when its caller leaves, or when the host's time is used up.

    Made within the event.

    Attributes:
        stop: Set it to stop.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        blocks = LocalContext.blocks.get(None)
        self._queue = None if blocks is None else blocks._queue
        self._event_id = LocalContext.event_id.get(None)
        self._left = has_left(self._queue, self._event_id)
        self._max_job_s = max_job_s()
        self._end_s = time.monotonic() + self._max_job_s

    def __call__(self) -> bool:
        """Tell whether to stop.

        Raises:
            MediaError: The analysis took longer than the host allows.
        """
        if time.monotonic() > self._end_s:
            raise MediaError(
                f"The analysis took longer than the {self._max_job_s:g} s that this host allows (FEMO_MAX_JOB_S): "
                "send a shorter or smaller clip, or read fewer frames."
            )
        return self.stop.is_set() or self._left()

    def tell(self, progress: Progress) -> None:
        """Let those who wait behind this analysis know how long it goes on."""
        if isinstance(self._queue, Line) and self._event_id is not None and progress.left_s is not None:
            self._queue.expect(self._event_id, progress.elapsed_s, progress.left_s)
