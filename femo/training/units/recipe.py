"""``femo train units``: from FER+ and UTKFace to the maps of action units in the folder ``face-mesh``.

Conventions: a unit is said to be measured if its points alone, without the expression, tell apart the faces of FER+'s validation
partition and the made pictures of people that no map was fitted to, each seen against the same face at rest. Votes that are told
apart clearly suffice. What is chosen is chosen by that partition; the slice that nobody has looked at is for the card.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from femo.documents import plain
from femo.errors import FemoError
from femo.labels import ABAW_AU
from femo.mesh.reader import MeshReader
from femo.mesh.units import EVIDENCE_AT, WEIGHT
from femo.meshes import N_POINTS
from femo.models.find import find_models
from femo.models.weights import WEIGHTS
from femo.models.write import write_stored
from femo.readers import load_readers
from femo.training.units.faces import Voted, level, neutral_faces, ordered_votes, split, voted
from femo.training.units.fit import Half, Teacher, auc, fit_map
from femo.training.units.made import Made, make
from femo.training.units.weak import SHOWN, labels, neutral, often
from femo.types import Bools, Floats

EVIDENCE = 2.5
"""Logit per unit of what the prior head says: an expression that always goes with a unit speaks for it as much as 1.5, one that
never does as much as -0.6 against it. A clear movement says more than either."""
MOST_NEUTRAL = 0.04
"""Share of neutral faces that may lie above 0.5."""
N_QUANTILES = 1001
LEAST_VOTED, LEAST_MADE = 0.75, 0.7
"""Areas under the ROC curve, of the points alone, below which a unit is not measured."""
CLEARLY_VOTED = 0.85
"""From here on votes suffice: raised cheeks bulge and fold, which a picture whose points were moved does not show."""
LEAST_FACES = 50
"""With fewer faces that should show a unit, the area in FER+ says nothing, and the unit stays a prior."""
N_EACH = 4
CHECKED_SHARE = 0.4
"""Share of the made pictures' people that maps are not fitted to."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """What maps are fitted to, chosen by, and shown by."""

    fitted: Voted
    chosen_by: Voted
    unseen: Voted
    made: Made
    made_unseen: Made


@dataclass(frozen=True, slots=True, eq=False)
class UnitFit:
    """One unit.

    Attributes:
        weight: float32 (468, 3).
        config: Its entry in ``mesh.units``.
        measured: Whether it may be said to be measured.
        figures: Of both judges, by set.
    """

    weight: Floats
    config: dict[str, float]
    measured: bool
    figures: dict[str, dict[str, float]]


def read_sets(data: Path, reader: MeshReader, limit: int, n_faces: int, say: Say) -> Sets:
    """Measure all faces.

    Args:
        data: Folder with ``ferplus_train.npz``, ``ferplus_valid.npz`` and ``utkface*.zip``.
        reader: The mesh.
        limit: Faces of FER+'s training partition to fit with.
        n_faces: Neutral faces to make pictures of.
        say: Told what is going on.

    Raises:
        FemoError: A file is missing or of another form.
    """
    archives = sorted(data.glob("utkface*.zip"))
    if not archives:
        raise FemoError(f"{data} has no utkface*.zip, whose neutral faces are moved")
    readers = [replace(reader, second=None) for reader in load_readers(find_models(None))]  # as in clips
    images, votes = ordered_votes(data / "ferplus_train.npz")
    held_out = ordered_votes(data / "ferplus_valid.npz")
    train, kept_apart = split(images, votes, held_out[0])
    rows = level(train, votes, limit)
    fitted = voted(images[rows], votes[rows], reader)
    say(f"{len(fitted.frontal):,} of {len(rows):,} faces of FER+ measured to fit with")
    unseen = voted(images[kept_apart], votes[kept_apart], reader, readers)
    chosen_by = voted(*held_out, reader, readers)
    say(f"{len(chosen_by.frontal):,} to choose by, {len(unseen.frontal):,} that nobody has seen")
    made = make(neutral_faces(archives, n_faces, readers), reader, N_EACH)
    last = int(np.quantile(np.unique(made.base), 1 - CHECKED_SHARE))
    first, second = (made.select(rows) for rows in (made.base <= last, made.base > last))
    say(f"{len(first.base):,} pictures made to fit with, {len(second.base):,} of other people to check with")
    return Sets(fitted, chosen_by, unseen, first, second)


