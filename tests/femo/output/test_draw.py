"""Pictures, palette and figures: values against hand calculation and against colour science written out here."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.output import draw
from femo.output.figures import photo as figures
from femo.results import PhotoResult
from femo.types import Faces, Scores

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


def expression(*rows: list[float]) -> Scores:
    return Scores(
        "expression", ("anger", "fear", "neutral"), np.array(rows, np.float32), "distribution", "trained"
    )


NAN3 = [float("nan")] * 3


def test_expression_bars_are_sorted_and_unscaled() -> None:
    bars = figures.expression_bars(expression([0.2, 0.003, 0.797]), 0, "#0072B2").data[0]
    assert list(bars.y) == ["neutral", "anger", "fear"]
    assert list(bars.x) == pytest.approx([0.797, 0.2, 0.003])
    assert list(bars.text) == ["80\u00a0%", "20\u00a0%", "<1\u00a0%"]
    assert list(bars.marker.color) == ["#0072B2", "rgba(0,114,178,0.5)", "rgba(0,114,178,0.5)"]


def test_a_face_that_was_not_measured_says_so() -> None:
    figure = figures.expression_bars(expression([0.5, 0.5, 0.0], NAN3), 1, "#0072B2")
    assert len(figure.data) == 0
    assert figure.layout.annotations[0].text == "not measured"


def affect(*rows: list[float]) -> Scores:
    values = np.array(rows, np.float32)
    return Scores("valence_arousal", ("valence", "arousal"), values, "regression", "prior")


def test_affect_circle_has_every_measured_face_and_the_chosen_one_on_top() -> None:
    figure = figures.affect_circle(affect([0.5, -0.25], [float("nan")] * 2, [-0.75, 1.0]), 0)
    points = [(p.x[0], p.y[0], p.marker.color, p.marker.size) for p in figure.data]
    assert points == [(-0.75, 1.0, "#009E73", 9), (0.5, -0.25, "#D55E00", 17)]
    circle = next(s for s in figure.layout.shapes if s.type == "circle")
    assert (circle.x0, circle.y0, circle.x1, circle.y1) == (-1, -1, 1, 1)
    assert figure.layout.yaxis.scaleanchor == "x"


def test_age_spread_is_one_standard_deviation_and_not_below_birth() -> None:
    age = Scores(
        "age", ("years", "years_std"), np.array([[33.6, 6.4], [3, 5]], np.float32), "regression", "trained"
    )
    figure = figures.age_spread(age, 0, "#0072B2")
    assert figure.data[0].x[0] == pytest.approx(33.6)
    assert figure.data[0].text[0] == "34 ± 6"
    assert [(s.x0, s.x1) for s in figure.layout.shapes][1] == pytest.approx((27.2, 40.0))
    assert [(s.x0, s.x1) for s in figures.age_spread(age, 1, "#0072B2").layout.shapes][1] == pytest.approx((0, 8))


def test_action_units_keep_anatomical_order_and_their_names() -> None:
    values = np.array([[0.1, 0.9]], np.float32)
    units = Scores("action_units", ("AU1", "AU12"), values, "independent", "prior")
    bars = figures.action_unit_bars(units, 0, "#D55E00").data[0]
    assert list(bars.y) == ["inner brow raiser AU 1", "lip corner puller AU 12"]
    assert list(bars.x) == pytest.approx([0.1, 0.9])
    assert list(bars.marker.color) == ["rgba(213,94,0,0.5)", "#D55E00"]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 %"), (0.004, "<1 %"), (0.005, "0 %"), (0.006, "1 %"), (0.994, "99 %"), (1, "100 %")]
)
def test_percent(value: float, text: str) -> None:
    assert figures.percent(value) == text.replace(" ", "\u00a0")


def photo() -> PhotoResult:
    """Two faces; the second was not measured by two of the heads."""
    faces = Faces(
        np.array([[10, 20, 60, 80], [70, 20, 90, 40]], np.float32),
        np.array([1, 0.9], np.float32),
        np.zeros((2, 5, 2), np.float32),
    )
    units = np.array([[0.8, 0.2, 0.5], [0, 0, 0]], np.float32)
    scores = {
        "expression": expression([0.1, 0.2, 0.7], NAN3),
        "valence_arousal": affect([0.256, -0.5], [float("nan")] * 2),
        "action_units": Scores("action_units", ("AU1", "AU2", "AU4"), units, "independent", "trained"),
        "age": Scores(
            "age", ("years", "years_std"), np.array([[40, 9.6], [7, 2]], np.float32), "regression", "trained"
        ),
    }
    return PhotoResult(faces, scores, np.zeros((2, 4), np.float32), 100, 100, "test")


def test_face_table_says_what_a_person_wants_to_read() -> None:
    table = figures.face_table(photo())
    assert table.to_numpy().tolist() == [
        [1, "neutral 70\u00a0%", "+0.26", "-0.50", "40 ± 10", "", "", "AU1 AU4", ""],
        [2, "", "", "", "7 ± 2", "", "", "", ""],
    ]


def test_face_table_names_no_unit_that_nobody_measured() -> None:
    result = photo()
    head = result.scores["action_units"]
    guessed = Scores(head.name, head.labels, head.values, head.kind, "prior")
    table = figures.face_table(replace(result, scores={**result.scores, "action_units": guessed}))
    assert table["Action units"].tolist() == ["", ""]
