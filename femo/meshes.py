"""What travels of face meshes: the points of some faces, what was measured on them, and why something was not.

Conventions: "left" and "right" are as seen in the picture, of a photo that was turned in the upright one
(``femo.faces.upright``), so they are the same side of the person's face either way; lengths are in units of the distance
between the middles of the eyes, on the face turned to the front; angles are in degrees. What could not be measured is NaN and
has a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from femo.types import Bools, Doubles, Floats, Ints, check_shape

N_POINTS = 468
N_UNITS = 12

POSE = ("pitch", "yaw", "roll", "x_mm", "y_mm", "z_mm")
"""How the head is turned, in degrees: pitch > 0 looks down, yaw > 0 to the left edge of the picture, roll > 0 tilts clockwise;
and where it is before the camera."""
MEASURES = ("eye_left", "eye_right", "mouth_opening", "brow_left", "brow_right", "smile_width", "asymmetry")
"""Gap of each eye's lids, gap of the lips, height of each brow over its eye, distance of the lip corners, and the mean
distance of eyes, brows and lips from their mirror images (0 is a symmetrical face)."""
COLUMNS = (*POSE, *MEASURES)

JAW_68 = (127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356)
BROWS_68 = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
NOSE_68 = (168, 197, 5, 4, 98, 97, 2, 326, 327)
EYES_68 = (33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380)
LIPS_68 = (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87)
DLIB_68 = (*JAW_68, *BROWS_68, *NOSE_68, *EYES_68, *LIPS_68)
"""The point of the mesh nearest to each of iBUG's 68."""

MEASURED, NOT_READ, TOO_SMALL, NO_FACE, TURNED, COVERED = range(6)
REASONS = (
    "",
    "not read",
    "the face is smaller than 32 pixels",
    "the mesh network sees no whole face: covered, or none",
    "turned too far from the camera",
    "something covers the face",
)
"""Why a face has no measures, by code; nothing where it has."""

Reasons = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Meshes:
    """Meshes of N faces.

    Attributes:
        landmarks: float32 (N, 468, 3), x and y in source pixels, z in the same unit, less is nearer; NaN where refused.
            (N, 0, 3) where points are kept elsewhere.
        logit: float32 (N,), that a face is there; a clear portrait has 20-40, what is none lies below 0. NaN if not read.
        values: float32 (N, K), the columns ``COLUMNS``; a cell that could not be measured is NaN.
        units: float32 (N, 12), logits of the action units in the order of ``labels.ABAW_AU`` (``femo.mesh.units``); NaN
            where not measured.
        reason: uint8 (N,), index into ``REASONS``.
    """

    landmarks: Floats
    logit: Floats
    values: Floats
    units: Floats
    reason: Reasons

    def __post_init__(self) -> None:
        n_faces = len(self.logit)
        check_shape("landmarks", self.landmarks, (n_faces, None, 3))
        check_shape("values", self.values, (n_faces, len(COLUMNS)))
        check_shape("units", self.units, (n_faces, N_UNITS))
        check_shape("reason", self.reason, (n_faces,))

    def __len__(self) -> int:
        return len(self.logit)

    @classmethod
    def unread(cls, n_faces: int) -> "Meshes":
        """Return rows for faces that nobody looked at."""
        shapes = ((N_POINTS, 3), (), (len(COLUMNS),), (N_UNITS,))
        landmarks, logit, values, units = (np.full((n_faces, *shape), np.nan, np.float32) for shape in shapes)
        return cls(landmarks, logit, values, units, np.full(n_faces, NOT_READ, np.uint8))

    @classmethod
    def join(cls, parts: Sequence["Meshes"]) -> "Meshes":
        """Return the rows of all parts, in order."""
        rows = zip(*((p.landmarks, p.logit, p.values, p.units, p.reason) for p in parts), strict=True)
        return cls(*(np.concatenate(column) for column in rows))

    def select(self, index: npt.NDArray[Any]) -> "Meshes":
        """Return the rows that ``index`` (integers or booleans) picks, in its order."""
        rows = (part[index] for part in (self.landmarks, self.logit, self.values, self.units, self.reason))
        return Meshes(*rows)

    def put(self, index: npt.NDArray[Any], rows: "Meshes") -> None:
        """Write rows over those that ``index`` picks."""
        for ours, theirs in (
            (self.landmarks, rows.landmarks),
            (self.logit, rows.logit),
            (self.values, rows.values),
            (self.units, rows.units),
            (self.reason, rows.reason),
        ):
            ours[index] = theirs

    def without_points(self) -> "Meshes":
        """Return the same rows, their points left out."""
        return Meshes(self.landmarks[:, :0], self.logit, self.values, self.units, self.reason)

    def column(self, name: str) -> Floats:
        """Return one measure (N,)."""
        return self.values[:, COLUMNS.index(name)]


