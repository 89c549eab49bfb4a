"""What the pipeline returns: a photo, a video with its timelines, a group clip.

Conventions: results keep whole distributions, not the top label. ``to_dict`` gives plain JSON types in the shape
that the command line, the app and the API share: labels lower-case, probabilities 0-1, boxes in source pixels,
times in seconds, ``None`` for what was not measured. ``to_frame`` gives one pandas row per face (photo) or per
frame and person (video).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from femo.display import Shown
from femo.documents import attributes, check_rows, plain, score_columns, times
from femo.exchange.elan import eaf_text
from femo.exchange.openface import openface_table
from femo.exchange.pyfeat import pyfeat_table
from femo.exchange.rows import FaceRows, rows_of_faces, rows_of_person
from femo.measured import mesh_columns, mesh_face, mesh_person
from femo.meshes import Meshes, MeshTrack
from femo.types import (
    RGB,
    Bools,
    ClipInfo,
    Doubles,
    Faces,
    Floats,
    Ints,
    OfClip,
    Quality,
    Reading,
    Scores,
    check_shape,
)

if TYPE_CHECKING:
    import pandas as pd


def frame_numbers(lies_on: "Timeline | VideoResult") -> Ints:
    """Return the number of each row's frame in the clip, from 1, int64 (T,)."""
    return np.arange(1, len(lies_on.time_s) + 1) if lies_on.frame is None else lies_on.frame


@dataclass(frozen=True, slots=True, eq=False)
class PhotoResult(Shown):
    """Every face of one photo.

    Attributes:
        faces: N faces, largest first.
        scores: Head name to Scores of N rows.
        embedding: float32 (N, D), what the first network alone makes of each face.
        width: Pixels across, after EXIF rotation.
        height: Pixels down.
        model: Name of the model folder.
        notes: What a reader should know, such as "animated: first frame of 12".
        prior: The mix of classes that the expression was decided in, ``natural``, ``halfway`` or ``balanced``.
        identity: float32 (N, 128) at unit length, whose cosines tell people apart; (N, 0) where the model has no such head.
            Personal data: no document or table holds it.
        quality: How well the faces are seen, None where nobody measured.
        reading: Whether what is said of them is sure, None where nobody judged.
        meshes: N meshes with what was measured on them, or None.
        picture: Gives the photo back while it is at hand, RGB uint8 (H, W, 3), else None; the result holds no pixels.
    """

    faces: Faces
    scores: Mapping[str, Scores]
    embedding: Floats
    width: int
    height: int
    model: str
    notes: tuple[str, ...] = ()
    prior: str = "natural"
    identity: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    quality: Quality | None = None
    reading: Reading | None = None
    meshes: Meshes | None = None
    picture: Callable[[], RGB | None] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_shape("embedding", self.embedding, (len(self.faces), None))
        if self.identity.shape == (0, 0):
            object.__setattr__(self, "identity", np.zeros((len(self.faces), 0), np.float32))
        check_shape("identity", self.identity, (len(self.faces), None))
        check_rows(self.scores, len(self.faces), "face")

    def to_dict(self) -> dict[str, Any]:
        """Return the photo shape of the JSON contract."""
        faces = [
            {
                "box": plain(self.faces.xyxy[row]),
                "confidence": plain(self.faces.score[row]),
                **attributes(self.scores, row),
                "reading": None if self.reading is None else self.reading.to_dict(row),
                **({} if self.meshes is None else mesh_face(self.meshes, self.scores, row)),
            }
            for row in range(len(self.faces))
        ]
        size = {"width": self.width, "height": self.height}
        out = {"model": self.model, "prior": self.prior, **size, "faces": faces}
        return {**out, "notes": list(self.notes)} if self.notes else out

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per face: number from 1, box, confidence, every score."""
        import pandas as pd

        columns: dict[str, Any] = {"face": np.arange(1, len(self.faces) + 1)}
        columns |= {name: self.faces.xyxy[:, i] for i, name in enumerate(("x1", "y1", "x2", "y2"))}
        columns |= {"confidence": self.faces.score} | score_columns(self.scores)
        columns |= {} if self.meshes is None else mesh_columns(self.meshes, self.scores)
        return pd.DataFrame(columns | Reading.columns(self.reading, len(self.faces)))

    def to_openface(self) -> "pd.DataFrame":
        """Return OpenFace's table (``femo.exchange.openface``)."""
        return openface_table(rows_of_faces(self.faces, self.scores, self.meshes), still=True)

    def to_pyfeat(self, name: str = "") -> "pd.DataFrame":
        """Return py-feat's table (``femo.exchange.pyfeat``); ``name`` is that of the file."""
        rows = rows_of_faces(self.faces, self.scores, self.meshes)
        return pyfeat_table(rows, name, frame=np.ones(1, np.int64), time_s=np.zeros(1))


