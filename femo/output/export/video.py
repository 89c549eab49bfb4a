"""Writes an annotated copy of a video that plays in a browser: H.264 and AAC in MP4.

Conventions: frames keep their times (a variable rate stays so, to 1/90000 s) and the sound its place; pixels are
4:2:0 of even width and height, tagged BT.709; the index lies in front, so playing starts before all is loaded.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import av
import cv2
import numpy as np

from femo.atomic import replacing
from femo.errors import MediaError
from femo.media.containers import VideoLimits, open_container
from femo.media.sources import rereadable
from femo.media.video import VideoReader, open_video
from femo.output.export.sound import CopySource, Sound
from femo.types import RGB, Frame

Draw: TypeAlias = Callable[[Frame], RGB]

TIME_BASE = Fraction(1, 90_000)
"""Holds the ticks of every usual rate (24, 25, 30, 60 and their 1000/1001 forms to a hundredth of a millisecond)."""
BT709 = 1
LIMITED_RANGE = 1
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
        MediaError: The source cannot be read, or holds what FFmpeg will not write.
        FemoError: The file cannot be written.
    """
    with (
        rereadable(source, (limits or VideoLimits()).max_bytes) as content,
        open_video(content, limits) as clip,
        replacing(path) as partial,
        _refusals(clip.name),
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


@contextmanager
def _refusals(name: str) -> Iterator[None]:
    """Say in one sentence that FFmpeg will not write what a clip holds."""
    try:
        yield
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):  # of the disk or the folder, as of any file
            raise
        why = f"FFmpeg does not write its pictures or its sound as they are ({error.strerror})"
        raise MediaError(f"{name} cannot be copied: {why}; convert it first, or do without the copy.") from error


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
