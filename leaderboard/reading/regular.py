"""Reads lines of the usual shapes by array operations on their bytes.

Conventions: the usual shapes are one digit or one word per class, plain decimals, keys like ``video/00001.jpg``, and
all of these in quotation marks. Whatever is read here is what cells.parse_line would have read; lines that do not fit
are left to it. Positions are offsets into the bytes of one block, behind which ``PAD`` zeros follow.

The csv module takes 0.4 s of processor time to split the 1,022,655 rows of the EXPR form into cells and 1.8 s with their keys
and values, pandas.read_csv 0.7 s to split them; read and checked here they take 0.5 s altogether (the best of two each, on a
busy machine; 0.35 s on a quiet one, benchmarks/RESULTS.md). pyarrow would be one more package.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from leaderboard.reading.cells import (
    BLANKS,
    MAX_KEY_CHARS,
    LineFormat,
    is_whole_float,
    item_name,
    parse_value,
)
from leaderboard.reading.decimals import read_decimals
from leaderboard.schema import Column
from leaderboard.types import Bools, Indices, Values

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]
Code = Callable[[str], int]
"""From the name of a group to its code."""

PAD = 256
MAX_WORD_BYTES = 24
"""Longest cell that is looked up among the distinct ones of a block; class names have up to 23 bytes."""
_HASH = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)
_FRAME_TAIL = len("/00001.jpg")


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive lines.

    Attributes:
        data: Their bytes.
        buffer: The same as uint8, and ``PAD`` zeros.
        start: (L,) where each line starts.
        end: (L,) where each ends, line end excluded.
        first_line: Line number of the first.
        quoted: bool (L,), lines that hold quotation marks, which only the careful reader can take.
        written: The same lines with their quotation marks, if some were taken off.
    """

    data: bytes
    buffer: Bytes
    start: Positions
    end: Positions
    first_line: int
    quoted: Bools
    written: "Block | None" = None

    def line(self, index: int) -> bytes:
        """Return one line as it was written."""
        block = self.written or self
        return block.data[block.start[index] : block.end[index]]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Lines that have as many cells as they should.

    Attributes:
        block: Where they are.
        lines: (n,) index of each line in the block.
        left: (n, cells) where each cell starts.
        right: (n, cells) where each ends.
    """

    block: Block
    lines: Positions
    left: Positions
    right: Positions

    def select(self, rows: Bools, first_cell: int = 0) -> "Cells":
        """Return some of the lines, from ``first_cell`` on."""
        if rows.all():
            return Cells(self.block, self.lines, self.left[:, first_cell:], self.right[:, first_cell:])
        return Cells(self.block, self.lines[rows], self.left[rows, first_cell:], self.right[rows, first_cell:])


def split_lines(data: bytes, first_line: int, separator: str) -> Block:
    """Return the lines of ``data``, which ends without a line end; marks around whole cells are taken off."""
    block = _split(data, first_line)
    if separator == " " or b'"' not in data:
        return block
    return _unquoted(block, separator)


def _split(data: bytes, first_line: int) -> Block:
    buffer = np.frombuffer(data + bytes(PAD), np.uint8)
    breaks = np.flatnonzero(buffer == ord("\n"))
    start = np.concatenate([[0], breaks + 1])
    end = np.concatenate([breaks, [len(data)]])
    return Block(data, buffer, start, end, first_line, np.zeros(len(start), bool))


def _unquoted(block: Block, separator: str) -> Block:
    """Return the block without the marks of lines where they only surround whole cells without separators."""
    marks = np.flatnonzero(block.buffer == ord('"'))
    line = np.searchsorted(block.end, marks)
    odd = np.bincount(line, minlength=len(block.start)) % 2 == 1
    paired = marks[~odd[line]]
    opening, closing = paired[0::2], paired[1::2]
    edges = np.isin(np.arange(256), [ord(separator), ord("\n"), 0])
    before = edges[block.buffer[np.maximum(opening - 1, 0)]] | (opening == 0)
    separators = np.flatnonzero(block.buffer == ord(separator))
    whole = np.searchsorted(separators, opening) == np.searchsorted(separators, closing)
    good = before & edges[block.buffer[closing + 1]] & whole
    unclear = odd.copy()
    unclear[np.searchsorted(block.end, opening[~good])] = True
    kept = np.ones(len(block.data), bool)
    kept[marks[~unclear[line]]] = False
    fresh = _split(block.buffer[: len(block.data)][kept].tobytes(), block.first_line)
    return Block(fresh.data, fresh.buffer, fresh.start, fresh.end, fresh.first_line, unclear, block)


def read_grid(block: Block, form: LineFormat) -> Values | None:
    """Return the values of a block whose every line is one digit per column, the shape of most files; else None."""
    width = 2 * len(form.columns)
    if form.index or not form.integral or len(block.data) + 1 != width * len(block.start):
        return None
    cells = np.append(block.buffer[: len(block.data)], ord("\n")).reshape(-1, width)
    between = np.array([ord(form.separator)] * (len(form.columns) - 1) + [ord("\n")], np.uint8)
    low = np.array([column.low for column in form.columns], np.uint8)
    high = np.array([min(column.high, 9) for column in form.columns], np.uint8)
    values = cells[:, ::2] - (low + ord("0"))
    if (cells[:, 1::2] != between).any() or (values > high - low).any():
        return None
    return values.astype(np.int8)


def find_cells(block: Block, form: LineFormat) -> Cells:
    """Return the lines with the right number of cells; one empty cell too many at the end does not count."""
    separators = np.flatnonzero(block.buffer == ord(form.separator))
    last = np.maximum(block.end - 1, 0)
    end = block.end - ((block.end > block.start) & (block.buffer[last] == ord(form.separator)))
    first = np.searchsorted(separators, block.start)
    count = np.searchsorted(separators, end) - first
    lines = np.flatnonzero((count == form.n_cells - 1) & (end > block.start) & ~block.quoted)
    inner = separators[first[lines, None] + np.arange(form.n_cells - 1)]
    left = np.concatenate([block.start[lines, None], inner + 1], axis=1)
    right = np.concatenate([inner, end[lines, None]], axis=1)
    _trim(block.buffer, left, right)
    return Cells(block, lines, left, right)


def _trim(buffer: Bytes, left: Positions, right: Positions) -> None:
    """Move the edges of cells past the blanks at both ends."""
    blank = np.isin(np.arange(256), np.frombuffer(BLANKS.encode(), np.uint8))
    while (padded := blank[buffer[left]] & (left < right)).any():
        left += padded
    while (padded := blank[buffer[np.maximum(right - 1, 0)]] & (left < right)).any():
        right -= padded


def read_frame_keys(cells: Cells, code: Code) -> tuple[Bools, Indices, Indices]:
    """Return (which keys have the usual shape, group codes (n,), frames (n,)) of the first cells.

    Neighbouring lines mostly share their video, so a name is decoded once per run of equal ones.
    """
    buffer, left, right = cells.block.buffer, cells.left[:, 0], cells.right[:, 0]
    width = right - left - _FRAME_TAIL
    tail = sliding_window_view(buffer, _FRAME_TAIL)[np.maximum(right - _FRAME_TAIL, 0)]
    digits = tail[:, 1:6] - ord("0")
    good = (width > 0) & (width <= MAX_KEY_CHARS - _FRAME_TAIL) & (tail[:, 0] == ord("/"))
    good &= (tail[:, 6:] == np.frombuffer(b".jpg", np.uint8)).all(1)
    good &= (digits <= 9).all(1) & digits.any(1)
    frame = digits.astype(np.int32) @ np.array([10_000, 1_000, 100, 10, 1], np.int32)
    group = np.full(len(left), -1, np.int32)
    kept = np.flatnonzero(good)
    names = _padded(buffer, left[kept], width[kept])
    new = np.ones(len(kept), bool)
    new[1:] = (names[1:] != names[:-1]).any(1)
    runs = np.flatnonzero(new)
    codes = [_code(cells.block.data[left[row] : left[row] + width[row]], code) for row in kept[runs].tolist()]
    group[kept] = np.repeat(np.array(codes, np.int32), np.diff(runs, append=len(kept)))
    return group >= 0, group, frame


def _code(name: bytes, code: Code) -> int:
    """Return the code of a group name, -1 for a name that the careful reader should look at."""
    text = name.decode("utf-8", "replace").strip(BLANKS)
    return code(text) if text and text.isprintable() and "�" not in text else -1


def read_item_keys(cells: Cells, code: Code) -> tuple[Bools, Indices, Indices]:
    """Return (which keys have the usual shape, group codes (n,), zeros) of the first cells, whole items."""
    group = np.full(len(cells.lines), -1, np.int32)
    edges = zip(cells.left[:, 0].tolist(), cells.right[:, 0].tolist(), strict=True)
    for row, (start, stop) in enumerate(edges):
        if stop - start <= MAX_KEY_CHARS:
            name = cells.block.data[start:stop].decode("utf-8", "replace")
            if name.isprintable():
                group[row] = _code(item_name(name).encode(), code)
    return group >= 0, group, np.zeros_like(group)


def _padded(buffer: Bytes, start: Positions, width: Positions) -> Bytes:
    """Return (n, widest) bytes: each row the ``width`` bytes from ``start``, then zeros."""
    widest = int(width.max(initial=1))
    cells: Bytes = sliding_window_view(buffer, widest)[start]
    if (width < widest).any():
        cells[np.arange(widest) >= width[:, None]] = 0
    return cells


def read_values(cells: Cells, form: LineFormat) -> tuple[Bools, Values, Indices]:
    """Return (lines whose every cell has the usual shape, values (n, C), cells like ``4.0`` per line)."""
    good = np.ones(len(cells.lines), bool)
    values = np.zeros((len(cells.lines), len(form.columns)), form.dtype)
    n_whole = np.zeros(len(cells.lines), np.int32)
    reals = [index for index, column in enumerate(form.columns) if column.kind == "real"]
    numbers, plain = read_decimals(cells.block.buffer, cells.left[:, reals], cells.right[:, reals])
    for index, column in enumerate(form.columns):
        left = cells.left[:, index]
        width = cells.right[:, index] - left
        if column.kind == "real":
            read, fits = numbers[:, reals.index(index)], plain[:, reals.index(index)]
            low, high = column.limits(form.labels)
            fits &= (read >= low) & (read <= high)
        else:
            read, fits = _digits(cells.block, left, width)
            fits &= (read >= column.low) & (read <= column.high)
            read = read - int(column.low)
        rest = np.flatnonzero(~fits & (width > 0) & (width <= MAX_WORD_BYTES))
        if len(rest):
            found, known, whole = _words(cells.block, left[rest], width[rest], column, form.labels)
            read[rest], fits[rest] = found, known
            n_whole[rest] += whole
        good &= fits
        values[:, index] = np.where(fits, read, 0)
    return good, values, n_whole


def _digits(block: Block, left: Positions, width: Positions) -> tuple[npt.NDArray[Any], Bools]:
    """Return (digits, which cells are one)."""
    digit = block.buffer[left].astype(np.int16) - ord("0")
    return digit, (width == 1) & (digit >= 0) & (digit <= 9)


def _words(
    block: Block, left: Positions, width: Positions, column: Column, labels: bool
) -> tuple[npt.NDArray[Any], Bools, Bools]:
    """Return (values, which are known, which are like ``4.0``): each distinct cell is read once, the careful way."""
    cells = sliding_window_view(block.buffer, MAX_WORD_BYTES)[left]
    cells[np.arange(MAX_WORD_BYTES) >= width[:, None]] = 0
    words = cells.view(np.uint64)
    _, first, inverse = np.unique(words @ _HASH, return_index=True, return_inverse=True)
    texts = [block.data[left[row] : left[row] + width[row]].decode("utf-8", "replace") for row in first.tolist()]
    found = [parse_value(text, column, labels) for text in texts]
    known = np.array([value is not None and "�" not in text for value, text in zip(found, texts, strict=True)])
    values = np.array([value or 0.0 for value in found])
    whole = np.array([is_whole_float(text, column) for text in texts])
    same = (words[first][inverse] == words).all(1)
    return values[inverse], known[inverse] & same, (whole & known)[inverse]
