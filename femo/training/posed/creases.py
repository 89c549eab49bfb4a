"""Draws the folds and furrows that come with an expression.

Conventions: a map says by which factor light changes at a place of the canonical face, as a logarithm; ``creases.png`` holds the
maps of all expressions beside each other in the order ``AFFECTNET_8``. How they were measured: ``ratios``.
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from femo.labels import AFFECTNET_8
from femo.mesh import canonical as points_of
from femo.mesh.canonical import CanonicalFace
from femo.training.posed.expressions import Pose
from femo.training.units.moves import share_of_side
from femo.training.units.warping import drape
from femo.types import RGB, Doubles, Floats

SIDE = 160
FILLS = 0.9
"""Share of the map's side that the face has."""
MAPS = Path(__file__).with_name("creases.png")
NOTHING, LEVELS = 128, 250
"""Value of a pixel where nothing changes, and how many there are to a factor of e."""
TURNS_PX = 6.0
"""Over so many pixels the depth above the middle of the nose passes into that below."""


class Creases:
    """The maps.

    Args:
        face: Where the points of a face lie that looks at the viewer.
    """

    def __init__(self, face: CanonicalFace) -> None:
        maps = cv2.imread(str(MAPS), cv2.IMREAD_GRAYSCALE)
        assert maps is not None, MAPS
        self._maps = np.split((maps.astype(np.float32) - NOTHING) / LEVELS, len(AFFECTNET_8), axis=1)
        self._triangles, self._at = face.triangles, front(face)
        left, right = (self._at[list(corners)].mean(axis=0) for corners in points_of.EYE_CORNERS)
        middle, pixels = (left + right) / 2, np.arange(SIDE) + 0.5
        self._across = (pixels - middle[0]) / np.linalg.norm(right - left)
        nose = (middle[1] + self._at[points_of.NOSE_BASE, 1]) / 2
        self._lower = np.asarray(1 / (1 + np.exp((nose - pixels) / TURNS_PX)), np.float32)[:, None]

    def draw(self, face: RGB, points: Doubles, pose: Pose) -> RGB:
        """Return a face (H, W, 3), whose points lie at (468, 2), with the creases of what it shows."""
        upper, lower = pose.creases
        depth = self._maps[AFFECTNET_8.index(pose.expression)] * (upper + (lower - upper) * self._lower)
        if pose.side:
            depth = depth * share_of_side(self._across, pose.side)
        draped = np.full(face.shape[:2], NOTHING, np.uint8)
        drape(levels(depth), self._at, draped, points, self._triangles)
        factor = np.exp((draped.astype(np.float32) - NOTHING) / LEVELS)
        return np.asarray(np.clip(face * factor[..., None], 0, 255).round(), np.uint8)


def front(face: CanonicalFace) -> Doubles:
    """Return where the points of the canonical face lie on a map, float64 (468, 2)."""
    points = face.points[:, :2].astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    return np.asarray((points - (low + high) / 2) * FILLS * SIDE / (high - low).max() + SIDE / 2, np.float64)


def levels(depth: Floats | Doubles) -> npt.NDArray[np.uint8]:
    """Return maps as pictures hold them."""
    return np.asarray(np.clip(NOTHING + depth * LEVELS, 0, 255).round(), np.uint8)