@dataclass(frozen=True, slots=True, eq=False)
class PackedPoints:
    """The points of some of N rows, in steps of ``step_px``: half of the memory of floats.

    Attributes:
        row: int64 (n,), which rows, increasing.
        steps: int16 (n, 468, 3).
        step_px: Source pixels per step.
    """

    row: Ints
    steps: npt.NDArray[np.int16]
    step_px: float

    @classmethod
    def pack(cls, row: Ints, landmarks: Floats, step_px: float) -> "PackedPoints":
        """Keep the rows whose points are finite; what lies further out than int16 reaches is moved to its limit."""
        known = np.isfinite(landmarks).all(axis=(1, 2))
        steps = np.clip(np.round(landmarks[known] / step_px), -32768, 32767).astype(np.int16)
        return cls(row[known], steps, step_px)

    @classmethod
    def join(cls, parts: Sequence["PackedPoints"]) -> "PackedPoints":
        """Return all parts, which count their rows from one beginning."""
        row, steps = (np.concatenate(column) for column in zip(*((p.row, p.steps) for p in parts), strict=True))
        return cls(row, steps, parts[0].step_px)

    def select(self, keep: Bools) -> "PackedPoints":
        """Return those of the rows that ``keep`` (N,) marks, counted among them."""
        mine = keep[self.row]
        return PackedPoints((np.cumsum(keep) - 1)[self.row[mine]], self.steps[mine], self.step_px)

    def at(self, row: Ints) -> "PackedPoints":
        """Return the same points where row k is called ``row[k]``."""
        return PackedPoints(row[self.row], self.steps, self.step_px)

    def unpack(self, n_rows: int) -> Floats:
        """Return float32 (n_rows, 468, 3), NaN where there are no points."""
        out = np.full((n_rows, N_POINTS, 3), np.nan, np.float32)
        out[self.row] = self.steps.astype(np.float32) * np.float32(self.step_px)
        return out


@dataclass(frozen=True, slots=True, eq=False)
class MeshTrack:
    """What was measured on one person over the T rows of a clip.

    Attributes:
        values: float32 (T, K), the columns ``COLUMNS`` without jitter; NaN where the person was seen but not measured.
        units: float32 (T, 12), action units of 0-1; NaN where not measured.
        logit: float32 (T,), that a face is there.
        reason: uint8 (T,), index into ``REASONS``.
        blinks: float64 (B, 2), begin and end of each blink in seconds.
        blinks_per_minute: Over the time in which the eyes were seen; NaN if that is too short or the frames are too few.
        points: The points, where they are kept.
    """

    values: Floats
    units: Floats
    logit: Floats
    reason: Reasons
    blinks: Doubles
    blinks_per_minute: float
    points: PackedPoints

    @classmethod
    def empty(cls) -> "MeshTrack":
        """Return a track of no rows."""
        no = Meshes.unread(0)
        points = PackedPoints.pack(np.zeros(0, np.int64), no.landmarks, 1.0)
        return cls(no.values, no.units, no.logit, no.reason, np.zeros((0, 2)), float("nan"), points)

    def column(self, name: str) -> Floats:
        """Return one measure (T,)."""
        return self.values[:, COLUMNS.index(name)]

    def landmarks(self) -> Floats:
        """Return the points, float32 (T, 468, 3) in source pixels; NaN where there are none."""
        return self.points.unpack(len(self.values))

    def landmarks_68(self) -> Floats:
        """Return iBUG's 68 of the points, float32 (T, 68, 2) in source pixels; NaN where there are none."""
        out = np.full((len(self.values), len(DLIB_68), 2), np.nan, np.float32)
        out[self.points.row] = self.points.steps[:, list(DLIB_68), :2] * np.float32(self.points.step_px)
        return out
