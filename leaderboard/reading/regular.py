"""Reads lines of the usual shape by array operations on their bytes.

Conventions: the usual shape is one digit per class, plain decimals, and keys like ``video/00001.jpg``. Whatever is
read here is what cells.parse_line would have read; lines that do not fit are left to it. Positions are offsets into
the bytes of one block.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from leaderboard.reading.cells import MAX_KEY_CHARS, Layout, item_name
from leaderboard.schema import Column
from leaderboard.types import Bools, Indices, Values

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]
Code = Callable[[str], int]
"""From the name of a group to its code."""

MAX_REAL_CHARS = 32
_FRAME_TAIL = len("/00001.jpg")
_REAL_BYTES = np.isin(np.arange(256), np.frombuffer(b"0123456789+-.eE", np.uint8))


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive lines.

    Attributes:
        data: Their bytes.
        buffer: The same as uint8.
        start: (L,) where each line starts.
        end: (L,) where each ends, line end excluded.
        first_line: Line number of the first.
    """

    data: bytes
    buffer: Bytes
    start: Positions
    end: Positions
    first_line: int


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
        return Cells(self.block, self.lines[rows], self.left[rows, first_cell:], self.right[rows, first_cell:])


def split_lines(data: bytes, first_line: int) -> Block:
    """Return the lines of ``data``, which ends without a line end."""
    buffer = np.frombuffer(data, np.uint8)
    breaks = np.flatnonzero(buffer == ord("\n"))
    start = np.concatenate([[0], breaks + 1])
    end = np.concatenate([breaks, [len(data)]])
    return Block(data, buffer, start, end, first_line)


def read_grid(block: Block, layout: Layout) -> Values | None:
    """Return the values of a block whose every line is one digit per column, the shape of most files; else None."""
    width = 2 * len(layout.columns)
    if not layout.integral or len(block.data) + 1 != width * len(block.start):
        return None
    cells = np.append(block.buffer, ord("\n")).reshape(-1, width)
    between = np.array([ord(layout.separator)] * (len(layout.columns) - 1) + [ord("\n")], np.uint8)
    low = np.array([column.low for column in layout.columns], np.uint8)
    high = np.array([min(column.high, 9) for column in layout.columns], np.uint8)
    values = cells[:, ::2] - (low + ord("0"))
    if (cells[:, 1::2] != between).any() or (values > high - low).any():
        return None
    return values.astype(np.int8)


def find_cells(block: Block, layout: Layout) -> Cells:
    """Return the lines with the right number of cells; one empty cell too many at the end does not count."""
    separators = np.flatnonzero(block.buffer == ord(layout.separator))
    last = np.maximum(block.end - 1, 0)
    end = block.end - ((block.end > block.start) & (block.buffer[last] == ord(layout.separator)))
    first = np.searchsorted(separators, block.start)
    count = np.searchsorted(separators, end) - first
    lines = np.flatnonzero((count == layout.n_cells - 1) & (end > block.start))
    inner = separators[first[lines, None] + np.arange(layout.n_cells - 1)]
    left = np.concatenate([block.start[lines, None], inner + 1], axis=1)
    right = np.concatenate([inner, end[lines, None]], axis=1)
    return Cells(block, lines, left, right)


def read_frame_keys(cells: Cells, code: Code) -> tuple[Bools, Indices, Indices]:
    """Return (which keys have the usual shape, group codes (n,), frames (n,)) of the first cells.

    Neighbouring lines mostly share their video, so a name is decoded once per run of equal ones.
    """
    buffer, left, right = cells.block.buffer, cells.left[:, 0], cells.right[:, 0]
    width = right - left - _FRAME_TAIL
    tail = buffer[np.maximum(right[:, None] - _FRAME_TAIL + np.arange(_FRAME_TAIL), 0)]
    digits = tail[:, 1:6].astype(np.int32) - ord("0")
    good = (width > 0) & (width <= MAX_KEY_CHARS - _FRAME_TAIL) & (tail[:, 0] == ord("/"))
    good &= (tail[:, 6:] == np.frombuffer(b".jpg", np.uint8)).all(1)
    good &= ((digits >= 0) & (digits <= 9)).all(1) & digits.any(1)
    frame = digits @ np.array([10_000, 1_000, 100, 10, 1], np.int32)
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
    text = name.decode("utf-8", "replace").strip()
    return code(text) if text and text.isprintable() and "�" not in text else -1


def read_item_keys(cells: Cells, code: Code) -> tuple[Bools, Indices, Indices]:
    """Return (which keys have the usual shape, group codes (n,), zeros) of the first cells, whole items."""
    group = np.full(len(cells.lines), -1, np.int32)
    edges = zip(cells.left[:, 0].tolist(), cells.right[:, 0].tolist(), strict=True)
    for row, (start, stop) in enumerate(edges):
        if stop - start <= MAX_KEY_CHARS:
            name = cells.block.data[start:stop]
            group[row] = _code(item_name(name.decode("utf-8", "replace")).encode(), code)
    return group >= 0, group, np.zeros_like(group)


def _padded(buffer: Bytes, start: Positions, width: Positions) -> Bytes:
    """Return (n, widest) bytes: each row the ``width`` bytes from ``start``, then zeros."""
    offsets = np.arange(int(width.max(initial=1)))
    cells: Bytes = buffer[np.minimum(start[:, None] + offsets, len(buffer) - 1)]
    cells[offsets >= width[:, None]] = 0
    return cells


def read_values(cells: Cells, layout: Layout) -> tuple[Bools, Values]:
    """Return (lines whose every cell has the usual shape, values (n, C) with zeros elsewhere)."""
    buffer = cells.block.buffer
    good = np.ones(len(cells.lines), bool)
    values = np.zeros((len(cells.lines), len(layout.columns)), layout.dtype)
    for index, column in enumerate(layout.columns):
        start = cells.left[:, index]
        width = cells.right[:, index] - start
        if column.kind == "real":
            read, fits = _reals(buffer, start, width)
            fits &= (read >= column.low) & (read <= column.high) | (layout.labels & (read == column.invalid))
        else:
            read, fits = _classes(buffer, start, width, column, layout.labels)
        good &= fits
        values[:, index] = np.where(fits, read, 0)
    return good, values


def _classes(
    buffer: Bytes, start: Positions, width: Positions, column: Column, labels: bool
) -> tuple[npt.NDArray[Any], Bools]:
    """Return (indices from 0, which cells are one allowed digit, or -1 in reference labels)."""
    digit = buffer[np.minimum(start, len(buffer) - 1)].astype(np.int16) - ord("0")
    fits = (width == 1) & (digit >= column.low) & (digit <= min(column.high, 9))
    read = digit - int(column.low)
    if labels and column.invalid == -1:
        second = buffer[np.minimum(start + 1, len(buffer) - 1)]
        absent = (width == 2) & (digit == ord("-") - ord("0")) & (second == ord("1"))
        read[absent] = -1
        fits |= absent
    return read, fits


def _reals(buffer: Bytes, start: Positions, width: Positions) -> tuple[npt.NDArray[Any], Bools]:
    """Return (numbers, which cells are plain decimals); rounding is that of Python's float."""
    fits = (width > 0) & (width <= MAX_REAL_CHARS)
    cells = _padded(buffer, start, np.where(fits, width, 0))
    fits &= (_REAL_BYTES[cells] | (cells == 0)).all(1)
    numbers = np.zeros(len(start))
    text = np.ascontiguousarray(cells[fits]).view(f"S{cells.shape[1]}").ravel()
    try:
        numbers[fits] = text.astype(np.float64)
    except ValueError:
        fits[:] = False
    return numbers, fits
