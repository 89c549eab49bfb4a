"""Clips whose truth is known: builders that draw frames and write them with PyAV.

Conventions: frames are RGB uint8 (H, W, 3); boxes are xyxy in pixels; times are seconds. The only face is the
public-domain portrait of astronaut Eileen Collins (NASA) that lies in scikit-image's wheel; ``second_face`` is its
mirrored and recoloured form, which a detector takes for another face and an eye for the same one.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]

TIME_BASE = Fraction(1, 90_000)
FACE_CROP = (slice(20, 200), slice(140, 320))
FACE_IN_CROP = (45, 28, 127, 140)
"""Where the face is within ``portrait``, by eye: forehead to chin, cheek to cheek."""


@cache
def portrait() -> RGB:
    """A frontal, smiling face with hair and a little background, 180×180."""
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[FACE_CROP])


@cache
def second_face() -> RGB:
    """The portrait mirrored and recoloured, 180×180."""
    shifted = portrait()[:, ::-1].astype(np.float32) * (0.75, 0.85, 1.05)
    return np.clip(shifted, 0, 255).astype(np.uint8)


def canvas(width: int, height: int, seed: int = 0) -> RGB:
    """A soft, faceless background that differs per seed."""
    coarse = np.random.default_rng(seed).integers(60, 190, (4, 5, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def paste(picture: RGB, face: RGB, left: int, top: int, size: int) -> Box:
    """Draw ``face`` as a square into ``picture`` in place, cut at the border; return the face's own box."""
    patch = cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA)
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + size, width), min(top + size, height)
    if x1 < x2 and y1 < y2:
        picture[y1:y2, x1:x2] = patch[y1 - top : y2 - top, x1 - left : x2 - left]
    scale = size / face.shape[0]
    a, b, c, d = (round(value * scale) for value in FACE_IN_CROP)
    return left + a, top + b, left + c, top + d


def moving_face(
    n_frames: int = 50, width: int = 320, height: int = 240, size: int = 120, absent: Sequence[range] = ()
) -> tuple[list[RGB], list[Box | None]]:
    """A face that glides from left to right; in the frames of ``absent`` it is gone.

    Returns:
        The frames, and per frame the box of the face or None.
    """
    background = canvas(width, height)
    frames: list[RGB] = []
    boxes: list[Box | None] = []
    for index in range(n_frames):
        picture = background.copy()
        box = None
        if not any(index in gap for gap in absent):
            left = round((width - size) * index / max(n_frames - 1, 1))
            box = paste(picture, portrait(), left, (height - size) // 2, size)
        frames.append(picture)
        boxes.append(box)
    return frames, boxes


def two_faces(n_frames: int = 50, width: int = 480, height: int = 240, size: int = 120) -> list[RGB]:
    """The two faces pass each other: one glides right in the upper half, the other left in the lower."""
    background = canvas(width, height)
    frames = []
    for index in range(n_frames):
        picture = background.copy()
        way = round((width - size) * index / max(n_frames - 1, 1))
        paste(picture, second_face(), width - size - way, height - size, size)
        paste(picture, portrait(), way, 0, size)
        frames.append(picture)
    return frames


def no_face(n_frames: int = 20, width: int = 320, height: int = 240) -> list[RGB]:
    """A background whose light changes slowly."""
    background = canvas(width, height)
    return [np.clip(background.astype(int) + index, 0, 255).astype(np.uint8) for index in range(n_frames)]


def scene_cuts(n_frames: int = 40, every: int = 10, width: int = 320, height: int = 240) -> list[RGB]:
    """The face jumps to another place before another background each ``every`` frames."""
    frames = []
    for index in range(n_frames):
        scene = index // every
        picture = canvas(width, height, seed=scene)
        paste(picture, portrait(), (10, 190, 100)[scene % 3], (10, 100, 60)[scene % 3], 120)
        frames.append(picture)
    return frames


def numbered(n_frames: int, width: int = 64, height: int = 48) -> list[RGB]:
    """Frames that tell their number: grey 8·(number mod 32) on the left, a fixed red quarter at top right."""
    frames = []
    for index in range(n_frames):
        picture = np.full((height, width, 3), 8 * (index % 32), np.uint8)
        picture[: height // 2, width // 2 :] = (220, 20, 20)
        frames.append(picture)
    return frames


def read_number(rgb: RGB) -> int:
    """Return the number (mod 32) of an upright frame of ``numbered``."""
    height, width = rgb.shape[:2]
    return round(float(rgb[height // 2 + 2 :, : width // 2 - 2].mean()) / 8)


def tone(seconds: float, rate: int = 44_100) -> npt.NDArray[np.int16]:
    """A sine of 440 Hz, mono, int16 (1, samples)."""
    time = np.arange(round(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)[None]


def write_clip(
    path: Path,
    frames: Iterable[RGB],
    *,
    times_s: Sequence[float] | None = None,
    fps: int = 25,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rotation: float | None = None,
    hflip: bool = False,
    audio: str | None = None,
    audio_s: float = 2.0,
    layout: str = "mono",
    options: dict[str, str] | None = None,
    aspect: Fraction | None = None,
) -> Path:
    """Write frames as a clip; the suffix of ``path`` names the container.

    Args:
        path: Where to write.
        frames: Frames of one size.
        times_s: Time of each frame; ``index / fps`` by default.
        fps: Nominal rate.
        codec: Video encoder.
        pix_fmt: Pixel format, such as yuv444p or gray.
        rotation: Degrees of the display matrix, counter-clockwise, as FFmpeg counts them.
        hflip: Mirror in the display matrix.
        audio: Audio encoder of a tone, or None for no sound.
        audio_s: Length of the tone.
        layout: Of its channels.
        options: For the container, such as {"movflags": "+faststart"}.
        aspect: Width of a pixel by its height, as the stream tells it.
    """
    with av.open(str(path), "w", options=options or {}) as container:
        stream = None
        for index, rgb in enumerate(frames):
            if stream is None:
                stream = container.add_stream(codec, rate=fps)
                stream.height, stream.width = rgb.shape[:2]
                stream.pix_fmt = pix_fmt
                stream.codec_context.time_base = TIME_BASE
                if aspect is not None:
                    stream.codec_context.sample_aspect_ratio = aspect
                if codec == "libx264":
                    stream.options = {"preset": "ultrafast", "crf": "8"}
                if rotation is not None or hflip:
                    stream.set_display_rotation(rotation or 0, hflip=hflip)
                sound = container.add_stream(audio, rate=44_100, layout=layout) if audio else None
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            frame.time_base = TIME_BASE
            frame.pts = round((index / fps if times_s is None else times_s[index]) / TIME_BASE)
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode(None))
            if sound is not None:
                _write_tone(container, sound, audio_s)
    return path


def _write_tone(container: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    frame = av.AudioFrame.from_ndarray(tone(seconds), format="s16", layout="mono")
    frame.sample_rate = 44_100
    frame.pts = 0
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def write_sound(path: Path, codec: str = "aac", seconds: float = 1.0) -> Path:
    """Write a clip that has sound only."""
    with av.open(str(path), "w") as container:
        _write_tone(container, container.add_stream(codec, rate=44_100, layout="mono"), seconds)
    return path
