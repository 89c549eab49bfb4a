"""Action units from measures: which measure carries which unit, and how it becomes a number of 0-1.

Conventions: units are ABAW's twelve in the order of ``femo.labels.ABAW_AU``. A unit's logit is linear in the measures that FACS
says it moves (Ekman, Friesen & Hager 2002, Facial Action Coding System, chapters 2-6); the signs are FACS's and fixed, the
sizes are fitted by ``femo train units`` and stand in the config of ``face-mesh``. Logit 0 lies midway between faces that should
show the unit and neutral ones. A unit without coefficients is not measured: NaN here, and a prior elsewhere.

A person's own neutral face differs from the population's. In a clip the low quantile of each logit over time is taken for that
person's neutral, as OpenFace does (Baltrušaitis, Mahmoud & Robinson 2015, Cross-dataset learning and person-specific
normalisation for automatic Action Unit detection), but no further from the population's than neutral faces differ among
themselves: who smiles from the first frame to the last is smiling.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from femo.errors import ModelError
from femo.labels import ABAW_AU
from femo.meshes import COLUMNS, Meshes
from femo.networks.heads import sigmoid
from femo.types import Bools, Floats, Scores

CARRIED_BY: dict[str, dict[str, int]] = {
    "AU1": {"inner_brow": 1},
    "AU2": {"outer_brow": 1},
    "AU4": {"inner_brow": -1, "outer_brow": -1, "brow_gap": -1},
    "AU6": {"cheek": 1, "lower_lid": 1, "eye_opening": -1},
    "AU7": {"lower_lid": 1, "eye_opening": -1},
    "AU10": {"upper_lip": 1, "nose_wing": 1},
    "AU12": {"corner_height": 1, "corner_curve": 1, "mouth_width": 1},
    "AU15": {"corner_height": -1, "corner_curve": -1},
    "AU24": {"upper_red": -1, "lower_red": -1, "lip_gap": -1},
    "AU25": {"lip_gap": 1},
    "AU26": {"jaw": 1},
}
"""The measures that a unit moves and in which direction, after FACS: AU1 raises the inner and AU2 the outer brow; AU4 lowers the
brows and draws them together; AU6 raises the cheeks and with them the lower lid; AU7 tightens the lids, the lower one upwards;
AU10 raises the upper lip and the wings of the nose; AU12 pulls the lip corners back and up, AU15 down; AU24 presses the lips
together, which hides their red; AU25 parts the lips; AU26 drops the jaw. AU23 tightens the lips without a change of outline that
the mesh follows, so it is not measured."""

BASELINE_QUANTILE = 0.2
"""Share of the frames in which a person shows less of a unit than his neutral face is taken to show."""
BASELINE_SPREAD = 1.5
"""A person's neutral is at most so many standard deviations of neutral faces away from the population's."""
MIN_FRAMES = 25
"""With fewer measured frames nothing is known of a person's neutral."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitMap:
    """From measures to logits.

    Attributes:
        weight: float32 (12, K), logit per unit of each column of ``meshes.COLUMNS``; a row of NaN is not measured.
        bias: float32 (12,).
        centre: float32 (12,), mean logit of neutral faces.
        spread: float32 (12,), its standard deviation among them.
    """

    weight: Floats
    bias: Floats
    centre: Floats
    spread: Floats

    @property
    def measured(self) -> tuple[str, ...]:
        """The units that are measured."""
        return tuple(name for name, bias in zip(ABAW_AU, self.bias, strict=True) if np.isfinite(bias))

    def logits(self, values: Floats) -> Floats:
        """Map measures (N, K) to logits (N, 12); NaN where a measure is missing that the unit needs."""
        out = np.full((len(values), len(ABAW_AU)), np.nan, np.float32)
        for unit, row in enumerate(self.weight):
            if np.isfinite(self.bias[unit]):
                needed = np.flatnonzero(row)
                out[:, unit] = values[:, needed] @ row[needed] + self.bias[unit]
        return out

    def neutral(self, logits: Floats) -> Floats:
        """Return how far a person's neutral face is from the population's, in logits (12,).

        Args:
            logits: float32 (T, 12) of one person's frames.
        """
        out = np.zeros(len(ABAW_AU), np.float32)
        for unit in range(len(ABAW_AU)):
            seen = logits[np.isfinite(logits[:, unit]), unit]
            if len(seen) >= MIN_FRAMES:
                reach = BASELINE_SPREAD * self.spread[unit]
                low = np.quantile(seen, BASELINE_QUANTILE) - self.centre[unit]
                out[unit] = np.clip(low, -reach, reach)
        return out


def read_unit_map(config: Mapping[str, Any] | None) -> UnitMap:
    """Read the maps out of ``mesh.units`` of the config of ``face-mesh``; a unit that it does not name is not measured.

    Raises:
        ModelError: A unit or measure is unknown, or part of a map is missing.
    """
    weight = np.full((len(ABAW_AU), len(COLUMNS)), np.nan, np.float32)
    bias, centre, spread = (np.full(len(ABAW_AU), np.nan, np.float32) for _ in range(3))
    for name, said in ((config or {}).get("units") or {}).items():
        _check(name, said)
        unit = ABAW_AU.index(name)
        weight[unit] = 0
        for column, value in said["weights"].items():
            weight[unit, COLUMNS.index(column)] = value
        bias[unit], centre[unit], spread[unit] = said["bias"], said["neutral"], said["spread"]
    return UnitMap(weight, bias, centre, spread)


def _check(name: str, said: Any) -> None:
    parts = ("weights", "bias", "neutral", "spread")
    missing = [part for part in parts if not isinstance(said, Mapping) or part not in said]
    if missing or not isinstance(said["weights"], Mapping):
        raise ModelError(f"the config of face-mesh does not say {(missing or parts)[0]!r} of {name}")
    if name not in ABAW_AU:
        raise ModelError(f"the config of face-mesh names {name!r}, which is no unit")
    unknown = [label for label in said["weights"] if label not in COLUMNS]
    if unknown:
        raise ModelError(f"the config of face-mesh names {unknown[0]!r} under {name}, which is no measure")


def measured_units(scores: dict[str, Scores], meshes: Meshes | None) -> dict[str, Scores]:
    """Return the scores of N faces of one moment with measured action units in the place of priors."""
    if meshes is None or "action_units" not in scores:
        return scores
    return scores | {
        "action_units": merge(scores["action_units"], sigmoid(meshes.units), np.isfinite(meshes.units))
    }


def merge(prior: Scores, measured: Floats, persons: Bools) -> Scores:
    """Put measured units in the place of priors.

    Args:
        prior: The head ``action_units``, N rows.
        measured: float32 (N, 12), 0-1; NaN where not measured.
        persons: bool (N, 12), which cells belong to someone of whom this unit was measured: there a gap stays a gap, and
            elsewhere the prior stays.
    """
    if prior.source != "prior" or prior.labels != ABAW_AU or not persons.any():
        return prior
    values = np.where(persons, measured, prior.values).astype(np.float32)
    return Scores(prior.name, prior.labels, values, prior.kind, "mixed")
