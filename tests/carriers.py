"""What action units move on a face, in numbers: heights, gaps and the visible red of the lips, by which tests judge movements.

Conventions: those of ``femo.mesh.measures``; a height counts upwards, from the line of the eyes where nothing else is said.
"""

import numpy as np

from femo.mesh import canonical as points_of
from femo.types import Floats


def _between(points: Floats, first: tuple[int, ...], second: tuple[int, ...]) -> float:
    """Mean distance of pairs."""
    return float(np.linalg.norm(points[list(first)] - points[list(second)], axis=1).mean())


def _height(points: Floats, which: tuple[int, ...]) -> float:
    return -float(points[list(which), 1].mean())


def _over_eyes(points: Floats, which: tuple[tuple[int, ...], tuple[int, ...]]) -> float:
    """Mean height of both sides, each over the corners of its eye."""
    sides = zip(which, points_of.EYE_CORNERS, strict=True)
    return sum(_height(points, side) - _height(points, eye) for side, eye in sides) / 2


def carriers(points: Floats) -> dict[str, float]:
    """Measure one face turned to the front, (468, 3).

    The jaw's is the lower lip's distance from the nose: the mesh keeps the chin where it was when the mouth opens.
    """
    nose = _height(points, (points_of.NOSE_BASE,))
    lids = zip(points_of.UPPER_LIDS, points_of.LOWER_LIDS, strict=True)
    return {
        "inner_brow": _over_eyes(points, points_of.INNER_BROWS),
        "outer_brow": _over_eyes(points, points_of.OUTER_BROWS),
        "brow_gap": _between(points, points_of.INNER_BROWS[0], points_of.INNER_BROWS[1]),
        "eye_opening": sum(_between(points, above, below) for above, below in lids) / 2,
        "cheek": _over_eyes(points, points_of.CHEEKS),
        "nose_wing": _height(points, points_of.NOSE_WINGS),
        "corner_height": _height(points, points_of.LIP_CORNERS) - nose,
        "mouth_width": _between(points, points_of.LIP_CORNERS[:1], points_of.LIP_CORNERS[1:]),
        "lip_gap": _between(points, points_of.UPPER_LIP_INNER, points_of.LOWER_LIP_INNER),
        "upper_red": _between(points, points_of.UPPER_LIP, points_of.UPPER_LIP_INNER),
        "lower_red": _between(points, points_of.LOWER_LIP, points_of.LOWER_LIP_INNER),
        "jaw": nose - _height(points, points_of.LOWER_LIP_INNER),
    }
