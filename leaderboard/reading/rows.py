"""Reads the data lines of a text as arrays, a block of some megabytes at a time.

Conventions: a line of the usual shape is read by array operations on its bytes (regular.py); every other line goes
through cells.parse_line, which defines the format and names the problems. Line numbers count from 1.
"""

from dataclasses import dataclass, field

import numpy as np

from leaderboard.errors import Problems
from leaderboard.reading.cells import LineFormat, parse_line
from leaderboard.reading.regular import (
    Block,
    find_cells,
    read_frame_keys,
    read_grid,
    read_item_keys,
    read_values,
    split_lines,
)
from leaderboard.types import Indices, Keys, Values

BLOCK_BYTES = 2**20
"""Small enough for the cache, large enough that Python's own cost per block does not show."""
MAX_ROWS = 3_000_000
"""Most rows of one submission, of all its texts together; the largest official form has 1,022,655."""
MAX_PROBLEMS = 5_000
"""After so many the rest of a submission is not read: a wrong line takes many times as long as a good one."""


@dataclass(slots=True)
class RowBuffer:
    """Rows read so far, from one text or several.

    Attributes:
        form: What each line holds.
        codes: Group name to code, in order of appearance.
        group: int32 (r,) per block.
        frame: int32 (r,) per block, 0 for whole items.
        line: int32 (r,) per block.
        values: (r, C) per block.
        n_whole: Classes and binary values that were written like ``4.0``.
        n_lines: Data lines of all texts so far.
    """

    form: LineFormat
    codes: dict[str, int] = field(default_factory=dict)
    group: list[Indices] = field(default_factory=list)
    frame: list[Indices] = field(default_factory=list)
    line: list[Indices] = field(default_factory=list)
    values: list[Values] = field(default_factory=list)
    n_whole: int = 0
    n_lines: int = 0

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
        keys = Keys(tuple(self.codes), np.concatenate([empty, *self.group]), np.concatenate([empty, *self.frame]))
        values = np.concatenate([np.zeros((0, len(self.form.columns)), self.form.dtype), *self.values])
        return keys, np.concatenate([empty, *self.line]), values


def clean(data: bytes) -> bytes:
    """Return ``data`` without byte order mark, with ``\\n`` line ends and without blank lines at the end."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data.rstrip(b" \t\n")


def read_rows(
    body: bytes, file: str, first_line: int, rows: RowBuffer, problems: Problems, video: str = "", start: int = 0
) -> int:
    """Read data lines into ``rows`` and return how many lines there were; too many, or too many wrong ones, stop it.

    Args:
        body: Cleaned text.
        file: File name for messages.
        first_line: Line number of the first data line.
        rows: Receives what was read.
        problems: Collects what is wrong.
        video: Group of all rows where the format has no key: line i is frame i.
        start: Where the data lines begin in ``body``, which is not copied: it can have 70 MB.
    """
    n_lines = body.count(b"\n", start) + 1 if len(body) > start else 0
    rows.n_lines += n_lines
    if rows.n_lines > MAX_ROWS:
        in_all = " in all" if rows.n_lines > n_lines else ""
        problems.add(file, None, None, f"at most {MAX_ROWS} data lines{in_all}", f"{rows.n_lines} lines")
        problems.stopped = True
        return n_lines
    position, done = start, 0
    while position < len(body) and not problems.stopped:
        stop = len(body)
        if position + BLOCK_BYTES < stop:
            newline = body.find(b"\n", position + BLOCK_BYTES)
            stop = newline if newline >= 0 else stop
        block = split_lines(body[position:stop], first_line + done, rows.form.separator)
        _read_block(block, file, rows, problems, video, done)
        done += len(block.start)
        position = stop + 1
    return n_lines


def _read_block(block: Block, file: str, rows: RowBuffer, problems: Problems, video: str, done: int) -> None:
    """Read one block: regular lines as arrays, the others one by one."""
    form = rows.form
    n_lines = len(block.start)
    line = np.arange(block.first_line, block.first_line + n_lines, dtype=np.int32)
    group = np.full(n_lines, -1 if form.key else rows.code(video), np.int32)
    frame = np.arange(done + 1, done + n_lines + 1, dtype=np.int32)
    if form.key is None and (grid := read_grid(block, form)) is not None:
        rows.append(group, frame, line, grid)
        return
    cells = find_cells(block, form)
    if form.index:
        cells = cells.select(np.ones(len(cells.lines), bool), 1)
    if form.key is not None:
        read = read_frame_keys if form.key == "frame" else read_item_keys
        good, groups, frames = read(cells, rows.code)
        group[cells.lines], frame[cells.lines] = groups, frames
        cells = cells.select(good, 1)
    values = np.zeros((n_lines, len(form.columns)), form.dtype)
    good, values[cells.lines], n_whole = read_values(cells, form)
    rows.n_whole += int(n_whole[good].sum())
    irregular = np.ones(n_lines, bool)
    irregular[cells.lines[good]] = False
    for index in np.flatnonzero(irregular).tolist():
        if problems.count >= MAX_PROBLEMS:
            problems.stopped = True
            break
        _read_slowly(block, index, file, rows, problems, group, frame, values)
    kept = group >= 0
    if kept.all():
        rows.append(group, frame, line, values)
    else:
        rows.append(group[kept], frame[kept], line[kept], values[kept])


def _read_slowly(
    block: Block,
    index: int,
    file: str,
    rows: RowBuffer,
    problems: Problems,
    group: Indices,
    frame: Indices,
    values: Values,
) -> None:
    number = block.first_line + index
    try:
        line = block.line(index).decode()
    except UnicodeDecodeError:
        problems.add(file, number, None, "UTF-8 text", "other bytes")
        return
    key, cells, n_whole = parse_line(line, rows.form, file, number, problems)
    values[index] = cells
    rows.n_whole += n_whole
    if key is not None:
        group[index], frame[index] = rows.code(key[0]), key[1]
