"""Pixels of pictures that are in memory, by hand: what is transparent, and what has more than eight bits."""

import numpy as np
import pytest
from PIL import Image

from femo.media.pixels import to_rgb


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
