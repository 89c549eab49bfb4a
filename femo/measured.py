"""What was measured on faces, as plain JSON types and as table columns.

Conventions: as in ``femo.results``: ``None`` and empty cells for what was not measured. A unit's source is told for each face,
and for each person of a clip: ``measured`` if it was measured at least once, else where the head has it from.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from femo.documents import plain
from femo.meshes import DLIB_68, MEASURES, POSE, REASONS, Meshes, MeshTrack
from femo.types import Bools, Scores

ANGLES = POSE[:3]
PIXEL_DECIMALS = 1


def unit_sources(scores: Mapping[str, Scores], seen: Bools) -> dict[str, str]:
    """Return each action unit's source.

    Args:
        scores: With the head ``action_units``, else nothing is said.
        seen: bool (12,), the units that were measured.
    """
    head = scores.get("action_units")
    if head is None:
        return {}
    if head.source != "mixed":
        return dict.fromkeys(head.labels, head.source)
    return {label: "measured" if known else "prior" for label, known in zip(head.labels, seen, strict=True)}


def mesh_face(meshes: Meshes, scores: Mapping[str, Scores], row: int) -> dict[str, Any]:
    """Return what FACE says of one face's mesh."""
    points = np.round(meshes.landmarks[row].astype(np.float64), PIXEL_DECIMALS)
    known = bool(np.isfinite(points).all())
    return {
        "pose": {name: plain(meshes.column(name)[row]) for name in ANGLES},
        "measures": {name: plain(meshes.column(name)[row]) for name in MEASURES},
        "not_measured": REASONS[meshes.reason[row]] or None,
        "face_logit": plain(meshes.logit[row]),
        "unit_sources": unit_sources(scores, np.isfinite(meshes.units[row])),
        "landmarks": points.tolist() if known else None,
        "landmarks_68": points[list(DLIB_68), :2].tolist() if known else None,
    }


def mesh_person(track: MeshTrack, scores: Mapping[str, Scores]) -> dict[str, Any]:
    """Return what one entry of ``persons`` says of the person's mesh."""
    return {
        "pose": {name: plain(track.column(name)) for name in ANGLES},
        "measures": {name: plain(track.column(name)) for name in MEASURES},
        "not_measured": [REASONS[code] or None for code in track.reason.tolist()],
        "blinks": plain(track.blinks),
        "blinks_per_minute": plain(track.blinks_per_minute),
        "unit_sources": unit_sources(scores, np.asarray(np.isfinite(track.units).any(axis=0))),
    }


def mesh_columns(meshes: "Meshes | MeshTrack", scores: Mapping[str, Scores]) -> dict[str, Any]:
    """Return flat table columns: angles, measures, the reason of a gap, and ``AU1_source``, ..."""
    columns: dict[str, Any] = {name: meshes.column(name) for name in (*ANGLES, *MEASURES)}
    columns["not_measured"] = [REASONS[code] for code in meshes.reason.tolist()]
    whole = isinstance(meshes, MeshTrack)
    seen = np.isfinite(meshes.units)
    rows = np.broadcast_to(seen.any(axis=0), seen.shape) if whole else seen
    said = [unit_sources(scores, np.asarray(row)) for row in rows]
    for label in unit_sources(scores, np.zeros(meshes.units.shape[1], np.bool_)):
        columns[f"{label}_source"] = [row[label] for row in said]
    return columns
