"""Collects what is read from the frames of a clip, and lays it out as one timeline per person.

``Collector`` takes rows as they come, one per face and frame, and keeps nothing but numbers and one small picture per
face. ``RawVideo`` holds these facts; ``RawVideo.result`` turns them into a ``VideoResult`` within milliseconds, so that
smoothing and the smallest face shown can be changed without running a network again.

Conventions: a "row" of the clip is the position of an analysed frame, from 0; a face that was seen but not read (another
frame stood for it) has scores of NaN, which are filled from its neighbours in time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import cv2
import numpy as np

from femo.clips import temporal
from femo.clips.meshed import MeshCollector, mesh_track, nobody, points_notes, with_measured_units
from femo.clips.well_seen import SURE_CONFIDENCE, SURE_S, is_person, lasts
from femo.faces import geometry
from femo.faces.judgement import judge
from femo.mesh.units import UnitMap
from femo.meshes import Meshes, PackedPoints
from femo.models.reading import ReadingSpec
from femo.networks.decision import Decision
from femo.results import Timeline, VideoResult
from femo.types import QUALITY, RGB, Bools, ClipInfo, Doubles, Faces, Floats, Frame, Ints, OfClip, Quality, Scores

Info = Callable[[tuple[str, ...]], ClipInfo]
How = tuple[Decision, ReadingSpec, UnitMap | None, Mapping[str, Scores]]
PORTRAIT_PX = 112
PORTRAIT_MARGIN = 0.25
"""Part of the face's side that a portrait shows on each side of it."""
BETTER = 1.15
"""A new view replaces the portrait if it is better by this factor, so that few are cut out."""
MAX_CELLS = 4_000_000
"""Frames × persons of a result: half a gigabyte of scores. Beyond it those seen for the shortest time are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class RawPerson:
    """What was seen of one person, frame by frame, without gaps filled.

    Attributes:
        track: Stable id, from 1.
        row: int64 (n,), rows of the clip in which the face was seen, increasing.
        xyxy: float32 (n, 4).
        scores: Head name to Scores of n rows.
        portrait: uint8 (112, 112, 3), the best view, or None.
        quality: float32 (n, 5), how well the face was seen, the columns of ``femo.types.QUALITY``; None where nobody measured.
        meshes: n meshes without their points, or None.
        points: Their points, where they are kept.
    """

    track: int
    row: Ints
    xyxy: Floats
    scores: Mapping[str, Scores]
    portrait: RGB | None = None
    quality: Floats | None = None
    meshes: Meshes | None = None
    points: PackedPoints | None = None

    def side(self) -> Floats:
        """Return the longer side of the face, in pixels (n,)."""
        return np.asarray((self.xyxy[:, 2:] - self.xyxy[:, :2]).max(axis=1), np.float32)

    def read(self) -> Bools:
        """Return the rows in which the face was read and not only followed, (n,)."""
        known = [temporal.measured(head.values) for head in self.scores.values()]
        return np.any(known, axis=0) if known else np.ones(len(self.row), np.bool_)

    def select(self, keep: Bools) -> "RawPerson":
        """Return the rows that ``keep`` marks."""
        scores = {name: head.with_values(head.values[keep]) for name, head in self.scores.items()}
        quality = None if self.quality is None else self.quality[keep]
        meshes = None if self.meshes is None else self.meshes.select(keep)
        points = None if self.points is None else self.points.select(keep)
        seen = (self.row[keep], self.xyxy[keep], scores)
        return RawPerson(self.track, *seen, self.portrait, quality, meshes, points)


@dataclass(frozen=True, slots=True, eq=False)
class RawVideo(OfClip):
    """The facts of one clip, as they were read.

    Attributes:
        time_s: float64 (T,), the time of each analysed frame.
        frame_time_s: float64 (F,), the time of every frame of the clip; the same unless frames were left out.
        persons: Everyone who was seen.
        clip: Damaged frames, model, length, size, notes.
        frame: int64 (T,), the number of each analysed frame in the clip, from 1; None where every frame is analysed.
        decision: How the expression is decided; the persons' scores are natural.
        limits: From when on a reading is unsure.
        unit_map: How measures become action units; None where faces were not measured.
        heads: Head name to Scores of no rows, which say the columns of a table without persons.
    """

    time_s: Doubles
    frame_time_s: Doubles
    persons: tuple[RawPerson, ...]
    clip: ClipInfo
    frame: Ints | None = None
    decision: Decision = field(default_factory=lambda: Decision(""))
    limits: ReadingSpec = field(default_factory=ReadingSpec)
    unit_map: UnitMap | None = None
    heads: Mapping[str, Scores] = field(default_factory=dict)

    @property
    def read_share(self) -> float:
        """Share of the frames with a face in which a face was read and not only followed, 0-1; 1 without faces."""
        shown, read = (np.zeros(len(self.time_s), np.bool_) for _ in range(2))
        for person in self.persons:
            shown[person.row] = True
            read[person.row[person.read()]] = True
        return float(read.sum() / shown.sum()) if shown.any() else 1.0

    def result(
        self, smooth: str | temporal.Smoothing = "mean:15", *, smallest: int = 0, prior: str | None = None
    ) -> VideoResult:
        """Decide the expression under a prior, fill gaps, then smooth.

        Args:
            smooth: ``none``, ``mean:K`` or ``median:K`` with K an odd number of frames.
            smallest: Faces whose longer side has fewer pixels are left out.
            prior: ``natural``, ``halfway``, ``balanced``, or None for the pipeline's own.

        Raises:
            FemoError: ``smooth`` or ``prior`` is none of these.
            ModelError: The model cannot decide under the prior.
        """
        smoothing, chosen = temporal.parse_smoothing(smooth), self.decision.choose(prior)
        seen = [person.select(person.side() >= smallest) for person in self.persons]
        seen = _longest_first([person for person in seen if len(person.row)], self.time_s)
        kept = seen[: max(1, MAX_CELLS // max(len(self.time_s), 1))]
        clip = self.clip
        if len(kept) < len(seen):
            left_out = f"{len(seen) - len(kept)} of {len(seen)} persons are left out, the least seen ones"
            clip = replace(clip, notes=(*clip.notes, left_out))
        clip = replace(clip, notes=(*clip.notes, *points_notes([(p.meshes, p.points) for p in kept])))
        said = [replace(p, scores=self.decision.decide(p.scores, chosen)) for p in kept]
        lines = [_timeline(person, self, smoothing) for person in said]
        blank = nobody(self.heads, self.unit_map)
        return VideoResult(self.time_s, tuple(lines), clip, self.frame, chosen, blank, len(self.frame_time_s))


def _longest_first(persons: Sequence[RawPerson], time_s: Doubles) -> list[RawPerson]:
    """Sort by seconds in view, and by id who is seen as long, give or take half a frame: stamps are rounded to milliseconds."""
    lasts_s = lasts(time_s)
    frame_s = float(lasts_s.mean())
    return sorted(persons, key=lambda p: (-round(float(lasts_s[p.row].sum()) / frame_s), -len(p.row), p.track))


def _timeline(person: RawPerson, clip: RawVideo, smoothing: temporal.Smoothing) -> Timeline:
    """Lay one person on the times of the clip."""
    row, time_s = person.row, clip.time_s
    present, read = (np.zeros(len(time_s), np.bool_) for _ in range(2))
    present[row], read[row] = True, person.read()
    scores = {}
    for name, head in person.scores.items():
        filled = temporal.resample(time_s[row], head.values, time_s)
        scores[name] = temporal.smooth_scores(head.with_values(filled), smoothing)
    xyxy = temporal.resample(time_s[row], person.xyxy, time_s)
    reading = None
    if person.quality is not None:
        quality = np.full((len(time_s), person.quality.shape[1]), np.nan, np.float32)
        quality[row] = person.quality
        reading = judge(Quality(quality), scores, clip.limits)
    measured = (row, person.meshes, person.points, time_s, clip.unit_map)
    mesh = mesh_track(*measured, lambda values: temporal.smooth(values, smoothing))
    scores = with_measured_units(scores, mesh, clip.unit_map)
    return Timeline(person.track, time_s, present, xyxy, scores, person.portrait, clip.frame, reading, mesh, read)


class Rows(NamedTuple):
    """Faces of some frames: rows of the clip (n,), tracklets (n,), boxes (n, 4), how well they are seen (n, 5)."""

    row: Ints
    track: Ints
    xyxy: Floats
    quality: Floats


class Collector:
    """Gathers rows of one clip; one thread."""

    def __init__(self) -> None:
        self.times_s: list[float] = []
        self.frames: list[int] = []
        self.n_faces = 0
        self.n_left_out = 0
        """Faces that ``persons`` did not take for persons."""
        self._blocks: list[tuple[Rows, dict[str, Scores]]] = []
        self._meshes = MeshCollector()
        self._portraits: dict[int, tuple[float, bytes]] = {}

    def frame(self, frame: Frame, faces: Faces, quality: Quality) -> Rows:
        """Note one frame; look whether it shows someone better than before.

        Args:
            frame: Later than the one before.
            faces: Its faces, with ``track``.
            quality: How well they are seen.

        Returns:
            Its rows, to be given to ``add`` with their scores.
        """
        row = len(self.times_s)
        self.times_s.append(frame.time_s)
        self.frames.append(frame.index + 1)
        self.n_faces += len(faces)
        self._meshes.longer_side = max(frame.width, frame.height)
        track = faces.track if faces.track is not None else np.zeros(0, np.int64)
        for number, value in zip(track.tolist(), _views(faces).tolist(), strict=True):
            if value > BETTER * self._portraits.get(number, (0.0, b""))[0]:
                at = int(np.flatnonzero(track == number)[0])
                self._portraits[number] = (value, _portrait(frame.rgb, faces.xyxy[at]))
        return Rows(np.full(len(faces), row, np.int64), track, faces.xyxy, quality.values)

    def add(self, rows: Rows, scores: dict[str, Scores], meshes: Meshes | None = None) -> None:
        """Keep the scores and measures of some faces, as many rows as ``rows`` has."""
        if len(rows.row):
            self._blocks.append((rows, scores))
            self._meshes.add(meshes)

    def persons(self, stable: Callable[[Ints], Ints]) -> tuple[RawPerson, ...]:
        """Return everyone who was seen, by id from 1 in the order of first appearance.

        Blurs between two shots and heads from behind are no persons: somebody is who was seen for ``SURE_S`` or more, in
        any frames, with a confidence of ``SURE_CONFIDENCE``. ``n_left_out`` counts the others.

        Args:
            stable: Maps tracklets (N,) to persons (N,).
        """
        if not self._blocks:
            return ()
        rows = Rows(*(np.concatenate(parts) for parts in zip(*(block[0] for block in self._blocks), strict=True)))
        heads = {
            name: head.with_values(np.concatenate([scores[name].values for _, scores in self._blocks]))
            for name, head in self._blocks[0][1].items()
        }
        everyone = RawPerson(0, rows.row, rows.xyxy, heads, None, rows.quality, *self._meshes.join())
        person = stable(rows.track)
        sure = rows.quality[:, QUALITY.index("confidence")] >= SURE_CONFIDENCE
        lasts_s = lasts(np.array(self.times_s))
        out: list[RawPerson] = []
        for number in np.unique(person).tolist():
            mine = person == number
            if not is_person(lasts_s[rows.row[mine & sure]], float(lasts_s.sum())):
                self.n_left_out += 1
                continue
            portrait = self._best_portrait(np.unique(rows.track[mine]))
            out.append(replace(everyone.select(mine), track=len(out) + 1, portrait=portrait))
        return tuple(out)

    def clip(self, stable: Callable[[Ints], Ints], frame_time_s: Doubles, info: Info, how: How) -> RawVideo:
        """Return the clip, once its last frame is in.

        Args:
            stable: As for ``persons``.
            frame_time_s: float64 (F,), the time of every frame.
            info: Says what is known of the clip, given the notes of this collector.
            how: Decision, limits, map of units and heads of the result.
        """
        persons, times_s = self.persons(stable), np.array(self.times_s)
        return RawVideo(times_s, frame_time_s, persons, info(self.notes()), np.array(self.frames), *how)

    def notes(self) -> tuple[str, ...]:
        """Say that ``persons`` left somebody out."""
        n = self.n_left_out
        whom = "1 face was" if n == 1 else f"{n} faces were"
        return (f"{whom} well seen for less than {SURE_S} s and left out",) if n else ()

    def _best_portrait(self, tracks: Ints) -> RGB | None:
        known = [self._portraits[track] for track in tracks.tolist() if track in self._portraits]
        if not known:
            return None
        data = np.frombuffer(max(known)[1], np.uint8)
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1].copy()


def _views(faces: Faces) -> Floats:
    """How well faces are seen (N,): large, sure and frontal, with the nose midway between the eyes."""
    side = np.sqrt(geometry.area(faces.xyxy))
    left, right, nose = faces.keypoints[:, 0, 0], faces.keypoints[:, 1, 0], faces.keypoints[:, 2, 0]
    apart = np.maximum(right - left, 1)
    frontal = 1 - np.minimum(np.abs(nose - (left + right) / 2) / apart, 0.9)
    return np.asarray(side * faces.score**2 * frontal, np.float32)


def _portrait(rgb: RGB, box: Floats) -> bytes:
    """Cut out one face with some margin, as JPEG: thousands of passers-by then take little memory."""
    height, width = rgb.shape[:2]
    side = float((box[2:] - box[:2]).max()) * (1 + 2 * PORTRAIT_MARGIN)
    side = min(side, width, height)
    corner = np.clip((box[:2] + box[2:] - side) / 2, 0, [width - side, height - side])
    square = np.concatenate([corner, corner + side]).astype(np.float32)[None]
    picture = geometry.crop(rgb, square, PORTRAIT_PX)[0]
    return cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
