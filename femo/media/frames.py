"""What a decoded frame says besides its pixels: when it is shown, and which way is up.

Conventions: time in seconds from the start of the container; a display matrix is nine 32-bit numbers as ISO/IEC
14496-12 section 8.3.2 defines them, which map a stored point (x, y) to (a·x + c·y, b·x + d·y).
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type

from femo.types import RGB

STEP_BACK_S = 1.0
"""A jump back by more is a new time line (concatenated recordings), by less a faulty stamp."""
SMALLEST_STEP_S = 1e-6
"""What separates frames that carry the same stamp: finer than a tick of any container in use."""

SQUARE = Fraction(1, 100)


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


def _matrix(frame: Any) -> tuple[int, int, int, int] | None:
    """The part (a, b, c, d) of the display matrix, or None where there is none.

    ``frame.side_data`` would tell it too, but keeps what it made in the frame: a circle that holds the frame's pixels until
    Python's collector next looks at its oldest objects, which in a large process is after hundreds of frames.
    """
    side_data = SideDataContainer(frame).get(Type.DISPLAYMATRIX)  # type: ignore[call-arg]
    if side_data is None:
        return None
    a, b, _, c, d = np.frombuffer(bytes(side_data), np.int32)[:5].tolist()
    return a, b, c, d


def is_upright(frame: Any) -> bool:
    """Tell whether the stored picture is shown as it is."""
    matrix = _matrix(frame)
    return matrix is None or _operations(matrix) == []


def _operations(matrix: tuple[int, int, int, int]) -> list[Callable[[RGB], Any]]:
    """The steps that show a stored picture as meant; other angles are rounded to quarter turns."""
    a, b, c, d = matrix
    turned = abs(b) + abs(c) > abs(a) + abs(d)
    mirrored_x, mirrored_y = (c < 0, b < 0) if turned else (a < 0, d < 0)
    steps: list[Callable[[RGB], Any]] = [cv2.transpose] if turned else []
    if mirrored_x or mirrored_y:
        code = -1 if mirrored_x and mirrored_y else int(mirrored_x)
        steps.append(lambda picture: cv2.flip(picture, code))
    return steps


def turn_upright(rgb: RGB, frame: Any) -> RGB:
    """Return the picture as the frame's display matrix wants it shown, contiguous."""
    matrix = _matrix(frame)
    for step in _operations(matrix) if matrix else []:
        rgb = step(rgb)
    return np.ascontiguousarray(rgb)


def upright_size(frame: Any, size: tuple[int, int]) -> tuple[int, int]:
    """Return (width, height) of a picture of this size once it is turned as the frame's display matrix wants."""
    matrix = _matrix(frame)
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
