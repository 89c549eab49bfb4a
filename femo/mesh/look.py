"""Action units as a network sees them, put beside those of the points: one logit from both.

Conventions: as in ``femo.mesh.units``. The points know where skin and lips lie, the network how they look: wrinkles, bulges, red
of the lips. Both are asked of faces that have a mesh, and of those alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from femo.errors import WeightsError
from femo.labels import ABAW_AU
from femo.mesh.units import UnitMap
from femo.meshes import MEASURED, Meshes
from femo.models.config import ModelSpec
from femo.models.units import UnitSpec
from femo.models.weights import find_weights, load_tensors
from femo.networks.linear import project
from femo.types import Floats

WEIGHT = "heads.units.weight"


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a network sees.

    Attributes:
        weight: float32 (12, D), logit per unit of the embedding; zero where a unit is not measured.
        points: float32 (12,), weight of the logit of the points.
        bias: float32 (12,); NaN where a unit is not measured.
        centre: float32 (12,), mean logit of neutral faces, of both together.
        spread: float32 (12,), its standard deviation among them.
        maps: SHA-256 of the maps of the points that it was fitted beside (``UnitMap.sha256``); beside others it says nothing.
    """

    weight: Floats
    points: Floats
    bias: Floats
    centre: Floats
    spread: Floats
    maps: str

    def beside(self, meshes: Meshes, embedding: Floats) -> Meshes:
        """Put what the network sees beside what the points say.

        Args:
            meshes: N meshes with the logits of their points, changed in place; a face without a mesh stays as it is.
            embedding: float32 (N, D).

        Returns:
            ``meshes``.
        """
        seen = meshes.reason == MEASURED
        points = np.where(np.isfinite(meshes.units[seen]), meshes.units[seen], np.float32(0))
        meshes.units[seen] = self.points * points + project(embedding[seen], self.weight) + self.bias
        return meshes

    def unit_map(self, points: UnitMap) -> UnitMap:
        """Return what is known of the logits of both; the expression is no further evidence."""
        return UnitMap(points.weight, self.bias, self.centre, self.spread, np.zeros_like(self.bias), whole=True)


def read_look(spec: ModelSpec) -> Look | None:
    """Return what the network of a model folder sees; None where it says nothing of action units.

    Raises:
        WeightsError: Weights are missing, damaged, or do not fit.
    """
    if not spec.units:
        return None
    weight = load_tensors(find_weights(spec), WEIGHT).get(WEIGHT)
    wanted = (len(ABAW_AU), spec.embedding_dim)
    if weight is None or weight.shape != wanted:
        found = "missing" if weight is None else f"of shape {weight.shape}"
        raise WeightsError(f"{WEIGHT} is {found}, expected {wanted} for the units that the folder's config names")
    return look_of(weight, spec.units, spec.units_beside)


def look_of(weight: Floats, units: Mapping[str, UnitSpec], maps: str = "") -> Look:
    """Put the weights (12, D) and what the config says of each unit together."""
    known = np.array([name in units for name in ABAW_AU])
    columns = [np.where(known, np.float32(0), np.float32(np.nan)) for _ in range(4)]
    for name, entry in units.items():
        for column, value in zip(columns, (entry.points, entry.bias, entry.neutral, entry.spread), strict=True):
            column[ABAW_AU.index(name)] = value
    points, bias, centre, spread = columns
    own = np.where(known[:, None], weight, np.float32(0)).astype(np.float32)
    return Look(own, points, bias, centre, spread, maps)
