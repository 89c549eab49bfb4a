"""Pixels of pictures that are in memory, by hand: what is transparent, and what has more than eight bits."""

import io

import av
import numpy as np
import pytest
from PIL import Image

from femo.media.pixels import has_alpha, over_white, to_rgb


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGB", (10, 20, 30), [10, 20, 30]),
        ("L", 77, [77] * 3),
        ("1", 1, [255] * 3),
        ("RGBA", (10, 20, 30, 255), [10, 20, 30]),
        ("RGBA", (10, 20, 30, 0), [255] * 3),
        ("RGBA", (0, 100, 200, 51), [204, 224, 244]),  # a fifth of it, and four fifths of white
        ("LA", (0, 51), [204] * 3),
        ("La", (0, 0), [255] * 3),
        ("RGBa", (0, 0, 0, 0), [255] * 3),
        ("PA", (0, 0), [255] * 3),
        ("I;16", 65535, [255] * 3),
        ("I;16", 257, [1] * 3),
        ("CMYK", (0, 0, 0, 0), [255] * 3),
        ("HSV", (0, 0, 255), [255] * 3),
    ],
)
def test_one_colour_of_each_mode(mode: str, colour: object, expected: list[int]) -> None:
    rgb, notes = to_rgb(Image.new(mode, (2, 1), colour))  # type: ignore[arg-type]
    assert rgb.shape == (1, 2, 3)
    assert rgb.dtype == np.uint8
    np.testing.assert_allclose(rgb[0, 1], expected, atol=1)
    assert notes == ()


def grey(values: list[float], mode: str) -> list[int]:
    kinds = {"F": np.float32, "I": np.int32}
    found = to_rgb(Image.fromarray(np.array([values], kinds[mode])))[0]
    assert (found[..., 0] == found[..., 2]).all()
    return found[0, :, 0].tolist()


@pytest.mark.parametrize(
    ("mode", "values", "expected"),
    [
        ("F", [0, 0.5, 1], [0, 128, 255]),
        ("F", [0, 100, 255], [0, 100, 255]),
        ("F", [0, 257, 65535], [0, 1, 255]),
        ("F", [0, 1e6, 2e6], [0, 128, 255]),
        ("F", [-3, 0.2, float("nan"), float("inf")], [0, 51, 0, 0]),
        ("F", [0, 0], [0, 0]),
        ("I", [0, 100, 255], [0, 100, 255]),  # eight bits, as Pillow converts them
        ("I", [0, 257, 32896], [0, 1, 128]),
        ("I", [0, 2**30, 2**31 - 1], [0, 128, 255]),
        ("I", [-5, 65535], [0, 255]),
    ],
)
def test_more_than_eight_bits_are_scaled_by_the_smallest_full_scale(
    mode: str, values: list[float], expected: list[int]
) -> None:
    assert grey(values, mode) == expected


def test_a_colour_key_is_transparent() -> None:
    image = Image.new("RGB", (2, 1), (5, 6, 7))
    image.putpixel((1, 0), (1, 2, 3))
    image.info["transparency"] = (1, 2, 3)
    assert to_rgb(image)[0][0].tolist() == [[5, 6, 7], [255, 255, 255]]


def test_notes_of_the_colours_are_handed_on() -> None:
    image = Image.new("RGB", (1, 1), (5, 6, 7))
    image.info["icc_profile"] = b"nothing"
    rgb, notes = to_rgb(image)
    assert rgb[0, 0].tolist() == [5, 6, 7]
    assert notes == ("the colour profile cannot be read, so colours are as stored",)


def test_zero_is_white_where_a_tiff_of_16_bits_says_so() -> None:
    """TIFF 6.0, section 8: PhotometricInterpretation 0. A stored 50,000 is 15,535 of 65,535, which is 60.4 of 255."""
    file = io.BytesIO()
    Image.fromarray(np.array([[0, 50_000, 65_535]], np.uint16)).save(file, "TIFF", tiffinfo={262: 0})
    rgb, _ = to_rgb(Image.open(file))
    assert rgb[0, :, 0].tolist() == [255, 60, 0]


def test_a_picture_is_laid_over_white_by_its_alpha() -> None:
    rgb = np.full((1, 3, 3), (0, 100, 200), np.uint8)
    laid = over_white(rgb, np.array([[0, 51, 255]], np.uint8))
    np.testing.assert_allclose(laid[0], [(255, 255, 255), (204, 224, 244), (0, 100, 200)], atol=1)
    opaque = np.full((1, 3), 255, np.uint8)
    assert over_white(rgb, opaque) is rgb


def test_pixel_formats_with_transparency() -> None:
    clear = ("rgba", "argb", "ya8", "yuva420p", "gbrap", "yuva444p10le")
    opaque = ("rgb24", "bgr0", "gray", "yuv420p", "nv12", "pal8", "gbrp")
    assert [has_alpha(av.VideoFormat(name)) for name in (*clear, *opaque)] == [True] * 6 + [False] * 7
