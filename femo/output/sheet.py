"""Draws a contact sheet: one picture of many photos, each small, with its boxes, its name and what it shows.

Conventions: RGB uint8 (H, W, 3). A tile is ``TILE_PX`` wide; what could not be read has its sentence in place of a picture.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from femo.output.draw import SHADE, annotate, shrink
from femo.results import PhotoResult
from femo.types import RGB

TILE_PX: Final = 300
"""Width of a tile; its picture is at most so wide and ``PICTURE_PX`` high."""
PICTURE_PX: Final = 225
GAP_PX: Final = 20
MOST_COLUMNS: Final = 5
LINE_PX: Final = 20
TEXT_PX: Final = 15
N_LINES: Final = 2
"""Lines for what a photo shows, below its name."""
GROUND: Final = (245, 243, 238)
PANE: Final = (228, 225, 217)
QUIET: Final = (92, 96, 105)


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One photo of a sheet.

    Attributes:
        name: Its file name.
        said: What it shows, or why it could not be read.
        picture: Small, with its boxes; None where it could not be read.
    """

    name: str
    said: str
    picture: RGB | None = None


def tile(name: str, rgb: RGB, result: PhotoResult) -> Tile:
    """Return the tile of a photo that was read.

    Args:
        name: Its file name.
        rgb: The photo, uint8 (H, W, 3).
        result: Its faces.
    """
    height, width = rgb.shape[:2]
    side = min(TILE_PX, PICTURE_PX * max(1.0, width / height))
    small, factor = shrink(rgb, max(1, int(side)))
    captions = main_expressions(result)
    unsure = None if result.reading is None else result.reading.unsure.tolist()
    boxes = result.faces.xyxy * np.float32(factor)
    return Tile(name, summary(result), annotate(small, boxes, captions=captions, unsure=unsure))


def main_expressions(result: PhotoResult) -> list[str]:
    """Return the likeliest expression of each face, "" where it was not read."""
    expression = result.scores.get("expression")
    return [""] * len(result.faces) if expression is None else [label or "" for label in expression.top()]


def summary(result: PhotoResult) -> str:
    """Return how many faces there are and their main expressions, such as "3 faces: 2 happiness, 1 neutral?".

    A question mark stands where the reading is unsure.
    """
    n_faces = len(result.faces)
    if not n_faces:
        return "no face found"
    unsure = [False] * n_faces if result.reading is None else result.reading.unsure.tolist()
    said = [
        f"{label}{'?' if mark else ''}" if label else "not read"
        for label, mark in zip(main_expressions(result), unsure, strict=True)
    ]
    if n_faces == 1:
        return f"1 face: {said[0]}"
    return f"{n_faces} faces: " + ", ".join(f"{count} {label}" for label, count in Counter(said).most_common())


def contact_sheet(tiles: Sequence[Tile]) -> RGB:
    """Return one picture of all tiles, row by row, at most ``MOST_COLUMNS`` in a row.

    Args:
        tiles: One or more.

    Raises:
        ValueError: There is none.
    """
    if not tiles:
        raise ValueError("a contact sheet needs a tile")
    columns = columns_of(len(tiles))
    rows = -(-len(tiles) // columns)
    across, down = TILE_PX + GAP_PX, PICTURE_PX + (1 + N_LINES) * LINE_PX + 2 * GAP_PX
    sheet = Image.new("RGB", (columns * across + GAP_PX, rows * down + GAP_PX), GROUND)
    draw = ImageDraw.Draw(sheet)
    for index, one in enumerate(tiles):
        _place(sheet, draw, one, GAP_PX + index % columns * across, GAP_PX + index // columns * down)
    return np.asarray(sheet)


def columns_of(n_tiles: int) -> int:
    """Return how many tiles stand side by side: about as many as below each other."""
    return min(MOST_COLUMNS, max(1, int(np.ceil(np.sqrt(n_tiles)))))


def _place(sheet: Image.Image, draw: ImageDraw.ImageDraw, one: Tile, x: int, y: int) -> None:
    draw.rectangle((x, y, x + TILE_PX - 1, y + PICTURE_PX - 1), fill=PANE)
    if one.picture is not None:
        height, width = one.picture.shape[:2]
        sheet.paste(Image.fromarray(one.picture), (x + (TILE_PX - width) // 2, y + (PICTURE_PX - height) // 2))
    else:
        draw.text((x + TILE_PX / 2, y + PICTURE_PX / 2), "not read", QUIET, _font(), anchor="mm")
    below = y + PICTURE_PX + GAP_PX // 2
    (name,) = _lines(one.name, 1)
    draw.text((x, below), name, SHADE, _font())
    for line in _lines(one.said, N_LINES):
        below += LINE_PX
        draw.text((x, below), line, QUIET, _font())


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(TEXT_PX)


def _lines(text: str, most: int) -> list[str]:
    """Break a text at spaces into lines that fit a tile; what is left over is cut with an ellipsis."""
    lines: list[str] = []
    for word in _words(text):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _fits(longer):
            lines[-1] = longer
        elif len(lines) == most:
            lines[-1] = _cut(f"{longer}…")
            break
        else:
            lines.append(word)
    return [_cut(line) for line in lines] or [""]


def _words(text: str) -> Iterator[str]:
    """Yield the words of a text without what is no character of a line."""
    yield from "".join(letter if letter.isprintable() else " " for letter in text).split()


def _fits(text: str) -> bool:
    return _font().getlength(text) <= TILE_PX


def _cut(text: str) -> str:
    """Return a text that fits a tile: as it is, or its beginning and an ellipsis."""
    if _fits(text):
        return text
    text = text.removesuffix("…")
    while text and not _fits(f"{text}…"):
        text = text[:-1]
    return f"{text}…"
