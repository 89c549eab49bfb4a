"""What each action unit does to the points of a face: displacements whose size is known, for pictures that are made.

Conventions: amounts run from 0 to 1, and on in the same direction beyond; lengths are in units of the distance between the
middles of the eyes, x away from the middle of the face, y down along it. Directions are FACS's (Ekman, Friesen & Hager 2002,
chapters 2-6); the size of amount 1 is a strong but ordinary movement. What moves is skin and lips as a picture shows them: no
wrinkle comes with it.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from femo.labels import ABAW_AU
from femo.mesh import canonical as points_of
from femo.mesh.canonical import CanonicalFace
from femo.meshes import DLIB_68, JAW_68
from femo.types import Doubles

UPPER_OUTER = (0, 37, 39, 40, 185, 267, 269, 270, 409)
UPPER_MIDDLE = (11, 72, 73, 74, 184, 76, 302, 303, 304, 408, 306, 12, 38, 41, 42, 183, 62, 268, 271, 272, 407, 292)
UPPER_INNER = (13, 82, 81, 80, 191, 312, 311, 310, 415)
LOWER_INNER = (14, 87, 178, 88, 95, 317, 402, 318, 324)
LOWER_MIDDLE = (16, 85, 180, 90, 77, 315, 404, 320, 307, 15, 86, 179, 89, 96, 316, 403, 319, 325)
LOWER_OUTER = (17, 84, 181, 91, 146, 314, 405, 321, 375)
INNER_CORNERS = (78, 308)
"""The rings of the lips, without the outer corners (``canonical.LIP_CORNERS``)."""
UPPER = (*UPPER_OUTER, *UPPER_MIDDLE, *UPPER_INNER)
LOWER = (*LOWER_INNER, *LOWER_MIDDLE, *LOWER_OUTER)
FOREHEAD, BETWEEN_BROWS, BRIDGE = (10, 67, 109, 103, 297, 332, 338), (9, 151), (168,)
NOSTRILS, NOSE, CHIN_PAD = (129, 358, 98, 327), (1, 2), (175, 199, 200)
NEAREST_CM2 = 1e-9
FADES = 0.35
"""A one-sided movement fades out over so many distances between the eyes on both sides of the nose."""

UNITS = (*ABAW_AU, "AU5", "AU9", "AU14", "AU17", "AU20")
"""Units that points can be moved by: those that are measured, and others that expressions have."""

HELD = tuple(
    sorted(
        {
            *(*DLIB_68, *UPPER, *LOWER, *INNER_CORNERS, *FOREHEAD, *BETWEEN_BROWS, *BRIDGE, *NOSTRILS, *NOSE),
            *CHIN_PAD,
            *(point for side in points_of.CHEEKS for point in side),
            *(point for side in (*points_of.UPPER_LIDS, *points_of.LOWER_LIDS) for point in side),
            *(
                point
                for side in (*points_of.INNER_BROWS, *points_of.MIDDLE_BROWS, *points_of.OUTER_BROWS)
                for point in side
            ),
        }
    )
)
"""Points whose movement is said here; those between follow the nearest of them."""


class Moves:
    """Moves the points of a face.

    Args:
        face: Says which of the points that nobody names lie next to which.
    """

    def __init__(self, face: CanonicalFace) -> None:
        apart = ((face.points[:, None] - face.points[None, list(HELD)]) ** 2).sum(axis=2).astype(np.float64)
        near = 1 / (apart + NEAREST_CM2) ** 2
        self._share = near / near.sum(axis=1, keepdims=True)

    def __call__(self, points: Doubles, amounts: Mapping[str, float], side: int = 0) -> Doubles:
        """Return where the points (468, 2) of a face that looks at the viewer lie when it shows units.

        Args:
            points: float64 (468, 2), pixels or any other unit, y down.
            amounts: Unit to amount.
            side: 0 both halves of the face, -1 or 1 mostly the left or the right one of the picture.
        """
        face = _Frame(points)
        amount = {unit: float(amounts.get(unit, 0)) for unit in UNITS}
        for half in range(2):
            _brows(face, amount, half)
            _lids(face, amount, half)
        face.move(FOREHEAD, 0, -0.03 * (amount["AU1"] + amount["AU2"]))
        face.move(NOSTRILS, 0, -0.035 * amount["AU10"] - 0.05 * amount["AU9"])
        face.move(NOSE, 0, -0.03 * amount["AU9"])
        _lips(face, amount)
        _jaw(face, amount)
        shift = self._share @ face.shift * face.eyes_apart
        if side:
            shift *= share_of_side(face.x, side)[:, None]
        return np.asarray(points + shift[:, :1] * face.across + shift[:, 1:] * face.down, np.float64)


def share_of_side(x: Doubles, side: int) -> Doubles:
    """Return how much of a one-sided movement there is, 0-1, at distances from the middle of the face (N,).

    Args:
        x: In distances between the eyes, to the right of the picture.
        side: -1 or 1, the left or the right half of the picture.
    """
    return np.asarray(np.clip(0.5 + side * x / (2 * FADES), 0, 1), np.float64)


class _Frame:
    """A face's own axes, and the displacements of ``HELD`` gathered so far, (P, 2) along them."""

    def __init__(self, points: Doubles) -> None:
        left, right = (points[list(corners)].mean(axis=0) for corners in points_of.EYE_CORNERS)
        self.eyes_apart = float(np.linalg.norm(right - left))
        self.across = (right - left) / self.eyes_apart
        self.down = np.array([-self.across[1], self.across[0]])
        centred = (points - (left + right) / 2) / self.eyes_apart
        self.x, self.y = centred @ self.across, centred @ self.down
        self.shift = np.zeros((len(HELD), 2))

    def move(self, which: Iterable[int], across: float, down: float) -> None:
        """Move points further."""
        for point in which:
            self.shift[HELD.index(point)] += (across, down)


def _brows(face: _Frame, amount: Mapping[str, float], side: int) -> None:
    """AU1 raises the inner, AU2 the outer brow; AU4 lowers the brow and draws it inwards, AU9 pulls its inner end down.

    With AU1 as well the inner end rises and is only drawn inwards: the brow of sorrow.
    """
    inwards = 1 if side == 0 else -1
    inner, outer, lowered = amount["AU1"], amount["AU2"], amount["AU4"]
    face.move(points_of.INNER_BROWS[side], 0, 0.07 * amount["AU9"])
    free = 0.0 if inner else 1.0
    down = -0.13 * inner - 0.03 * outer + 0.09 * lowered * free
    face.move(points_of.INNER_BROWS[side], inwards * 0.05 * lowered, down)
    down = -0.06 * inner - 0.09 * outer + 0.08 * lowered * max(free, 0.3)
    face.move(points_of.MIDDLE_BROWS[side], inwards * 0.03 * lowered, down)
    face.move(points_of.OUTER_BROWS[side], inwards * 0.01 * lowered, -0.12 * outer + 0.03 * lowered)


def _lids(face: _Frame, amount: Mapping[str, float], side: int) -> None:
    """AU7 tightens both lids, AU6 and AU9 lift cheek and lower lid, AU5 the upper lid.

    AU12 lifts the cheek a little, AU4 presses on the upper lid.
    """
    upper, lower = points_of.UPPER_LIDS[side], points_of.LOWER_LIDS[side]
    gap = float((face.y[list(lower)] - face.y[list(upper)]).mean())
    face.move(upper, 0, gap * (0.18 * amount["AU7"] + 0.08 * amount["AU4"] + 0.05 * amount["AU6"]))
    face.move(upper, 0, -gap * 0.3 * amount["AU5"])
    face.move(lower, 0, -gap * (0.28 * amount["AU7"] + 0.25 * amount["AU6"] + 0.2 * amount["AU9"]))
    face.move(points_of.CHEEKS[side], 0, -0.07 * amount["AU6"] - 0.03 * amount["AU12"] - 0.05 * amount["AU9"])


def _lips(face: _Frame, amount: Mapping[str, float]) -> None:
    """AU12, AU14, AU15 and AU20 move the corners, AU9 and AU10 the upper lip, AU17 pushes the lower one up.

    AU23 and AU24 hide red, AU25 and AU26 part the lips.
    """
    left, right = points_of.LIP_CORNERS
    middle, half = (face.x[left] + face.x[right]) / 2, (face.x[right] - face.x[left]) / 2
    line = (face.y[13] + face.y[14]) / 2
    for point in (*UPPER, *LOWER, *points_of.LIP_CORNERS, *INNER_CORNERS):
        outwards = float(np.sign(face.x[point] - middle))
        near = min(1.0, abs(face.x[point] - middle) / half)  # 1 at the corners, 0 between them
        corner, centre = near**1.5, 1 - near**2
        across = outwards * corner * (0.11 * amount["AU12"] - 0.06 * amount["AU23"] - 0.02 * amount["AU26"])
        across += outwards * corner * (0.1 * amount["AU20"] - 0.02 * amount["AU14"])
        down = corner * (
            0.09 * amount["AU15"] - 0.09 * amount["AU12"] + 0.02 * amount["AU20"] - 0.03 * amount["AU14"]
        )
        down -= 0.05 * centre * amount["AU17"] + 0.04 * centre**0.5 * amount["AU9"] * (point in UPPER)
        inner = point in UPPER_INNER or point in LOWER_INNER
        if point in LOWER:
            down += centre * (0.07 if inner else 0.06) * amount["AU25"]
            down += (0.22 * centre + 0.05 * corner) * amount["AU26"]
        elif point in UPPER:
            down -= centre * (0.02 * amount["AU25"] + 0.01 * amount["AU26"])
            down -= centre**0.5 * (0.05 if inner else 0.09) * amount["AU10"]
        else:
            down += 0.05 * amount["AU26"]
        if not inner:
            down += max(0.55 * amount["AU24"], 0.35 * amount["AU23"]) * (line - face.y[point]) * centre
        face.move((point,), across, down)


def _jaw(face: _Frame, amount: Mapping[str, float]) -> None:
    """AU26 drops the jaw; AU25 takes the chin along a little."""
    drop = 0.22 * amount["AU26"] + 0.015 * amount["AU25"]
    line, chin = (face.y[13] + face.y[14]) / 2, face.y[points_of.CHIN]
    face.move(CHIN_PAD, 0, drop - 0.05 * amount["AU17"])
    for point in JAW_68:
        face.move((point,), 0, drop * float(np.clip((face.y[point] - line) / (chin - line), 0, 1)))
