"""Pictures that show known action units: neutral faces whose points are moved (``moves``, ``warping``).

Nobody codes such a picture: which units it shows, and which not, is known because it was made so. What the picture lacks are the
wrinkles that come with a unit, so it teaches and checks where skin and lips lie, and no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from femo.errors import FemoError
from femo.labels import ABAW_AU
from femo.mesh.reader import MeshReader
from femo.meshes import MEASURED
from femo.networks.mesh import SIDE
from femo.training.units.moves import Moves
from femo.training.units.pictures import looked_twice
from femo.training.units.warping import warp
from femo.types import RGB, Bools, Floats, Ints

LEAST, MOST = 0.4, 1.0
"""Amounts of a unit that is shown."""
HOW_MANY, HOW_OFTEN = (1, 2, 3), (0.4, 0.35, 0.25)
SIDES_PX = (48, 64, 96, SIDE)
"""Made pictures are as coarse as FER2013's or finer."""
WIDEST_GAP = 0.08
"""Lips further apart, in distances between the eyes, are no neutral mouth."""
MAX_YAW = 18.0
NEVER_TOGETHER: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (frozenset({"AU12"}), frozenset({"AU15", "AU23"})),
    (frozenset({"AU6"}), frozenset({"AU7"})),
    (frozenset({"AU23"}), frozenset({"AU24"})),
    (frozenset({"AU23", "AU24"}), frozenset({"AU10", "AU25", "AU26"})),
)
"""Units that pull the same points in opposite directions, or that one displacement stands for."""


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """Made pictures of some faces, measured.

    Attributes:
        frontal: float32 (N, 468, 3), their points turned to the front.
        shown: float32 (N, 12), 1 for a unit that a picture shows, 0 for one that it does not, NaN for what the
            displacement leaves open.
        base: int64 (N,), number of the neutral face.
    """

    frontal: Floats
    shown: Floats
    base: Ints

    def own_neutral(self) -> tuple[Bools, Floats]:
        """Return which pictures show a moved face whose face at rest was measured too (N,), and how far its points moved.

        The second is float32 (M, 468, 3), in the order of the M pictures.
        """
        calm = (self.shown == 0).all(axis=1)
        rest = {int(number): row for row, number in zip(np.flatnonzero(calm), self.base[calm], strict=True)}
        moved = np.array(
            [not still and int(number) in rest for still, number in zip(calm, self.base, strict=True)]
        )
        rows = [rest[int(number)] for number in self.base[moved]]
        return moved, self.frontal[moved] - self.frontal[rows]

    def at_rest(self) -> Floats:
        """Return the faces that nothing was done to, float32 (M, 468, 3)."""
        return np.asarray(self.frontal[(self.shown == 0).all(axis=1)], np.float32)

    def select(self, which: Bools) -> "Made":
        """Return the pictures that ``which`` (N,) marks."""
        return Made(self.frontal[which], self.shown[which], self.base[which])


def make(faces: npt.NDArray[np.uint8], reader: MeshReader, n_each: int, seed: int = 0) -> Made:
    """Make pictures of neutral faces and measure them.

    Args:
        faces: uint8 (N, 192, 192, 3), one face each, which fills the picture; those without a mesh, turned away, or with
            open lips are left out.
        reader: The mesh.
        n_each: Moved pictures of each face; the face as it is comes on top.
        seed: Chooses units and amounts.

    Raises:
        FemoError: No face is left.
    """
    rng, moves = np.random.default_rng(seed), Moves(reader.face)
    frontal, shown, base = [], [], []
    for number, face in enumerate(faces):
        before = looked_twice([face], reader)[0]
        calm = before.column("mouth_opening")[0] <= WIDEST_GAP and abs(before.column("yaw")[0]) <= MAX_YAW
        if before.reason[0] != MEASURED or not calm:
            continue
        points = before.landmarks[0, :, :2].astype(np.float64)
        amounts: list[Mapping[str, float]] = [{}, *(draw(rng) for _ in range(n_each))]
        pictures = [
            coarse(
                warp(face, points, moves(points, amount), reader.face.triangles, teeth=bool(rng.random() < 0.5)),
                int(rng.choice(SIDES_PX)),
            )
            for amount in amounts
        ]
        meshes, turned = looked_twice(pictures, reader)
        seen = meshes.reason == MEASURED
        frontal.append(turned[seen])
        shown.append(np.stack([shows(amount) for amount in amounts])[seen])
        base.append(np.full(int(seen.sum()), number))
    if not base:
        raise FemoError(f"none of {len(faces)} neutral faces looks at the viewer with closed lips")
    return Made(np.concatenate(frontal), np.concatenate(shown), np.concatenate(base))


def draw(rng: np.random.Generator) -> dict[str, float]:
    """Return one to three units that go together, and how much of each."""
    while True:
        names = rng.choice(ABAW_AU, rng.choice(HOW_MANY, p=HOW_OFTEN), replace=False).tolist()
        if _go_together(frozenset(names)):
            return {name: float(rng.uniform(LEAST, MOST)) for name in names}


def _go_together(chosen: frozenset[str]) -> bool:
    if {"AU2", "AU4"} <= chosen and "AU1" not in chosen:  # with AU1 it is the brow of sorrow
        return False
    return not any(one & chosen and other & chosen for one, other in NEVER_TOGETHER)


def shows(amounts: Mapping[str, float]) -> Floats:
    """Return 1, 0 or NaN for each of the twelve units (12,).

    A dropped jaw parts the lips. A raised upper lip may; a smile may raise the cheeks, wide lips lower the jaw; raised cheeks
    narrow the eyes as tightened lids do, and tightened lips look like pressed ones.
    """
    out = dict.fromkeys(ABAW_AU, 0.0) | dict.fromkeys(amounts, 1.0)
    if "AU26" in amounts:
        out["AU25"] = 1.0
    for cause, effect in (
        *(("AU10", "AU25"), ("AU25", "AU26"), ("AU12", "AU6")),
        *(("AU6", "AU7"), ("AU7", "AU6"), ("AU23", "AU24"), ("AU24", "AU23")),
    ):
        if cause in amounts and not out[effect]:
            out[effect] = float("nan")
    return np.array([out[name] for name in ABAW_AU], np.float32)


def coarse(picture: RGB, side_px: int) -> RGB:
    """Return the picture with no more detail than one of ``side_px`` has."""
    if side_px >= SIDE:
        return picture
    small = cv2.resize(picture, (side_px, side_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.uint8)
