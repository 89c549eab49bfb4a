"""What travels between the steps: frames, faces and scores.

Conventions: images are RGB uint8 ``(H, W, 3)``; boxes are ``xyxy`` float32 in source pixels, x1 < x2 and
y1 < y2; keypoints are left eye, right eye, nose, left and right mouth corner as seen in the picture; time is in
seconds from the container's own time stamps. Shapes are checked here, once, and trusted everywhere else.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]
"""A picture, uint8 (H, W, 3) in RGB order."""
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

Kind = Literal["distribution", "independent", "regression"]
Source = Literal["trained", "prior", "mixed"]
"""``mixed``: some labels are measured on the face, the others prior; a result's ``unit_sources`` say which."""
Prior = Literal["natural", "halfway", "balanced"]
"""Under which mix of classes an expression is decided (``femo.networks.decision``)."""

SUM_TOLERANCE = 1e-3
"""A distribution row may miss 1 by this much: what float16 weights and a softmax in float32 leave."""


def check_shape(name: str, array: npt.NDArray[Any], expected: tuple[int | None, ...]) -> None:
    """Raise ValueError unless ``array`` has the ``expected`` shape; ``None`` stands for any size."""
    if array.ndim != len(expected) or any(
        want is not None and have != want for have, want in zip(array.shape, expected, strict=True)
    ):
        wanted = tuple("any" if size is None else size for size in expected)
        raise ValueError(f"{name} has shape {array.shape}, expected {wanted}")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture and when it was shown.

    Attributes:
        rgb: uint8 (H, W, 3).
        time_s: Seconds from the start of the clip, >= 0; a photo is a frame at 0 s.
        index: Position among the decoded frames, from 0.
    """

    rgb: RGB
    time_s: float = 0.0
    index: int = 0

    def __post_init__(self) -> None:
        check_shape("rgb", self.rgb, (None, None, 3))
        if self.rgb.dtype != np.uint8:
            raise ValueError(f"rgb has dtype {self.rgb.dtype}, expected uint8")
        if not self.time_s >= 0:
            raise ValueError(f"time_s is {self.time_s}, expected seconds >= 0")

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.rgb.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The faces of one frame.

    Attributes:
        xyxy: float32 (N, 4), source pixels, x1 < x2 and y1 < y2.
        score: float32 (N,), the detector's confidence 0-1.
        keypoints: float32 (N, 5, 2) as (x, y): left eye, right eye, nose, left mouth, right mouth.
        track: int64 (N,) stable ids within a video, or None.
    """

    xyxy: Floats
    score: Floats
    keypoints: Floats
    track: Ints | None = None

    def __post_init__(self) -> None:
        n_faces = self.xyxy.shape[0] if self.xyxy.ndim else 0
        check_shape("xyxy", self.xyxy, (n_faces, 4))
        check_shape("score", self.score, (n_faces,))
        check_shape("keypoints", self.keypoints, (n_faces, 5, 2))
        if self.track is not None:
            check_shape("track", self.track, (n_faces,))
        if not (np.isfinite(self.xyxy).all() and np.isfinite(self.keypoints).all()):
            raise ValueError("xyxy and keypoints must be finite")
        if (self.xyxy[:, 2:] <= self.xyxy[:, :2]).any():
            raise ValueError("xyxy must have x1 < x2 and y1 < y2 in every row")

    def __len__(self) -> int:
        return int(self.xyxy.shape[0])

    @classmethod
    def empty(cls) -> "Faces":
        """No face found: an ordinary value."""
        return cls(
            xyxy=np.zeros((0, 4), np.float32),
            score=np.zeros(0, np.float32),
            keypoints=np.zeros((0, 5, 2), np.float32),
        )

    def select(self, index: npt.NDArray[Any]) -> "Faces":
        """Return the rows that ``index`` (integers or booleans) picks, in its order."""
        track = None if self.track is None else self.track[index]
        return Faces(self.xyxy[index], self.score[index], self.keypoints[index], track)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What one head says of N faces.

    Attributes:
        name: Head name: expression, valence_arousal, action_units, age, gender, ethnicity, group, ...
        labels: K names, the columns of ``values``.
        values: float32 (N, K); a row is finite, or all NaN (not measured). Of a ``mixed`` head single cells may be NaN.
        kind: ``distribution`` rows sum to 1; ``independent`` values are probabilities 0-1; ``regression`` any.
        source: ``trained`` on labels, ``prior`` from cited literature, or ``mixed``.
        thresholds: From which value on each label counts, K of 0-1; None for 0.5, or the largest of a distribution.
    """

    name: str
    labels: tuple[str, ...]
    values: Floats
    kind: Kind
    source: Source
    thresholds: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        check_shape(self.name, self.values, (None, len(self.labels)))
        finite = np.isfinite(self.values)
        measured = finite.all(axis=1)
        if self.source != "mixed" and not (measured | np.isnan(self.values).all(axis=1)).all():
            raise ValueError(f"{self.name}: a row must be finite or all NaN")
        if self.kind == "regression":
            return
        rows = self.values[finite] if self.source == "mixed" else self.values[measured]
        if rows.size and (rows.min() < -SUM_TOLERANCE or rows.max() > 1 + SUM_TOLERANCE):
            raise ValueError(f"{self.name}: probabilities must lie in 0-1")
        if self.kind == "distribution" and (np.abs(rows.sum(axis=1) - 1) > SUM_TOLERANCE).any():
            raise ValueError(f"{self.name}: each row of a distribution must sum to 1")

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def column(self, label: str) -> Floats:
        """Return the (N,) values of one label."""
        return self.values[:, self.labels.index(label)]

    def top(self) -> list[str | None]:
        """Return the most probable label per row, None where not measured."""
        return [None if np.isnan(row).any() else self.labels[int(np.argmax(row))] for row in self.values]

    def with_values(self, values: Floats) -> "Scores":
        """Return the same head with other rows."""
        return replace(self, values=values)


QUALITY = ("confidence", "size_px", "sharpness", "yaw_deg", "covered")
"""What is measured of how well a face is seen, see ``femo.faces.quality``."""
REASONS = ("small", "blurred", "turned", "covered", "close")
"""Why a reading may be unsure: the face's size, its blur, its turn, what covers it, and expressions too close to each other."""


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """How well N faces are seen.

    Attributes:
        values: float32 (N, 5), the columns of ``QUALITY``; NaN where not known.
    """

    values: Floats

    def __post_init__(self) -> None:
        check_shape("quality", self.values, (None, len(QUALITY)))

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def column(self, name: str) -> Floats:
        """Return the (N,) values of one measure."""
        return self.values[:, QUALITY.index(name)]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Whether what is said of N faces is sure, and why not.

    Attributes:
        reasons: bool (N, 5), which of ``REASONS`` hold.
        measured: bool (N,), False where nothing was seen to judge.
        attribute_least: Probability below which age, gender and ethnicity have no word, 0-1.
    """

    reasons: Bools
    measured: Bools
    attribute_least: float = 0.6

    def __post_init__(self) -> None:
        check_shape("reasons", self.reasons, (None, len(REASONS)))
        check_shape("measured", self.measured, (len(self.reasons),))

    def __len__(self) -> int:
        return int(self.reasons.shape[0])

    @property
    def unsure(self) -> Bools:
        """Which rows are unsure, bool (N,); what was not measured is not."""
        return np.asarray(self.measured & self.reasons.any(axis=1), np.bool_)

    def states(self) -> list[str | None]:
        """Return "sure" or "unsure" per row, None where not measured."""
        states = np.where(self.unsure, "unsure", "sure").tolist()
        return [state if known else None for state, known in zip(states, self.measured, strict=True)]

    def names(self) -> list[list[str]]:
        """Return the reasons per row."""
        return [
            [name for name, holds in zip(REASONS, row, strict=True) if holds and known]
            for row, known in zip(self.reasons, self.measured, strict=True)
        ]

    def to_dict(self, row: int | slice) -> dict[str, Any]:
        """Return state and reasons of one face, or lists of both over time."""
        return {"state": self.states()[row], "reasons": self.names()[row]}

    @staticmethod
    def columns(reading: "Reading | None", n_rows: int) -> dict[str, list[str]]:
        """Return the table columns ``reading`` (sure, unsure or empty) and ``reasons`` (names with spaces between)."""
        states = [None] * n_rows if reading is None else reading.states()
        names: list[list[str]] = [[]] * n_rows if reading is None else reading.names()
        return {"reading": [state or "" for state in states], "reasons": [" ".join(row) for row in names]}


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """What is known of a clip whoever is in it.

    Attributes:
        skipped_frames: Damaged frames that could not be decoded.
        model: Name of the model folder that read it.
        duration_s: Length of the clip.
        width: Pixels across, after rotation.
        height: Pixels down.
        notes: What a reader should know.
    """

    skipped_frames: int
    model: str
    duration_s: float
    width: int
    height: int
    notes: tuple[str, ...] = ()


class OfClip:
    """Says as its own what its ``clip`` says."""

    __slots__ = ()
    clip: ClipInfo

    @property
    def skipped_frames(self) -> int:
        """Damaged frames that could not be decoded."""
        return self.clip.skipped_frames

    @property
    def model(self) -> str:
        """Name of the model folder."""
        return self.clip.model

    @property
    def duration_s(self) -> float:
        """Length of the clip."""
        return self.clip.duration_s

    @property
    def width(self) -> int:
        """Pixels across, after rotation."""
        return self.clip.width

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.clip.height

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know."""
        return self.clip.notes
