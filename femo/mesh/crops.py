"""Cuts out what the mesh network looks at, and brings its points back.

Conventions: the network sees a square of 1.5 times the larger side of the face's box about the box's middle, turned until the
line through the eyes is level (the region that MediaPipe's face landmark graph cuts out). A ``Placing`` row says where: middle x
and y, side, angle in radians (clockwise in the picture, y down), and the picture's width and height. Coordinates are continuous:
the first pixel covers 0-1, as the edges of boxes do. What lies outside the picture repeats its border.
"""

import cv2
import numpy as np
import numpy.typing as npt

from femo.faces import geometry
from femo.networks.mesh import SIDE
from femo.types import RGB, Faces, Floats

WIDER = 1.5
CENTRE_X, CENTRE_Y, LENGTH, ANGLE, WIDTH, HEIGHT = range(6)
"""Columns of a placing."""


def place(faces: Faces, width: int, height: int) -> Floats:
    """Return where the network looks at each face, (N, 6).

    Args:
        faces: With eyes among their keypoints.
        width: Of the picture, pixels.
        height: Of the picture, pixels.
    """
    out = np.empty((len(faces), 6), np.float32)
    out[:, :2] = (faces.xyxy[:, :2] + faces.xyxy[:, 2:]) / 2
    out[:, LENGTH] = WIDER * (faces.xyxy[:, 2:] - faces.xyxy[:, :2]).max(axis=1)
    along = faces.keypoints[:, geometry.RIGHT_EYE] - faces.keypoints[:, geometry.LEFT_EYE]
    out[:, ANGLE] = np.arctan2(along[:, 1], along[:, 0])
    out[:, WIDTH], out[:, HEIGHT] = width, height
    return out


def cut(rgb: RGB, placing: Floats) -> npt.NDArray[np.uint8]:
    """Return the squares, uint8 (N, 192, 192, 3)."""
    out = np.empty((len(placing), SIDE, SIDE, 3), np.uint8)
    for row, spot in enumerate(placing):
        out[row] = _square(rgb, spot)
    return out


def to_picture(points: Floats, placing: Floats) -> Floats:
    """Bring points from the squares to the picture.

    Args:
        points: float32 (N, P, 3), x, y, z in pixels of the square.
        placing: (N, 6).

    Returns:
        float32 (N, P, 3) in source pixels; z in the same unit, less is nearer to the viewer.
    """
    scale = (placing[:, LENGTH] / SIDE)[:, None]
    cosine, sine = np.cos(placing[:, ANGLE])[:, None], np.sin(placing[:, ANGLE])[:, None]
    x, y = (points[..., 0] - SIDE / 2) * scale, (points[..., 1] - SIDE / 2) * scale
    out = np.empty(points.shape, np.float32)
    out[..., 0] = cosine * x - sine * y + placing[:, CENTRE_X, None]
    out[..., 1] = sine * x + cosine * y + placing[:, CENTRE_Y, None]
    out[..., 2] = points[..., 2] * scale
    return out


def _square(rgb: RGB, spot: Floats) -> RGB:
    """Cut one square; a large one is halved first, because a warp alone would skip pixels."""
    middle, length, angle = spot[:2].astype(np.float64), float(spot[LENGTH]), float(spot[ANGLE])
    reach = length * 0.5 * (abs(np.cos(angle)) + abs(np.sin(angle))) + 2
    height, width = rgb.shape[:2]
    low = np.clip(np.floor(middle - reach), 0, [width - 1, height - 1]).astype(int)
    high = np.clip(np.ceil(middle + reach), low + 1, [width, height]).astype(int)
    part = rgb[low[1] : high[1], low[0] : high[0]]
    middle = middle - low
    while length >= 2 * SIDE and min(part.shape[:2]) >= 2:
        part, middle, length = geometry.half(part), middle / 2, length / 2
    scale = SIDE / max(length, 1.0)
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    shift = SIDE / 2 - 0.5 - turn @ (middle - 0.5)  # OpenCV counts from the middle of the first pixel
    matrix = np.column_stack([turn, shift])
    return np.asarray(
        cv2.warpAffine(part, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )
