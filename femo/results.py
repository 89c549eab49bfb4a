"""What the pipeline returns: a photo, a video with its timelines, a group clip.

Conventions: results keep whole distributions, not the top label. ``to_dict`` gives plain JSON types in the shape
that the command line, the app and the API share: labels lower-case, probabilities 0-1, boxes in source pixels,
times in seconds, ``None`` for what was not measured. ``to_frame`` gives one pandas row per face (photo) or per
frame and person (video).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from femo.types import RGB, Bools, Doubles, Faces, Floats, Ints, Scores, check_shape

if TYPE_CHECKING:
    import pandas as pd

ATTRIBUTE_HEADS = ("expression", "valence_arousal", "action_units", "age", "gender", "ethnicity")
"""The heads of the JSON contract, in its order."""
DECIMALS = 5
"""Rounding in JSON: finer than any head is sure, and a tenth of the size of full floats."""
FINE_DECIMALS = 9
"""Rounding of times where neighbours would else be equal."""


def _plain(values: Any) -> Any:
    """Array to nested lists with rounded floats and None for NaN."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind != "f":
            return values.tolist()
        rounded = np.round(values.astype(np.float64), DECIMALS)  # in float64: float32 has no 0.1 to round to
        if np.isnan(rounded).any():
            cells = rounded.astype(object)
            cells[np.isnan(rounded)] = None
            return cells.tolist()
        return rounded.tolist()
    if isinstance(values, float | np.floating):
        return None if np.isnan(values) else round(float(values), DECIMALS)
    return values.item() if isinstance(values, np.generic) else values


def _times(time_s: Doubles) -> list[float]:
    """Return strictly increasing times with as few digits as keep them so."""
    for decimals in (DECIMALS, FINE_DECIMALS):
        rounded = [round(second, decimals) for second in time_s.tolist()]
        if all(before < after for before, after in pairwise(rounded)):
            return rounded
    return [float(second) for second in time_s]


def _attributes(scores: Mapping[str, Scores], row: int | slice) -> dict[str, Any]:
    """The head part of FACE (``row`` a number) or of a person (``row`` a slice over time)."""
    out: dict[str, Any] = {}
    for name in ATTRIBUTE_HEADS:
        head = scores.get(name)
        if name == "valence_arousal":
            for label in ("valence", "arousal"):
                out[label] = None if head is None else _plain(head.column(label)[row])
        elif name == "age":
            out["age"] = None if head is None else _plain(head.column("years")[row])
            out["age_std"] = None if head is None else _plain(head.column("years_std")[row])
        elif head is None:
            out[name] = None
        else:
            out[name] = {label: _plain(head.column(label)[row]) for label in head.labels}
    out["sources"] = {name: head.source for name, head in scores.items()}
    return out


def _score_columns(scores: Mapping[str, Scores]) -> dict[str, Floats]:
    """Flat table columns: ``expression_anger``, ``valence``, ``AU1``, ``age``, ..."""
    columns: dict[str, Floats] = {}
    for name, head in scores.items():
        for label in head.labels:
            plain = name in ("valence_arousal", "action_units")
            column = label if plain else f"{name}_{label}"
            columns[{"age_years": "age", "age_years_std": "age_std"}.get(column, column)] = head.column(label)
    return columns


def frame_numbers(lies_on: "Timeline | VideoResult") -> Ints:
    """Return the number of each row's frame in the clip, from 1, int64 (T,)."""
    return np.arange(1, len(lies_on.time_s) + 1) if lies_on.frame is None else lies_on.frame


