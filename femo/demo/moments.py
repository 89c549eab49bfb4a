"""Pictures of a clip's moments, kept small while it is read: which of them stand out is known only when it has been read.

Conventions: of a long clip every second, fourth, ... analysed frame is kept, so that the memory has a bound; a moment is then
shown by the frame nearest to it in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from femo.clips.group import peaks
from femo.demo.cards import data_uri
from femo.output.draw import shrink
from femo.results import GroupResult
from femo.types import Frame

MOMENT_PX: Final = 360
"""Longer side of a picture of a moment."""
MOST_KEPT: Final = 512
"""Pictures kept at once: of clips of 20 s at 25 frames per second each, at 20 kB as a data URI 10 MB."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of a clip and its picture.

    Attributes:
        title: What it is.
        time_s: When it is shown.
        picture: JPEG as a data URI.
    """

    title: str
    time_s: float
    picture: str


@dataclass(slots=True)
class Moments:
    """Looks at the frames of one clip, in their order, when it is called with one; one thread.

    It is data, so it crosses to another process and back (``femo.demo.zero_gpu``).
    """

    n_seen: int = 0
    step: int = 1
    kept: list[tuple[float, str]] = field(default_factory=list)

    def __call__(self, frame: Frame) -> None:
        """Keep a frame, or pass it by."""
        if self.n_seen % self.step == 0:
            if len(self.kept) == MOST_KEPT:
                self.kept, self.step = self.kept[::2], 2 * self.step
            if self.n_seen % self.step == 0:
                self.kept.append((frame.time_s, data_uri(shrink(frame.rgb, MOMENT_PX)[0])))
        self.n_seen += 1

    def take(self, other: "Moments") -> None:
        """Hold what another has kept, such as a copy of this one in another process."""
        self.n_seen, self.step, self.kept = other.n_seen, other.step, other.kept

    def standing_out(self, group: GroupResult) -> Sequence[Moment]:
        """Return the moments of highest and lowest affect, earlier first; none of one moment only, or where nothing was kept."""
        rows = peaks(group)
        if rows is None or rows[0] == rows[1] or not self.kept:
            return ()
        wanted = zip(rows, ("most positive", "least positive"), strict=True)
        return [self._nearest(float(group.over_time.time_s[row]), title) for row, title in sorted(wanted)]

    def _nearest(self, time_s: float, title: str) -> Moment:
        return Moment(title, *min(self.kept, key=lambda kept: abs(kept[0] - time_s)))
