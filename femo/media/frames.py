"""What a decoded frame says besides its pixels: when it is shown, and which way is up.

Conventions: time in seconds from the start of the container; a display matrix is nine 32-bit numbers as ISO/IEC
14496-12 section 8.3.2 defines them, which map a stored point (x, y) to (a·x + c·y, b·x + d·y).
"""

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any, TypeAlias

import cv2
import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type

from femo.types import RGB

STEP_BACK_S = 1.0
"""A jump back by more is a new time line (concatenated recordings), by less a faulty stamp."""
SMALLEST_STEP_S = 1e-6
"""What separates frames that carry the same stamp: finer than a tick of any container in use."""

SQUARE = Fraction(1, 100)

MOST_BETWEEN = 16
"""Frames that can be shown before one that was stored ahead of them: the most B frames in a row that x264 and x265 write."""

Matrix: TypeAlias = tuple[int, int, int, int]
"""The part (a, b, c, d) of a display matrix."""


def _unnamed(kinds: type[Type], value: object) -> Any:
    """Make a member for a kind of side data that PyAV does not name."""
    kind: Any = object.__new__(kinds)
    kind._name_, kind._value_ = f"UNNAMED_{value}", value
    return kind


# PyAV 18 names 28 kinds, FFmpeg 8.1 has more: EXIF, which is 31, made the list of a frame's side data a ValueError
Type._missing_ = classmethod(_unnamed)  # type: ignore[method-assign,assignment]


class Clock:
    """Turns container time stamps into strictly increasing seconds.

    A frame without a stamp follows its predecessor by one frame; a stamp that runs back a little is put right
    behind its predecessor; one that runs back by more than ``STEP_BACK_S`` starts a new time line there.

    Attributes:
        start_s: Where zero lies on the container's own clock.
        shifts_s: What is added to the stamps of each time line so far, seconds; 0 for the first.
        end_s: Where the last frame ends.
    """

    def __init__(self, first: Any, start_us: int | None, time_base: Fraction, frame_s: float) -> None:
        self._base = time_base
        self._frame_s = frame_s
        first_pts = 0 if first.pts is None else first.pts
        # rounded to a tick: the container gives its start in whole microseconds only
        start = first_pts if start_us is None else round(Fraction(start_us, 1_000_000) / time_base)
        self._start_pts = min(start, first_pts)
        self.start_s = float(self._start_pts * time_base)
        self.shifts_s = [0.0]
        self._last_s = -frame_s
        self.end_s = 0.0

    def __call__(self, frame: Any) -> float:
        """Return the time of the next frame in seconds."""
        if frame.pts is None:
            time_s = self._last_s + self._frame_s
        else:
            time_s = float((frame.pts - self._start_pts) * self._base) + self.shifts_s[-1]
        if time_s < self._last_s - STEP_BACK_S:
            self.shifts_s.append(self.shifts_s[-1] + self._last_s + self._frame_s - time_s)
            time_s = self._last_s + self._frame_s
        time_s = max(time_s, self._last_s + SMALLEST_STEP_S, 0.0)
        self._last_s = time_s
        self.end_s = time_s + (float(frame.duration * self._base) if frame.duration else self._frame_s)
        return time_s


class StoredOrder:
    """Tells whether the stamps of the packets so far rise in the order in which they are stored.

    Attributes:
        rises: So far.
    """

    def __init__(self) -> None:
        self.rises = True
        self._last = -math.inf

    def __call__(self, pts: int | None) -> None:
        """Take the stamp of the next packet."""
        if pts is not None:
            self.rises = self.rises and pts > self._last
            self._last = pts


def sorted_stamps(frames: Iterable[Any], is_doubtful: Callable[[], bool]) -> Iterator[Any]:
    """Yield frames as they come, and give them their own stamps in rising order where these tell in which order they are stored.

    AVI and some ASF number the stored frames, and H.264 stores what later frames need before them. So the smallest stamp of the
    next ``MOST_BETWEEN`` frames is that of the first; so many are held back while it is doubtful.

    Args:
        frames: Decoded frames in the order in which they are shown; their ``pts`` may change.
        is_doubtful: Asked at each frame, whether the stamps may be such.
    """
    held: deque[Any] = deque()
    stamps: list[int] = []
    last = -math.inf
    for frame in frames:
        if (
            frame.pts is None or frame.pts < last
        ):  # another recording, or a faulty stamp: none to sort among others
            yield from _stamped(held, stamps, 0)
            last = -math.inf
        if frame.pts is None:
            yield frame
            continue
        held.append(frame)
        heapq.heappush(stamps, frame.pts)
        for out in _stamped(held, stamps, MOST_BETWEEN if is_doubtful() else 0):
            last = out.pts
            yield out
    yield from _stamped(held, stamps, 0)


def _stamped(held: deque[Any], stamps: list[int], n_left: int) -> Iterator[Any]:
    while len(held) > n_left:
        frame = held.popleft()
        frame.pts = heapq.heappop(stamps)
        yield frame


def matrix_of(frame: Any) -> Matrix | None:
    """Return the display matrix of a frame, None where it has none.

    ``frame.side_data`` would tell it too, but keeps what it made in the frame: a circle that holds the frame's pixels until
    Python's collector next looks at its oldest objects, which in a large process is after hundreds of frames.
    """
    side_data = SideDataContainer(frame).get(Type.DISPLAYMATRIX)  # type: ignore[call-arg]
    if side_data is None:
        return None
    a, b, _, c, d = np.frombuffer(bytes(side_data), np.int32)[:5].tolist()
    return a, b, c, d


def _operations(matrix: Matrix) -> list[Callable[[RGB], Any]]:
    """The steps that show a stored picture as meant; other angles are rounded to quarter turns."""
    a, b, c, d = matrix
    turned = abs(b) + abs(c) > abs(a) + abs(d)
    mirrored_x, mirrored_y = (c < 0, b < 0) if turned else (a < 0, d < 0)
    steps: list[Callable[[RGB], Any]] = [cv2.transpose] if turned else []
    if mirrored_x or mirrored_y:
        code = -1 if mirrored_x and mirrored_y else int(mirrored_x)
        steps.append(lambda picture: cv2.flip(picture, code))
    return steps


def turn_upright(rgb: RGB, matrix: Matrix | None) -> RGB:
    """Return the picture as the display matrix wants it shown, contiguous."""
    for step in _operations(matrix) if matrix else []:
        rgb = step(rgb)
    return np.ascontiguousarray(rgb)


def upright_size(matrix: Matrix | None, size: tuple[int, int]) -> tuple[int, int]:
    """Return (width, height) of a picture of this size once it is turned as the display matrix wants."""
    return (size[1], size[0]) if matrix and cv2.transpose in _operations(matrix) else size


def square_pixel_size(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """Return the size in which a stored picture has its true shape: one side grows, none shrinks, as browsers do it.

    Args:
        width: Stored pixels across.
        height: Stored pixels down.
        aspect: Width of a pixel by its height, None where nobody says; less than ``SQUARE`` off 1 is a rounding.
    """
    if not aspect or aspect <= 0 or abs(aspect - 1) < SQUARE:
        return width, height
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))
