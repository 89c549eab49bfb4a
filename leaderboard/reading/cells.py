"""Reads one line the careful way: every cell is checked and every problem is named.

Conventions: this is the definition of the format. rows.py reads regular lines faster and hands all others here, so both
give the same values. Lines end with LF, CRLF or CR. Cells are CSV after RFC 4180: a cell in quotation marks may hold
commas, and two marks stand for one. Blanks are space and tab only; any other white space is part of a cell, and makes
it wrong. Class ids become indices from 0 (VGAF's file ids 1-3 become 0-2); ``4.0`` is the class 4.
"""

import csv
import re
from dataclasses import dataclass

import numpy as np

from leaderboard.errors import Problems
from leaderboard.schema import Column, KeyKind

BLANKS = " \t"
MAX_KEY_CHARS = 200
WHOLE = re.compile(r"([0-9]{1,3})\.0*", re.ASCII)
"""A class or a binary value as pandas writes it from a column of floats."""
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_FRAME = re.compile(r"(.+)/([0-9]{1,9})\.(?:jpg|jpeg|png)", re.IGNORECASE | re.ASCII)
_SUFFIX = re.compile(r"\.(?:jpg|jpeg|png|bmp|mp4|avi|webm|mkv|txt)$", re.IGNORECASE)
_RUN_OF_BLANKS = re.compile(f"[{BLANKS}]+")
_KEY_FORMS = {"frame": "a key like video/00001.jpg", "image": "an image name", "clip": "a clip name"}


@dataclass(frozen=True, slots=True)
class LineFormat:
    """How the lines of one text are built.

    Attributes:
        columns: The values of a line, in order.
        key: What stands in the first cell, or None where the position is the key (frame 1, 2, ...).
        separator: ``,`` or a space, which stands for any run of blanks.
        labels: Whether these are reference labels, where a column's ``invalid`` value is allowed.
        index: Whether a row number without a name comes first, as pandas and R write it.
    """

    columns: tuple[Column, ...]
    key: KeyKind | None = None
    separator: str = ","
    labels: bool = False
    index: bool = False

    @property
    def first_value(self) -> int:
        """Cells before the values."""
        return self.index + (self.key is not None)

    @property
    def n_cells(self) -> int:
        """Cells of a line, row number and key included."""
        return len(self.columns) + self.first_value

    @property
    def integral(self) -> bool:
        """Whether every column holds small integers."""
        return all(column.kind != "real" for column in self.columns)

    @property
    def dtype(self) -> type[np.int8] | type[np.float64]:
        """Type of the values."""
        return np.int8 if self.integral else np.float64


def split_cells(line: str, separator: str) -> list[str] | None:
    """Return the cells of a line, or None where a quotation mark does not close as CSV says."""
    if separator == " ":
        return _RUN_OF_BLANKS.split(line.strip(BLANKS))
    if '"' not in line:
        return line.split(separator)
    try:
        (cells,) = csv.reader([line], delimiter=separator, strict=True, skipinitialspace=True)
    except (csv.Error, ValueError):
        return None
    return cells


def item_name(text: str) -> str:
    """Return the name of a clip or image without blanks and without file suffixes; of such a name that name."""
    name = text.strip(BLANKS)
    while name != (shorter := _SUFFIX.sub("", name).strip(BLANKS)):
        name = shorter
    return name


def parse_key(text: str, key: KeyKind) -> tuple[str, int] | None:
    """Return (group, frame) for a key cell, frame 0 for whole items, or None for what is no key."""
    text = text.strip(BLANKS)
    if not text or len(text) > MAX_KEY_CHARS or not text.isprintable():
        return None
    if key != "frame":
        name = item_name(text)
        return (name, 0) if name else None
    match = _FRAME.fullmatch(text)
    if match is None or int(match[2]) == 0 or not (group := match[1].strip(BLANKS)):
        return None
    return group, int(match[2])


def parse_value(text: str, column: Column, labels: bool = False) -> float | None:
    """Return the value of one cell, classes as indices from 0, or None for what the column does not allow."""
    text = text.strip(BLANKS)
    number = float(text) if NUMBER.fullmatch(text) else None
    if labels and number is not None and number == column.invalid:
        return column.invalid
    if column.kind == "real":
        low, high = column.limits(labels)
        return number if number is not None and low <= number <= high else None
    if whole := WHOLE.fullmatch(text):
        text = whole[1]
    if text.isascii() and text.isdigit() and len(text) <= 3:
        return int(text) - column.low if column.low <= int(text) <= column.high else None
    word = text.lower()
    if word in column.names:
        return column.names.index(word)
    return dict(column.aliases).get(word)


def is_whole_float(text: str, column: Column) -> bool:
    """Tell whether a class or binary value was written like ``4.0``."""
    return column.kind != "real" and WHOLE.fullmatch(text.strip(BLANKS)) is not None


def describe(text: str, column: Column) -> str:
    """Return what was found in a bad cell, with the likely reason."""
    text = text.strip(BLANKS)
    if not text:
        return "an empty cell"
    if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return f"{text}, which is not finite"
    if not NUMBER.fullmatch(text):
        return repr(text[:100])
    if column.kind == "real":
        return f"{text}, which is out of range"
    if column.low <= float(text) <= column.high and not text.isdigit():
        return f"{text}, a probability or decimal number where a class belongs"
    return f"{text}, which is out of range"


def parse_line(
    line: str, form: LineFormat, file: str, number: int, problems: Problems
) -> tuple[tuple[str, int] | None, list[float], int]:
    """Return (key, values, how many were written like ``4.0``) of one data line.

    Bad cells become 0 and are noted in ``problems``.

    Args:
        line: Text of the line, without its end.
        form: What the line should hold.
        file: File name for messages.
        number: Line number for messages.
        problems: Collects what is wrong.
    """
    values = [0.0] * len(form.columns)
    if not line.strip(BLANKS):
        problems.add(file, number, None, "a data line", "a blank line")
        return None, values, 0
    cells = split_cells(line, form.separator)
    if cells is None:
        problems.add(file, number, None, "quotation marks around whole cells", repr(line[:100]))
        return None, values, 0
    if len(cells) == form.n_cells + 1 and not cells[-1].strip(BLANKS):
        cells.pop()
    key = None
    if form.key is not None:
        text = cells[form.index] if len(cells) > form.index else ""
        key = parse_key(text, form.key)
        if key is None:
            problems.add(file, number, "key", _KEY_FORMS[form.key], repr(text[:100]))
    if len(cells) != form.n_cells:
        problems.add(file, number, None, f"{form.n_cells} cells", f"{len(cells)} cells")
        return key, values, 0
    n_whole = 0
    for index, (cell, column) in enumerate(zip(cells[form.first_value :], form.columns, strict=True)):
        value = parse_value(cell, column, form.labels)
        if value is None:
            problems.add(file, number, column.name, column.expected, describe(cell, column))
        else:
            values[index] = value
            n_whole += is_whole_float(cell, column)
    return key, values, n_whole
