"""Photo or clip: one answer for every reader, whatever the file is called."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from femo.errors import MediaError
from femo.media.kinds import is_picture, kind_of
from femo.media.photos import read_photo
from femo.media.video import open_video
from tests import clips

pillow_heif.register_heif_opener()

COLOURS = ("red", "lime", "blue")


def encode(file_format: str, n_pictures: int, **options: object) -> bytes:
    pictures = [Image.new("RGB", (32, 24), COLOURS[number % 3]) for number in range(n_pictures)]
    more = {"save_all": True, "append_images": pictures[1:]} if n_pictures > 1 else {}
    buffer = io.BytesIO()
    pictures[0].save(buffer, file_format, **more, **options)
    return buffer.getvalue()


def huge_png() -> bytes:
    """A PNG of 40 gigapixels by its header, more than Pillow opens."""
    header = struct.pack(">IIBBBBB", 200_000, 200_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 99)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def portrait(n_behind: int, sizes: tuple[tuple[int, int], ...], namespace: str | None) -> bytes:
    """A phone's JPEG with others behind it, which its XMP names as Dynamic Depth 1.0 wants it, or does not."""
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:Container="{namespace}"><Container:Directory/></x:xmpmeta>'
    more = {"xmp": xmp.encode()} if namespace else {}
    behind = [Image.new("RGB", size, "gray") for size in sizes[:n_behind]]
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), "red").save(buffer, "JPEG", **more)
    for picture in behind:
        picture.save(buffer, "JPEG")
    return buffer.getvalue()


SIZES = ((32, 24), (16, 12), (16, 12))
"""Of the original, the depth map and the confidence behind a portrait of 32×24."""
DEPTH = "http://ns.google.com/photos/dd/1.0/container/"
GAIN = "http://ns.google.com/photos/1.0/container/"

STILL = {
    "a portrait with its original and a depth map": lambda: portrait(2, SIZES, DEPTH),
    "a portrait with all that belongs to it": lambda: portrait(3, SIZES, DEPTH),
    "a portrait with pictures of its size": lambda: portrait(3, SIZES[:1] * 3, DEPTH),
    "a photo with pictures of its size": lambda: portrait(2, SIZES[:1] * 2, GAIN),
    "JPEGs of other sizes, of which nothing is said": lambda: portrait(3, SIZES, None),
    "a phone's JPEG with a second picture": lambda: encode("MPO", 2),
    "JPEG": lambda: encode("JPEG", 1),
    "JPEG with one more behind it": lambda: encode("JPEG", 1) + encode("JPEG", 1),
    "pages": lambda: encode("TIFF", 3),
    "HEIC": lambda: encode("HEIF", 1),
    "HEIC with several pictures": lambda: encode("HEIF", 2),
    "AVIF": lambda: encode("AVIF", 1),
    "WebP": lambda: encode("WEBP", 1),
    "GIF": lambda: encode("GIF", 1),
    "TGA, which has no mark": lambda: encode("TGA", 1),
    "icon": lambda: encode("ICO", 1, sizes=[(16, 16), (24, 24)]),
    "larger than Pillow opens": huge_png,
}


@pytest.mark.parametrize("name", STILL)
def test_what_does_not_move_is_a_photo_everywhere(name: str, tmp_path: Path) -> None:
    data = STILL[name]()
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    file = io.BytesIO(data)
    assert [is_picture(source) for source in (data, path, str(path), file)] == [True] * 4
    assert file.tell() == 0
    with pytest.raises(MediaError, match=r"is a still picture; read it as a photo\.$"):
        open_video(path)
    if name == "larger than Pillow opens":
        with pytest.raises(MediaError, match="limit of 80 megapixels"):
            read_photo(path)
    else:
        assert read_photo(path).rgb.shape[2] == 3


@pytest.mark.parametrize(
    ("file_format", "options", "times_s"),
    [("GIF", {"duration": 80}, [0, 0.08, 0.16]), ("PNG", {"duration": 80}, [0, 0.08, 0.16]),
     ("WEBP", {"duration": [80, 120, 40], "lossless": True}, [0, 0.08, 0.2]),
     ("AVIF", {"duration": [80, 120, 40], "quality": 95}, [0, 0.08, 0.2])],
)  # fmt: skip
def test_animations_are_clips_everywhere(
    file_format: str, options: dict[str, object], times_s: list[float], tmp_path: Path
) -> None:
    data = encode(file_format, 3, **options)
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    assert not is_picture(data)
    assert not is_picture(path)
    with open_video(path) as reader:
        frames = list(reader)
    np.testing.assert_allclose([frame.time_s for frame in frames], times_s, atol=1e-3)
    assert (reader.width, reader.height) == (32, 24)
    expected = ([255, 0, 0], [0, 255, 0], [0, 0, 255])
    for frame, colour in zip(frames, expected, strict=True):
        np.testing.assert_allclose(frame.rgb[12, 16].astype(int), colour, atol=6)
    if file_format in ("WEBP", "AVIF"):
        assert reader.duration_s == pytest.approx(0.24)
    assert f"animated {file_format}: the first of 3 frames was read" in read_photo(path).notes


@pytest.mark.parametrize("options", [{"format": "WEBP", "lossless": True, "exact": True}, {"format": "PNG"}])
def test_transparent_parts_of_an_animation_lie_over_white(options: dict[str, object]) -> None:
    pictures = [Image.new("RGBA", (8, 8), (255, 0, 0, alpha)) for alpha in (0, 255)]
    buffer = io.BytesIO()
    pictures[0].save(buffer, save_all=True, append_images=pictures[1:], duration=100, **options)
    with open_video(buffer.getvalue()) as reader:
        clear, full = (frame.rgb for frame in reader)
    np.testing.assert_array_equal(clear, np.full((8, 8, 3), 255))
    np.testing.assert_array_equal(full[4, 4], [255, 0, 0])


@pytest.mark.parametrize(
    ("suffix", "codec", "pix_fmt"),
    [("h264", "libx264", "yuv420p"), ("mjpeg", "mjpeg", "yuvj420p"),
     ("ts", "libx264", "yuv420p"), ("mkv", "ffv1", "bgr0")],
)  # fmt: skip
def test_films_are_no_photos(suffix: str, codec: str, pix_fmt: str, tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / f"clip.{suffix}", clips.numbered(6), codec=codec, pix_fmt=pix_fmt)
    with path.open("rb") as file:
        assert kind_of(file) == "film"
    with open_video(path) as reader:
        assert [clips.read_number(frame.rgb) for frame in reader] == [*range(6)]


def test_jpegs_of_one_size_behind_each_other_are_a_film() -> None:
    data = portrait(2, SIZES[:1] * 2, None)
    assert kind_of(io.BytesIO(data)) == "film"
    with open_video(data) as reader:
        assert len(list(reader)) == 3


def test_what_is_in_memory_as_pixels_is_a_photo_and_what_is_missing_is_none(tmp_path: Path) -> None:
    assert is_picture(np.zeros((4, 4, 3), np.uint8))
    assert is_picture(Image.new("RGB", (4, 4)))
    assert not is_picture(tmp_path / "nowhere.jpg")
    assert not is_picture(tmp_path)
    assert not is_picture("nul\0byte")
    assert not is_picture(b"")