def fit_unit(unit: str, sets: Sets, reader: MeshReader) -> UnitFit:
    """Fit, place and judge one unit.

    Raises:
        FemoError: No face of FER+ is neutral.
    """
    number = ABAW_AU.index(unit)
    for faces in (sets.fitted, sets.chosen_by):
        if not neutral(faces.shares).any():
            raise FemoError(f"none of {len(faces.shares)} faces is neutral, by which {unit} could be measured")
    weight, bias = fit_map(Half.of(unit, reader.face), _teachers(number, sets))
    calm = _logit(weight, bias, sets.fitted.frontal[neutral(sets.fitted.shares)])
    placed = bias - _highest_calm(number, weight, bias, sets)
    figures = {
        "chosen_by": judge_voted(unit, weight, placed, sets.chosen_by),
        "unseen": judge_voted(unit, weight, placed, sets.unseen),
        "made": judge_made(unit, weight, placed, sets.made_unseen),
    }
    config = {
        "bias": round(placed, 4),
        "neutral": round(float(calm.mean()) + placed - bias, 4),
        "spread": round(float(calm.std()), 4),
        "evidence": EVIDENCE,
    }
    return UnitFit(weight, config, told_apart(figures), figures)


def told_apart(figures: Mapping[str, Mapping[str, float]]) -> bool:
    """Return whether a unit with these figures may be said to be measured."""
    by_votes, own = figures["chosen_by"], figures["made"]["own_auc"]
    if by_votes["faces"] < LEAST_FACES:
        return False
    return by_votes["auc"] >= (LEAST_VOTED if own >= LEAST_MADE else CLEARLY_VOTED)


def _teachers(number: int, sets: Sets) -> tuple[Teacher, ...]:
    """Return FER+ with half of the say, made pictures with a quarter, and their movements put on the mean neutral face."""
    top = sets.fitted.shares.argmax(axis=1)
    rare = (1 / np.sqrt(np.maximum(np.bincount(top, minlength=8), 1)))[top].astype(np.float32)
    moved, change = sets.made.own_neutral()
    rest = sets.fitted.frontal[neutral(sets.fitted.shares)].mean(axis=0)
    shown = sets.made.shown[:, number]
    return (
        Teacher(sets.fitted.frontal, often(sets.fitted.shares)[:, number], rare, 0.5),
        Teacher(sets.made.frontal, shown, np.ones(len(shown), np.float32), 0.25),
        Teacher(change + rest, shown[moved], np.ones(len(change), np.float32), 0.25),
    )


def _highest_calm(number: int, weight: Floats, bias: float, sets: Sets) -> float:
    """Return the logit, evidence included, that few neutral faces exceed: FER+'s small ones and UTKFace's large ones alike."""
    voted_calm = neutral(sets.chosen_by.shares)
    prior = sets.chosen_by.prior[voted_calm, number]
    small = _logit(weight, bias, sets.chosen_by.frontal[voted_calm]) + EVIDENCE * (prior - EVIDENCE_AT)
    large = _logit(weight, bias, sets.made.at_rest()) - EVIDENCE * EVIDENCE_AT
    both = np.concatenate([np.quantile(some, np.linspace(0, 1, N_QUANTILES)) for some in (small, large)])
    return float(np.quantile(both, 1 - MOST_NEUTRAL))


def _logit(weight: Floats, bias: float, frontal: Floats) -> Floats:
    return np.asarray(frontal.reshape(len(frontal), -1) @ weight.ravel() + bias, np.float32)


