"""What a worker does: one input after the other, from its place to its rows in the work folder."""

import math
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, Final
from zipfile import BadZipFile

from femo.clips.descriptors import make_descriptor
from femo.clips.group import describe_group, still_group
from femo.clips.pieces import Torn
from femo.clips.timelines import RawVideo
from femo.corpora.fetching import fetched
from femo.corpora.manifest import Input
from femo.corpora.parts import FullDisk, rows_path, shard_path, unwritable, write_rows
from femo.corpora.reading import Cut, Order, Outcome, Read, Refused, Setup, Uncut
from femo.corpora.rows import Origin, Tables, photo_tables, video_tables
from femo.corpora.schema import schemas_of
from femo.corpora.shards import join_shards, load_shard, read_shard, save_shard, step_of
from femo.corpora.sources import known_by, spelt
from femo.errors import FemoError
from femo.faces.tracker import ANCHOR_S
from femo.media.containers import VideoLimits
from femo.media.grants import without_secrets
from femo.media.kinds import is_picture
from femo.media.photos import PhotoLimits
from femo.media.pieces import Span, Uneven, cut
from femo.models.find import find_models
from femo.output.records import sha256_of
from femo.pipeline import Pipeline, load
from femo.results import GroupResult

LIMITS: Final = VideoLimits(max_bytes=1 << 40, max_duration_s=48 * 3600.0, max_frames=20_000_000)
"""The user's own recordings: two days, a terabyte."""


class Worker:
    """Reads inputs.

    Args:
        setup: How.
    """

    def __init__(self, setup: Setup) -> None:
        specs = find_models(setup.model)
        self.setup, self.options = setup, setup.options
        self.pipeline: Pipeline = load(setup.model, prior=setup.options.prior, measure=setup.options.measure)
        self.schemas = schemas_of(specs, setup.options.identity(specs))

    def do(self, order: Order) -> Outcome:
        """Carry out one order; rows and shards are left in the work folder.

        Raises:
            FullDisk: They cannot be written.
        """
        try:
            if order.span is not None:
                return self._shard(order.item, order.span)
            if order.cut is not None:
                return self._join(order.item, order.cut, order.read_s)
            return self._input(order.item, whole=order.whole)
        except FullDisk:
            raise
        except FemoError as error:
            return Refused(spelt(without_secrets(str(error))))

    def _input(self, item: Input, *, whole: bool) -> Outcome:
        start = time.perf_counter()
        with fetched(item.place, LIMITS.max_bytes, self.setup.timeout_s) as path:
            digest, size = _hashed(path, item.place)
            still = is_picture(path)
            if not still and not whole and str(path) == item.place and (spans := self._spans(path)):
                return Cut(tuple(spans), digest, size)
            origin = Origin(item.id, item.clip, without_secrets(known_by(item.place)), digest, size, 0.0)
            tables = self._photo(origin, path, start) if still else self._clip(origin, path, start)
        write_rows(rows_path(self.setup.out, item.id), tables)
        return tables.facts

    def _spans(self, path: Path) -> list[Span]:
        """Return the shards of a clip; none where it is short, or where its mood is read off all of it."""
        if self.options.group and self.pipeline.readers[0].clip_classifier("group") is not None:
            return []
        if not math.isfinite(self.setup.shard_s):
            return []
        return cut(path, LIMITS, step_of(self.options), ANCHOR_S, self.setup.shard_s)

    def _shard(self, item: Input, span: Span) -> Outcome:
        start = time.perf_counter()
        try:
            piece = read_shard(self.pipeline, Path(item.place), LIMITS, self.options, span)
        except Uneven:
            return Uncut()
        try:
            save_shard(shard_path(self.setup.out, item.id, span.first), piece)
        except OSError as error:
            raise unwritable(self.setup.out, error) from error
        return Read(time.perf_counter() - start, len(piece.frame_time_s), piece.duration_s)

    def _join(self, item: Input, shards: Cut, read_s: float) -> Outcome:
        start = time.perf_counter()
        paths = [shard_path(self.setup.out, item.id, span.first) for span in shards.spans]
        try:
            raw = join_shards(self.pipeline, [load_shard(path) for path in paths], self.options)
        except (Torn, OSError, ValueError, BadZipFile):  # a shard that a crash of the machine left damaged
            return Uncut()
        origin = Origin(
            item.id, item.clip, without_secrets(known_by(item.place)), shards.sha256, shards.size_bytes, 0.0
        )
        tables = self.tables(timed(origin, start - read_s), raw)
        write_rows(rows_path(self.setup.out, item.id), tables)
        return tables.facts

    def _photo(self, origin: Origin, path: Path, start: float) -> Tables:
        o = self.options
        how: dict[str, Any] = {"min_face": o.min_face, "align": o.align, "limits": PhotoLimits()}
        photo = self.pipeline.photo(path, measure=o.measure, **how)
        mood = None
        if o.group:
            natural = photo
            if photo.prior != "natural":
                natural = self.pipeline.photo(path, measure=False, prior="natural", **how)
            mood = _mood(still_group(natural, self.pipeline.readers[0].spec.clip_head("group")))
        return photo_tables(self.schemas, timed(origin, start), photo, mood)

    def _clip(self, origin: Origin, path: Path, start: float) -> Tables:
        reader = self.pipeline.readers[0]
        trained = reader.clip_classifier("group") if self.options.group else None
        n_embedded = reader.spec.embedding_dim
        descriptors = [make_descriptor(trained.descriptor, n_embedded)] if trained else []
        o = self.options
        smallest = trained.smallest(o.min_face) if trained else o.min_face
        how: Any = {"every": o.every, "fpr": o.fpr, "min_face": smallest, "measure": o.measure, "limits": LIMITS}
        raw = self.pipeline.raw_video(path, **how, descriptors=descriptors)
        verdict = trained.score(descriptors[0].vector()) if trained else None
        return self.tables(timed(origin, start), raw, verdict)

    def tables(self, origin: Origin, raw: RawVideo, verdict: Any = None) -> Tables:
        """Return the rows of a clip, with its mood where that is asked for."""
        mood = None
        if self.options.group:
            natural = raw.result(self.options.smooth, prior="natural")
            head = self.pipeline.readers[0].spec.clip_head("group")
            mood = _mood(describe_group(natural, head, verdict))
        return video_tables(self.schemas, origin, raw, self.options.smooth, self.options.prior, mood)


def timed(origin: Origin, start: float) -> Origin:
    """Return the origin with the seconds since ``start`` (``perf_counter``)."""
    return replace(origin, read_s=time.perf_counter() - start)


def _mood(group: GroupResult) -> Mapping[str, float]:
    return {f"group_{label}": float(group.verdict.column(label)[0]) for label in group.verdict.labels}


def _hashed(path: Path, place: str) -> tuple[str, int]:
    """Return SHA-256 and size of a file; what cannot be opened is said by who reads it."""
    try:
        mode = path.stat().st_mode
        if S_ISDIR(mode):
            why = (
                "is a folder, expected"
                if os.access(path, os.R_OK)
                else "is a folder that cannot be listed, expected"
            )
            raise FemoError(f"{place} {why} a photo or clip.")
        if not S_ISREG(mode):  # a pipe might never end
            raise FemoError(f"{place} is a pipe or a device, expected a photo or clip.")
        return sha256_of(path), path.stat().st_size
    except (OSError, ValueError) as error:
        raise FemoError(f"{place} cannot be opened: {getattr(error, 'strerror', None) or error}.") from error
