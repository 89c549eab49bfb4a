"""Boxes and crops.

Conventions: boxes are ``xyxy`` float32 in source pixels, right and bottom edge exclusive. Crops have no margin and
are squeezed to a square as they are, which is how the networks of the papers were trained; what lies outside the
picture is left out, never filled.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from femo.errors import MediaError
from femo.types import RGB, Doubles, Floats

LEFT_EYE, RIGHT_EYE = 0, 1
"""Rows of a face's keypoints, left and right as seen in the picture."""


def clip(xyxy: Floats, width: int, height: int) -> Floats:
    """Return boxes (N, 4) cut to the picture; a box outside collapses to zero area on the nearest edge."""
    limits = np.array([width, height, width, height], np.float32)
    return np.clip(xyxy, np.float32(0), limits).astype(np.float32)


def square(xyxy: Floats) -> Floats:
    """Return boxes (N, 4) widened about their centre to the longer side; they may leave the picture."""
    size = xyxy[:, 2:] - xyxy[:, :2]
    half = size.max(axis=1, keepdims=True) / 2
    centre = xyxy[:, :2] + size / 2
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)


def area(xyxy: Floats) -> Floats:
    """Return the area of each box (N,), in square pixels; 0 for an inverted box."""
    size = np.maximum(xyxy[:, 2:] - xyxy[:, :2], 0)
    return np.asarray(size[:, 0] * size[:, 1], np.float32)


def iou(first: Floats, second: Floats) -> Floats:
    """Return intersection over union of every pair, (N, M) in 0-1; 0 where both are empty."""
    top_left = np.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = np.minimum(first[:, None, 2:], second[None, :, 2:])
    size = np.maximum(bottom_right - top_left, 0)
    shared = size[..., 0] * size[..., 1]
    union = area(first)[:, None] + area(second)[None] - shared
    return np.asarray(shared / np.where(union > 0, union, 1), np.float32)


def crop(rgb: RGB, xyxy: Floats, size: int, *, keypoints: Floats | None = None) -> RGB:
    """Cut faces out of a picture into one batch.

    Args:
        rgb: uint8 (H, W, 3).
        xyxy: float32 (N, 4); parts outside the picture are left out.
        size: Side of the crops in pixels.
        keypoints: float32 (N, 5, 2). If given, the picture is first turned about the middle of each box so that
            the line through the eyes is level.

    Returns:
        uint8 (N, size, size, 3).
    """
    out = np.empty((len(xyxy), size, size, 3), np.uint8)
    for row, box in enumerate(xyxy):
        if keypoints is None:
            out[row] = resize(_cut(rgb, box), size, size)
        else:
            out[row] = _turned(rgb, box, keypoints[row], size)
    return out


def squash(crops: Sequence[RGB], size: int) -> npt.NDArray[np.uint8]:
    """Resize pictures of any sizes to squares, uint8 (N, size, size, 3).

    Raises:
        MediaError: One of them is not RGB uint8 (H, W, 3).
    """
    out = np.empty((len(crops), size, size, 3), np.uint8)
    for number, crop in enumerate(crops):
        is_rgb = isinstance(crop, np.ndarray) and crop.dtype == np.uint8 and crop.ndim == 3 and crop.shape[2] == 3
        if not is_rgb or not crop.size:
            raise MediaError(f"crop {number} is not RGB uint8 (H, W, 3)")
        out[number] = resize(crop, size, size)
    return out


def unlevelled(values: Floats, box: npt.NDArray[Any], keypoints: Floats) -> Floats:
    """Turn what was measured over a crop whose eyes are level back over its box; 0 where the crop does not reach.

    Args:
        values: float32 (S, S), over the crop that ``crop`` cuts out with ``keypoints``.
        box: xyxy, float32 (4,).
        keypoints: float32 (5, 2).
    """
    size = len(values)
    onto = _onto(box, size, size)
    back = (onto @ _turn(box, keypoints) @ np.linalg.inv(onto))[:2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(values, back, (size, size), flags=flags), np.float32)


def resize(rgb: RGB, width: int, height: int) -> RGB:
    """Return the picture at another size: area average where it shrinks, bilinear where it grows."""
    while rgb.shape[1] >= 4 * width and rgb.shape[0] >= 4 * height:
        rgb = half(rgb)  # exact halves have a fast path, 5 times faster than any other ratio
    if rgb.shape[1] == width and rgb.shape[0] == height:
        return rgb
    shrinks = width <= rgb.shape[1] and height <= rgb.shape[0]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=method), np.uint8)


def halves(rgb: RGB, smallest: int) -> list[RGB]:
    """Return the picture, its half, quarter, ..., while the shorter side stays at least ``smallest`` pixels."""
    out = [rgb]
    while min(out[-1].shape[:2]) // 2 >= smallest:
        out.append(half(out[-1]))
    return out


def half(rgb: RGB) -> RGB:
    """Return the mean of every 2 x 2 pixels; an odd last row or column is left out."""
    height, width = rgb.shape[0] // 2, rgb.shape[1] // 2
    even = rgb[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _cut(rgb: RGB, box: npt.NDArray[Any]) -> RGB:
    """Return the pixels of one box, at least one of them."""
    height, width = rgb.shape[:2]
    x1, y1 = min(max(int(box[0]), 0), width - 1), min(max(int(box[1]), 0), height - 1)
    x2, y2 = min(max(round(float(box[2])), x1 + 1), width), min(max(round(float(box[3])), y1 + 1), height)
    return rgb[y1:y2, x1:x2]


def _turned(rgb: RGB, box: npt.NDArray[Any], points: Floats, size: int) -> RGB:
    """Cut one box out of the picture turned about the box's middle until the eyes are level."""
    # Shrinking by a warp alone would skip pixels: warp at about the source's scale, then take the area average.
    wide, high = max(size, round(float(box[2] - box[0]))), max(size, round(float(box[3] - box[1])))
    matrix = (_onto(box, wide, high) @ _turn(box, points))[:2]
    level = cv2.warpAffine(rgb, matrix, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return resize(np.asarray(level, np.uint8), size, size)


def _turn(box: npt.NDArray[Any], points: Floats) -> Doubles:
    """Return the turn about the middle of a box (3, 3) that brings its eyes level."""
    along = points[RIGHT_EYE] - points[LEFT_EYE]
    angle = float(np.degrees(np.arctan2(along[1], along[0])))
    x1, y1, x2, y2 = (float(value) for value in box)
    turn = cv2.getRotationMatrix2D(((x1 + x2) / 2, (y1 + y2) / 2), angle, 1.0)
    return np.vstack([np.asarray(turn, np.float64), [0, 0, 1]])


def _onto(box: npt.NDArray[Any], width: int, height: int) -> Doubles:
    """Return what lays a box onto a picture of its own (3, 3), of ``width`` × ``height`` pixels."""
    x1, y1, x2, y2 = (float(value) for value in box)
    scale = np.diag([width / max(x2 - x1, 1.0), height / max(y2 - y1, 1.0), 1.0])
    return np.asarray(scale @ np.array([[1, 0, -x1], [0, 1, -y1], [0, 0, 1]]), np.float64)
