"""Cuts a long video into pieces that are read apart, each decoded from a key frame of the container on.

Conventions: a piece is named by frames of the clip in the order in which they are shown, counted from 0: it holds those from
``first`` to ``stop`` - 1, and the frame ``stop`` is decoded once more (``PieceReader.overlap``), which is where the next piece
begins. Times and numbers are those of the whole clip. Only what can be numbered without decoding is cut: one frame per packet,
time stamps that rise and say when a frame is shown, not in which order
it is stored, nothing hidden by an edit list.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import IO, Any

import av
import numpy as np

from femo.errors import FemoError
from femo.media.containers import MEGA, VideoLimits, open_container, open_file, video_stream
from femo.media.frames import SMALLEST_STEP_S
from femo.media.kinds import kind_of
from femo.media.video import ONE_FRAME_PER_PACKET, SHORTER_S, VideoReader, open_video
from femo.types import Frame, Ints


class Uneven(FemoError):
    """A piece does not hold the frames that its packets promise: the clip must be read whole."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a piece lies.

    Attributes:
        first: Its first frame, from 0.
        stop: The frame behind its last.
        first_pts: Time stamp of ``first``.
        stop_pts: Time stamp of ``stop``, None at the end of the clip.
        seek_dts: Decoding time stamp of the key frame from which it is decoded.
    """

    first: int
    stop: int
    first_pts: int
    stop_pts: int | None
    seek_dts: int


def cut(
    source: str | PathLike[str], limits: VideoLimits, every: int, period_s: float, piece_s: float
) -> list[Span]:
    """Cut a clip; returns no pieces where it is too short for two, or cannot be numbered without decoding.

    Args:
        source: Path of the clip.
        limits: What is refused.
        every: A piece begins at an analysed frame, that is at a multiple of this.
        period_s: A piece begins at the first analysed frame of a stretch of so many seconds.
        piece_s: Length of a piece, at least; rounded up to whole stretches.

    Raises:
        MediaError: The source is no readable video, or lies outside the limits.
    """
    with Path(source).open("rb") as file:
        if kind_of(file) != "film" or _header_s(file, Path(source).name) < 2 * piece_s:
            return []
        packets = _packets(file, Path(source).name)
    if packets is None:
        return []
    with open_video(source, limits) as reader:
        start_s, promised_s, doubtful = reader.start_s, reader.duration_s, reader.stamps_are_doubtful
    pts, dts, is_key, base = packets
    if doubtful and (np.diff(pts) > 0).all():
        return []
    order = np.argsort(pts, kind="stable")
    shown = pts[order]
    since = shown - round(start_s / base)
    steps = np.diff(shown)
    if since[0] < 0 or not len(steps) or steps.min() * base < SMALLEST_STEP_S:
        return []
    if promised_s - float(since[-1] * base) > SHORTER_S + float(steps.max() * base):
        return []
    analysed = np.arange(0, len(shown), every)
    stretch = since[analysed] * base.numerator // round(period_s * base.denominator)
    wanted = max(round(np.ceil(piece_s / period_s)), 1)
    begins = analysed[1:][(np.diff(stretch) > 0)]
    numbers = stretch[1:][np.diff(stretch) > 0]
    return _spans(pts, dts, is_key, shown, _thinned(begins, numbers, wanted))


def _header_s(file: IO[bytes], name: str) -> float:
    """Return the length that the header promises, 0 where it promises none."""
    container = open_container(file, name)
    try:
        return float((container.duration or 0) / MEGA)
    finally:
        container.close()
        file.seek(0)


def _packets(file: IO[bytes], name: str) -> tuple[Ints, Ints, Any, Any] | None:
    """Return (pts, dts, key frames) of all packets and the time base; None where a packet is not one shown frame."""
    container = open_container(file, name)
    try:
        stream = video_stream(container, name)
        rows = [(p.pts, p.dts, p.is_keyframe, p.is_discard) for p in container.demux(stream) if p.size]
        known = all(pts is not None and dts is not None and not hidden for pts, dts, _, hidden in rows)
        promised = stream.frames if "mp4" in container.format.name else len(rows)
        if not known or promised != len(rows) or stream.codec.canonical_name not in ONE_FRAME_PER_PACKET:
            return None
        columns = np.array([row[:3] for row in rows], np.int64).reshape(-1, 3)
        return columns[:, 0], columns[:, 1], columns[:, 2].astype(np.bool_), stream.time_base
    except av.error.FFmpegError:
        return None  # broken packets: whoever reads the whole clip says so
    finally:
        container.close()


def _thinned(begins: Ints, numbers: Ints, wanted: int) -> list[int]:
    """Leave out beginnings that lie fewer than ``wanted`` stretches behind the one before."""
    kept, last = [], 0
    for begin, number in zip(begins.tolist(), numbers.tolist(), strict=True):
        if number - last >= wanted:
            kept.append(begin)
            last = number
    return kept


def _spans(pts: Ints, dts: Ints, is_key: Any, shown: Ints, begins: list[int]) -> list[Span]:
    if not begins:
        return []
    keys = np.flatnonzero(is_key)
    keys = keys[np.argsort(pts[keys])]
    edges = [0, *begins, len(shown)]
    spans = []
    for first, stop in pairwise(edges):
        before = keys[np.searchsorted(pts[keys], shown[first], side="right") - 1]
        stop_pts = int(shown[stop]) if stop < len(shown) else None
        spans.append(Span(first, stop, int(shown[first]), stop_pts, int(dts[before])))
    return spans


def open_piece(source: str | PathLike[str], limits: VideoLimits, every: int, span: Span) -> "PieceReader":
    """Open one piece of a clip; to use as what ``open_video`` returns.

    Raises:
        MediaError: The source is no readable video any more.
    """
    file, name, _ = open_file(source, limits)
    try:
        reader = PieceReader(file, name, limits, every, close_file=True)
    except BaseException:
        file.close()
        raise
    reader.span = span
    return reader


class PieceReader(VideoReader):
    """One pass over the frames of a piece; made by ``open_piece``.

    Attributes:
        span: Which piece.
        overlap: The first frame of the next piece, once this one was read; None at the end of the clip.
    """

    span: Span
    overlap: Frame | None = None

    def __enter__(self) -> "PieceReader":
        return self

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames once, in the order in which they are shown.

        Raises:
            Uneven: The decoder gives other frames than the packets promise.
        """
        span, index = self.span, self.span.first
        self._container.seek(span.seek_dts, stream=self._stream, backward=True, any_frame=False)
        for frame in self._frames():
            if frame.pts is None or (index == span.first and frame.pts > span.first_pts):
                raise Uneven(f"{self.name} has no frame where a key frame promises it.")
            if frame.pts < span.first_pts:
                continue
            if span.stop_pts is not None and frame.pts >= span.stop_pts:
                if index != span.stop or frame.pts != span.stop_pts:
                    break
                self.overlap = Frame(self._to_rgb(frame), self._clock(frame), index)
                return
            time_s = self._clock(frame)
            self._times.append(time_s)
            self.corrupt_frames += bool(frame.is_corrupt)
            if index % self._every == 0:
                yield Frame(self._to_rgb(frame), time_s, index)
            index += 1
        if index != span.stop or span.stop_pts is not None:
            raise Uneven(
                f"{self.name} has {index - span.first} frames from {span.first} on, not as its packets promise."
            )
        self._end_s = self._clock.end_s

    def _frames(self) -> Iterator[Any]:
        try:
            for packet in self._packets():
                yield from self._stream.decode(packet)
        except av.error.FFmpegError as error:
            raise Uneven(f"{self.name} has damaged frames.") from error
