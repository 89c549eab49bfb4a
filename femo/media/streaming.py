"""What a long job over a clip needs besides its steps: progress, and stopping.

Conventions: progress goes to a plain callable that gets one ``Progress``, whose text is a line for people, so
``progress=print`` works. A job is stopped by a ``threading.Event`` or by a callable that returns True; it then raises
``Cancelled`` at the next frame.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from femo.errors import Cancelled

Item = TypeVar("Item")

REPORT_S = 0.2
"""Progress is told at most this often."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        n_done: Frames read so far.
        n_frames: Frames expected by the container's header, or None.
        elapsed_s: Seconds since the start.
        n_faces: Faces read so far.
    """

    n_done: int
    n_frames: int | None
    elapsed_s: float
    n_faces: int

    @property
    def fps(self) -> float:
        """Frames per second so far."""
        return self.n_done / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def fraction(self) -> float | None:
        """Part that is done, 0-1, or None where the length is not known."""
        return min(1.0, self.n_done / self.n_frames) if self.n_frames else None

    @property
    def left_s(self) -> float | None:
        """Seconds that are left at this speed, or None where that is not known."""
        if not self.n_frames or not self.n_done:
            return None
        return max(0, self.n_frames - self.n_done) * self.elapsed_s / self.n_done

    def __str__(self) -> str:
        of = f" of {self.n_frames} ({100 * (self.fraction or 0):.0f} %)" if self.n_frames else ""
        left = "" if self.left_s is None else f", {clock(self.left_s)} left"
        return f"frame {self.n_done}{of}, {self.fps:.0f} frames/s{left}"


def clock(seconds: float) -> str:
    """Return a duration as ``m:ss`` or ``h:mm:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Flag(Protocol):
    """What ``threading.Event`` has."""

    def is_set(self) -> bool:
        """Tell whether the job is to stop."""


Cancel: TypeAlias = Flag | Callable[[], bool]
Report: TypeAlias = Callable[[Progress], object]


def raise_if(cancel: Cancel | None) -> None:
    """Stop the job if its caller wants so.

    Raises:
        Cancelled: The event is set, or the callable returns True.
    """
    if cancel is not None and (cancel() if callable(cancel) else cancel.is_set()):
        raise Cancelled("The analysis was cancelled.")


class Meter:
    """Tells progress now and then.

    Args:
        report: Gets the progress; None tells nobody.
        n_frames: Frames expected, or None.
    """

    def __init__(self, report: Report | None, n_frames: int | None) -> None:
        self._report = report
        self._n_frames = n_frames
        self._start = self._told = time.perf_counter()

    def tell(self, n_done: int, n_faces: int, *, last: bool = False) -> None:
        """Report unless that was done a moment ago; the last report always comes, with the true length."""
        now = time.perf_counter()
        if self._report is None or (now - self._told < REPORT_S and not last):
            return
        self._told = now
        self._report(Progress(n_done, n_done if last else self._n_frames, now - self._start, n_faces))
