"""The arithmetic between the networks of the MTCNN cascade: pyramid, candidates, crops, suppression.

Conventions: "squares" are boxes that were widened to the longer side and may leave the picture. ``halves`` is the
picture, its half, its quarter, ... (``geometry.halves``), so that nothing is shrunk from full size twice.
Rounding follows facenet-pytorch, against which the tests compare.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from femo.faces import geometry
from femo.types import RGB, Bools, Floats, Ints

CELL = 12
"""P-Net looks at 12 x 12 pixels, and"""
STRIDE = 2
"""moves by 2."""
SHAPE_STEP = 16
"""P-Net inputs are filled up to multiples of this many pixels, of more where they are large."""
MOST_PIXELS = 1 << 22
"""Of one pass of P-Net, whose layers keep some 110 bytes for each: a level of 48 megapixels at once took 5.2 GB."""
MOST_CANDIDATES = 16_384
"""Of one suppression, whose time goes with their square: a group of seven has 458 in its finest level at 12 pixels."""
MOST_FACES = 4_096
"""Of the last suppression; 256 faces are read."""


@dataclass(frozen=True, slots=True)
class Level:
    """One P-Net input: its scale to the source and its valid size, without what fills it up."""

    rgb: RGB
    scale: float
    width: int
    height: int


def pyramid(halves: list[RGB], smallest: int, factor: float) -> list[Level]:
    """Pictures in which a face of ``smallest``, ``smallest / factor``, ... pixels is 12 pixels large."""
    height, width = halves[0].shape[:2]
    levels, scale = [], CELL / smallest
    while min(height, width) * scale >= CELL:
        high, wide = int(height * scale + 1), int(width * scale + 1)
        small = geometry.resize(halved(halves, wide, high), wide, high)
        fill = (_filled(high) - high, _filled(wide) - wide)
        filled = cv2.copyMakeBorder(small, 0, fill[0], 0, fill[1], cv2.BORDER_REPLICATE)
        levels.append(Level(np.asarray(filled, np.uint8), scale, wide, high))
        scale *= factor
    return levels


def _filled(size: int) -> int:
    """Round a side up, by less than an eighth from 128 pixels on: every new shape keeps memory."""
    step = max(SHAPE_STEP, 1 << max((size - 1).bit_length() - 4, 0))
    return size + -size % step


def halved(halves: list[RGB], width: int, height: int) -> RGB:
    """Return the smallest of the halved pictures that has at least this size, else the source."""
    fitting = [half for half in halves if half.shape[1] >= width and half.shape[0] >= height]
    return fitting[-1] if fitting else halves[0]


def cells(size: int) -> int:
    """Number of P-Net positions along one side: 3 x 3, pool by 2 rounded up, 3 x 3, 3 x 3."""
    return max((size - 2 + 1) // 2 - 4, 0)


def bands(level: Level) -> Iterator[tuple[int, int, RGB]]:
    """Cut a P-Net input into bands of one shape, so that no pass needs more memory than ``MOST_PIXELS`` do.

    Yields:
        The first row of cells that no band before has, how many rows of this band come before it, and its pixels.
    """
    height, width = level.rgb.shape[:2]
    tall = min(max(MOST_PIXELS // width // SHAPE_STEP, 4) * SHAPE_STEP, height)
    for first in range(0, cells(level.height), cells(tall)):
        top = min(
            first * STRIDE, height - tall
        )  # even, as a cell's first pixel must be: both are multiples of SHAPE_STEP
        yield first, first - top // STRIDE, level.rgb[top : top + tall]


def candidates(face: Floats, move: Floats, scale: float, threshold: float, first_row: int = 0) -> Floats:
    """P-Net's cells above the threshold, as rows of box, score and four regressed moves (N, 9), from ``first_row`` on."""
    rows, columns = np.nonzero(face >= threshold)
    corner = np.stack([columns, rows + first_row], axis=1) * STRIDE
    top_left, bottom_right = np.floor((corner + 1) / scale), np.floor((corner + CELL) / scale)
    score = face[rows, columns, None]
    return np.concatenate([top_left, bottom_right, score, move[:, rows, columns].T], axis=1).astype(np.float32)


