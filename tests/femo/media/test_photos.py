"""Photos: every way in, every colour mode, and one sentence for each bad input."""

import contextlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from femo.errors import MediaError
from femo.media.photos import PhotoLimits, read_photo

pillow_heif.register_heif_opener()

RNG = np.random.default_rng(7)
PICTURE = np.kron(RNG.integers(0, 256, (6, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)  # 48×64 in flat tiles
ORIENTATION = 0x0112


def encode(array: np.ndarray | Image.Image, file_format: str, **options: object) -> bytes:
    image = array if isinstance(array, Image.Image) else Image.fromarray(array)
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def png(header: bytes, samples: bytes) -> bytes:
    """A PNG file put together by hand (PNG specification, section 5)."""
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(samples)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def png_header_only(width: int, height: int) -> bytes:
    """A PNG that claims any size and holds almost no data."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return png(header, b"\0" * 99)


def refusal(source: object, **kwargs: object) -> str:
    with pytest.raises(MediaError) as caught:
        read_photo(source, **kwargs)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


# --- ways in -------------------------------------------------------------------------------------------------


def test_every_kind_of_source_gives_the_same_pixels(tmp_path: Path) -> None:
    data = encode(PICTURE, "PNG")
    path = tmp_path / "näme with spaces.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        photos = [
            read_photo(source)
            for source in (path, str(path), data, io.BytesIO(data), file, Image.fromarray(PICTURE), PICTURE)
        ]
    for photo in photos:
        np.testing.assert_array_equal(photo.rgb, PICTURE)
        assert photo.frame.time_s == 0
        assert photo.notes == ()
    assert [photo.name for photo in photos[:2]] == [path.name, path.name]
    assert photos[4].name == path.name


@pytest.mark.parametrize(
    ("file_format", "options"),
    [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WEBP", {"lossless": True}),
     ("PPM", {}), ("TGA", {}), ("JPEG2000", {})],
)  # fmt: skip
def test_lossless_formats_are_exact(file_format: str, options: dict[str, object]) -> None:
    np.testing.assert_array_equal(read_photo(encode(PICTURE, file_format, **options)).rgb, PICTURE)


@pytest.mark.parametrize("file_format", ["JPEG", "HEIF", "AVIF", "WEBP"])
def test_lossy_formats_are_close(file_format: str) -> None:
    rgb = read_photo(encode(PICTURE, file_format, quality=95)).rgb
    assert np.abs(rgb.astype(int) - PICTURE).mean() < 8


def test_the_name_of_a_file_does_not_decide_its_format(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(PICTURE, "PNG"))
    np.testing.assert_array_equal(read_photo(path).rgb, PICTURE)


def test_one_pixel_is_a_readable_photo() -> None:
    pixel = np.array([[[10, 20, 30]]], np.uint8)
    np.testing.assert_array_equal(read_photo(encode(pixel, "PNG")).rgb, pixel)


# --- colour modes --------------------------------------------------------------------------------------------


def test_alpha_lies_over_white() -> None:
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, :3] = (200, 100, 0)
    rgba[0, :, 3] = (255, 0, 51)  # opaque, clear, a fifth: 0.2 * colour + 0.8 * 255
    expected = [[200, 100, 0], [255, 255, 255], [244, 224, 204]]
    np.testing.assert_array_equal(read_photo(encode(rgba, "PNG")).rgb[0], expected)
    np.testing.assert_array_equal(read_photo(Image.fromarray(rgba)).rgb[0], expected)


def test_palette_with_and_without_transparency() -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    np.testing.assert_array_equal(read_photo(encode(image, "PNG")).rgb[0], np.eye(3) * 255)
    clear = encode(image, "PNG", transparency=1)
    np.testing.assert_array_equal(read_photo(clear).rgb[0], [[255, 0, 0], [255, 255, 255], [0, 0, 255]])


def test_colour_key_of_an_rgb_png_is_transparent() -> None:
    row = np.array([[[1, 2, 3], [9, 9, 9]]], np.uint8)
    data = encode(row, "PNG", transparency=(9, 9, 9))
    np.testing.assert_array_equal(read_photo(data).rgb[0], [[1, 2, 3], [255, 255, 255]])


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    grey = np.array([[0, 257, 32896, 65535]], np.uint16)  # k * 257 is k in eight bits
    for file_format in ("PNG", "TIFF"):
        rgb = read_photo(encode(Image.fromarray(grey), file_format)).rgb
        np.testing.assert_array_equal(rgb[0, :, 0], [0, 1, 128, 255])
        np.testing.assert_array_equal(rgb[0, :, 1], rgb[0, :, 2])


def test_a_dark_sixteen_bit_photo_stays_dark() -> None:
    dark = np.array([[0, 257, 771, 8224]], np.uint16)
    rgb = read_photo(encode(Image.fromarray(dark), "PNG")).rgb
    np.testing.assert_array_equal(rgb[0, :, 0], [0, 1, 3, 32])


def test_sixteen_bit_rgb_png_is_scaled() -> None:
    samples = struct.pack(">6H", 0, 0x8080, 0xFFFF, 0x0101, 0x4040, 0xC0C0)
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    data = png(header, b"\0" + samples)
    np.testing.assert_array_equal(read_photo(data).rgb[0], [[0, 0x80, 0xFF], [1, 0x40, 0xC0]])


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.0, 0.5, 1.0], [0, 128, 255]), ([0.0, 128.0, 255.0], [0, 128, 255]), ([0.0, 500.0, 1000.0], [0, 2, 4])],
    ids=["unit scale", "8-bit scale", "16-bit scale"],
)
def test_floating_point_tiff(values: list[float], expected: list[int]) -> None:
    data = encode(Image.fromarray(np.array([values], np.float32)), "TIFF")
    np.testing.assert_array_equal(read_photo(data).rgb[0, :, 0], expected)


def test_cmyk() -> None:
    cmyk = np.zeros((8, 8, 4), np.uint8)
    cmyk[..., 0] = 255  # full cyan ink takes away the red
    for data in (encode(Image.fromarray(cmyk, "CMYK"), "TIFF"), encode(Image.fromarray(cmyk, "CMYK"), "JPEG")):
        np.testing.assert_allclose(read_photo(data).rgb[4, 4].astype(int), [0, 255, 255], atol=2)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "PA", "YCbCr", "HSV", "RGBX", "RGBa", "La"])
def test_other_modes_keep_a_white_picture_white(mode: str) -> None:
    start = {"La": "LA", "PA": "LA", "RGBa": "RGBA"}.get(mode, "RGB")
    white = Image.new("RGB", (4, 4), "white").convert(start)
    np.testing.assert_array_equal(read_photo(white.convert(mode)).rgb, np.full((4, 4, 3), 255))


# --- orientation and animation -------------------------------------------------------------------------------


def test_exif_orientation_sets_the_picture_upright() -> None:
    # what EXIF 2.32 says of the stored picture -> the operation that undoes it, in numpy's words
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, 1),
    }
    for value, operation in undo.items():
        exif = Image.Exif()
        exif[ORIENTATION] = value
        for file_format in ("PNG", "TIFF"):
            rgb = read_photo(encode(PICTURE, file_format, exif=exif)).rgb
            np.testing.assert_array_equal(rgb, operation(PICTURE), err_msg=f"{file_format} orientation {value}")


def test_exif_orientation_of_jpeg_and_heic() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    for file_format in ("JPEG", "HEIF", "WEBP"):
        rgb = read_photo(encode(PICTURE, file_format, exif=exif.tobytes(), quality=95)).rgb
        assert np.abs(rgb.astype(int) - np.rot90(PICTURE, -1)).mean() < 8, file_format


def test_damaged_exif_is_said_and_the_photo_still_read() -> None:
    photo = read_photo(encode(PICTURE, "PNG", exif=b"Exif\0\0no tiff here"))
    np.testing.assert_array_equal(photo.rgb, PICTURE)
    assert photo.notes == ("the EXIF data are damaged, so the orientation is unknown",)


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation_and_a_note(file_format: str) -> None:
    colours = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    data = encode(colours[0], file_format, save_all=True, append_images=colours[1:])
    photo = read_photo(data)
    np.testing.assert_allclose(photo.rgb[8, 8].astype(int), [255, 0, 0], atol=3)
    assert photo.notes == (f"animated {file_format}: the first of 3 frames was read",)


def test_many_pages_and_a_phone_photo_with_a_preview() -> None:
    pages = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    tiff = read_photo(encode(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert tiff.notes == ("TIFF with several pictures: the first of 2 was read",)
    mpo = read_photo(encode(pages[0], "MPO", save_all=True, append_images=pages[1:]))
    assert mpo.notes == ()
    np.testing.assert_allclose(mpo.rgb[4, 4].astype(int), [255, 0, 0], atol=3)


# --- bad input -----------------------------------------------------------------------------------------------


def test_missing_folder_empty_and_no_picture(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")
    assert "nowhere.jpg does not exist" in refusal(tmp_path / "nowhere.jpg")
    assert f"{tmp_path.name} is a folder" in refusal(tmp_path)
    assert refusal(empty) == "empty.jpg is empty (zero bytes)."
    assert "notes.jpg is no readable photo" in refusal(text)
    assert "cannot be opened" in refusal("nul\0byte.jpg")
    assert "zero bytes" in refusal(b"")


@pytest.mark.parametrize(
    "svg",
    ["<svg xmlns='http://www.w3.org/2000/svg'/>", "\ufeff<?xml version='1.0'?>\n<!-- hi -->\n<SVG width='9'/>"],
)
def test_svg_is_refused_by_name(svg: str) -> None:
    assert "SVG drawing" in refusal(svg.encode())


def test_a_video_is_named_as_such() -> None:
    assert "read it as a video" in refusal(b"\0\0\0\x20ftypisom" + b"\0" * 64)
    assert "read it as a video" not in refusal(b"\0\0\0\x20ftypheic" + b"\0" * 64)


def test_a_photo_cut_off_in_its_header_is_named_as_damaged() -> None:
    for name in ("JPEG", "PNG", "WEBP", "GIF", "TIFF"):
        assert "damaged or cut off" in refusal(SAMPLES[name][:12]), name


def test_postscript_never_reaches_ghostscript() -> None:
    assert "no readable photo" in refusal(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")


@pytest.mark.parametrize("side", [40_000, 9_000])
def test_a_huge_picture_is_refused_before_decoding(side: int) -> None:
    message = refusal(png_header_only(side, side))
    assert "limit of 80 megapixels" in message


def test_limits_are_named() -> None:
    data = encode(PICTURE, "BMP")
    small = PhotoLimits(max_pixels=3000)
    assert "64×48 pixels, more than the limit of 0.003 megapixels" in refusal(data, limits=small)
    assert "megapixels" in refusal(PICTURE, limits=small)
    assert "limit of 0.001 MB (max_bytes)" in refusal(data, limits=PhotoLimits(max_bytes=1000))
    assert "limit of 0.001 MB (max_bytes)" in refusal(io.BytesIO(data), limits=PhotoLimits(max_bytes=1000))
    assert read_photo(data, PhotoLimits(max_bytes=len(data), max_pixels=48 * 64)).rgb.shape == (48, 64, 3)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3)),
        np.zeros((0, 4, 3), np.uint8),
    ],
    ids=["grey", "four channels", "float", "empty"],
)
def test_arrays_of_another_form_are_refused(array: np.ndarray) -> None:
    assert "expected RGB uint8 (height, width, 3)" in refusal(array)


def test_other_objects_are_refused() -> None:
    assert "not int" in refusal(3)
    assert "binary mode" in refusal(io.StringIO("text"))


SAMPLES = {
    name: encode(PICTURE, name, **({"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"} if name == "JPEG" else {}))
    for name in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "HEIF", "AVIF", "BMP")
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(name=st.sampled_from([*SAMPLES]), share=st.floats(0.01, 0.9))
def test_a_truncated_photo_is_refused_in_one_sentence(name: str, share: float) -> None:
    refusal(SAMPLES[name][: max(1, int(len(SAMPLES[name]) * share))])


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(name=st.sampled_from([*SAMPLES]), data=st.data())
def test_a_corrupted_photo_is_read_or_refused_and_nothing_else(name: str, data: st.DataObject) -> None:
    damaged = bytearray(SAMPLES[name])
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MediaError):
        assert read_photo(bytes(damaged)).rgb.ndim == 3


@pytest.mark.parametrize(
    ("file_format", "said"),
    [
        ("GIF", "animated GIF: frame 2 of 3 was read"),
        ("TIFF", "TIFF with several pictures: number 2 of 3 was read"),
    ],
)
def test_of_an_animation_that_the_caller_has_moved_on_the_frame_is_named(file_format: str, said: str) -> None:
    first, *more = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    with Image.open(io.BytesIO(encode(first, file_format, save_all=True, append_images=more))) as image:
        image.seek(1)
        photo = read_photo(image)
    assert photo.rgb[0, 0].tolist() == [0, 255, 0]
    assert photo.notes == (said,)
