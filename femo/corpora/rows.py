"""Results as rows of the data sets.

Conventions: a row of ``frames`` is a face that was seen in an analysed frame; gaps between are filled while smoothing, and are no
rows. A person is laid on the stretch of the clip in which it was seen, so that a recording of ten hours with hundreds of
passers-by takes no more memory than its longest one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from femo.clips.temporal import parse_smoothing
from femo.clips.timelines import RawPerson, RawVideo
from femo.corpora.manifest import Facts
from femo.corpora.schema import DATASETS, Schemas
from femo.meshes import N_POINTS, PackedPoints
from femo.results import PhotoResult, Timeline


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of an input besides what is seen in it.

    Attributes:
        id: Number in the manifest.
        clip: Name in the tables.
        place: Absolute path or URL.
        sha256: Of the content.
        size_bytes: Of the content.
        read_s: Seconds that reading took.
    """

    id: int
    clip: str
    place: str
    sha256: str
    size_bytes: int
    read_s: float


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of one input.

    Attributes:
        frames: A row per face and frame.
        persons: A row per person.
        clips: One row.
        facts: For the manifest.
    """

    frames: pa.Table
    persons: pa.Table
    clips: pa.Table
    facts: Facts

    def by_name(self) -> dict[str, pa.Table]:
        """Return the tables by data set."""
        return dict(zip(DATASETS, (self.frames, self.persons, self.clips), strict=True))


def photo_tables(
    schemas: Schemas, origin: Origin, photo: PhotoResult, mood: Mapping[str, float] | None = None
) -> Tables:
    """Return the rows of a photo, each face a person."""
    frame = photo.to_frame().rename(columns={"face": "person"}).assign(frame=1, time_s=0.0)
    about = {
        "kind": "photo",
        "duration_s": 0.0,
        "width": photo.width,
        "height": photo.height,
        "n_frames": 1,
        "skipped_frames": 0,
        "read_share": 1.0,
        "prior": photo.prior,
        "notes": "; ".join(photo.notes),
    }
    return tables_of(schemas, origin, [frame], {}, about | dict(mood or {}))


def video_tables(
    schemas: Schemas,
    origin: Origin,
    raw: RawVideo,
    smooth: str,
    prior: str | None,
    mood: Mapping[str, float] | None = None,
) -> Tables:
    """Return the rows of a clip."""
    reach = parse_smoothing(smooth).kernel
    frames, blinks = [], {}
    for person in raw.persons:
        line = _line(raw, person, smooth, prior, reach)
        frames.append(line.to_frame()[line.present].assign(confidence=np.float32(np.nan)))
        blinks[person.track] = float("nan") if line.mesh is None else line.mesh.blinks_per_minute
    about = {
        "kind": "clip",
        "duration_s": raw.duration_s,
        "width": raw.width,
        "height": raw.height,
        "n_frames": len(raw.time_s),
        "skipped_frames": raw.skipped_frames,
        "read_share": raw.read_share,
        "prior": raw.decision.choose(prior),
        "notes": "; ".join(raw.notes),
    }
    return tables_of(schemas, origin, frames, blinks, about | dict(mood or {}))


def _line(raw: RawVideo, person: RawPerson, smooth: str, prior: str | None, reach: int) -> Timeline:
    """Lay one person on its own stretch of the clip; beyond it values only repeat, so nothing changes."""
    first, last = max(int(person.row[0]) - reach, 0), min(int(person.row[-1]) + reach + 1, len(raw.time_s))
    none = np.zeros((0, N_POINTS, 3), np.float32)
    points = None if person.points is None else PackedPoints.pack(np.zeros(0, np.int64), none, 1.0)
    moved = replace(person, row=person.row - first, points=points)
    number = None if raw.frame is None else raw.frame[first:last]
    part = replace(raw, time_s=raw.time_s[first:last], frame=number, persons=(moved,))
    return part.result(smooth, prior=prior).timelines[0]


def tables_of(
    schemas: Schemas,
    origin: Origin,
    parts: Sequence[pd.DataFrame],
    blinks: Mapping[int, float],
    about: Mapping[str, Any],
) -> Tables:
    """Return the rows of an input.

    Args:
        schemas: Of the run.
        origin: What is known of it.
        parts: Rows of ``frames``, with columns of the schema; those that are not there are empty.
        blinks: Blinks per minute by person.
        about: More columns of ``clips``.
    """
    key: dict[str, Any] = {"clip_id": origin.id, "clip": origin.clip}
    frames = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"person": np.zeros(0, np.int64)})
    said = [name for name in (*schemas.scores, *schemas.measured) if name in frames]
    persons = _persons(frames, said, blinks)
    clip = {**key, "place": origin.place, "sha256": origin.sha256, "size_bytes": origin.size_bytes}
    clip |= {"n_faces": len(frames), "n_persons": len(persons), "read_s": origin.read_s, **about}
    clip |= {name: float(frames[name].mean()) for name in said} if len(frames) else {}
    tables = {
        "frames": _table(frames.assign(**key), schemas.of("frames")),
        "persons": _table(persons.assign(**key), schemas.of("persons")),
        "clips": _table(pd.DataFrame([clip]), schemas.of("clips")),
    }
    facts = Facts(origin.sha256, int(about["n_frames"]), len(frames), float(about["duration_s"]), origin.read_s)
    return Tables(**tables, facts=facts)


def _persons(frames: pd.DataFrame, said: Sequence[str], blinks: Mapping[int, float]) -> pd.DataFrame:
    """Return a row per person: when it was seen, and means."""
    if not len(frames):
        return pd.DataFrame({"person": np.zeros(0, np.int64)})
    by_person = frames.groupby("person", sort=True)
    judged = frames["reading"].eq("unsure").groupby(frames["person"]).mean()
    out = by_person[list(said)].mean()
    out = out.assign(
        n_frames=by_person.size(),
        first_s=by_person["time_s"].min(),
        last_s=by_person["time_s"].max(),
        unsure_share=judged,
        blinks_per_minute=pd.Series(blinks, dtype=np.float64),
    )
    return out.reset_index()


def _table(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Bring rows into a schema; a column that is not there is empty."""
    columns = []
    for field in schema:
        if field.name in frame:
            columns.append(pa.array(frame[field.name], type=field.type, from_pandas=True, safe=False))
        else:
            columns.append(pa.nulls(len(frame), field.type))
    return pa.Table.from_arrays(columns, schema=schema)
