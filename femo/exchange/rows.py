"""One row per face and frame, whatever it was read from: what the forms of other tools are made of.

Conventions: those of ``femo.meshes``. Only what was seen and measured is told: in a row in which the person was not seen
everything is NaN, and so is an action unit that is no more than a prior. Where a face was followed and not read (``--every
auto``), values are filled in from before and after; ``FaceRows.as_read`` takes them out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from femo.documents import known_units
from femo.meshes import DLIB_68, POSE, Meshes, MeshTrack
from femo.types import Bools, Doubles, Faces, Floats, Ints, Scores

N_POINTS = len(DLIB_68)


@dataclass(frozen=True, slots=True, eq=False)
class FaceRows:
    """N rows.

    Attributes:
        frame: int64 (N,), number of the frame in its clip, from 1.
        time_s: float64 (N,).
        person: int64 (N,), from 1.
        seen: bool (N,), False where the row lies between two views of the person.
        read: bool (N,), False where the face was at most followed.
        success: bool (N,), read, and its pose found if its mesh was asked for.
        xyxy: float32 (N, 4), source pixels.
        confidence: float32 (N,), 0-1, that a face is there: the mesh's, without one the detector's, else NaN.
        pose: float32 (N, 6), degrees and millimetres (``meshes.POSE``).
        landmarks: float32 (N, 68, 2), source pixels, in the order of iBUG.
        units: Name of each action unit that the model tells of (``AU1``) to float32 (N,) of 0-1.
        blink: float32 (N,), 1 within a blink, 0 outside; NaN where the eyes were not measured.
        expression: Label to float32 (N,) of 0-1.
    """

    frame: Ints
    time_s: Doubles
    person: Ints
    seen: Bools
    read: Bools
    success: Bools
    xyxy: Floats
    confidence: Floats
    pose: Floats
    landmarks: Floats
    units: Mapping[str, Floats]
    blink: Floats
    expression: Mapping[str, Floats]

    @classmethod
    def join(cls, parts: Sequence["FaceRows"]) -> "FaceRows":
        """Return the rows of all parts, frame by frame."""
        if not parts:
            return rows_of_faces(Faces.empty(), {}, None)
        names = (
            "frame",
            "time_s",
            "person",
            "seen",
            "read",
            "success",
            "xyxy",
            "confidence",
            "pose",
            "landmarks",
            "blink",
        )
        columns: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        order = np.lexsort((columns["person"], columns["frame"]))
        whole: dict[str, Any] = {name: column[order] for name, column in columns.items()}
        for name in ("units", "expression"):
            tables = [getattr(part, name) for part in parts]
            whole[name] = {key: np.concatenate([table[key] for table in tables])[order] for key in tables[0]}
        return cls(**whole)

    def as_read(self) -> "FaceRows":
        """Return the same rows without what was filled in where nobody read the face: all but where it is."""

        def told(values: Floats) -> Floats:
            out = np.array(values, np.float32)
            out[~self.read] = np.nan
            return out

        names = ("confidence", "pose", "landmarks", "blink")
        measured: dict[str, Any] = {name: told(getattr(self, name)) for name in names}
        for name in ("units", "expression"):
            measured[name] = {key: told(values) for key, values in getattr(self, name).items()}
        return replace(self, **measured)


def rows_of_faces(faces: Faces, scores: Mapping[str, Scores], meshes: Meshes | None) -> FaceRows:
    """Return a row for each of the N faces of a photo, a frame at 0 s."""
    n_faces = len(faces)
    points, pose = np.full((n_faces, N_POINTS, 2), np.nan, np.float32), _pose(meshes, n_faces)
    if meshes is not None and meshes.landmarks.shape[1]:
        points = meshes.landmarks[:, list(DLIB_68), :2]
    return FaceRows(
        np.ones(n_faces, np.int64),
        np.zeros(n_faces),
        np.arange(1, n_faces + 1),
        np.ones(n_faces, np.bool_),
        np.ones(n_faces, np.bool_),
        _found(pose, meshes),
        faces.xyxy,
        faces.score if meshes is None else _probability(meshes.logit),
        pose,
        points,
        _columns(known_units(scores, None if meshes is None else meshes.units)),
        np.full(n_faces, np.nan, np.float32),
        _columns(scores.get("expression")),
    )


def rows_of_person(
    person: int,
    frame: Ints,
    time_s: Doubles,
    seen: Bools,
    xyxy: Floats,
    scores: Mapping[str, Scores],
    mesh: MeshTrack | None,
    read: Bools | None = None,
) -> FaceRows:
    """Return a row for each of the T frames of a clip; see ``results.Timeline`` for the arguments."""
    n_frames = len(time_s)
    points = np.full((n_frames, N_POINTS, 2), np.nan, np.float32) if mesh is None else mesh.landmarks_68()
    unknown = np.full(n_frames, np.nan, np.float32)
    units = known_units(scores, None if mesh is None else mesh.units)
    pose, hidden = _pose(mesh, n_frames), ~seen
    known = seen if read is None else seen & read

    def told(values: Floats) -> Floats:
        out = np.array(values, np.float32)
        out[hidden] = np.nan
        return out

    return FaceRows(
        frame,
        time_s,
        np.full(n_frames, person, np.int64),
        seen,
        known,
        known & _found(pose, mesh),
        told(xyxy),
        told(unknown if mesh is None else _probability(mesh.logit)),
        told(pose),
        told(points),
        {name: told(values) for name, values in _columns(units).items()},
        told(unknown if mesh is None else _blink(mesh, time_s)),
        {label: told(values) for label, values in _columns(scores.get("expression")).items()},
    )


def _columns(head: Scores | None) -> dict[str, Floats]:
    return {} if head is None else {label: head.column(label) for label in head.labels}


def _pose(meshes: "Meshes | MeshTrack | None", n_rows: int) -> Floats:
    return np.full((n_rows, len(POSE)), np.nan, np.float32) if meshes is None else meshes.values[:, : len(POSE)]


def _found(pose: Floats, meshes: "Meshes | MeshTrack | None") -> Bools:
    return np.ones(len(pose), np.bool_) if meshes is None else np.isfinite(pose[:, 0])


def _probability(logit: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -60, 60))), np.float32)


def _blink(mesh: MeshTrack, time_s: Doubles) -> Floats:
    """Tell blinks where they were counted: the eyes were measured, for long enough."""
    out = np.zeros(len(time_s), np.float32)
    for begin, end in mesh.blinks.tolist():
        out[(time_s >= begin) & (time_s < end)] = 1
    known = np.isfinite(mesh.column("eye_left")) & np.isfinite(mesh.blinks_per_minute)
    return np.where(known, out, np.float32(np.nan))
