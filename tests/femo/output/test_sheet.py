"""The contact sheet: where its tiles are, what stands below them."""

import dataclasses

import numpy as np
import pytest

from femo.output.sheet import (
    GAP_PX,
    GROUND,
    PICTURE_PX,
    TILE_PX,
    Tile,
    _cut,
    _fits,
    _lines,
    columns_of,
    contact_sheet,
    summary,
    tile,
)
from tests.femo.results_by_hand import one_hot, photo

ACROSS = TILE_PX + GAP_PX
RED = (200, 30, 30)


def red(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), RED, np.uint8)


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4), (17, 5), (50, 5)])
def test_a_sheet_is_about_as_wide_as_high(n: int, columns: int) -> None:
    assert columns_of(n) == columns


def test_tiles_stand_row_by_row_with_their_picture_in_the_middle() -> None:
    sheet = contact_sheet([Tile("a", "", red(100, 200)), Tile("b", "no"), Tile("c", "", red(PICTURE_PX, TILE_PX))])
    assert sheet.shape[1] == 2 * ACROSS + GAP_PX
    down = (sheet.shape[0] - GAP_PX) // 2
    rows, columns = np.nonzero((sheet == RED).all(axis=2))
    first = (rows < down) & (columns < ACROSS)
    left, top = GAP_PX + (TILE_PX - 200) // 2, GAP_PX + (PICTURE_PX - 100) // 2
    assert (columns[first].min(), columns[first].max()) == (left, left + 199)
    assert (rows[first].min(), rows[first].max()) == (top, top + 99)
    third = rows >= down
    assert (columns[third].min(), rows[third].min()) == (GAP_PX, GAP_PX + down)
    assert first.sum() + third.sum() == 100 * 200 + PICTURE_PX * TILE_PX  # none in the second place
    assert tuple(sheet[-GAP_PX - 1, -GAP_PX - 1]) == GROUND  # and nothing in the fourth


def test_no_tile_is_an_error() -> None:
    with pytest.raises(ValueError, match="needs a tile"):
        contact_sheet([])


@pytest.mark.parametrize(
    ("height", "width", "small"), [(900, 1200, (225, 300)), (1000, 500, (225, 112)), (200, 2000, (30, 300))]
)
def test_a_photo_fits_its_tile_and_keeps_its_shape(height: int, width: int, small: tuple[int, int]) -> None:
    made = tile("a.jpg", red(height, width), photo(0))
    assert made.picture is not None
    assert made.picture.shape[:2] == small
    assert made.said == "no face found"


def test_the_boxes_of_a_photo_are_drawn_at_its_small_size() -> None:
    result = photo(1)
    box = np.array([[400, 300, 800, 600]], np.float32)
    result = dataclasses.replace(result, faces=dataclasses.replace(result.faces, xyxy=box))
    made = tile("a.jpg", red(900, 1200), result).picture
    assert made is not None
    rows, columns = np.nonzero((made != RED).any(axis=2))
    below = rows > 100  # the tag with number and expression stands above
    assert abs(int(rows.max()) - 150) <= 2
    assert abs(int(columns[below].min()) - 100) <= 2
    assert abs(int(columns[below].max()) - 200) <= 2


def test_the_expressions_of_a_photo_are_counted() -> None:
    assert summary(photo(1)) == "1 face: anger"
    three = photo(3)
    values = one_hot(["fear", "anger", "fear"])
    expression = dataclasses.replace(three.scores["expression"], values=values)
    assert summary(dataclasses.replace(three, scores={"expression": expression})) == "3 faces: 2 fear, 1 anger"
    assert summary(dataclasses.replace(three, scores={})) == "3 faces: 3 not read"


def test_long_text_is_broken_and_cut() -> None:
    lines = _lines("holiday " * 40, 2)
    assert len(lines) == 2
    assert lines[0] == " ".join(["holiday"] * lines[0].count("holiday"))
    assert lines[1].endswith("…")
    assert all(_fits(line) for line in lines)
    assert not _fits(f"{lines[0]} holiday")
    name = _cut("x" * 400)
    assert _fits(name)
    assert name == "x" * (len(name) - 1) + "…"
    assert _lines("short", 1) == ["short"]
    assert _lines("", 1) == [""]
    assert _lines("a\nb\tc", 2) == ["a b c"]
