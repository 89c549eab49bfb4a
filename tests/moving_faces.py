"""Faces that move by known amounts, in the sets that ``femo train units`` fits with."""

from functools import lru_cache

import numpy as np

from femo.labels import ABAW_AU
from femo.mesh import pose
from femo.mesh.canonical import CanonicalFace, load_canonical
from femo.models.find import find_model
from femo.models.weights import find_weights
from femo.training.units.faces import Voted
from femo.training.units.made import Made, shows
from femo.training.units.moves import Moves
from femo.training.units.recipe import Sets
from femo.types import Doubles, Floats

NEUTRAL, SURPRISED = 0, 2
SIZE = 200
FACE_AT, PIXELS_PER_CM = (100.0, 105.0), 9.0


@lru_cache
def face() -> CanonicalFace:
    return load_canonical(find_weights(find_model("face-mesh")))


@lru_cache
def moves() -> Moves:
    return Moves(face())


def points() -> Doubles:
    """The canonical face in a picture of ``SIZE`` x ``SIZE``."""
    return face().points[:, :2].astype(np.float64) * PIXELS_PER_CM + FACE_AT


def people(units: list[str], seed: int = 0) -> Floats:
    """Canonical faces with jitter of 0.02 cm, the i-th showing ``units[i]`` ("" is none), turned to the front."""
    rng = np.random.default_rng(seed)
    out = []
    for unit in units:
        flat = moves()(face().points[:, :2].astype(np.float64), {unit: 1.0} if unit else {})
        out.append(np.column_stack([flat, face().points[:, 2]]) + rng.normal(0, 0.02, (468, 3)))
    return pose.align(np.array(out, np.float32), face())[1]


def voted(n: int, seed: int) -> Voted:
    """n neutral faces, and n whose jaw has dropped, in surprise."""
    shares = np.zeros((2 * n, 8), np.float32)
    shares[:n, NEUTRAL] = shares[n:, SURPRISED] = 1
    prior = np.zeros((2 * n, 12), np.float32)
    prior[n:, ABAW_AU.index("AU26")] = 0.85
    return Voted(people([""] * n + ["AU26"] * n, seed), shares, prior)


def made(n: int, seed: int) -> Made:
    """n faces at rest, each with a dropped jaw and with a smile."""
    units = ["", "AU26", "AU12"]
    shown = np.stack([shows({unit: 1.0} if unit else {}) for unit in units])
    return Made(people(units * n, seed), np.tile(shown, (n, 1)), np.repeat(np.arange(n), len(units)))


def sets_of() -> Sets:
    """Return small sets whose units are known: AU26 in FER+, AU12 and AU26 in made pictures."""
    return Sets(voted(120, 0), voted(60, 1), voted(60, 2), made(40, 3), made(20, 4))
