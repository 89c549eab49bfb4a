"""Reads the data lines of a text as arrays, a block of some megabytes at a time.

Conventions: a line of the usual shape (one-digit classes, plain decimals, ``video/00001.jpg``) is read by array
operations on the bytes; every other line goes through cells.parse_line, which defines the format and names the
problems. Line numbers count from 1.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from leaderboard.cells import MAX_KEY_CHARS, Layout, item_name, parse_line
from leaderboard.errors import Problems
from leaderboard.schema import Column
from leaderboard.types import Bools, Indices, Keys, Values

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]

BLOCK_BYTES = 2**20
"""Small enough for the cache, large enough that Python's own cost per block does not show."""
MAX_ROWS = 3_000_000
"""Most rows of one submission; the largest official form has 1,022,655."""
MAX_REAL_CHARS = 32
_FRAME_TAIL = len("/00001.jpg")
_REAL_BYTES = np.isin(np.arange(256), np.frombuffer(b"0123456789+-.eE", np.uint8))


@dataclass(slots=True)
class Rows:
    """Rows read so far, from one text or several.

    Attributes:
        layout: What each line holds.
        codes: Group name to code, in order of appearance.
        group: int32 (r,) per block.
        frame: int32 (r,) per block, 0 for whole items.
        line: int32 (r,) per block.
        values: (r, C) per block.
    """

    layout: Layout
    codes: dict[str, int] = field(default_factory=dict)
    group: list[Indices] = field(default_factory=list)
    frame: list[Indices] = field(default_factory=list)
    line: list[Indices] = field(default_factory=list)
    values: list[Values] = field(default_factory=list)

    def code(self, name: str) -> int:
        """Return the code of a group, a new one for a new name."""
        return self.codes.setdefault(name, len(self.codes))

    def append(self, group: Indices, frame: Indices, line: Indices, values: Values) -> None:
        """Add rows of one block."""
        self.group.append(group)
        self.frame.append(frame)
        self.line.append(line)
        self.values.append(values)

    def stacked(self) -> tuple[Keys, Indices, Values]:
        """Return (keys, line numbers, values) of all rows."""
        empty = np.zeros(0, np.int32)
        kind = np.int8 if self.layout.integral else np.float64
        keys = Keys(tuple(self.codes), np.concatenate([empty, *self.group]), np.concatenate([empty, *self.frame]))
        values = np.concatenate([np.zeros((0, len(self.layout.columns)), kind), *self.values])
        return keys, np.concatenate([empty, *self.line]), values


@dataclass(slots=True)
class _Block:
    """Lines of one block: bytes, where each starts and ends, and which cells were read fast."""

    data: bytes
    buffer: Bytes
    start: Positions
    end: Positions
    first_line: int


