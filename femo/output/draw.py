"""Draws results on pictures: numbered boxes in stable colours; and holds the palette that every figure shares.

Conventions: pictures are RGB uint8 (H, W, 3) and are never changed in place; boxes are xyxy in source pixels; a face's
number starts at 1 and picks its colour, so a face or person keeps its colour in the picture, the table and the charts.

The first six colours are those of Okabe & Ito (Color Universal Design, 2008) without black and yellow, which vanish
on a dark or a light ground; violet and brown are added. Any two of the eight differ by at least 16 in CIE 1976 ΔE
under full protanopia, deuteranopia or tritanopia (Machado, Oliveira & Fernandes 2009), and each has a contrast of at
least 2.2 on white and on the app's dark ground. Beyond eight the colours repeat and the number tells faces apart.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from femo.types import RGB, Floats, check_shape

PALETTE: Final = ("#D55E00", "#56B4E9", "#009E73", "#CC79A7", "#E69F00", "#0072B2", "#9B4DF0", "#8E3E27")
"""Vermilion, sky blue, bluish green, reddish purple, orange, blue, violet, brown."""

EXPRESSION_COLOURS: Final[Mapping[str, str]] = {
    "anger": "#D55E00",
    "contempt": "#8E3E27",
    "disgust": "#009E73",
    "fear": "#9B4DF0",
    "happiness": "#E69F00",
    "neutral": "#8A8F98",
    "sadness": "#0072B2",
    "surprise": "#56B4E9",
    "other": "#CC79A7",
}
"""One colour per expression for charts that stack or overlay expressions."""

INK: Final = "#7C828C"
"""Text and lines of a figure: contrast of about 4 on white and on the app's dark ground alike."""

DASHES: Final = 3
"""Length of a dash in widths of its line; gaps are as long."""
SHADE: Final = (18, 21, 28)
"""Outline around a box, so that it stands out from any photo."""


def colour(number: int) -> str:
    """Return the hex colour of face or person ``number``, counted from 1."""
    return PALETTE[(number - 1) % len(PALETTE)]


def rgb_of(hex_colour: str) -> tuple[int, int, int]:
    """Return ``#RRGGBB`` as three numbers 0-255."""
    red, green, blue = bytes.fromhex(hex_colour[1:])
    return red, green, blue


def rgba(hex_colour: str, alpha: float) -> str:
    """Return a CSS colour with the given opacity 0-1."""
    red, green, blue = rgb_of(hex_colour)
    return f"rgba({red},{green},{blue},{alpha:g})"


def ink_on(hex_colour: str) -> str:
    """Return black or white, whichever reads better on a colour (WCAG 2.1 relative luminance)."""
    channels = np.array(rgb_of(hex_colour)) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ np.array([0.2126, 0.7152, 0.0722]))
    return "#FFFFFF" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#000000"


@lru_cache(maxsize=32)  # fonts by size; parsing one takes milliseconds
def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


def annotate(
    rgb: RGB,
    xyxy: Floats,
    *,
    numbers: Sequence[int] | None = None,
    captions: Sequence[str] | None = None,
    unsure: Sequence[bool] | None = None,
) -> RGB:
    """Draw one numbered box per face, dashed and with a question mark where the reading is unsure.

    Args:
        rgb: The picture, uint8 (H, W, 3).
        xyxy: float32 (N, 4) in its pixels.
        numbers: N numbers, each choosing a colour; 1 ... N by default. Give track ids for a video.
        captions: N texts after the number, left out where they would cover another face or tag.
        unsure: N marks, none by default.

    Returns:
        A new picture of the same size.

    Raises:
        ValueError: The lengths differ.
    """
    check_shape("xyxy", xyxy, (None, 4))
    numbers = range(1, len(xyxy) + 1) if numbers is None else numbers
    captions = [""] * len(xyxy) if captions is None else captions
    marks = [False] * len(xyxy) if unsure is None else unsure
    captions = [f"{text}?" if mark and text else text for text, mark in zip(captions, marks, strict=True)]
    image = Image.fromarray(rgb)
    draw = ImageDraw.Draw(image)
    unit = max(1.0, min(rgb.shape[:2]) / 480)
    rows = list(zip(xyxy.tolist(), numbers, captions, strict=True))
    for (box, number, _), mark in zip(rows, marks, strict=True):
        _draw_box(draw, box, colour(number), unit, dashed=bool(mark))
    taken = [box for box, _, _ in rows]
    for box, number, caption in rows:  # tags last: no box may cross a number
        taken.append(_draw_tag(draw, image.size, box, (number, caption), [b for b in taken if b is not box], unit))
    return np.asarray(image)