def crops(halves: list[RGB], squares: Floats, size: int) -> RGB:
    """Cut squared boxes (N, 4), each from the smallest half in which it has at least ``size`` pixels."""
    height, width = halves[0].shape[:2]
    out = np.empty((len(squares), size, size, 3), np.uint8)
    # As facenet-pytorch: coordinates count from 1, are cut towards zero, and what is outside is left out.
    corners = np.trunc(squares).astype(np.int64)
    x1, y1 = np.maximum(corners[:, 0], 1) - 1, np.maximum(corners[:, 1], 1) - 1
    x2, y2 = np.minimum(corners[:, 2], width), np.minimum(corners[:, 3], height)
    side = np.minimum(x2 - x1, y2 - y1)
    step = np.clip(np.log2(np.maximum(side, 1) / size).astype(np.int64), 0, len(halves) - 1)
    for row in range(len(squares)):
        level = int(step[row])
        left, top = int(x1[row]) >> level, int(y1[row]) >> level
        right, bottom = -(-int(x2[row]) >> level), -(-int(y2[row]) >> level)
        part = halves[level][top:bottom, left:right]
        while min(part.shape[:2]) >= 2 * size:
            part = geometry.half(part)
        # Between two neighbouring halves bilinear is as good as the area average (same IoU), in a tenth of the time.
        near = max(part.shape[:2]) < 2 * size
        out[row] = cv2.resize(part, (size, size)) if near else geometry.resize(part, size, size)
    return out


def visible(squares: Floats, rgb: RGB) -> Bools:
    """Which boxes have at least one pixel in the picture, by the rounding of ``crops``; bool (N,)."""
    height, width = rgb.shape[:2]
    corners = np.trunc(squares)
    right, bottom = np.minimum(corners[:, 2], width), np.minimum(corners[:, 3], height)
    seen = (right >= np.maximum(corners[:, 0], 1)) & (bottom >= np.maximum(corners[:, 1], 1))
    return np.asarray(seen, np.bool_)


def moved(boxes: Floats, move: Floats) -> Floats:
    """Apply regressed moves, given as fractions of the box size."""
    size = boxes[:, 2:] - boxes[:, :2] + 1
    return (boxes + move * np.tile(size, 2)).astype(np.float32)


def strongest(score: Floats, most: int) -> Ints:
    """Rows of the best scores, in their order, so many at most; equal scores by their order."""
    if len(score) <= most:
        return np.arange(len(score))
    return np.sort(np.argsort(-score, kind="stable")[:most])


def suppress(boxes: Floats, score: Floats, threshold: float) -> list[int]:
    """Greedy non-maximum suppression by intersection over union among the best ``MOST_CANDIDATES``; rows to keep, best first."""
    if not len(boxes):
        return []
    rows = strongest(score, MOST_CANDIDATES)
    boxes = boxes[rows]
    xywh = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(xywh, score[rows], 0.0, threshold)  # type: ignore[arg-type]
    return [int(rows[row]) for row in kept]


def suppress_inner(boxes: Floats, score: Floats, threshold: float) -> list[int]:
    """Suppression by intersection over the smaller box, which removes a face inside a face, among the best ``MOST_FACES``."""
    left = np.argsort(-score, kind="stable")[:MOST_FACES]
    extent = _extent(boxes)
    kept: list[int] = []
    while len(left):
        row, left = int(left[0]), left[1:]
        kept.append(row)
        shared = _shared(boxes[left], boxes[row : row + 1])[:, 0] / np.minimum(extent[left], extent[row])
        left = left[shared <= threshold]
    return kept


def inside(boxes: Floats, around: Floats, share: float) -> Bools:
    """Which boxes (N, 4) lie in one of the others (M, 4) by more than this share of their own area; bool (N,)."""
    covered = _shared(boxes, around) / _extent(boxes)[:, None]
    return np.asarray((covered > share).any(axis=1), np.bool_)


def _extent(boxes: Floats) -> Floats:
    """Number of pixels of each box (N,), both edges counted."""
    return np.asarray((boxes[:, 2:] - boxes[:, :2] + 1).prod(axis=1), np.float32)


def _shared(first: Floats, second: Floats) -> Floats:
    """Number of pixels that every pair has in common, (N, M)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    return np.asarray(np.maximum(high - low + 1, 0).prod(axis=2), np.float32)


def at_least_a_pixel(boxes: Floats, width: int, height: int) -> Floats:
    """Cut boxes to the picture, keeping one pixel of each."""
    corner = np.clip(boxes[:, :2], 0, np.array([width - 1, height - 1], np.float32))
    far = np.minimum(np.maximum(boxes[:, 2:], corner + 1), np.array([width, height], np.float32))
    return np.concatenate([corner, far], axis=1).astype(np.float32)
