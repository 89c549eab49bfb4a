"""What a model folder says of the action units that its network sees beside the points of the face mesh.

Conventions: the weights are ``heads.units.weight`` (12, D), in the order of ``femo.labels.ABAW_AU``, and a unit without an entry
has a row of zeros. A unit's logit is ``points`` times what the map of the mesh says, plus its row's product with the embedding,
plus ``bias``. It belongs to the maps of ``face-mesh`` that it was fitted beside, whose hash the config has under
``units_beside``; beside others it is not used.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from femo.labels import ABAW_AU


@dataclass(frozen=True, slots=True)
class UnitSpec:
    """One unit of the key ``units`` of a config.

    Attributes:
        points: Weight of the logit of the mesh's map, from 0; 0 where it has none.
        bias: Where 0.5 lies.
        neutral: Mean logit of neutral faces.
        spread: Its standard deviation among them, above 0.
        held_out: Measured figures by name.
    """

    points: float
    bias: float
    neutral: float
    spread: float
    held_out: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.points, self.bias, self.neutral, self.spread))):
            raise ValueError("points, bias, neutral and spread of a unit must be finite")
        if self.points < 0 or self.spread <= 0:
            raise ValueError("a unit needs points from 0 and a spread above 0")


def check_units(units: Mapping[str, UnitSpec]) -> None:
    """Refuse units that are none.

    Raises:
        ValueError: One is not among the twelve.
    """
    unknown = [name for name in units if name not in ABAW_AU]
    if unknown:
        raise ValueError(f"units names {unknown[0]!r}, expected some of {', '.join(ABAW_AU)}")
