"""Reads a photo from anywhere into RGB, and refuses with one clear sentence what is no readable photo.

Conventions: RGB uint8 (H, W, 3), upright (EXIF orientation applied), transparent parts over white, values of more
than 8 bits scaled (not clipped), colours in sRGB, the first frame of an animation, of a PIL image the one it stands at.
"""

import io
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from femo.errors import MediaError
from femo.media.jpeg2000 import decoded
from femo.media.kinds import DAMAGE, open_picture
from femo.media.pixels import to_rgb
from femo.media.sources import rereadable
from femo.types import RGB, Frame

PhotoSource: TypeAlias = "str | PathLike[str] | bytes | IO[bytes] | Image.Image | npt.NDArray[Any] | Photo"

MEGA = 1_000_000
ORIENTATION_TAG = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what sets the picture upright (EXIF 2.32, tag 0x0112; 1 is upright already). ImageOps.exif_transpose
writes the block anew besides, and failed at 61 of 13,231 damaged blocks whose orientation can be read."""

MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*")
"""How JPEG, PNG, GIF and TIFF begin."""
PICTURE_BRANDS = (b"hei", b"hev", b"mif", b"msf", b"avi")
"""Beginnings of the ISO media brands that are pictures; other brands are videos."""


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """What is refused before it is decoded.

    Attributes:
        max_bytes: Size of the file.
        max_pixels: Width × height; 80 megapixels decode into 240 MB.
    """

    max_bytes: int = 100 * MEGA
    max_pixels: int = 80 * MEGA


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A photo that was read.

    Attributes:
        frame: The upright RGB picture, at 0 s.
        notes: What a reader should know, such as "animated GIF: the first of 12 frames was read".
        name: File name for messages and tables, "" where there is none.
    """

    frame: Frame
    notes: tuple[str, ...] = ()
    name: str = ""

    @property
    def rgb(self) -> RGB:
        """The picture, uint8 (H, W, 3)."""
        return self.frame.rgb


class AtHand:
    """Gives the pixels of a photo back while they can be had: from its file, or from what the caller still holds.

    Nothing is kept alive by it, and a copy in another process knows of a file only. Of a file that was written anew since, by its
    size or its time of change, nothing is given.

    Args:
        source: What is about to be read.
    """

    def __init__(self, source: PhotoSource) -> None:
        self._path: Path | None = None
        self._written: tuple[int, int] | None = None
        self._held: Callable[[], Any] = _gone
        if isinstance(source, str | PathLike):
            self._path = Path(source).absolute()
            self._written = _written(self._path)
        elif isinstance(pixels := source.rgb if isinstance(source, Photo) else source, np.ndarray | Image.Image):
            self._held = weakref.ref(pixels)

    def __call__(self) -> RGB | None:
        """Return RGB uint8 (H, W, 3), None where the photo is gone, changed or cannot be read any more."""
        source = self._path or self._held()
        if self._path is not None and _written(self._path) != self._written:
            return None
        try:
            return None if source is None else read_photo(source).rgb
        except MediaError:
            return None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_held": _gone}


def _gone() -> None:
    return None


