"""Scene cuts, told from motion by the change of a thumbnail."""

import cv2
import numpy as np

from femo.types import RGB, Floats

CUT_LEVELS = 12.0
"""Mean change of a thumbnail in grey levels below which there is no cut,"""
CUT_RATIO = 3.0
"""how often it must exceed the usual change,"""
CUT_CERTAIN = 45.0
"""the change that is a cut in any case, and"""
CUT_CELL = 8.0
"""the change that at least half of the cells must have: a person who steps in changes fewer."""
THUMBNAIL = (32, 18)
"""Cells across and down."""


class Cuts:
    """Watches one clip: a cut changes its thumbnail far more than the frames before did, and nearly everywhere."""

    def __init__(self) -> None:
        self._last: Floats | None = None
        self._usual = 0.0

    def begin_anew(self) -> None:
        """Forget the usual change, so that what follows depends on the last picture alone."""
        self._usual = 0.0

    def between(self, rgb: RGB) -> bool:
        """Return whether a cut lies between the last picture and this one."""
        coarse = cv2.resize(rgb, (THUMBNAIL[0] * 8, THUMBNAIL[1] * 8), interpolation=cv2.INTER_NEAREST)
        small = cv2.resize(coarse, THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32)
        last, self._last = self._last, small
        if last is None:
            return False
        cells = np.abs(small - last).mean(axis=2)
        change = float(cells.mean())
        cut = change >= CUT_CERTAIN or change >= max(CUT_LEVELS, CUT_RATIO * self._usual)
        cut = cut and float(np.median(cells)) >= CUT_CELL
        self._usual = 0.0 if cut else 0.7 * self._usual + 0.3 * change
        return cut
