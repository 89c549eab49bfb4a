"""What the points of a face say in numbers.

Conventions: lengths are in units of the distance between the middles of the eyes, taken on the face turned to the front
(``femo.mesh.pose.align``), so that neither size nor pose changes them; a height counts upwards from the line of the eyes.
"Left" and "right" are as seen in the picture. The columns are named in ``femo.meshes``.
"""

from collections.abc import Callable

import numpy as np

from femo.mesh import canonical as points_of
from femo.mesh.canonical import CanonicalFace
from femo.meshes import CARRIERS
from femo.types import Floats

Frontal = Callable[[Floats], Floats]
"""From points (N, 468, 3) that face the front to one number each (N,)."""


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


def _half(total: Floats) -> Floats:
    return np.asarray(total / 2, np.float32)


def _both(points: Floats, which: tuple[tuple[int, ...], tuple[int, ...]]) -> Floats:
    """Mean height of both sides over their eyes, (N,)."""
    return _half(_over_eye(points, 0, which[0]) + _over_eye(points, 1, which[1]))


HOW: dict[str, Frontal] = {
    "inner_brow": lambda p: _both(p, points_of.INNER_BROWS),
    "outer_brow": lambda p: _both(p, points_of.OUTER_BROWS),
    "brow_gap": lambda p: _between(p, points_of.INNER_BROWS[0], points_of.INNER_BROWS[1]),
    "eye_opening": lambda p: _half(_lids(p, 0) + _lids(p, 1)),
    "lower_lid": lambda p: _both(p, points_of.LOWER_LIDS),
    "cheek": lambda p: _both(p, points_of.CHEEKS),
    "nose_wing": lambda p: _height(p, points_of.NOSE_WINGS),
    "upper_lip": lambda p: _height(p, points_of.UPPER_LIP) - _height(p, (points_of.NOSE_BASE,)),
    "corner_height": lambda p: _height(p, points_of.LIP_CORNERS) - _height(p, (points_of.NOSE_BASE,)),
    "corner_curve": lambda p: (
        _height(p, points_of.LIP_CORNERS)
        - _half(_height(p, points_of.UPPER_LIP) + _height(p, points_of.LOWER_LIP))
    ),
    "mouth_width": lambda p: _between(p, points_of.LIP_CORNERS[:1], points_of.LIP_CORNERS[1:]),
    "lip_gap": lambda p: _between(p, points_of.UPPER_LIP_INNER, points_of.LOWER_LIP_INNER),
    "upper_red": lambda p: _between(p, points_of.UPPER_LIP, points_of.UPPER_LIP_INNER),
    "lower_red": lambda p: _between(p, points_of.LOWER_LIP, points_of.LOWER_LIP_INNER),
    "jaw": lambda p: _height(p, (points_of.NOSE_BASE,)) - _height(p, points_of.LOWER_LIP_INNER),
}
"""How each of ``meshes.CARRIERS`` is measured. The jaw's is the lower lip's distance from the nose: the mesh keeps the chin where
it was when the mouth opens."""


def _lids(points: Floats, side: int) -> Floats:
    return _between(points, points_of.UPPER_LIDS[side], points_of.LOWER_LIDS[side])


def measure(frontal: Floats, face: CanonicalFace) -> Floats:
    """Measure faces that are turned to the front.

    Args:
        frontal: float32 (N, 468, 3) from ``pose.align``.
        face: Says which point lies opposite which.

    Returns:
        float32 (N, K), the columns ``COLUMNS`` after the pose.
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
    return np.stack([*shown, *(HOW[name](frontal) for name in CARRIERS)], axis=1).astype(np.float32)


def _asymmetry(frontal: Floats, face: CanonicalFace) -> Floats:
    moving = list(points_of.MOVING)
    across = frontal[:, face.mirrored[moving]] * np.array([-1, 1, 1], np.float32)
    apart = (frontal[:, moving] - across)[..., :2]
    return np.asarray(np.linalg.norm(apart, axis=2).mean(axis=1))
