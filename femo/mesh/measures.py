"""What the points of a face say in numbers.

Conventions: lengths are in units of the distance between the middles of the eyes, taken on the face turned to the front
(``femo.mesh.pose.align``), so that neither size nor pose changes them; a height counts upwards from the line of the eyes.
"Left" and "right" are as seen in the picture. The columns are named in ``femo.meshes``.
"""

import numpy as np

from femo.mesh import canonical as points_of
from femo.mesh.canonical import CanonicalFace
from femo.types import Floats


def _between(points: Floats, first: tuple[int, ...], second: tuple[int, ...]) -> Floats:
    """Mean distance of pairs, (N,)."""
    apart = points[:, list(first)] - points[:, list(second)]
    return np.asarray(np.linalg.norm(apart, axis=2).mean(axis=1))


def _height(points: Floats, which: tuple[int, ...]) -> Floats:
    """Mean height over the line of the eyes, (N,)."""
    return np.asarray(-points[:, list(which), 1].mean(axis=1))


def _over_eye(points: Floats, side: int, which: tuple[int, ...]) -> Floats:
    """Mean height over the corners of one eye, (N,)."""
    return _height(points, which) - _height(points, points_of.EYE_CORNERS[side])


def _lids(points: Floats, side: int) -> Floats:
    return _between(points, points_of.UPPER_LIDS[side], points_of.LOWER_LIDS[side])


def measure(frontal: Floats, face: CanonicalFace) -> Floats:
    """Measure faces that are turned to the front.

    Args:
        frontal: float32 (N, 468, 3) from ``pose.align``.
        face: Says which point lies opposite which.

    Returns:
        float32 (N, K), the columns ``MEASURES``.
    """
    brows = [
        _over_eye(
            frontal, side, points_of.INNER_BROWS[side] + points_of.MIDDLE_BROWS[side] + points_of.OUTER_BROWS[side]
        )
        for side in range(2)
    ]
    shown = [
        _lids(frontal, 0),
        _lids(frontal, 1),
        _between(frontal, points_of.UPPER_LIP_INNER[1:2], points_of.LOWER_LIP_INNER[1:2]),
        *brows,
        _between(frontal, points_of.LIP_CORNERS[:1], points_of.LIP_CORNERS[1:]),
        _asymmetry(frontal, face),
    ]
    return np.stack(shown, axis=1).astype(np.float32)


def _asymmetry(frontal: Floats, face: CanonicalFace) -> Floats:
    moving = list(points_of.MOVING)
    across = frontal[:, face.mirrored[moving]] * np.array([-1, 1, 1], np.float32)
    apart = (frontal[:, moving] - across)[..., :2]
    return np.asarray(np.linalg.norm(apart, axis=2).mean(axis=1))