def _written(path: Path) -> tuple[int, int] | None:
    """Return size in bytes and time of change in ns of a file, None where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # a name with a zero byte is a ValueError
        return None
    return status.st_size, status.st_mtime_ns


def read_photo(source: PhotoSource, limits: PhotoLimits | None = None) -> Photo:
    """Read one photo.

    Args:
        source: Path, bytes, binary file object, PIL image, RGB array uint8 (H, W, 3), or a photo that was read before.
        limits: What is refused; ``PhotoLimits()`` by default.

    Raises:
        MediaError: The source is missing, no picture, damaged, or over a limit.
    """
    limits = limits or PhotoLimits()
    if isinstance(source, Photo):
        return source
    if isinstance(source, np.ndarray):
        return _from_array(source, limits)
    if isinstance(source, Image.Image):
        name = Path(str(getattr(source, "filename", ""))).name
        return _from_image(source, name or "the picture", limits)
    if isinstance(source, bytes | bytearray | memoryview):
        return _from_bytes(bytes(source), "the photo", limits)
    if isinstance(source, str | PathLike):
        with rereadable(source, limits.max_bytes) as path:
            return _from_bytes(_read_file(Path(path), limits), Path(source).name, limits)
    if not hasattr(source, "read"):
        raise MediaError(
            f"A photo is a path, bytes, a file, a PIL image or an RGB array, not {type(source).__name__}."
        )
    given = getattr(source, "name", None)
    data = source.read(limits.max_bytes + 1)
    if not isinstance(data, bytes):
        raise MediaError("The file object gives text; open it in binary mode.")
    return _from_bytes(data, Path(given).name if isinstance(given, str) else "the photo", limits)


def _from_array(rgb: npt.NDArray[Any], limits: PhotoLimits) -> Photo:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or rgb.size == 0:
        raise MediaError(
            f"The array has shape {rgb.shape} and dtype {rgb.dtype}; expected RGB uint8 (height, width, 3)."
        )
    _check_pixels("The array", rgb.shape[1], rgb.shape[0], limits)
    return Photo(Frame(np.ascontiguousarray(rgb)))


def _read_file(path: Path, limits: PhotoLimits) -> bytes:
    """Read the whole file, or say in one sentence why not."""
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise MediaError(f"{path.name or path} is a folder; give a photo file.")
        if size > limits.max_bytes:
            raise MediaError(_too_big(path.name, limits))
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MediaError(f"{path} does not exist.") from error
    except (OSError, ValueError) as error:
        raise MediaError(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}.") from error


def _too_large(name: str, limits: PhotoLimits) -> str:
    return f"{name} is larger than the limit of {limits.max_pixels / MEGA:g} megapixels."


def _too_big(name: str, limits: PhotoLimits) -> str:
    return f"{name} is larger than the limit of {limits.max_bytes / MEGA:g} MB (max_bytes)."


def _from_bytes(data: bytes, name: str, limits: PhotoLimits) -> Photo:
    if not data:
        raise MediaError(f"{name} is empty (zero bytes).")
    if len(data) > limits.max_bytes:
        raise MediaError(_too_big(name, limits))
    try:
        image = open_picture(io.BytesIO(data))
    except Image.DecompressionBombError as error:  # Pillow's own bound, above ours: the size is not told
        raise MediaError(_too_large(name, limits)) from error
    except DAMAGE as error:
        raise MediaError(_not_a_photo(data, name)) from error
    _check_pixels(name, image.width, image.height, limits)
    with image:
        with _damage(name, limits):
            whole = decoded(image, data)
        return _from_image(whole, name, limits)


def _not_a_photo(data: bytes, name: str) -> str:
    """Name what the bytes are instead, where that can be told from their beginning."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<") and b"<svg" in head.lower():
        return f"{name} is an SVG drawing; give a photo (JPEG, PNG, WebP, HEIC, ...)."
    if data.startswith(MAGIC) or data[8:12] == b"WEBP":
        return f"{name} is damaged or cut off, or of a rare kind that cannot be read."
    iso_video = data[4:8] == b"ftyp" and data[8:11] not in PICTURE_BRANDS
    if iso_video or data.startswith(b"\x1aE\xdf\xa3") or data[8:12] == b"AVI ":
        return f"{name} is no readable photo; if it is a video, read it as a video."
    return f"{name} is no readable photo (JPEG, PNG, WebP, HEIC, AVIF, GIF, TIFF or BMP), or it is damaged."


def _check_pixels(name: str, width: int, height: int, limits: PhotoLimits) -> None:
    if width * height > limits.max_pixels:
        raise MediaError(
            f"{name} has {width}×{height} pixels, more than the limit of {limits.max_pixels / MEGA:g} megapixels."
        )


@contextmanager
def _damage(name: str, limits: PhotoLimits) -> Iterator[None]:
    """Turn a decoder's error into one sentence."""
    try:
        yield
    except Image.DecompressionBombError as error:  # a frame or an icon within the file
        raise MediaError(_too_large(name, limits)) from error
    except DAMAGE as error:
        reason = " ".join(str(error).split()).rstrip(" .") or type(error).__name__
        raise MediaError(f"{name} is damaged or cut off: {reason}.") from error
    except MemoryError as error:
        raise MediaError(f"{name} does not fit into memory.") from error


def _from_image(image: Image.Image, name: str, limits: PhotoLimits) -> Photo:
    _check_pixels(name, image.width, image.height, limits)
    with _damage(name, limits):
        image.load()  # the first frame of an animation, unless the caller has moved it to another
    notes = _animation_note(image)
    try:
        orientation = image.getexif().get(ORIENTATION_TAG)
    except DAMAGE:
        orientation, notes = None, (*notes, "the EXIF data are damaged, so the orientation is unknown")
    with _damage(name, limits):
        rgb, colour_notes = to_rgb(image)
        if orientation in UPRIGHT:
            rgb = np.asarray(Image.fromarray(rgb).transpose(UPRIGHT[orientation]))
    if rgb.size == 0:
        raise MediaError(f"{name} has {image.width}×{image.height} pixels, so there is nothing to read.")
    return Photo(Frame(np.ascontiguousarray(rgb)), (*notes, *colour_notes), name)


def _animation_note(image: Image.Image) -> tuple[str, ...]:
    """Say that only one of several frames was read; damage in others does not matter."""
    number = image.tell() + 1
    if image.format == "MPO":  # a phone's photo with a preview or a depth map behind it
        return ()
    try:
        n_frames = int(getattr(image, "n_frames", 1))
    except DAMAGE:
        return (f"animated {image.format}: {'the first frame' if number == 1 else f'frame {number}'} was read",)
    if n_frames == 1:
        return ()
    if image.format in ("TIFF", "HEIF", "ICO"):
        which = f"the first of {n_frames}" if number == 1 else f"number {number} of {n_frames}"
        return (f"{image.format} with several pictures: {which} was read",)
    which = f"the first of {n_frames} frames" if number == 1 else f"frame {number} of {n_frames}"
    return (f"animated {image.format}: {which} was read",)
