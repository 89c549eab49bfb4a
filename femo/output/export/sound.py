"""The sound of a video on its way into a copy: AAC is copied, anything else is encoded as AAC.

Conventions: sound lies where it lay beside the pictures. Where stamps jump back, as in joined recordings, it follows the clock of
the pictures (``femo.media.frames.Clock``), and what would lie over sound that is written already is left out.
"""

from collections.abc import Iterator
from fractions import Fraction
from math import inf
from os import PathLike
from typing import Any, Final, TypeAlias

import av

from femo.errors import MediaError
from femo.media.containers import open_container, open_file
from femo.media.frames import STEP_BACK_S
from femo.media.video import VideoReader

CopySource: TypeAlias = "str | PathLike[str] | bytes"

AAC_RATES: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
LEAST_S: Final = 0.001
"""Packets that begin within so much of each other lie over each other; one of AAC lasts 10 ms and more."""
FAULT_S: Final = 0.1
"""A step back by more may be where recordings were joined: the pictures tell, which may be there"""
PATIENCE_S: Final = 10.0
"""so much later, as the sound of a recording may end before its pictures."""


class Sound:
    """The source's sound.

    Args:
        source: The video.
        out: PyAV's container of the copy.
        clip: The reader that gives the pictures, whose clock the sound follows.

    Raises:
        MediaError: The sound cannot be decoded.
    """

    def __init__(self, source: CopySource, out: Any, clip: VideoReader) -> None:
        self._out, self._clip = out, clip
        self._packets: Iterator[Any] = iter(())
        self._pictures_s = self._written_s = -inf
        self._file, name, _ = open_file(source, clip.limits)
        self._container: Any = None
        if clip.has_audio:
            self._container = open_container(self._file, name)
            self._prepare(self._container.streams.audio[0])

    def __enter__(self) -> "Sound":
        return self

    def __exit__(self, *_: object) -> None:
        if self._container is not None:
            self._container.close()
        self._file.close()

    def _prepare(self, stream: Any) -> None:
        context = stream.codec_context
        if context is None or not context.sample_rate:
            raise MediaError("The sound of the video cannot be decoded.")
        self._source = stream
        if context.name == "aac":
            self._target = self._out.add_stream_from_template(stream)
            self._packets = self._copied()
        else:
            rate = min(AAC_RATES, key=lambda known: abs(known - context.sample_rate))
            layout = "mono" if context.layout.nb_channels == 1 else "stereo"
            self._target = self._out.add_stream("aac", rate=rate, layout=layout)
            self._packets = self._encoded()

    def copy_until(self, time_s: float | None) -> None:
        """Write the packets up to a time, so that sound and pictures lie close together in the file; None writes what is left."""
        self._pictures_s = inf if time_s is None else time_s
        for packet in self._packets:
            if packet is None:  # the pictures come first to where both jump
                return
            begin_s = None if packet.dts is None else float(packet.dts * packet.time_base)
            if begin_s is not None:
                if begin_s < self._written_s + LEAST_S:
                    continue
                self._written_s = begin_s
            reached = packet.pts is not None and time_s is not None and packet.pts * packet.time_base >= time_s
            self._out.mux(packet)  # which takes the packet's content
            if reached:
                return

    def _demuxed(self) -> Iterator[Any]:
        try:
            yield from (packet for packet in self._container.demux(self._source) if packet.size)
        except av.error.FFmpegError:
            return  # cut off here, like the pictures

    def _copied(self) -> Iterator[Any]:
        whole = (packet for packet in self._demuxed() if packet.dts is not None and packet.pts is not None)
        for packet, shift in self._placed(whole):
            if packet is not None:
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                packet.stream = self._target
            yield packet

    def _encoded(self) -> Iterator[Any]:
        alike = _Alike(self._target.codec_context)
        for frame, shift in self._placed(self._decoded()):
            if frame is None:
                yield None
                continue
            frame.pts = None if frame.pts is None else frame.pts + shift
            for part in alike(frame):
                yield from self._target.encode(part)
        for part in alike(None):
            yield from self._target.encode(part)
        yield from self._target.encode(None)

    def _decoded(self) -> Iterator[Any]:
        for packet in self._demuxed():
            try:
                yield from self._source.decode(packet)
            except av.error.FFmpegError:
                continue  # a damaged packet leaves a gap in the sound

    def _placed(self, stamped: Iterator[Any]) -> Iterator[tuple[Any, int]]:
        """Yield packets or frames with what is to be added to their stamps, ticks; None while the pictures may still jump."""
        line, shift_s, last_s, end_s = 0, 0.0, -inf, 0.0
        for each in stamped:
            if each.pts is None:
                yield each, 0
                continue
            time_s = float(each.pts * each.time_base) - self._clip.start_s
            if time_s < last_s - FAULT_S:
                while len(self._clip.shifts_s) <= line + 1 and self._pictures_s < end_s + PATIENCE_S:
                    yield None, 0
                if len(self._clip.shifts_s) > line + 1:
                    line, last_s = line + 1, time_s
                    shift_s = self._clip.shifts_s[line]
                elif time_s < last_s - STEP_BACK_S:  # the sound alone begins anew
                    shift_s, last_s = end_s - time_s, time_s
            last_s = max(last_s, time_s)
            end_s = max(end_s, time_s + shift_s + float((each.duration or 0) * each.time_base))
            yield each, round((shift_s - self._clip.start_s) / each.time_base)


class _Alike:
    """Makes frames of sound alike, which may change from stereo to mono in the middle of a recording.

    Args:
        target: The codec context of the encoder, which takes frames of one form only.
    """

    def __init__(self, target: Any) -> None:
        self._how = {"format": target.format, "layout": target.layout, "rate": target.sample_rate}
        self._tick = Fraction(1, target.sample_rate)
        self._form: tuple[str, str, int] | None = None
        self._resampler: Any = None

    def __call__(self, frame: Any) -> Iterator[Any]:
        """Yield what a frame gives; None gives what is left."""
        form = None if frame is None else (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._form:
            if self._resampler is not None:
                yield from self._resampled(None)
            self._form, self._resampler = form, av.AudioResampler(**self._how)
        if frame is not None:
            yield from self._resampled(frame)

    def _resampled(self, frame: Any) -> Iterator[Any]:
        for part in self._resampler.resample(frame):
            if part is None:  # of a resampler that had nothing to do
                continue
            if part.pts is not None:
                part.pts = round(part.pts * part.time_base / self._tick)
            part.time_base = self._tick
            yield part
