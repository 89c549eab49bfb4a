"""Action units from the points of a face: how they become a number of 0-1.

Conventions: units are ABAW's twelve in the order of ``femo.labels.ABAW_AU``. A unit's logit is linear in the points of
that half of the face that FACS says it moves (Ekman, Friesen & Hager 2002, Facial Action Coding System, chapters 2-6), turned to
the front. ``femo train units`` fits it, and it stands in the weights of ``face-mesh`` as ``units.weight``. A unit without an
entry in the config is not measured: NaN here, and a prior elsewhere. Where the network that reads the same faces sees units
itself, its logits join those of the points, and evidence, neutral and spread are its own (``femo.mesh.look``).

A person's own neutral face differs from the population's. In a clip the low quantile of each logit over time is taken for that
person's neutral, as OpenFace does (Baltrušaitis, Mahmoud & Robinson 2015, Cross-dataset learning and person-specific
normalisation for automatic Action Unit detection), but no further from the population's than neutral faces differ among
themselves: who smiles from the first frame to the last is smiling.

Beside any other network, what is shown of a measured unit is the geometry's logit and the expression's evidence: what the prior
head says of the unit, 0-1, less ``EVIDENCE_AT``, times ``evidence``. That network sees the wrinkles that no point tells.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from femo.errors import ModelError
from femo.labels import ABAW_AU
from femo.meshes import N_POINTS, Meshes
from femo.networks.heads import sigmoid
from femo.networks.linear import project
from femo.types import Bools, Floats, Scores

UPPER_UNITS = ("AU1", "AU2", "AU4", "AU6", "AU7")
"""Units of brows, lids and cheeks; the others are those of nose, lips and jaw."""
UNITS = "units."
WEIGHT = f"{UNITS}weight"
"""Name of the maps among the tensors of ``face-mesh``: float32 (12, 468, 3), logit per distance between the eyes."""
PARTS = ("bias", "neutral", "spread", "evidence")
"""What the config says of each unit."""
EVIDENCE_AT = 0.25
"""Of 0-1, where the expression speaks neither for a unit nor against it."""
CERTAIN = 1e-4
"""Values of 0-1 nearer to 0 or 1 than this count as this far away when they are put together."""

BASELINE_QUANTILE = 0.2
"""Share of the frames in which a person shows less of a unit than his neutral face is taken to show."""
BASELINE_SPREAD = 1.5
"""A person's neutral is at most so many standard deviations of neutral faces away from the population's."""
MIN_FRAMES = 25
"""With fewer measured frames nothing is known of a person's neutral."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitMap:
    """From points to logits.

    Attributes:
        weight: float32 (12, 468, 3), logit per distance between the eyes; zero where a unit is not measured.
        bias: float32 (12,); NaN where a unit is not measured.
        centre: float32 (12,), mean logit of neutral faces.
        spread: float32 (12,), its standard deviation among them.
        evidence: float32 (12,), logit per unit of what the prior head says.
        whole: Logits are what is shown, 0.5 at 0: no evidence comes beside them.
    """

    weight: Floats
    bias: Floats
    centre: Floats
    spread: Floats
    evidence: Floats
    whole: bool = False

    @property
    def measured(self) -> tuple[str, ...]:
        """The units that are measured."""
        return tuple(name for name, bias in zip(ABAW_AU, self.bias, strict=True) if np.isfinite(bias))

    @property
    def sha256(self) -> str:
        """Tells one fit of the maps from another: 64 hex digits."""
        return sha256(self.weight.tobytes() + self.bias.tobytes()).hexdigest()

    def logits(self, frontal: Floats) -> Floats:
        """Map points that are turned to the front (N, 468, 3) to logits (N, 12); NaN where nothing is measured."""
        flat = np.asarray(frontal, np.float32).reshape(len(frontal), -1)
        return project(flat, self.weight.reshape(len(ABAW_AU), -1)) + self.bias

    def neutral(self, logits: Floats) -> Floats:
        """Return how far a person's neutral face is from the population's, in logits (12,).

        Where logits are what is shown, no more is taken off than the low quantile lies below 0, which is shown as 0.5: from who
        shows a unit from the first frame to the last nothing is taken, however widely neutral faces differ, and the nearer
        somebody's rest is to showing it, the less.

        Args:
            logits: float32 (T, 12) of one person's frames.
        """
        out = np.zeros(len(ABAW_AU), np.float32)
        for unit in range(len(ABAW_AU)):
            seen = logits[np.isfinite(logits[:, unit]), unit]
            if len(seen) >= MIN_FRAMES:
                reach = BASELINE_SPREAD * self.spread[unit]
                low = np.quantile(seen, BASELINE_QUANTILE)
                most = min(reach, max(-low, 0.0)) if self.whole else reach
                out[unit] = np.clip(low - self.centre[unit], -reach, most)
        return out