def judge_voted(unit: str, weight: Floats, bias: float, faces: Voted) -> dict[str, float]:
    """Return figures on faces of FER+ against what their votes say.

    ``auc`` is that of the points alone, ``shown_auc`` of what is shown, ``prior_auc`` of the prior head; ``hit``, ``false`` and
    ``neutral`` are the shares above 0.5 of the faces that should show the unit, that should not, and that are neutral.
    """
    number = ABAW_AU.index(unit)
    points = _logit(weight, bias, faces.frontal)
    prior = faces.prior[:, number]
    shown = points + EVIDENCE * (prior - EVIDENCE_AT)
    calm: Bools = neutral(faces.shares)
    out = {"neutral": _share(shown[calm] > 0)}
    if unit in SHOWN:
        target = labels(faces.shares, unit)
        named = {"auc": points, "shown_auc": shown, "prior_auc": prior}
        out |= {name: round(auc(target, values), 3) for name, values in named.items()}
        out |= {"hit": _share(shown[target == 1] > 0), "false": _share(shown[target == 0] > 0)}
        out["prior_hit"] = _share(prior[target == 1] > 0.5)
    return {"auc": float("nan"), "faces": 0} | out | {"faces": int((target == 1).sum()) if unit in SHOWN else 0}


def judge_made(unit: str, weight: Floats, bias: float, made: Made) -> dict[str, float]:
    """Return figures on made pictures, by their points alone: a moved neutral face has hardly another expression.

    ``auc`` is over all people, ``own_auc`` against each face at rest, as in a clip; ``hit``, ``false`` and ``neutral`` are shares
    above 0.5 without a baseline.
    """
    target = made.shown[:, ABAW_AU.index(unit)]
    points = _logit(weight, bias, made.frontal)
    shown = points - EVIDENCE * EVIDENCE_AT
    moved, change = made.own_neutral()
    calm = _logit(weight, bias, made.at_rest()) - EVIDENCE * EVIDENCE_AT
    return {
        "auc": round(auc(target, points), 3),
        "own_auc": round(auc(target[moved], _logit(weight, 0.0, change)), 3),
        "hit": _share(shown[target == 1] > 0),
        "false": _share(shown[target == 0] > 0),
        "neutral": _share(calm > 0),
        "pictures": int((target == 1).sum()),
    }


def read_folder(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any], str]:
    """Return the tensors, the config and the card of a folder ``face-mesh``, to which maps are written.

    Raises:
        FemoError: It is none.
    """
    try:
        tensors = load_file(folder / WEIGHTS)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        card = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, ValueError, SafetensorError) as error:
        raise FemoError(f"{folder} is no folder of face-mesh: {error}") from error
    if not isinstance(config, dict):
        raise FemoError(f"{folder} is no folder of face-mesh: its config is no object")
    return tensors, config, card


def write(folder: Path, fits: Mapping[str, UnitFit]) -> None:
    """Put the maps of the measured units into a folder ``face-mesh``: its weights, its config, the hash of both.

    Raises:
        FemoError: It is none.
    """
    tensors, config, card = read_folder(folder)
    weight = np.zeros((len(ABAW_AU), N_POINTS, 3), np.float32)
    entries = {}
    for unit, fit in fits.items():
        if fit.measured:
            weight[ABAW_AU.index(unit)] = fit.weight
            entries[unit] = fit.config | {"held_out": _finite(fit.figures)}
    tensors[WEIGHT] = torch.from_numpy(weight)
    config["mesh"] = {**(config.get("mesh") or {}), "units": entries}
    rest = {key: value for key, value in config.items() if key != "files"}
    write_stored(folder, tensors, rest, card)


def _finite(figures: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float | None]]:
    return {name: {key: plain(value) for key, value in said.items()} for name, said in figures.items()}


def _share(which: Bools) -> float:
    return round(float(which.mean()), 3) if len(which) else float("nan")
