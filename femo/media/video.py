"""Streams the frames of a video with the container's own time stamps.

Conventions: frames are RGB uint8 (H, W, 3), upright (display matrix applied), in the size of the first frame; time
is in seconds from the start of the container, as players show it, and strictly increasing. Frames that an edit
list hides are not frames of the clip. Pixels are square: where they are stored in another shape, one side of the picture
grows, as in browsers. HDR and wide gamuts become SDR of BT.709, by the white of the clip's first frame. Interlaced lines stay as
they are stored. A reader belongs to one thread.
"""

from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import IO, Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from femo.errors import MediaError
from femo.media.animations import as_film
from femo.media.containers import (
    MEGA,
    RAW,
    VideoLimits,
    VideoSource,
    open_container,
    open_file,
    raw_rate,
    video_stream,
)
from femo.media.frames import (
    Clock,
    StoredOrder,
    matrix_of,
    sorted_stamps,
    square_pixel_size,
    turn_upright,
    upright_size,
)
from femo.media.hdr import ToSdr, is_other
from femo.media.kinds import kind_of
from femo.media.pixels import has_alpha, over_white
from femo.media.streaming import Cancel, raise_if
from femo.types import RGB, ClipInfo, Doubles, Frame

FALLBACK_FPS = 25.0
MOST_FPS = 240.0
"""Up to here length times rate counts frames; above, the rate is that of ticks, as in the 1000 a second of browsers' WebM."""
SHORTER_S = 0.5
"""A clip that ends earlier than its header says by more than this was cut off; less is rounding."""
ONE_FRAME_PER_PACKET = ("h264", "hevc", "vp9", "av1", "mjpeg", "mpeg2video", "prores", "ffv1", "rawvideo", "gif")
"""Codecs whose every shown packet is one frame, so that packets without a frame are damaged frames."""


def open_video(
    source: VideoSource, limits: VideoLimits | None = None, every: int = 1, cancel: Cancel | None = None
) -> "VideoReader":
    """Open a video for one pass over its frames.

    Args:
        source: Path, bytes, or binary file; a pipe is copied first.
        limits: What is refused; ``VideoLimits()`` by default.
        every: Yield each n-th frame only; the others are decoded (their time counts) but not converted.
        cancel: Asked at each frame, also those that ``every`` leaves out.

    Returns:
        A reader to use in a ``with`` block; iterating gives ``Frame`` objects.

    Raises:
        MediaError: The source is missing, no video, without any frame, or over a limit.
        Cancelled: Iterating, when ``cancel`` says so.
    """
    if isinstance(every, bool) or not isinstance(every, int | np.integer) or every < 1:
        raise MediaError(f"every is {every!r}; expected a whole number from 1.")
    limits = limits or VideoLimits()
    file, name, ours = open_file(source, limits)
    try:
        kind = kind_of(file)
        if kind == "photo":
            raise MediaError(f"{name} is a still picture; read it as a photo.")
        film = as_film(file, name, limits.max_pixels, limits.max_frames) if kind == "animation" else None
        if film is not None:
            if ours:
                file.close()
            file, ours = film, True
        return VideoReader(file, name, limits, every, cancel, close_file=ours)
    except BaseException:
        if ours:
            file.close()
        raise


