"""Opens a video file safely: size and content are checked, and nothing but the file itself is reached.

Conventions: the content decides the format, never the file's name; a playlist can open neither other files nor the
network; cover art and still pictures are no video.
"""

import io
from dataclasses import dataclass
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import IO, Any, TypeAlias

import av

from femo.errors import MediaError
from femo.media.sources import is_stream, spooled

VideoSource: TypeAlias = "str | PathLike[str] | bytes | IO[bytes]"

MEGA = 1_000_000
STILL_FORMATS = ("image2", "ico")
OTHER_FORMATS = ("tty", "hls", "dash", "concat", "lavfi", "ffmetadata")
"""Demuxers that draw text or follow references instead of holding a video."""

WITHOUT_TIMES = ("h264", "hevc", "vvc", "evc")
"""Raw streams of which FFmpeg shows 25 frames a second, whatever they say, unless it is told how many."""
RAW = (*WITHOUT_TIMES, "obu", "mjpeg", "dirac", "vc1", "cavsvideo")
"""Raw streams that need not say how fast they run."""


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What is refused.

    Attributes:
        max_bytes: Size of the file.
        max_duration_s: Length of the clip; checked in the header and again while reading.
        max_pixels: Width × height of a frame; the default is the largest "4K" in use.
        max_frames: Number of frames.
        max_total_pixels: Pixels of all frames together; checked in the header and again while reading. None for any number.
    """

    max_bytes: int = 4000 * MEGA
    max_duration_s: float = 3600.0
    max_pixels: int = 4096 * 2304
    max_frames: int = 500_000
    max_total_pixels: float | None = None

    def check_pixels(self, name: str, width: int, height: int) -> None:
        """Refuse frames without a pixel, or larger than ``max_pixels``."""
        if width <= 0 or height <= 0:
            raise MediaError(f"{name} has frames of {width}×{height} pixels, so there is nothing to read.")
        if width * height > self.max_pixels:
            raise MediaError(
                f"{name} has frames of {width}×{height} pixels, more than the limit of "
                f"{self.max_pixels / MEGA:.3g} megapixels (max_pixels)."
            )

    def check_total(self, name: str, n_pixels: int) -> None:
        """Refuse more pixels in all frames than ``max_total_pixels``."""
        most = self.max_total_pixels
        if most is not None and n_pixels > most:
            raise MediaError(
                f"{name} has {n_pixels / 1000 / MEGA:.3g} gigapixels in all its frames, more than the limit of "
                f"{most / 1000 / MEGA:.3g} (max_total_pixels)."
            )

    def check_frames(self, name: str, n_frames: int) -> None:
        """Refuse more frames than ``max_frames``."""
        if n_frames > self.max_frames:
            raise MediaError(f"{name} has more frames than the limit of {self.max_frames} (max_frames).")

    def check_duration(self, name: str, seconds: float) -> None:
        """Refuse what is longer than ``max_duration_s``."""
        if seconds > self.max_duration_s:
            raise MediaError(
                f"{name} lasts {seconds:.6g} s, longer than the limit of {self.max_duration_s:g} s (max_duration_s)."
            )


class _Nameless:
    """A file without its name: FFmpeg would otherwise let the extension choose a demuxer."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell


def open_file(source: VideoSource, limits: VideoLimits) -> tuple[IO[bytes], str, bool]:
    """Return the open file, its name for messages, and whether it is ours to close."""
    if isinstance(source, bytes | bytearray | memoryview):
        return _sized(io.BytesIO(source), "the video", limits), "the video", True
    if not isinstance(source, str | PathLike):
        if not hasattr(source, "read"):
            raise MediaError(f"A video is a path, bytes or a binary file, not {type(source).__name__}.")
        given = getattr(source, "name", None)
        name = Path(given).name if isinstance(given, str) else "the video"
        if is_stream(source):
            return _sized(spooled(source, limits.max_bytes), name, limits), name, True
        return _sized(source, name, limits), name, False
    path = Path(source)
    if is_stream(path):
        return _sized(spooled(path, limits.max_bytes), path.name, limits), path.name, True
    try:
        if path.is_dir():
            raise MediaError(f"{path.name or path} is a folder; give a video file.")
        file = path.open("rb")
    except FileNotFoundError as error:
        raise MediaError(f"{path} does not exist.") from error
    except (OSError, ValueError) as error:
        raise MediaError(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}.") from error
    try:
        return _sized(file, path.name, limits), path.name, True
    except MediaError:
        file.close()
        raise


def _sized(file: IO[bytes], name: str, limits: VideoLimits) -> IO[bytes]:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size == 0:
        raise MediaError(f"{name} is empty (zero bytes).")
    if size > limits.max_bytes:
        raise MediaError(f"{name} is larger than the limit of {limits.max_bytes / MEGA:g} MB (max_bytes).")
    return file


def open_container(file: IO[bytes], name: str) -> Any:
    """Return PyAV's container of a binary file; it opens nothing but this file.

    Raises:
        MediaError: The content is no video that FFmpeg knows, or it is damaged.
    """
    container = _open(file, name, {})
    kind = container.format.name
    if kind in WITHOUT_TIMES and (rate := raw_rate(container)):
        container.close()
        file.seek(0)
        container = _open(file, name, {"framerate": str(rate)})
    if kind.endswith("_pipe") or kind in STILL_FORMATS:
        container.close()
        raise MediaError(f"{name} is a still picture; read it as a photo.")
    if kind in OTHER_FORMATS:
        container.close()
        raise MediaError(f"{name} is no video file.")
    return container


def _open(file: IO[bytes], name: str, options: dict[str, str]) -> Any:
    try:
        # no protocol is allowed, so a playlist cannot open what it names
        options |= {"protocol_whitelist": "none"}
        return av.open(_Nameless(file), "r", options=options, metadata_errors="replace")
    except (av.error.FFmpegError, UnicodeError) as error:
        raise MediaError(f"{name} is no readable video, or it is damaged or cut off.") from error


def raw_rate(container: Any) -> Fraction | None:
    """Return the frames per second that the stream itself tells, None where it tells none."""
    contexts = [stream.codec_context for stream in container.streams.video[:1]]
    return contexts[0].framerate or None if contexts and contexts[0] is not None else None


def video_stream(container: Any, name: str) -> Any:
    """Return the best stream of moving pictures; cover art is none."""
    moving = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not moving:
        has_audio = " (it has sound only)" if container.streams.audio else ""
        raise MediaError(f"{name} holds no video stream{has_audio}.")
    best = container.streams.best("video")
    stream = best if best in moving else moving[0]
    if stream.codec_context is None:
        raise MediaError(f"{name} holds a video stream that this FFmpeg cannot decode.")
    return stream
