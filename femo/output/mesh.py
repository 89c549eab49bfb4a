"""Draws meshes on pictures: the points of each face, the outlines of its parts, and the axes of its head.

Conventions: pictures are RGB uint8 (H, W, 3) and are never changed in place. Outlines have the face's colour. The axes
start at the tip of the nose: red to the person's left, green up, blue where the nose points; each is as long as the eyes
are apart, turned as the face is seen (``femo.mesh.pose.seen_angles``), and drawn without perspective.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from femo.mesh.pose import rotate, seen_angles
from femo.meshes import BROWS_68, COLUMNS, EYES_68, JAW_68, LIPS_68, NOSE_68, POSE, Meshes
from femo.output.draw import SHADE, colour
from femo.types import RGB, Floats

OUTLINES: Final[tuple[tuple[tuple[int, ...], bool], ...]] = (
    (JAW_68, False),
    (BROWS_68[:5], False),
    (BROWS_68[5:], False),
    (NOSE_68[:4], False),
    (NOSE_68[4:], False),
    (EYES_68[:6], True),
    (EYES_68[6:], True),
    (LIPS_68[:12], True),
    (LIPS_68[12:], True),
)
"""Points along the parts of a face (``meshes.DLIB_68``), and whether the last joins the first."""
NOSE_TIP: Final = 1
EYES: Final = (33, 263)
AXES: Final = (("#FF5A4F", (1.0, 0.0, 0.0)), ("#4FD36B", (0.0, -1.0, 0.0)), ("#4F9DFF", (0.0, 0.0, -1.0)))
"""Colour and direction of each axis, before the head turns: x right, y down, z away (``femo.mesh.pose``)."""
DOT_SHARE: Final = 0.55
"""How much of a point's pixel is white."""
POINTS_PER_DOT: Final = 220
"""A face so many pixels wide has dots of one pixel."""


def draw_meshes(
    rgb: RGB, meshes: Meshes | None, *, factor: float = 1.0, numbers: Sequence[int] | None = None
) -> RGB:
    """Draw points, outlines and axes of every face that has a mesh.

    Args:
        rgb: The picture, uint8 (H, W, 3).
        meshes: N meshes in source pixels, or None, which draws nothing.
        factor: From source pixels to those of the picture.
        numbers: N numbers, each choosing a colour; 1 ... N by default.

    Returns:
        A new picture of the same size.
    """
    out = np.array(rgb)
    if meshes is None or not meshes.landmarks.shape[1]:
        return out
    known = np.flatnonzero(np.isfinite(meshes.landmarks).all(axis=(1, 2)))
    points = meshes.landmarks * np.float32(factor)
    turned = seen_angles(*np.split(meshes.values[:, [COLUMNS.index(name) for name in POSE]], 2, axis=1))
    for row in known.tolist():
        _dot(out, points[row, :, :2])
    image = Image.fromarray(out)
    draw = ImageDraw.Draw(image)
    for row in known.tolist():
        number = row + 1 if numbers is None else numbers[row]
        _outline(draw, points[row, :, :2], colour(number))
        if np.isfinite(turned[row]).all():
            _axes(draw, points[row], turned[row])
    return np.asarray(image)


def _dot(rgb: RGB, points: Floats) -> None:
    """Whiten the pixels of the points, in place."""
    side = max(1, round(float(np.ptp(points[:, 0])) / POINTS_PER_DOT))
    height, width = rgb.shape[:2]
    spread = np.arange(side) - (side - 1) // 2
    across, down = np.meshgrid(spread, spread)
    x = (np.round(points[:, :1]) + across.reshape(1, -1)).astype(np.int64).reshape(-1)
    y = (np.round(points[:, 1:]) + down.reshape(1, -1)).astype(np.int64).reshape(-1)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x, y = x[inside], y[inside]
    rgb[y, x] = (rgb[y, x] * (1 - DOT_SHARE) + 255 * DOT_SHARE).astype(np.uint8)


def _width(points: Floats) -> int:
    return max(1, round(float(np.ptp(points[:, 0])) / 140))


def _outline(draw: ImageDraw.ImageDraw, points: Floats, hex_colour: str) -> None:
    for part, closed in OUTLINES:
        corners = [tuple(point) for point in points[[*part, *part[:1]] if closed else list(part)].tolist()]
        draw.line(corners, fill=hex_colour, width=_width(points), joint="curve")


def _axes(draw: ImageDraw.ImageDraw, points: Floats, angles: Floats) -> None:
    turn = rotate(angles[None])[0]
    start = points[NOSE_TIP, :2]
    length = float(np.linalg.norm(points[EYES[0]] - points[EYES[1]]))
    width = 2 * _width(points)
    ends = [(hex_colour, turn @ np.array(way, np.float32) * length) for hex_colour, way in AXES]
    for hex_colour, end in sorted(ends, key=lambda axis: -float(axis[1][2])):  # what is nearer lies on top
        line = [tuple(start.tolist()), tuple((start + end[:2]).tolist())]
        draw.line(line, fill=SHADE, width=width + 2)
        draw.line(line, fill=hex_colour, width=width)
