"""Pictures that show a few units that need not go together in an expression, with the folds that come with them.

In photos units come together: who sees only photos may take the smile for the raised cheeks. In these pictures they come alone
and in threes (``femo.training.units.made``), so they teach to tell them apart as far as moved points and drawn folds show them;
raised cheeks without a smile (AU6) they hardly do.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from femo.errors import FemoError
from femo.labels import ABAW_AU
from femo.mesh.reader import MeshReader
from femo.training.posed.expressions import Pose
from femo.training.posed.pictures import Poser
from femo.training.units.made import draw, shows
from femo.types import RGB, Floats, Ints

FOLDS: Mapping[str, tuple[str, float, float]] = {
    "AU1": ("surprise", 0.7, 0.0),
    "AU2": ("surprise", 0.7, 0.0),
    "AU4": ("anger", 1.0, 0.0),
    "AU6": ("happiness", 0.6, 0.0),
    "AU7": ("anger", 0.4, 0.0),
    "AU10": ("disgust", 0.3, 1.0),
    "AU12": ("happiness", 0.0, 1.0),
    "AU15": ("sadness", 0.0, 1.0),
    "AU24": ("anger", 0.0, 0.3),
}
"""The expression whose folds come with a unit, and how deep they are in the upper and the lower half at amount 1."""
FOLDED = 0.7
"""Share of the pictures with folds: young faces have few."""
SHALLOWEST, DEEPEST = 0.3, 1.3
LEAST, MOST = 0.9, 1.4
"""How far the amounts of ``draw`` are stretched, so that a viewer can see most of them."""
AT_REST = 4
"""Every fourth picture is a face at rest."""


def make(
    faces: npt.NDArray[np.uint8], reader: MeshReader, seed: int = 0
) -> tuple[npt.NDArray[np.uint8], Floats, Ints]:
    """Return pictures (M, S, S, 3), which units each shows (M, 12), 1, 0, or NaN where that is open, and of which face (M,).

    Args:
        faces: uint8 (N, S, S, 3), neutral; those turned away or with open lips are left out.
        reader: The mesh.
        seed: Chooses units and amounts.

    Raises:
        FemoError: No face is left.
    """
    rng, poser = np.random.default_rng(seed), Poser(reader)
    pictures: list[RGB] = []
    shown: list[Floats] = []
    base: list[int] = []
    for row, points in enumerate(poser.points(faces)):
        if points is None:
            continue
        if len(pictures) % AT_REST == 0:
            pictures.append(faces[row])
            shown.append(np.zeros(len(ABAW_AU), np.float32))
            base.append(row)
        pose = pose_of({unit: amount * rng.uniform(LEAST, MOST) for unit, amount in draw(rng).items()}, rng)
        pictures.append(poser.picture(faces[row], points, pose))
        shown.append(shows(pose.amounts))
        base.append(row)
    if not pictures:
        raise FemoError(
            f"none of {len(faces)} neutral faces looks ahead with closed lips, so there is none to move"
        )
    return np.stack(pictures), np.stack(shown), np.array(base, np.int64)


def pose_of(amounts: Mapping[str, float], rng: np.random.Generator) -> Pose:
    """Return units with the folds of one of them, where they have some."""
    folded = [unit for unit in amounts if unit in FOLDS]
    teeth = bool(rng.random() < 0.5)
    if not folded or rng.random() >= FOLDED:
        return Pose("neutral", 1.0, amounts, 0, teeth)
    unit = folded[rng.integers(len(folded))]
    expression, upper, lower = FOLDS[unit]
    depth = amounts[unit] * rng.uniform(SHALLOWEST, DEEPEST)
    return Pose(expression, 1.0, amounts, 0, teeth, (upper * depth, lower * depth))
