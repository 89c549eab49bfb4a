"""Shows how far a run over many clips is: one bar on a terminal, one line per clip elsewhere."""

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from femo.cli.output import say, shown
from femo.media.streaming import Progress, Report, clock

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


class Counter:
    """Progress over clips, measured in their bytes; to use in a ``with`` block.

    Args:
        clips: The clips of this run; one that does not exist counts nothing.
    """

    def __init__(self, clips: Sequence[Path]) -> None:
        self._sizes = {clip: clip.stat().st_size if clip.is_file() else 0 for clip in clips}
        self._total = max(1, sum(self._sizes.values()))
        self._before = 0
        self._number = 0
        self._start = time.perf_counter()
        self._bar, self._task = _bar(self._total)
        self._last: Progress | None = None

    def __enter__(self) -> "Counter":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, clip: Path) -> Report:
        """Return what takes the progress of one clip."""
        self._number += 1
        self._last = None

        def report(progress: Progress) -> None:
            self._last = progress
            part = self._before + (progress.fraction or 0) * self._sizes[clip]
            self._bar.update(
                self._task,
                completed=part,
                what=shown(f"{self._number}/{len(self._sizes)} {clip.name}"),
                speed=f"{progress.fps:.0f} frames/s",
                left=self._left(part),
            )

        return report

    def end(self, clip: Path) -> None:
        """Count a clip as finished, well or not."""
        self._before += self._sizes[clip]
        if self._bar.console.is_terminal or self._last is None:
            return
        took = f"{self._last.n_done} frames in {clock(self._last.elapsed_s)}, {self._last.fps:.0f} frames/s"
        say(f"{self._number}/{len(self._sizes)} {clip}: {took}, {self._left(self._before)}")

    def _left(self, part: float) -> str:
        if part <= 0:
            return ""
        return f"{clock((time.perf_counter() - self._start) * (self._total - part) / part)} left"


def _bar(total: int) -> "tuple[Bar, TaskID]":
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = [TextColumn("{task.fields[what]}", markup=False), BarColumn()]  # it may be a file called a[b].mp4
    columns += [TextColumn("{task.fields[speed]}"), TextColumn("{task.fields[left]}")]
    bar = Bar(*columns, console=console, transient=True, disable=not console.is_terminal)
    return bar, bar.add_task("", total=total, what="", speed="", left="")
