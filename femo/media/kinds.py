"""Decides in one place whether a file is a photo or a clip, for everything that reads either.

Conventions: a clip is what moves: a film, or an animation (GIF, APNG, WebP, AVIF) of two frames or more. A phone's JPEG
with other pictures in it (MPO, Dynamic Depth), the pages of a TIFF, the sizes of an ICO and the pictures of a HEIF do not
move: they are photos. The content decides, never the name. Only the formats in ``FORMATS`` are tried, so no decoder that
starts other programs (EPS starts Ghostscript) sees a stranger's file.
"""

import io
import os
import re
import struct
from functools import cache
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeAlias

from PIL import Image

FileKind: TypeAlias = Literal["photo", "animation", "film"]

FORMATS: Final = (
    "JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "TIFF", "BMP", "DIB", "JPEG2000", "PPM", "TGA", "ICO",
)  # fmt: skip
ANIMATED: Final = ("GIF", "PNG", "WEBP", "AVIF")
START_CODES: Final = (b"\0\0\1", b"\0\0\0\1")
"""How raw H.264, HEVC and MPEG begin. TGA has no mark of its own, and some of its headers look like them."""
DYNAMIC_DEPTH: Final = re.compile(rb"ns\.google\.com/photos/(dd/)?1\.0/container/")
"""How XMP says that other pictures lie behind a photo (Dynamic Depth 1.0 and Ultra HDR 1.0: a depth map, a gain map)."""
NEXT_JPEG: Final = re.compile(rb"\xff\xd9(?=\xff\xd8\xff)")
MOTION_BYTES: Final = 4_000_000
"""Where at least three frames of a Motion JPEG lie."""
DAMAGE: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    Image.DecompressionBombError,
)
"""What Pillow's decoders raise on damaged files (found by cutting and corrupting thousands of each format)."""


def is_picture(source: Any) -> bool:
    """Tell whether a source is a photo rather than a clip.

    Args:
        source: What ``read_photo`` and ``open_video`` take; what lies in memory as pixels is a photo. A missing or
            unreadable file is none.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return kind_of(io.BytesIO(source)) == "photo"
    if isinstance(source, str | os.PathLike):
        try:
            with Path(source).open("rb") as file:
                return kind_of(file) == "photo"
        except (OSError, ValueError):
            return False  # said by who reads it
    return kind_of(source) == "photo" if hasattr(source, "read") else True


def kind_of(file: IO[bytes]) -> FileKind:
    """Tell what a file is, from its content; what is no picture is taken for a film, whose reader says more.

    Args:
        file: Binary and seekable; it is left at its start.
    """
    try:
        with open_picture(file) as image:
            if image.format in ANIMATED and getattr(image, "is_animated", False):
                return "animation"
            return "film" if image.format == "JPEG" and _is_motion_jpeg(file, image) else "photo"
    except Image.DecompressionBombError:
        return "photo"  # its reader refuses it by its size
    except DAMAGE:
        return "film"
    finally:
        file.seek(0)


def _is_motion_jpeg(file: IO[bytes], first: Image.Image) -> bool:
    """Tell a film whose frames are JPEGs of one size, one behind the other, from a JPEG with other pictures behind it."""
    if DYNAMIC_DEPTH.search(first.info.get("xmp", b"")):
        return False
    file.seek(0)
    data = file.read(MOTION_BYTES)
    starts = [match.end() for match in islice(NEXT_JPEG.finditer(data), 2)]
    return len(starts) == 2 and all(_jpeg_size(data[start:]) == first.size for start in starts)


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) of a JPEG by its header, None where it is damaged."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            return image.size
    except DAMAGE:
        return None


def open_picture(file: IO[bytes]) -> Image.Image:
    """Open a picture with Pillow, which reads its header only.

    Raises:
        DecompressionBombError: Pillow's own bound on pixels is passed.
        DAMAGE: One of these: it is no picture of a known format, or damaged.
    """
    _register_heif()
    head = file.read(4)
    file.seek(0)
    raw = head.startswith(START_CODES) and head != b"\0\0\1\0"  # which is how ICO begins
    return Image.open(file, formats=[name for name in FORMATS if not (raw and name == "TGA")])


@cache  # Pillow's list of openers is global; registering once is enough
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
