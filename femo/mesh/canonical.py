"""The canonical face: which of the 468 points lies where, and its shape when nothing moves.

Conventions: "left" and "right" are as seen in the picture, so that the left eye is the person's right one. Axes are those of a
camera: x to the right, y down, z away from the viewer; the canonical face looks at the viewer and is measured in centimetres.
Numbers of points are MediaPipe's (``canonical_face_model``).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from femo.errors import WeightsError
from femo.meshes import LIPS_68, N_POINTS
from femo.models.weights import load_tensors
from femo.types import Floats, Ints

PREFIX = "canonical."

EYE_CORNERS = ((33, 133), (362, 263))
"""Outer and inner corner of the left eye, inner and outer one of the right."""
UPPER_LIDS = ((160, 159, 158), (385, 386, 387))
LOWER_LIDS = ((144, 145, 153), (380, 374, 373))
"""Below the points of ``UPPER_LIDS``, in their order."""
INNER_BROWS = ((55, 107), (285, 336))
MIDDLE_BROWS = ((52, 105, 65, 66), (282, 334, 295, 296))
OUTER_BROWS = ((46, 70, 53, 63), (276, 300, 283, 293))
CHEEKS = ((50, 117, 118, 101), (280, 346, 347, 330))
NOSE_WINGS = (129, 358)
NOSE_BASE, CHIN = 2, 152
LIP_CORNERS = (61, 291)
UPPER_LIP, UPPER_LIP_INNER = (37, 0, 267), (82, 13, 312)
LOWER_LIP_INNER, LOWER_LIP = (87, 14, 317), (84, 17, 314)

MOVING = tuple(
    sorted(
        {point for side in (*EYE_CORNERS, *UPPER_LIDS, *LOWER_LIDS, *INNER_BROWS, *OUTER_BROWS) for point in side}
        | {*LIPS_68}
    )
)
"""Eyes, brows and lips: where a one-sided movement shows."""


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalFace:
    """The face that every other is compared with.

    Attributes:
        points: float32 (468, 3), centimetres.
        triangles: int64 (T, 3), of points.
        weights: float32 (468,), how far the place of a point depends on the pose alone; 0 for most.
        mirrored: int64 (468,), the point on the other side of the face.
    """

    points: Floats
    triangles: Ints
    weights: Floats
    mirrored: Ints

    @property
    def rigid(self) -> npt.NDArray[np.intp]:
        """Return the points that no expression moves much."""
        return np.flatnonzero(self.weights)


def load_canonical(path: Path) -> CanonicalFace:
    """Read the canonical face from the weight file of ``face-mesh``.

    Raises:
        WeightsError: The file has none.
    """
    tensors = load_tensors(path, PREFIX)
    wanted = {"vertices": (N_POINTS, 3), "weights": (N_POINTS,), "triangles": None}
    for name, shape in wanted.items():
        array = tensors.get(f"{PREFIX}{name}")
        if array is None or (shape is not None and array.shape != shape):
            raise WeightsError(f"{path} has no {PREFIX}{name} of the canonical face; import face-mesh again")
    points = tensors[f"{PREFIX}vertices"] * np.array([1, -1, -1], np.float32)
    triangles = tensors[f"{PREFIX}triangles"].astype(np.int64)
    return CanonicalFace(points, triangles, tensors[f"{PREFIX}weights"], _mirrored(points))


def _mirrored(points: Floats) -> Ints:
    across = points * np.array([-1, 1, 1], np.float32)
    apart = np.linalg.norm(points[:, None] - across[None], axis=2)
    return np.asarray(np.argmin(apart, axis=1), np.int64)
