"""Draws over a photo which parts of each face carry its reading (``femo.saliency``).

Conventions: red is what the reading hangs on, blue what speaks against it; each face has its own scale. Boxes are xyxy in
source pixels.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image

from femo.output.draw import PALETTE, rgb_of
from femo.types import RGB, Floats

FOR, AGAINST = PALETTE[0], PALETTE[5]
OPACITY: Final = 0.75
LEAST: Final = 0.1
"""A change of log-odds below this (of 50 % to 52 %) is not coloured as if it mattered."""


def draw_heat(rgb: RGB, boxes: Sequence[Floats], heats: Sequence[Floats]) -> RGB:
    """Lay the heat of N faces over a photo.

    Args:
        rgb: uint8 (H, W, 3).
        boxes: N times float32 (4,), xyxy in its pixels; what lies outside is left out.
        heats: N times float32 (S, S), by how much the log-odds fall.

    Returns:
        A new picture of the same size.
    """
    out = rgb.copy()
    for box, heat in zip(boxes, heats, strict=True):
        _lay(out, box, heat)
    return out


def _lay(out: RGB, box: Floats, heat: Floats) -> None:
    """Colour one face in place."""
    height, width = out.shape[:2]
    x1, y1, x2, y2 = (int(edge) for edge in np.round(box))
    left, top, right, bottom = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    if left >= right or top >= bottom:
        return
    stretched = Image.fromarray(heat).resize((x2 - x1, y2 - y1), Image.Resampling.BILINEAR)
    part = np.asarray(stretched)[top - y1 : bottom - y1, left - x1 : right - x1, None]
    strength = np.abs(part) / max(float(np.abs(heat).max()), LEAST) * OPACITY
    colour = np.where(part > 0, np.array(rgb_of(FOR)), np.array(rgb_of(AGAINST)))
    under = out[top:bottom, left:right]
    out[top:bottom, left:right] = np.round(under * (1 - strength) + colour * strength).astype(np.uint8)