@dataclass(frozen=True, slots=True, eq=False)
class Timeline(Shown):
    """One person through a clip.

    Attributes:
        track: Stable id, from 1.
        time_s: float64 (T,), strictly increasing.
        present: bool (T,), False where the row was interpolated or repeated because no face was seen.
        xyxy: float32 (T, 4).
        scores: Head name to Scores of T rows.
        portrait: uint8 (h, w, 3), the best view of the face, or None.
        frame: int64 (T,), the number of each frame in its clip, from 1; None where the rows are the frames 1 to T.
        reading: Whether what is said of each frame is sure, None where nobody judged.
        mesh: What was measured on the face, or None.
        read: bool (T,), False where the face was at most followed, and what is said of it filled in; None is ``present``.
    """

    track: int
    time_s: Doubles
    present: Bools
    xyxy: Floats
    scores: Mapping[str, Scores]
    portrait: RGB | None = None
    frame: Ints | None = None
    reading: Reading | None = None
    mesh: MeshTrack | None = None
    read: Bools | None = None

    def __post_init__(self) -> None:
        n_frames = self.time_s.shape[0]
        check_shape("present", self.present, (n_frames,))
        check_shape("read", self.present if self.read is None else self.read, (n_frames,))
        check_shape("xyxy", self.xyxy, (n_frames, 4))
        if (np.diff(self.time_s) <= 0).any():
            raise ValueError("time_s must be strictly increasing")
        check_shape("frame", frame_numbers(self), (n_frames,))
        check_rows(self.scores, n_frames, "frame")

    def to_dict(self) -> dict[str, Any]:
        """Return one entry of ``persons`` in the JSON contract."""
        head = {"id": self.track, "present": self.present.tolist(), "box": plain(self.xyxy)}
        reading = None if self.reading is None else self.reading.to_dict(slice(None))
        measured = {} if self.mesh is None else mesh_person(self.mesh, self.scores)
        return head | attributes(self.scores, slice(None)) | {"reading": reading} | measured

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per frame."""
        import pandas as pd

        columns: dict[str, Any] = {"frame": frame_numbers(self), "time_s": self.time_s}
        columns |= {"person": np.full(len(self.time_s), self.track), "present": self.present}
        columns |= {name: self.xyxy[:, i] for i, name in enumerate(("x1", "y1", "x2", "y2"))}
        columns |= score_columns(self.scores) | ({} if self.mesh is None else mesh_columns(self.mesh, self.scores))
        return pd.DataFrame(columns | Reading.columns(self.reading, len(self.time_s)))


@dataclass(frozen=True, slots=True, eq=False)
class VideoResult(OfClip, Shown):
    """Every person of one clip; what ``clip`` says can be read here as well.

    Attributes:
        time_s: float64 (T,), the time of each analysed frame.
        timelines: Longest presence first; each lies on ``time_s``.
        clip: Damaged frames, model, length, size, notes.
        frame: int64 (T,), the number of each analysed frame in the clip, from 1; None where every frame is analysed.
        prior: The mix of classes that the expression was decided in, ``natural``, ``halfway`` or ``balanced``.
        nobody: A timeline without rows, whose columns a table has when nobody was seen; None where they are unknown.
        n_clip_frames: Frames of the clip, analysed or not; None where nobody counted them.
    """

    time_s: Doubles
    timelines: tuple[Timeline, ...]
    clip: ClipInfo
    frame: Ints | None = None
    prior: str = "natural"
    nobody: Timeline | None = None
    n_clip_frames: int | None = None

    def __post_init__(self) -> None:
        check_shape("frame", frame_numbers(self), self.time_s.shape)
        for line in self.timelines:
            if not np.array_equal(line.time_s, self.time_s):
                raise ValueError(f"timeline {line.track} does not lie on the clip's time_s")

    def to_dict(self) -> dict[str, Any]:
        """Return the video shape of the JSON contract."""
        out = {
            "model": self.model,
            "prior": self.prior,
            "duration_s": plain(self.duration_s),
            "n_frames": len(self.time_s),
            "skipped_frames": self.skipped_frames,
            "frame": frame_numbers(self).tolist(),
            "time_s": times(self.time_s),
            "persons": [line.to_dict() for line in self.timelines],
        }
        return {**out, "notes": list(self.notes)} if self.notes else out

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per frame and person; when nobody was seen no rows, and the columns of a clip with persons."""
        import pandas as pd

        bare = Timeline(0, np.zeros(0), np.zeros(0, np.bool_), np.zeros((0, 4), np.float32), {})
        return pd.concat([p.to_frame() for p in self.timelines or (self.nobody or bare,)], ignore_index=True)

    def _rows(self) -> list[FaceRows]:
        return [
            rows_of_person(p.track, frame_numbers(p), p.time_s, p.present, p.xyxy, p.scores, p.mesh, p.read)
            for p in self.timelines
        ]

    def to_openface(self) -> "pd.DataFrame":
        """Return OpenFace's table (``femo.exchange.openface``), a row per frame and person."""
        return openface_table(FaceRows.join(self._rows()), still=False)

    def to_pyfeat(self, name: str = "") -> "pd.DataFrame":
        """Return py-feat's table (``femo.exchange.pyfeat``); ``name`` is that of the file."""
        return pyfeat_table(FaceRows.join(self._rows()), name, frame=frame_numbers(self), time_s=self.time_s)

    def to_eaf(self, media: str | None = None) -> str:
        """Return ELAN's annotations as XML (``femo.exchange.elan``); ``media`` is the clip's file name."""
        closed = [np.zeros((0, 2)) if line.mesh is None else line.mesh.blinks for line in self.timelines]
        return eaf_text(self._rows(), closed, self.duration_s, media)