def read_unit_map(config: Mapping[str, Any] | None, tensors: Mapping[str, Floats]) -> UnitMap:
    """Put together ``mesh.units`` of the config of ``face-mesh`` and its tensors; a unit without an entry is not measured.

    Raises:
        ModelError: A unit is unknown, or the maps are missing or of another shape.
    """
    said: Mapping[str, Any] = (config or {}).get("units") or {}
    for name, entry in said.items():
        _check(name, entry)
    weight = np.zeros((len(ABAW_AU), N_POINTS, 3), np.float32)
    given = tensors.get(WEIGHT, weight[:0] if said else weight)
    if given.shape != weight.shape:
        raise ModelError(
            f"the weights of face-mesh have no {WEIGHT} of shape {weight.shape} for the units of its config"
        )
    columns = [np.full(len(ABAW_AU), np.nan, np.float32) for _ in range(4)]
    for name, entry in said.items():
        unit = ABAW_AU.index(name)
        weight[unit] = given[unit]
        for column, key in zip(columns, PARTS, strict=True):
            column[unit] = entry[key]
    bias, centre, spread, evidence = columns
    return UnitMap(weight, bias, centre, spread, evidence)


def _check(name: str, entry: Any) -> None:
    if name not in ABAW_AU:
        raise ModelError(f"the config of face-mesh names {name!r}, which is no unit")
    missing = [part for part in PARTS if not isinstance(entry, Mapping) or part not in entry]
    if missing:
        raise ModelError(f"the config of face-mesh does not say {missing[0]!r} of {name}")


def measured_units(
    scores: dict[str, Scores], meshes: Meshes | None, unit_map: UnitMap | None, shown: Floats | None = None
) -> dict[str, Scores]:
    """Return the scores of N faces of one moment with measured action units in the place of priors.

    Args:
        scores: Head name to Scores of N rows.
        meshes: N meshes, None where nothing was measured.
        unit_map: How meshes become units, None where they do not.
        shown: float32 (N, 12), what the units show, 0-1, where that is not what these meshes alone say: means over time.
    """
    if meshes is None or unit_map is None or "action_units" not in scores:
        return scores
    values = sigmoid(meshes.units) if shown is None else shown
    return scores | {"action_units": merge(scores["action_units"], values, np.isfinite(values), unit_map)}


def merge(prior: Scores, measured: Floats, persons: Bools, unit_map: UnitMap) -> Scores:
    """Put measured units in the place of priors, with the expression's evidence.

    Args:
        prior: The head ``action_units``, N rows.
        measured: float32 (N, 12), what was measured, 0-1; NaN where nothing was.
        persons: bool (N, 12), which cells belong to someone of whom this unit was measured: there a gap stays a gap, and
            elsewhere the prior stays.
        unit_map: Says what evidence weighs.
    """
    if prior.source != "prior" or prior.labels != ABAW_AU or not persons.any():
        return prior
    sure = np.clip(measured, CERTAIN, 1 - CERTAIN)
    logit = np.log(sure / (1 - sure)) + unit_map.evidence * (prior.values - EVIDENCE_AT)
    values = np.where(persons, sigmoid(logit), prior.values).astype(np.float32)
    return Scores(prior.name, prior.labels, values, prior.kind, "mixed", prior.thresholds)