def _draw_box(
    draw: ImageDraw.ImageDraw, box: Sequence[float], hex_colour: str, unit: float, *, dashed: bool
) -> None:
    line = max(2, round(2.2 * unit))
    x1, y1, x2, y2 = (round(value) for value in box)
    draw.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline=SHADE, width=line + 2)
    if not dashed:
        draw.rectangle((x1, y1, x2, y2), outline=hex_colour, width=line)
        return
    for x in range(x1, x2 + 1, 2 * DASHES * line):
        for y in (y1, y2 - line + 1):
            draw.rectangle((x, y, min(x + DASHES * line, x2), y + line - 1), fill=hex_colour)
    for y in range(y1, y2 + 1, 2 * DASHES * line):
        for x in (x1, x2 - line + 1):
            draw.rectangle((x, y, x + line - 1, min(y + DASHES * line, y2)), fill=hex_colour)


def _draw_tag(
    draw: ImageDraw.ImageDraw,
    size: tuple[int, int],
    box: Sequence[float],
    text: tuple[int, str],
    taken: Sequence[Sequence[float]],
    unit: float,
) -> Sequence[float]:
    """Draw the tag above the box, or inside its top where the picture ends; leave out a caption that would cover
    another face or tag. Returns the tag's xyxy."""
    number, caption = text
    font = _font(max(11, round(min(15 * unit, max(11.0, 0.24 * (box[2] - box[0]))))))
    pad = max(2, round(3 * unit))
    label, tag = "", box
    for label in (f"{number} {caption}", str(number)) if caption else (str(number),):
        left, top, right, bottom = draw.textbbox((0, 0), label, font=font)
        tag = _place_tag(size, box, right - left + 2 * pad, bottom - top + 2 * pad)
        if not any(_overlap(tag, other) for other in taken):
            break
    fill = colour(number)
    draw.rectangle((tag[0] - 1, tag[1] - 1, tag[2], tag[3]), fill=fill, outline=SHADE, width=1)
    draw.text((tag[0] + pad - left, tag[1] + pad - top), label, font=font, fill=ink_on(fill))
    return tag


def _place_tag(size: tuple[int, int], box: Sequence[float], tag_w: float, tag_h: float) -> Sequence[float]:
    """Tag's xyxy: above the box, inside the picture."""
    x = min(max(round(box[0]), 0), max(size[0] - tag_w, 0))
    y = round(box[1]) - tag_h if box[1] >= tag_h else round(box[1])
    y = min(max(y, 0), max(size[1] - tag_h, 0))
    return x, y, x + tag_w, y + tag_h


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def shrink(rgb: RGB, max_side: int) -> tuple[RGB, float]:
    """Reduce a picture so that no side is longer than ``max_side``; never enlarge.

    Returns:
        The picture and the factor, to multiply its boxes by.
    """
    factor = min(1.0, max_side / max(rgb.shape[:2]))
    if factor == 1.0:
        return rgb, factor
    size = (max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor)))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)), factor


def portrait(rgb: RGB, box: Floats, side: int = 160, margin: float = 0.25) -> RGB:
    """Cut a square view of one face for display, uint8 (side, side, 3).

    Args:
        rgb: The picture.
        box: (4,) xyxy.
        side: Pixels of the result.
        margin: Part of the longer side of the box to add on each side.
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    half = max(x2 - x1, y2 - y1) * (0.5 + margin)
    centre_x, centre_y = (x1 + x2) / 2, (y1 + y2) / 2
    height, width = rgb.shape[:2]
    half = min(half, width / 2, height / 2)
    centre_x = min(max(centre_x, half), width - half)
    centre_y = min(max(centre_y, half), height - half)
    region = (centre_x - half, centre_y - half, centre_x + half, centre_y + half)
    return np.asarray(Image.fromarray(rgb).resize((side, side), Image.Resampling.LANCZOS, box=region))
