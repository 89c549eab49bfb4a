"""The look: every name that the theme sets is one of Gradio's, text can be read on its ground, nothing is fetched."""

import re

import pytest

from femo.demo import theme
from femo.demo.theme import CSS, INK, LOOK, TEAL, header
from femo.output.draw import PALETTE


def luminance(hex_colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(hex_colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def colour(name: str) -> str:
    """The hex colour of a value of ``LOOK``: itself, or a step of one of the two scales."""
    value = LOOK[name]
    if not value.startswith("*"):
        return value
    scale, step = value[1:].split("_")
    return str(getattr({"neutral": INK, "primary": TEAL}[scale], f"c{step}"))


def contrast(first: str, second: str) -> float:
    low, high = sorted(map(luminance, (first, second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", ["", "_dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("body_text_color", "body_background_fill"),
        ("body_text_color", "block_background_fill"),
        ("body_text_color_subdued", "block_background_fill"),
        ("body_text_color_subdued", "body_background_fill"),
        ("block_label_text_color", "block_label_background_fill"),
        ("block_title_text_color", "block_background_fill"),
        ("button_primary_text_color", "button_primary_background_fill"),
        ("button_primary_text_color", "button_primary_background_fill_hover"),
        ("link_text_color", "block_background_fill"),
    ],
)
def test_text_can_be_read_on_its_ground(ink: str, ground: str, dark: str) -> None:
    """WCAG 2.2 asks for 4.5 to 1."""
    assert contrast(colour(ink + dark), colour(ground + dark)) >= 4.5


def test_every_colour_has_its_dark_twin() -> None:
    sides = {name for name, value in LOOK.items() if value.startswith(("*", "#")) and not name.endswith("_dark")}
    assert {name for name in sides if f"{name}_dark" not in LOOK} == set()


def test_the_theme_sets_what_gradio_knows_and_fetches_nothing() -> None:
    made = theme.theme()
    for name, value in LOOK.items():
        assert getattr(made, name) == value
    assert not re.search(r"https?://", made._get_theme_css().replace("http://www.w3.org", ""))


def test_each_chip_wears_the_colour_of_its_person() -> None:
    for place, hex_colour in enumerate(PALETTE, 1):
        assert f"label:nth-child({len(PALETTE)}n+{place}) {{ --chip: {hex_colour};" in CSS


def test_the_model_s_name_is_text() -> None:
    assert "model <b>&lt;img&gt;</b>" in header("<img>")
