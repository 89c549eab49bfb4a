"""Pictures, palette and figures: values against hand calculation and against colour science written out here."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.output import draw

DARK_GROUND = "#12151C"
CONFUSION = {  # Machado, Oliveira & Fernandes 2009, table of severity 1.0
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "normal": np.eye(3).tolist(),
}
SRGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
D65 = np.array([0.95047, 1.0, 1.08883])


def linear(hex_colour: str) -> Any:
    value = np.array([int(hex_colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def cielab(linear_rgb: Any) -> Any:
    xyz = SRGB_TO_XYZ @ np.clip(linear_rgb, 0, 1) / D65
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    high, low = sorted((float(linear(c) @ SRGB_TO_XYZ[1]) for c in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("eyes", CONFUSION)
def test_any_two_colours_differ_for_all_eyes(eyes: str) -> None:
    seen = [cielab(np.array(CONFUSION[eyes]) @ linear(c)) for c in draw.PALETTE]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) >= 16


@pytest.mark.parametrize("hex_colour", [*draw.PALETTE, *draw.EXPRESSION_COLOURS.values()])
def test_colours_show_on_light_and_dark(hex_colour: str) -> None:
    assert contrast(hex_colour, "#FFFFFF") >= 2.2
    assert contrast(hex_colour, DARK_GROUND) >= 2.2


def test_ink_reads_on_light_and_dark() -> None:
    assert contrast(draw.INK, "#FFFFFF") >= 3.8
    assert contrast(draw.INK, DARK_GROUND) >= 3.8


@pytest.mark.parametrize("hex_colour", draw.PALETTE)
def test_number_on_its_tag_has_the_better_of_both_inks(hex_colour: str) -> None:
    ink = draw.ink_on(hex_colour)
    other = "#000000" if ink == "#FFFFFF" else "#FFFFFF"
    assert contrast(ink, hex_colour) > contrast(other, hex_colour)


def test_colours_repeat_after_eight() -> None:
    assert [draw.colour(n) for n in (1, 8, 9, 17)] == ["#D55E00", "#8E3E27", "#D55E00", "#D55E00"]
    assert draw.rgba("#0072B2", 0.5) == "rgba(0,114,178,0.5)"


def test_annotate_draws_each_box_in_its_colour_and_leaves_the_rest() -> None:
    grey = np.full((200, 300, 3), 128, np.uint8)
    boxes = np.array([[40, 60, 120, 160], [180, 80, 260, 170]], np.float32)
    out = draw.annotate(grey, boxes, numbers=[1, 3])
    assert (grey == 128).all()
    assert out.shape == grey.shape
    assert tuple(out[110, 40]) == (213, 94, 0)  # left edge, vermilion
    assert tuple(out[110, 180]) == (0, 158, 115)  # number 3 is bluish green
    assert (out[90:150, 50:110] == 128).all()  # nothing inside the box
    assert (out[180:, :] == 128).all()
    assert (out[40:58, 40:60] != 128).any()  # the tag lies above the box


def test_annotate_without_faces_is_the_same_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    assert np.array_equal(draw.annotate(picture, np.zeros((0, 4), np.float32)), picture)


def test_annotate_refuses_unequal_lengths() -> None:
    with pytest.raises(ValueError, match="zip"):
        draw.annotate(np.zeros((20, 20, 3), np.uint8), np.array([[1, 1, 9, 9]], np.float32), numbers=[1, 2])


@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    corners=st.tuples(*[st.floats(-30, 120, width=32)] * 4),
    number=st.integers(1, 10_000),
)
def test_annotate_and_portrait_take_any_box(
    size: tuple[int, int], corners: tuple[float, float, float, float], number: int
) -> None:
    picture = np.full((*size, 3), 7, np.uint8)
    x1, x2 = sorted((corners[0], corners[2]))
    y1, y2 = sorted((corners[1], corners[3]))
    box = np.array([[x1, y1, x2 + 1, y2 + 1]], np.float32)
    assert draw.annotate(picture, box, numbers=[number], captions=["happiness"]).shape == picture.shape
    assert (draw.portrait(picture, box[0], side=16) == 7).all()


def test_portrait_shows_the_face_with_a_margin() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[40:60, 40:60] = 200
    out = draw.portrait(picture, np.array([40, 40, 60, 60], np.float32), side=30, margin=0.25)
    assert out.shape == (30, 30, 3)  # 20 px and 5 on each side: one source pixel each
    assert out[15, 15, 0] == 200
    assert out[2, 2, 0] == 0
    assert (out[:, :, 0] > 100).sum() == 400


def test_shrink_keeps_the_ratio_and_never_enlarges() -> None:
    picture = np.zeros((300, 600, 3), np.uint8)
    small, factor = draw.shrink(picture, 200)
    assert small.shape == (100, 200, 3)
    assert factor == pytest.approx(1 / 3)
    assert draw.shrink(picture, 900) == (picture, 1.0)
