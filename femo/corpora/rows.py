"""Results as rows of the data sets.

Conventions: a row of ``frames`` is a face that was seen in an analysed frame; gaps between are filled while smoothing, and are no
rows. A person is laid on the stretch of the clip in which it was seen, so that a recording of ten hours with hundreds of
passers-by takes no more memory than its longest one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from femo.clips.temporal import parse_smoothing
from femo.clips.timelines import RawPerson, RawVideo
from femo.corpora.manifest import Facts
from femo.corpora.schema import DATASETS, Schemas
from femo.meshes import N_POINTS, PackedPoints
from femo.results import PhotoResult, Timeline
from femo.types import Doubles, Ints


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
    frames = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"person": np.zeros(0, np.int64)})
    said = [name for name in (*schemas.scores, *schemas.measured) if name in frames]
    values = frames[said].to_numpy(np.float64, na_value=np.nan)
    persons = _persons(frames, said, values, blinks)
    key: dict[str, Any] = {"clip_id": origin.id, "clip": origin.clip}
    clip = {**key, "place": origin.place, "sha256": origin.sha256, "size_bytes": origin.size_bytes}
    clip |= {"n_faces": len(frames), "n_persons": len(persons["person"]), "read_s": origin.read_s, **about}
    if len(frames):
        clip |= dict(zip(said, _means(values, np.zeros(1, np.int64))[0].tolist(), strict=True))
    seen = {
        str(name): column if column.dtype.kind == "O" else column.to_numpy() for name, column in frames.items()
    }
    tables = {
        "frames": _table({**seen, **key}, len(frames), schemas.of("frames")),
        "persons": _table({**persons, **key}, len(persons["person"]), schemas.of("persons")),
        "clips": _table(clip, 1, schemas.of("clips")),
    }
    facts = Facts(origin.sha256, int(about["n_frames"]), len(frames), float(about["duration_s"]), origin.read_s)
    return Tables(**tables, facts=facts)


def _persons(
    frames: pd.DataFrame, said: Sequence[str], values: Doubles, blinks: Mapping[int, float]
) -> dict[str, npt.NDArray[Any]]:
    """Return a row per person, by number: when it was seen, and means of ``values`` (N, K), the columns ``said``."""
    person = frames["person"].to_numpy(np.int64)
    order = np.argsort(person, kind="stable")
    number, first = np.unique(person[order], return_index=True)
    if not len(number):
        return {"person": number}
    time_s = frames["time_s"].to_numpy(np.float64)[order]
    unsure = frames["reading"].eq("unsure").to_numpy(np.float64, na_value=0.0)[order]
    n_frames = np.diff([*first, len(person)])
    return {
        "person": number,
        "n_frames": n_frames,
        "first_s": np.minimum.reduceat(time_s, first),
        "last_s": np.maximum.reduceat(time_s, first),
        "unsure_share": np.add.reduceat(unsure, first) / n_frames,
        "blinks_per_minute": np.array([blinks.get(each, np.nan) for each in number.tolist()]),
        **dict(zip(said, _means(values[order], first).T, strict=True)),
    }


def _means(values: Doubles, first: Ints) -> Doubles:
    """Return the means (M, K) of values (N, K) in the stretches that begin at ``first`` (M,), without what is NaN; NaN of none.

    By hand, as a clip is short and its columns are many: what pandas does for each of them takes longer than the sums.
    """
    known = np.isfinite(values)
    n = np.add.reduceat(known, first, axis=0, dtype=np.int64)
    total = np.add.reduceat(np.where(known, values, 0.0), first, axis=0)
    means: Doubles = np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
    return means


def _table(columns: Mapping[str, Any], n_rows: int, schema: pa.Schema) -> pa.Table:
    """Bring columns into a schema; a single value stands in all rows, and a column that is not there is empty."""
    return pa.Table.from_arrays([_array(columns.get(f.name), n_rows, f.type) for f in schema], schema=schema)


def _array(values: Any, n_rows: int, kind: pa.DataType) -> pa.Array:
    if values is None:
        return pa.nulls(n_rows, kind)
    if isinstance(values, np.ndarray | pd.Series):
        return pa.array(values, type=kind, from_pandas=True, safe=False)
    return pa.array([values] * n_rows, type=kind, from_pandas=True, safe=False)