@dataclass(frozen=True, slots=True, eq=False)
class GroupResult(Shown):
    """The mood of a group.

    Attributes:
        verdict: (1, 3) positive, neutral, negative.
        over_time: The group as one timeline; its ``group`` scores are (T, 3), filled in where not ``present``: no face counts.
        face_count: int64 (T,).
        video: The persons.
        agreement: float32 (T,), how alike the faces are at each moment, 0-1; NaN below two faces.
        shares: Expression to its probability averaged over faces, then moments, 0-1; empty where no face counts.
        moods: Each person's own mood by id, (T, 3).
    """

    verdict: Scores
    over_time: Timeline
    face_count: Ints
    video: VideoResult
    agreement: Floats
    shares: Mapping[str, float] = field(default_factory=dict)
    moods: Mapping[int, Scores] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the group shape of the JSON contract."""
        curve = self.over_time.scores["group"]
        out = {
            "model": self.video.model,
            "prior": self.video.prior,
            "verdict": {label: plain(self.verdict.column(label)[0]) for label in self.verdict.labels},
            "source": self.verdict.source,
            "frame": frame_numbers(self.over_time).tolist(),
            "time_s": times(self.over_time.time_s),
            "present": self.over_time.present.tolist(),
            "over_time": {label: plain(curve.column(label)) for label in curve.labels},
            "face_count": self.face_count.tolist(),
            "agreement": plain(self.agreement),
            "expression": {label: plain(share) for label, share in self.shares.items()},
            "persons": [line.to_dict() for line in self.video.timelines],
        }
        return {**out, "notes": list(self.video.notes)} if self.video.notes else out

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per moment: whether a face counts (else the mood is filled in), mood, number of faces, agreement."""
        import pandas as pd

        line = self.over_time
        columns: dict[str, Any] = {"frame": frame_numbers(line), "time_s": line.time_s, "present": line.present}
        columns |= score_columns({"group": line.scores["group"]})
        return pd.DataFrame(columns | {"face_count": self.face_count, "agreement": self.agreement})
