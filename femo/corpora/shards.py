"""Shards of a long clip: read by any worker, kept in the work folder, and joined to what reading the whole clip gives.

Conventions: a shard begins at an anchor of the tracker (``femo.faces.tracker.ANCHOR_S``) and is kept in
``.work/<id>-<first frame>.shard``, an npz without pickle whose ``about`` is JSON.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from femo.atomic import replacing_on_disk
from femo.clips import adaptive
from femo.clips.pieces import Piece, PieceCollector, join
from femo.clips.timelines import RawVideo, Rows
from femo.corpora.options import Options
from femo.faces.crowd import crowd_notes
from femo.faces.reidentification import Tracklet
from femo.media.ahead import ReadAhead, room_for
from femo.media.containers import VideoLimits
from femo.media.pieces import Span, Uneven, open_piece
from femo.media.streaming import Meter
from femo.meshes import Meshes
from femo.pipeline import Pipeline
from femo.readers import blank, tracker_of
from femo.types import ClipInfo, Scores

MESH: Final = ("landmarks", "logit", "values", "units", "reason")


def read_shard(pipeline: Pipeline, path: Path, limits: VideoLimits, options: Options, span: Span) -> Piece:
    """Read one shard of a clip.

    Raises:
        MediaError: The clip cannot be read any more.
        Uneven: The shard does not hold the frames that its packets promise.
    """
    collector, mesh = PieceCollector(), pipeline.mesh if options.measure else None
    tracker = tracker_of(pipeline.readers, pipeline.detector, options.min_face)
    auto = options.every == "auto"
    rate = adaptive.rate_from(pipeline.readers[0].spec.adaptive, options.fpr) if auto else None
    with open_piece(path, limits, step_of(options), span) as reader:
        with ReadAhead(reader, room_for(reader.width * reader.height * 3)) as frames:
            pipeline.watch(frames, tracker, collector, Meter(None, None), None, rate, (), mesh)
        if reader.corrupt_frames:
            raise Uneven(f"{path.name} has damaged frames.")
        if reader.overlap is not None:
            tracker.update(reader.overlap)
        rows, scores, meshes = collector.gathered()
        return Piece(
            np.array(collector.times_s, np.float64),
            np.array(collector.frames, np.int64),
            reader.times_s,
            rows,
            scores,
            meshes,
            tuple(tracker.tracklets()),
            tracker.in_view() if reader.overlap is not None else np.zeros(0, np.int64),
            tracker.n_shots,
            tracker.most_found,
            (reader.width, reader.height),
            reader.duration_s,
        )


def step_of(options: Options) -> int:
    """Return each how many frames are analysed; an adaptive rate follows all of them."""
    return 1 if options.every == "auto" else int(options.every)


def join_shards(pipeline: Pipeline, pieces: Sequence[Piece], options: Options) -> RawVideo:
    """Return what reading the whole clip gives."""
    joined = join(pieces)
    tracker = tracker_of(pipeline.readers, pipeline.detector, options.min_face)
    tracker.adopt(joined.tracklets)
    crowd = crowd_notes(joined.most_found)

    def info(notes: tuple[str, ...]) -> ClipInfo:
        # no frame is skipped: a clip with damaged ones is read whole
        return ClipInfo(0, pipeline.model, joined.duration_s, *joined.size, (*crowd, *notes))

    unit_map = pipeline.mesh.units if pipeline.mesh and options.measure else None
    how = (pipeline.decision, pipeline.limits, unit_map, blank(pipeline.readers))
    return joined.collector.clip(tracker.stable, joined.frame_time_s, info, how)


def save_shard(path: Path, piece: Piece) -> None:
    """Keep a shard, whole or not at all."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "time_s": piece.time_s,
        "frame": piece.frame,
        "frame_time_s": piece.frame_time_s,
        "goes_on": piece.goes_on,
        **{f"rows.{name}": values for name, values in piece.rows._asdict().items()},
        **{f"scores.{name}": head.values for name, head in piece.scores.items()},
    }
    if piece.meshes is not None:
        arrays |= {f"mesh.{name}": getattr(piece.meshes, name) for name in MESH}
    arrays |= _stacked(piece.tracklets)
    heads = {name: [head.labels, head.kind, head.source, head.thresholds] for name, head in piece.scores.items()}
    plain = [piece.n_shots, piece.most_found, piece.size, piece.duration_s]
    about = np.frombuffer(json.dumps({"heads": heads, "plain": plain}).encode(), np.uint8)
    with replacing_on_disk(path) as file:
        np.savez(file, allow_pickle=False, about=about, **arrays)


def load_shard(path: Path) -> Piece:
    """Return a shard that was kept."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(arrays["about"].tobytes())
    scores = {
        name: Scores(name, tuple(labels), arrays[f"scores.{name}"], kind, source, thresholds and tuple(thresholds))
        for name, (labels, kind, source, thresholds) in about["heads"].items()
    }
    meshes = Meshes(*(arrays[f"mesh.{name}"] for name in MESH)) if "mesh.logit" in arrays else None
    rows = Rows(*(arrays[f"rows.{name}"] for name in Rows._fields))
    n_shots, most_found, size, duration_s = about["plain"]
    rest = (n_shots, most_found, (size[0], size[1]), duration_s)
    return Piece(
        arrays["time_s"],
        arrays["frame"],
        arrays["frame_time_s"],
        rows,
        scores,
        meshes,
        _unstacked(arrays),
        arrays["goes_on"],
        *rest,
    )


def _stacked(tracklets: Sequence[Tracklet]) -> dict[str, npt.NDArray[Any]]:
    """Lay tracklets out as arrays; one without an embedding has a row of NaN."""
    width = next((len(t.embedding) for t in tracklets if t.embedding is not None), 0)
    empty = np.full(width, np.nan, np.float32)
    embedding = [empty if t.embedding is None else t.embedding for t in tracklets]
    return {
        "tracklet.numbers": np.array([(t.track, t.shot) for t in tracklets], np.int64).reshape(-1, 2),
        "tracklet.times_s": np.array([(t.first_s, t.last_s) for t in tracklets], np.float64).reshape(-1, 2),
        "tracklet.boxes": np.array([(t.first_xyxy, t.last_xyxy) for t in tracklets], np.float32).reshape(-1, 2, 4),
        "tracklet.embedding": np.array(embedding, np.float32).reshape(len(tracklets), width),
    }


def _unstacked(arrays: dict[str, npt.NDArray[Any]]) -> tuple[Tracklet, ...]:
    columns = (arrays[f"tracklet.{name}"] for name in ("numbers", "times_s", "boxes", "embedding"))
    return tuple(
        Tracklet(int(track), int(shot), float(first_s), float(last_s), first, last, _known(e))
        for (track, shot), (first_s, last_s), (first, last), e in zip(*columns, strict=True)
    )


def _known(embedding: npt.NDArray[Any]) -> npt.NDArray[np.float32] | None:
    return embedding if len(embedding) and np.isfinite(embedding).all() else None