def clean(data: bytes) -> bytes:
    """Return ``data`` without byte order mark, with ``\\n`` line ends and without blank lines at the end."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data.rstrip(b" \t\n")


def read_rows(body: bytes, file: str, first_line: int, rows: Rows, problems: Problems, video: str = "") -> int:
    """Read data lines into ``rows`` and return how many lines there were.

    Args:
        body: Cleaned data lines, without the header.
        file: File name for messages.
        first_line: Line number of the first data line.
        rows: Receives what was read.
        problems: Collects what is wrong.
        video: Group of all rows where the layout has no key: line i is frame i.
    """
    n_lines = body.count(b"\n") + 1 if body else 0
    if n_lines > MAX_ROWS:
        problems.add(file, None, None, f"at most {MAX_ROWS} data lines", f"{n_lines} lines")
        return n_lines
    position = done = 0
    while position < len(body):
        stop = len(body)
        if position + BLOCK_BYTES < stop:
            newline = body.find(b"\n", position + BLOCK_BYTES)
            stop = newline if newline >= 0 else stop
        block = _split(body[position:stop], first_line + done)
        _read_block(block, file, rows, problems, video, done)
        done += len(block.start)
        position = stop + 1
    return n_lines


def _split(data: bytes, first_line: int) -> _Block:
    buffer = np.frombuffer(data, np.uint8)
    breaks = np.flatnonzero(buffer == ord("\n"))
    start = np.concatenate([[0], breaks + 1])
    end = np.concatenate([breaks, [len(data)]])
    return _Block(data, buffer, start, end, first_line)


def _read_block(block: _Block, file: str, rows: Rows, problems: Problems, video: str, done: int) -> None:
    """Read one block: regular lines as arrays, the others one by one."""
    layout = rows.layout
    n_lines = len(block.start)
    values = np.zeros((n_lines, len(layout.columns)), np.int8 if layout.integral else np.float64)
    group = np.full(n_lines, -1, np.int32)
    frame = np.zeros(n_lines, np.int32)
    regular, left, right = _cells(block, layout)
    if layout.key is None:
        group[:] = rows.code(video)
        frame[:] = np.arange(done + 1, done + n_lines + 1)
    elif len(regular):
        good = _keys(block, left[:, 0], right[:, 0], regular, rows, group, frame)
        regular, left, right = regular[good], left[good], right[good]
        left, right = left[:, 1:], right[:, 1:]
    if len(regular):
        regular = regular[_values(block, left, right, regular, layout, values)]
    irregular = np.ones(n_lines, bool)
    irregular[regular] = False
    for index in np.flatnonzero(irregular).tolist():
        _read_slowly(block, index, file, rows, problems, group, frame, values)
    line = np.arange(block.first_line, block.first_line + n_lines, dtype=np.int32)
    if (group < 0).any():
        kept = group >= 0
        group, frame, line, values = group[kept], frame[kept], line[kept], values[kept]
    rows.append(group, frame, line, values)


def _read_slowly(
    block: _Block,
    index: int,
    file: str,
    rows: Rows,
    problems: Problems,
    group: Indices,
    frame: Indices,
    values: Values,
) -> None:
    number = block.first_line + index
    try:
        line = block.data[block.start[index] : block.end[index]].decode()
    except UnicodeDecodeError:
        problems.add(file, number, None, "UTF-8 text", "other bytes")
        return
    key, cells = parse_line(line, rows.layout, file, number, problems)
    values[index] = cells
    if key is not None:
        group[index], frame[index] = rows.code(key[0]), key[1]


def _cells(block: _Block, layout: Layout) -> tuple[Positions, Positions, Positions]:
    """Return (lines with the right number of cells, left edges, right edges (n, n_cells))."""
    separators = np.flatnonzero(block.buffer == ord(layout.separator))
    last = np.maximum(block.end - 1, 0)
    end = block.end - ((block.end > block.start) & (block.buffer[last] == ord(layout.separator)))
    first = np.searchsorted(separators, block.start)
    count = np.searchsorted(separators, end) - first
    regular = np.flatnonzero((count == layout.n_cells - 1) & (end > block.start))
    inner = separators[first[regular, None] + np.arange(layout.n_cells - 1)]
    left = np.concatenate([block.start[regular, None], inner + 1], axis=1)
    right = np.concatenate([inner, end[regular, None]], axis=1)
    return regular, left, right


def _keys(
    block: _Block, left: Positions, right: Positions, lines: Positions, rows: Rows, group: Indices, frame: Indices
) -> Bools:
    """Fill ``group`` and ``frame`` of the lines whose key has the usual shape; return which those are."""
    if rows.layout.key != "frame":
        return _item_keys(block, left, right, lines, rows, group)
    width = right - left - _FRAME_TAIL
    good = (width > 0) & (width <= MAX_KEY_CHARS - _FRAME_TAIL)
    tail = block.buffer[np.maximum(right[:, None] - _FRAME_TAIL + np.arange(_FRAME_TAIL), 0)]
    digits = tail[:, 1:6].astype(np.int32) - ord("0")
    good &= (tail[:, 0] == ord("/")) & (tail[:, 6:] == np.frombuffer(b".jpg", np.uint8)).all(1)
    good &= ((digits >= 0) & (digits <= 9)).all(1) & digits.any(1)
    kept = np.flatnonzero(good)
    if not len(kept):
        return good
    frame[lines[kept]] = digits[kept] @ np.array([10_000, 1_000, 100, 10, 1], np.int32)
    names = _padded(block.buffer, left[kept], width[kept])
    new = np.ones(len(kept), bool)
    new[1:] = (names[1:] != names[:-1]).any(1)
    runs = np.flatnonzero(new)
    codes = []
    for index in kept[runs].tolist():
        name = block.data[left[index] : left[index] + width[index]].decode("utf-8", "replace").strip()
        codes.append(rows.code(name) if name and name.isprintable() and "�" not in name else -1)
    code = np.repeat(np.array(codes, np.int32), np.diff(runs, append=len(kept)))
    group[lines[kept]] = code
    good[kept] = code >= 0
    return good


def _item_keys(
    block: _Block, left: Positions, right: Positions, lines: Positions, rows: Rows, group: Indices
) -> Bools:
    good = np.zeros(len(lines), bool)
    for index, (line, start, stop) in enumerate(zip(lines.tolist(), left.tolist(), right.tolist(), strict=True)):
        text = block.data[start:stop].decode("utf-8", "replace").strip()
        name = item_name(text)
        if name and len(text) <= MAX_KEY_CHARS and text.isprintable() and "�" not in text:
            group[line] = rows.code(name)
            good[index] = True
    return good


def _padded(buffer: Bytes, start: Positions, width: Positions) -> Bytes:
    """Return (n, widest) bytes: each row the ``width`` bytes from ``start``, then zeros."""
    offsets = np.arange(int(width.max(initial=1)))
    cells: Bytes = buffer[np.minimum(start[:, None] + offsets, len(buffer) - 1)]
    cells[offsets >= width[:, None]] = 0
    return cells


def _values(
    block: _Block, left: Positions, right: Positions, lines: Positions, layout: Layout, values: Values
) -> Bools:
    """Fill the values of the lines whose every cell has the usual shape; return which those are."""
    good = np.ones(len(lines), bool)
    for index, column in enumerate(layout.columns):
        start, width = left[:, index], right[:, index] - left[:, index]
        if column.kind == "real":
            read, fits = _reals(block.buffer, start, width)
            fits &= (read >= column.low) & (read <= column.high) | (layout.labels & (read == column.invalid))
        else:
            read, fits = _classes(block.buffer, start, width, column, layout.labels)
        good &= fits
        values[lines, index] = np.where(fits, read, 0)
    return good


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