@dataclass(frozen=True, slots=True, eq=False)
class PhotoResult:
    """Every face of one photo.

    Attributes:
        faces: N faces, largest first.
        scores: Head name to Scores of N rows.
        embedding: float32 (N, D).
        width: Pixels across, after EXIF rotation.
        height: Pixels down.
        model: Name of the model folder.
        notes: What a reader should know, such as "animated: first frame of 12".
    """

    faces: Faces
    scores: Mapping[str, Scores]
    embedding: Floats
    width: int
    height: int
    model: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_shape("embedding", self.embedding, (len(self.faces), None))
        for name, head in self.scores.items():
            if len(head) != len(self.faces):
                raise ValueError(f"{name} has {len(head)} rows, expected {len(self.faces)}, one per face")

    def to_dict(self) -> dict[str, Any]:
        """Return the photo shape of the JSON contract."""
        faces = [
            {
                "box": _plain(self.faces.xyxy[row]),
                "confidence": _plain(self.faces.score[row]),
                **_attributes(self.scores, row),
            }
            for row in range(len(self.faces))
        ]
        out = {"model": self.model, "width": self.width, "height": self.height, "faces": faces}
        return {**out, "notes": list(self.notes)} if self.notes else out

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per face: number from 1, box, confidence, every score."""
        import pandas as pd

        columns: dict[str, Any] = {"face": np.arange(1, len(self.faces) + 1)}
        columns |= {name: self.faces.xyxy[:, i] for i, name in enumerate(("x1", "y1", "x2", "y2"))}
        return pd.DataFrame(columns | {"confidence": self.faces.score} | _score_columns(self.scores))


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """One person through a clip.

    Attributes:
        track: Stable id, from 1.
        time_s: float64 (T,), strictly increasing.
        present: bool (T,), False where the row was interpolated or repeated because no face was seen.
        xyxy: float32 (T, 4).
        scores: Head name to Scores of T rows.
        portrait: uint8 (h, w, 3), the best view of the face, or None.
        frame: int64 (T,), the number of each frame in its clip, from 1; None where the rows are the frames 1 to T.
    """

    track: int
    time_s: Doubles
    present: Bools
    xyxy: Floats
    scores: Mapping[str, Scores]
    portrait: RGB | None = None
    frame: Ints | None = None

    def __post_init__(self) -> None:
        n_frames = self.time_s.shape[0]
        check_shape("present", self.present, (n_frames,))
        check_shape("xyxy", self.xyxy, (n_frames, 4))
        if (np.diff(self.time_s) <= 0).any():
            raise ValueError("time_s must be strictly increasing")
        check_shape("frame", frame_numbers(self), (n_frames,))
        for name, head in self.scores.items():
            if len(head) != n_frames:
                raise ValueError(f"{name} has {len(head)} rows, expected {n_frames}, one per frame")

    def to_dict(self) -> dict[str, Any]:
        """Return one entry of ``persons`` in the JSON contract."""
        head = {"id": self.track, "present": self.present.tolist(), "box": _plain(self.xyxy)}
        return head | _attributes(self.scores, slice(None))

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per frame."""
        import pandas as pd

        columns: dict[str, Any] = {
            "frame": frame_numbers(self),
            "time_s": self.time_s,
            "person": np.full(len(self.time_s), self.track),
            "present": self.present,
        }
        columns |= {name: self.xyxy[:, i] for i, name in enumerate(("x1", "y1", "x2", "y2"))}
        return pd.DataFrame(columns | _score_columns(self.scores))


@dataclass(frozen=True, slots=True, eq=False)
class VideoResult:
    """Every person of one clip.

    Attributes:
        time_s: float64 (T,), the time of each analysed frame.
        timelines: Longest presence first; each lies on ``time_s``.
        skipped_frames: Damaged frames that could not be decoded.
        model: Name of the model folder.
        duration_s: Length of the clip.
        width: Pixels across, after rotation.
        height: Pixels down.
        notes: What a reader should know.
        frame: int64 (T,), the number of each analysed frame in the clip, from 1; None where every frame is analysed.
    """

    time_s: Doubles
    timelines: tuple[Timeline, ...]
    skipped_frames: int
    model: str
    duration_s: float
    width: int
    height: int
    notes: tuple[str, ...] = field(default=())
    frame: Ints | None = None

    def __post_init__(self) -> None:
        check_shape("frame", frame_numbers(self), self.time_s.shape)
        for line in self.timelines:
            if not np.array_equal(line.time_s, self.time_s):
                raise ValueError(f"timeline {line.track} does not lie on the clip's time_s")

    def to_dict(self) -> dict[str, Any]:
        """Return the video shape of the JSON contract."""
        out = {
            "model": self.model,
            "duration_s": _plain(self.duration_s),
            "n_frames": len(self.time_s),
            "skipped_frames": self.skipped_frames,
            "frame": frame_numbers(self).tolist(),
            "time_s": _times(self.time_s),
            "persons": [line.to_dict() for line in self.timelines],
        }
        return {**out, "notes": list(self.notes)} if self.notes else out

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per frame and person; no rows when nobody was seen."""
        import pandas as pd

        tables = [line.to_frame() for line in self.timelines]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


@dataclass(frozen=True, slots=True, eq=False)
class GroupResult:
    """The mood of a group.

    Attributes:
        verdict: (1, 3) positive, neutral, negative.
        over_time: The group as one timeline; its ``group`` scores are (T, 3).
        face_count: int64 (T,).
        video: The persons.
        agreement: float32 (T,), how alike the faces are at each moment, 0-1; NaN below two faces.
        shares: Expression to its probability averaged over faces, then moments, 0-1; empty where nobody was seen.
    """

    verdict: Scores
    over_time: Timeline
    face_count: Ints
    video: VideoResult
    agreement: Floats
    shares: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the group shape of the JSON contract."""
        curve = self.over_time.scores["group"]
        out = {
            "model": self.video.model,
            "verdict": {label: _plain(self.verdict.column(label)[0]) for label in self.verdict.labels},
            "source": self.verdict.source,
            "frame": frame_numbers(self.over_time).tolist(),
            "time_s": _times(self.over_time.time_s),
            "over_time": {label: _plain(curve.column(label)) for label in curve.labels},
            "face_count": self.face_count.tolist(),
            "agreement": _plain(self.agreement),
            "expression": {label: _plain(share) for label, share in self.shares.items()},
            "persons": [line.to_dict() for line in self.video.timelines],
        }
        return {**out, "notes": list(self.video.notes)} if self.video.notes else out

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per moment: probabilities, number of faces, agreement."""
        import pandas as pd

        columns: dict[str, Any] = {"frame": frame_numbers(self.over_time), "time_s": self.over_time.time_s}
        columns |= _score_columns({"group": self.over_time.scores["group"]})
        return pd.DataFrame(columns | {"face_count": self.face_count, "agreement": self.agreement})
