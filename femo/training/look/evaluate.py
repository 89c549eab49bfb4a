"""Scores a model on photos whose action units were coded and whose valence and arousal were rated, each read as a photo.

Conventions: the photos are UTKFace's or drawn faces of the part ``held_out`` (``codes``, ``affect``), from which nothing has been
learnt; of each the largest face counts. Where no face is found, or nothing can be measured on it, the photo is left out of the
units and counted; valence and arousal need only a face.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from femo.documents import known_units
from femo.labels import ABAW_AU, VALENCE_AROUSAL
from femo.pipeline import Pipeline
from femo.results import PhotoResult
from femo.training.look import affect
from femo.training.look.codes import CODES, UTKFACE, read_codes
from femo.training.look.drawn import DRAWN
from femo.training.look.fit import judge
from femo.training.look.recipe import target_of
from femo.types import RGB, Floats

OF_PHOTOS = (UTKFACE, DRAWN)
"""Pictures of FER+ are no photos: they are cut to the face."""


def names_coded() -> frozenset[str]:
    """Return the files of UTKFace that are coded and held out."""
    return frozenset(one.name for one in read_codes("held_out") if one.origin == UTKFACE)


def evaluate_coded(
    pipeline: Pipeline,
    photos: Mapping[str, RGB],
    coded: Path = CODES,
    rated: Path = affect.RATINGS,
    least_shown: int = 1,
) -> dict[str, Any]:
    """Score photos by name.

    Args:
        pipeline: What reads.
        photos: Pictures of UTKFace, or drawn faces, RGB uint8; those that are not coded are not read.
        coded: What coders wrote.
        rated: What raters wrote.
        least_shown: Units that fewer photos show do not count in the means.

    Returns:
        ``coded_units``, for each measured unit the number of photos that show it (``faces``), ``auc`` and ``f1`` at 0.5;
        ``coded_units_auc`` and ``coded_units_f1``, their means over units that are shown; ``coded_affect``, ``ccc`` and ``r``
        of valence and arousal; ``n_coded`` and ``n_coded_left_out``, photos on which nothing was measured. Empty without photos.
    """
    codes = [one for one in read_codes("held_out", coded) if one.origin in OF_PHOTOS and one.name in photos]
    if not codes:
        return {}
    results = {one.name: pipeline.photo(photos[one.name]) for one in codes}
    said = np.stack([_units(results[one.name]) for one in codes])
    target = target_of(np.stack([one.shown for one in codes]))
    units = {unit: judge(said[:, row] - np.float32(0.5), target[:, row]) for row, unit in enumerate(ABAW_AU)}
    units = {unit: figures for row, (unit, figures) in enumerate(units.items()) if np.isfinite(said[:, row]).any()}
    shown = [
        figures for figures in units.values() if figures["faces"] >= least_shown and np.isfinite(figures["auc"])
    ]
    means = {f"coded_units_{key}": float(np.mean([one[key] for one in shown])) for key in ("auc", "f1") if shown}
    left_out = int((~np.isfinite(said).any(axis=1)).sum())
    return {
        "coded_units": units,
        **means,
        "coded_affect": _affect(results, rated),
        "n_coded": len(codes),
        "n_coded_left_out": left_out,
    }


def _units(result: PhotoResult) -> Floats:
    """Return the units of the largest face (12,), 0-1; NaN where nothing was measured."""
    head = known_units(result.scores, None if result.meshes is None else result.meshes.units)
    if head is None or not len(result.faces) or head.labels != ABAW_AU:
        return np.full(len(ABAW_AU), np.nan, np.float32)
    return np.asarray(head.values[_largest(result)], np.float32)


def _largest(result: PhotoResult) -> int:
    xyxy = result.faces.xyxy
    return int(((xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1])).argmax())


def _affect(results: Mapping[str, PhotoResult], path: Path) -> dict[str, dict[str, float]]:
    rated = [
        one for one in affect.read_ratings("held_out", path) if one.origin in OF_PHOTOS and one.name in results
    ]
    said = [(_valence_arousal(results[one.name]), one.affect) for one in rated]
    known: Sequence[tuple[Floats, Floats]] = [(value, truth) for value, truth in said if value is not None]
    if len(known) < 2:
        return {}
    return affect.judge(np.stack([value for value, _ in known]), np.stack([truth for _, truth in known]))


def _valence_arousal(result: PhotoResult) -> Floats | None:
    head = result.scores.get("valence_arousal")
    if head is None or not len(result.faces) or head.labels != VALENCE_AROUSAL:
        return None
    return np.asarray(head.values[_largest(result)], np.float32)
