"""Moves the points of a mesh in a picture, or its skin into another picture: piecewise affine, triangle by triangle.

Conventions: pictures are RGB uint8 (H, W, 3); points are (468, 2) in pixels, the first pixel covers 0-1. A frame about the
picture stays where it is; a mouth that opens is dark inside, or shows teeth along the upper lip.
"""

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import Delaunay

from femo.types import RGB, Bools, Doubles, Ints

INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
LIP_LINE = ((82, 87), (13, 14), (312, 317))
"""Points of the upper and the lower lip that touch in a closed mouth."""
TEETH_ABOVE = (80, 81, 82, 13, 312, 311, 310)
TEETH_BELOW = (88, 178, 87, 14, 317, 402, 318)
TEETH_SHARE = 0.4
"""How far down the open mouth teeth reach."""
MOUTH, TEETH = (50, 22, 22), (205, 195, 185)
OPENED_PX = 1.0
STILL_PX = 0.05
SUBPIXELS = 4
"""Bits of a polygon's coordinates behind the point."""


def warp(rgb: RGB, points: Doubles, moved: Doubles, triangles: Ints, *, teeth: bool = False) -> RGB:
    """Return the picture with its face's points moved.

    Args:
        rgb: uint8 (H, W, 3).
        points: float64 (468, 2), where the points lie.
        moved: float64 (468, 2), where they shall lie.
        triangles: int64 (T, 3), of the canonical face.
        teeth: An opening mouth shows them.
    """
    out = rgb.copy()
    if _gap(moved) - _gap(points) > OPENED_PX:
        _fill(out, moved[list(INNER_LIPS)], MOUTH)
        if teeth:
            above, below = moved[list(TEETH_ABOVE)], moved[list(TEETH_BELOW)]
            _fill(out, np.concatenate([above, ((1 - TEETH_SHARE) * above + TEETH_SHARE * below)[::-1]]), TEETH)
    source, around, frame = _around(points, rgb.shape[1], rgb.shape[0])
    target = np.concatenate([moved, frame])
    for corners in np.concatenate([around, _skin(triangles)]):
        if np.abs(source[corners] - target[corners]).max() >= STILL_PX:
            _triangle(rgb, out, source[corners], target[corners])
    return out


def drape(
    texture: npt.NDArray[np.uint8],
    at: Doubles,
    out: npt.NDArray[np.uint8],
    points: Doubles,
    triangles: Ints,
) -> None:
    """Draw the skin of one picture onto the face of another; what the mouth opens onto stays as it is.

    Args:
        texture: uint8 (H, W) or (H, W, 3), a face.
        at: float64 (468, 2), where its points lie.
        out: uint8 with as many channels, drawn into.
        points: float64 (468, 2), where the points of the face in ``out`` lie.
        triangles: int64 (T, 3), of the canonical face.
    """
    for corners in _skin(triangles):
        _triangle(texture, out, at[corners], points[corners])


def _skin(triangles: Ints) -> Ints:
    return triangles[~np.isin(triangles, INNER_LIPS).all(axis=1)]


def _gap(points: Doubles) -> float:
    return float(np.mean([np.linalg.norm(points[lower] - points[upper]) for upper, lower in LIP_LINE]))


def _fill(out: RGB, corners: Doubles, colour: tuple[int, int, int]) -> None:
    cv2.fillPoly(out, [_fixed(corners)], colour, shift=SUBPIXELS)


def _fixed(corners: Doubles) -> npt.NDArray[np.int32]:
    return np.asarray(np.round((corners - 0.5) * 2**SUBPIXELS), np.int32)


def _around(points: Doubles, width: int, height: int) -> tuple[Doubles, Ints, Doubles]:
    """Return the points with a frame about the picture behind them, triangles between face and frame, and the frame."""
    across, down = (np.linspace(-0.2, 1.2, 4) * side for side in (width, height))
    frame = np.array([(x, y) for x in across for y in down if x in across[[0, -1]] or y in down[[0, -1]]])
    outline = cv2.convexHull(points.astype(np.float32), returnPoints=False)[:, 0]
    found = Delaunay(np.concatenate([points[outline], frame])).simplices
    outside: Bools = (found >= len(outline)).any(axis=1)
    numbers = np.concatenate([outline, len(points) + np.arange(len(frame))])
    return np.concatenate([points, frame]), numbers[found[outside]], frame


def _triangle(rgb: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8], source: Doubles, target: Doubles) -> None:
    """Draw one triangle of the picture where it has moved to."""
    (ax, ay), (bx, by) = source[1] - source[0], source[2] - source[0]
    low = np.maximum(np.floor(target.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(target.max(axis=0)).astype(int) + 1, [out.shape[1], out.shape[0]])
    if abs(ax * by - ay * bx) < STILL_PX**2 or (high <= low).any():
        return
    matrix = cv2.getAffineTransform((source - 0.5).astype(np.float32), (target - 0.5).astype(np.float32))
    matrix[:, 2] -= low  # OpenCV counts from the middle of the first pixel
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    patch = cv2.warpAffine(rgb, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros(patch.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, _fixed(target - low), 1, shift=SUBPIXELS)
    area = out[low[1] : high[1], low[0] : high[0]]
    area[mask > 0] = patch[mask > 0]
