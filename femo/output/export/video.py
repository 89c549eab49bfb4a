"""Writes an annotated copy of a video that plays in a browser: H.264 and AAC in MP4.

Conventions: frames keep their times (a variable rate stays so, to 1/90000 s) and the sound its place; pixels are
4:2:0 of even width and height, tagged BT.709; the index lies in front, so playing starts before all is loaded.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import av
import cv2
import numpy as np

from femo.atomic import replacing
from femo.errors import MediaError
from femo.media.containers import VideoLimits, open_container, open_file
from femo.media.sources import rereadable
from femo.media.video import VideoReader, open_video
from femo.types import RGB, Frame

Draw: TypeAlias = Callable[[Frame], RGB]
CopySource: TypeAlias = "str | PathLike[str] | bytes"

TIME_BASE = Fraction(1, 90_000)
"""Holds the ticks of every usual rate (24, 25, 30, 60 and their 1000/1001 forms to a hundredth of a millisecond)."""
BT709 = 1
LIMITED_RANGE = 1
AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
MARK = "femo copy of "
"""The comment of a copy begins so; its source's place follows."""
QUALITY = {"preset": "veryfast", "crf": "22"}


def write_annotated(
    path: str | PathLike[str],
    source: CopySource,
    draw: Draw,
    *,
    limits: VideoLimits | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    place: str = "",
) -> None:
    """Write ``source`` with each frame drawn anew, and with its sound.

    Args:
        path: The MP4 file; it appears only when it is whole.
        source: The video.
        draw: Gets a frame and returns its picture in the same size; raising in it cancels without a trace.
        limits: What is refused; ``VideoLimits()`` by default.
        progress: Called with the frames done and their number (None where unknown).
        place: What ``copied_from`` is to return of the file.

    Raises:
        MediaError: The source cannot be read.
        FemoError: The file cannot be written.
    """
    with (
        rereadable(source, (limits or VideoLimits()).max_bytes) as content,
        open_video(content, limits) as clip,
        replacing(path) as partial,
        av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as out,
    ):
        pictures = _video_stream(out, clip)
        if place:
            out.metadata["comment"] = f"{MARK}{place}"
        with Sound(content, out, clip) as sound:
            last_pts = -1
            for frame in clip:
                picture = draw(frame)
                if picture.shape != frame.rgb.shape:
                    raise ValueError(f"draw returned shape {picture.shape}, expected {frame.rgb.shape}")
                last_pts = max(round(frame.time_s / TIME_BASE), last_pts + 1)
                out.mux(pictures.encode(_encodable(picture, last_pts)))
                sound.copy_until(frame.time_s)
                if progress is not None:
                    progress(frame.index + 1, clip.n_frames)
            out.mux(pictures.encode(None))
            sound.copy_until(None)


def copied_from(path: Path) -> str | None:
    """Return the ``place`` that a copy was written with, None where it was written without or is none of ours."""
    try:
        with path.open("rb") as file, open_container(file, path.name) as container:
            comment = str(container.metadata.get("comment", ""))
    except (MediaError, OSError):
        return None
    return comment.removeprefix(MARK) if comment.startswith(MARK) else None


def _video_stream(out: Any, clip: VideoReader) -> Any:
    stream = out.add_stream("libx264", rate=Fraction(clip.fps).limit_denominator(1001), options=QUALITY)
    stream.width, stream.height = clip.width + clip.width % 2, clip.height + clip.height % 2
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = TIME_BASE
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.color_range = LIMITED_RANGE
    return stream


def _encodable(rgb: RGB, pts: int) -> Any:
    """Return a 4:2:0 frame; an odd last column or row is doubled."""
    height, width = rgb.shape[:2]
    if height % 2 or width % 2:
        rgb = np.asarray(cv2.copyMakeBorder(rgb, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE), np.uint8)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
    frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
    frame.time_base, frame.pts = TIME_BASE, pts
    return frame


class Sound:
    """The source's sound on its way into the copy: AAC is copied, anything else is encoded as AAC."""

    def __init__(self, source: CopySource, out: Any, clip: VideoReader) -> None:
        self._out = out
        self._start_s = clip.start_s
        self._packets: Iterator[Any] = iter(())
        self._waiting: Any = None
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
        """Write the packets up to a time, so that sound and pictures lie close together in the file."""
        for packet in self._packets:
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
        shift = round(self._start_s / self._source.time_base)
        for packet in self._demuxed():
            if packet.dts is None or packet.pts is None:
                continue
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = self._target
            yield packet

    def _encoded(self) -> Iterator[Any]:
        shift = round(self._start_s / self._source.time_base)
        for packet in self._demuxed():
            try:
                frames = self._source.decode(packet)
            except av.error.FFmpegError:
                continue  # a damaged packet leaves a gap in the sound
            for frame in frames:
                frame.pts = None if frame.pts is None else frame.pts - shift
                yield from self._target.encode(frame)
        yield from self._target.encode(None)