class VideoReader:
    """One pass over the frames of a video; made by ``open_video``.

    Attributes:
        name: File name for messages, "the video" where there is none.
        width: Pixels across, as shown: square and after rotation.
        height: Pixels down.
        fps: Frames per second, an estimate of the header; the truth is in the time stamps.
        n_frames: Number of frames by the header, an estimate for progress, or None where it has no likely one.
        has_audio: Whether there is sound.
        start_s: Where the clip's zero lies on the container's own clock.
        limits: What is refused.
        skipped_frames: Damaged frames that could not be decoded, so far.
        corrupt_frames: Frames that were decoded with visible damage, so far.
    """

    def __init__(
        self,
        file: IO[bytes],
        name: str,
        limits: VideoLimits,
        every: int,
        cancel: Cancel | None = None,
        *,
        close_file: bool,
    ) -> None:
        self.name = name
        self._cancel = cancel
        self._to_sdr: ToSdr | None = None
        self.skipped_frames = 0
        self.corrupt_frames = 0
        self.limits, self._every = limits, every
        self._file = file if close_file else None
        self._times: list[float] = []
        self._end_s: float | None = None
        self._started = False
        self._stored_order = StoredOrder()
        self._container = open_container(file, name)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        """Check the header against the limits and decode the first frame, which alone tells size and rotation."""
        stream = self._stream = video_stream(self._container, self.name)
        self.limits.check_pixels(self.name, stream.width, stream.height)
        rate = stream.average_rate or stream.guessed_rate
        self.fps = float(rate) if rate else FALLBACK_FPS
        container_s = self._container.duration / MEGA if self._container.duration else 0.0
        self._header_s = float(stream.duration * stream.time_base) if stream.duration else container_s
        self.limits.check_duration(self.name, max(self._header_s, container_s))
        counted = round(self._header_s * self.fps) if self.fps <= MOST_FPS else 0
        self.n_frames = stream.frames or counted or None
        self.has_audio = bool(self._container.streams.audio)
        stream.thread_type = "AUTO"
        stream.codec_context.options = {"max_pixels": str(self.limits.max_pixels)}
        self._reformat = VideoReformatter().reformat
        self._decoded = sorted_stamps(self._decode(), lambda: self.stamps_are_doubtful)
        self._first = next(self._decoded, None)
        if self._first is None:
            raise MediaError(f"{self.name} holds no frame that can be decoded.")
        self._size = square_pixel_size(self._first.width, self._first.height, stream.sample_aspect_ratio)
        self.limits.check_pixels(self.name, *self._size)
        self._matrix = matrix_of(self._first)  # EXIF of an APNG stands in its first frame alone
        self.width, self.height = upright_size(self._matrix, self._size)
        self.limits.check_total(self.name, self.width * self.height * (self.n_frames or 0))
        colours = (self._first.color_trc, self._first.color_primaries)
        if is_other(*colours):  # here, so that a reader of a piece finds the same white
            self._to_sdr = ToSdr(*colours, self._as_coded(self._first)[..., :3])
        self._rate_is_guess = self._container.format.name in RAW and not raw_rate(self._container)
        self._clock = Clock(self._first, self._container.start_time, stream.time_base, 1 / self.fps)
        self.start_s = self._clock.start_s

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the container and the file; harmless when done already."""
        self._container.close()
        if self._file is not None:
            self._file.close()

    @property
    def times_s(self) -> Doubles:
        """Times of all frames decoded so far, also of those that ``every`` leaves out, float64 (T,)."""
        return np.array(self._times, np.float64)

    @property
    def stamps_are_doubtful(self) -> bool:
        """Whether the stamps so far may number the frames as they are stored, though the codec shows them in another order."""
        return self._stored_order.rises and bool(self._stream.codec_context.has_b_frames)

    @property
    def shifts_s(self) -> tuple[float, ...]:
        """What is added to the stamps of each time line met so far (``frames.Clock``): there are several in joined recordings."""
        return tuple(self._clock.shifts_s)

    @property
    def duration_s(self) -> float:
        """Length: the header's word until the last frame was read, then the end of the last frame."""
        return self._header_s if self._end_s is None else self._end_s

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the damage met so far."""
        said = (
            (self.skipped_frames, f"{self.skipped_frames} damaged or missing frames could not be decoded"),
            (self.corrupt_frames, f"{self.corrupt_frames} frames are damaged in part"),
            (
                self._rate_is_guess,
                f"the stream does not say how fast it runs; {self.fps:g} frames per second assumed",
            ),
            (
                self._end_s is not None and self._header_s - self._end_s > SHORTER_S,
                f"the pictures end at {self._end_s or 0:.1f} s, but the header promises {self._header_s:.1f} s",
            ),
        )
        return tuple(text for applies, text in said if applies)

    def info(self, model: str, *notes: tuple[str, ...]) -> ClipInfo:
        """Return what is known of the clip, with the notes of those who read it after its own."""
        about = (self.duration_s, self.width, self.height)
        return ClipInfo(self.skipped_frames, model, *about, sum(notes, self.notes))

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames once, in the order in which they are shown."""
        if self._started:
            raise RuntimeError("a video is read once; open it again")
        self._started = True
        frame, self._first = self._first, None
        index = 0
        while frame is not None:
            raise_if(self._cancel)
            time_s = self._clock(frame)
            self._check_progress(index, time_s)
            self._times.append(time_s)
            self.corrupt_frames += bool(frame.is_corrupt)
            if index % self._every == 0:
                yield Frame(self._to_rgb(frame), time_s, index)
            index += 1
            frame = next(self._decoded, None)
        self._end_s = self._clock.end_s

    def _to_rgb(self, frame: Any) -> RGB:
        pixels = self._as_coded(frame)
        rgb = pixels[..., :3]
        if self._to_sdr is not None:
            rgb = self._to_sdr(rgb)
        # but in pictures that were made to be transparent, 0 throughout is a channel that nobody filled
        if pixels.shape[2] == 4 and (self._stream.codec.canonical_name in ("apng", "gif") or pixels[..., 3].any()):
            rgb = over_white(rgb, pixels[..., 3])
        return turn_upright(rgb, matrix_of(frame) or self._matrix)

    def _as_coded(self, frame: Any) -> RGB:
        """Return the pixels in the clip's size; where they have transparency it is a fourth channel."""
        self.limits.check_pixels(self.name, frame.width, frame.height)
        # raw frames of AVI have a fourth byte that nobody need fill (BITMAPINFOHEADER, biBitCount 32), most often with 0
        is_opaque = self._stream.codec.canonical_name == "rawvideo" or not has_alpha(frame.format)
        wanted = "rgb24" if is_opaque else "rgba"
        try:
            # one kept reformatter: 0.6 ms for 1080p, against 0.8 ms by OpenCV and 9 ms with ACCURATE_RND
            return np.asarray(self._reformat(frame, *self._size, format=wanted).to_ndarray(), np.uint8)
        except (av.error.FFmpegError, ValueError) as error:
            raise MediaError(
                f"{self.name} has pixel format {frame.format.name}, which has no RGB form."
            ) from error

    def _decode(self) -> Iterator[Any]:
        """Yield decoded frames; count what is lost in ``skipped_frames`` instead of stopping at it."""
        n_shown = n_hidden = n_frames = n_errors = 0
        interlaced = False
        for packet in self._packets():
            if packet is not None and packet.size:
                n_hidden += packet.is_discard
                n_shown += not packet.is_discard
                self._stored_order(packet.pts)
            try:
                frames = self._stream.decode(packet)
            except av.error.FFmpegError:
                n_errors += 1
                self.skipped_frames = n_errors
                continue
            for frame in frames:
                n_frames += 1
                interlaced = interlaced or frame.interlaced_frame
                yield frame
        promised = self._stream.frames if "mp4" in self._container.format.name else 0  # others count loosely
        n_promised = max(n_shown, promised - n_hidden)
        if self._stream.codec.canonical_name in ONE_FRAME_PER_PACKET and not interlaced:
            self.skipped_frames = max(n_errors, n_promised - n_frames)

    def _packets(self) -> Iterator[Any]:
        """Yield packets up to the end, or to where the container is broken, then None to flush the decoder."""
        with suppress(av.error.FFmpegError):
            yield from (packet for packet in self._container.demux(self._stream) if packet.size)
        yield None

    def _check_progress(self, index: int, time_s: float) -> None:
        self.limits.check_duration(self.name, time_s)
        self.limits.check_total(self.name, self.width * self.height * (index + 1))
        self.limits.check_frames(self.name, index + 1)
