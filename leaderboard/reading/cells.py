"""Reads one line the careful way: every cell is checked and every problem is named.

Conventions: this is the definition of the format. rows.py reads regular lines faster and hands all others here, so
both give the same values. Class ids become indices from 0 (VGAF's file ids 1-3 become 0-2).
"""

import re
from dataclasses import dataclass

import numpy as np

from leaderboard.errors import Problems
from leaderboard.schema import Column, KeyKind

MAX_KEY_CHARS = 200
_FRAME = re.compile(r"(.+)/([0-9]{1,9})\.(?:jpg|jpeg|png)", re.IGNORECASE | re.ASCII)
_SUFFIX = re.compile(r"\.(?:jpg|jpeg|png|bmp|mp4|avi|webm|mkv|txt)$", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_KEY_FORMS = {"frame": "a key like video/00001.jpg", "image": "an image name", "clip": "a clip name"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How the lines of one text are built.

    Attributes:
        columns: The values of a line, in order.
        key: What stands in the first cell, or None where the position is the key (frame 1, 2, ...).
        separator: ``,`` or a space, which stands for any run of blanks.
        labels: Whether these are reference labels, where a column's ``invalid`` value is allowed.
    """

    columns: tuple[Column, ...]
    key: KeyKind | None = None
    separator: str = ","
    labels: bool = False

    @property
    def n_cells(self) -> int:
        """Cells of a line, key included."""
        return len(self.columns) + (self.key is not None)

    @property
    def integral(self) -> bool:
        """Whether every column holds small integers."""
        return all(column.kind != "real" for column in self.columns)

    @property
    def dtype(self) -> type[np.int8] | type[np.float64]:
        """Type of the values."""
        return np.int8 if self.integral else np.float64


def item_name(text: str) -> str:
    """Return the name of a clip or image without blanks and without its file suffix."""
    return _SUFFIX.sub("", text.strip())


def parse_key(text: str, key: KeyKind) -> tuple[str, int] | None:
    """Return (group, frame) for a key cell, frame 0 for whole items, or None for what is no key."""
    text = text.strip()
    if not text or len(text) > MAX_KEY_CHARS or not text.isprintable():
        return None
    if key != "frame":
        name = item_name(text)
        return (name, 0) if name else None
    match = _FRAME.fullmatch(text)
    if match is None or int(match[2]) == 0:
        return None
    return match[1].strip(), int(match[2])


def parse_value(text: str, column: Column, labels: bool = False) -> float | None:
    """Return the value of one cell, classes as indices from 0, or None for what the column does not allow."""
    text = text.strip()
    number = float(text) if _NUMBER.fullmatch(text) else None
    if labels and number is not None and number == column.invalid:
        return column.invalid
    if column.kind == "real":
        return number if number is not None and column.low <= number <= column.high else None
    if text.isascii() and text.isdigit() and len(text) <= 3:
        return int(text) - column.low if column.low <= int(text) <= column.high else None
    word = text.lower()
    if word in column.names:
        return column.names.index(word)
    return dict(column.aliases).get(word)


def describe(text: str, column: Column) -> str:
    """Return what was found in a bad cell, with the likely reason."""
    text = text.strip()
    if not text:
        return "an empty cell"
    if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return f"{text}, which is not finite"
    if not _NUMBER.fullmatch(text):
        return repr(text[:100])
    if column.kind == "real":
        return f"{text}, which is out of range"
    if column.low <= float(text) <= column.high and not text.isdigit():
        return f"{text}, a probability or decimal number where a class belongs"
    return f"{text}, which is out of range"


def parse_line(
    line: str, layout: Layout, file: str, number: int, problems: Problems
) -> tuple[tuple[str, int] | None, list[float]]:
    """Return (key, values) of one data line; bad cells become 0 and are noted in ``problems``.

    Args:
        line: Text of the line, without its end.
        layout: What the line should hold.
        file: File name for messages.
        number: Line number for messages.
        problems: Collects what is wrong.
    """
    values = [0.0] * len(layout.columns)
    if not line.strip():
        problems.add(file, number, None, "a data line", "a blank line")
        return None, values
    cells = line.split() if layout.separator == " " else line.split(layout.separator)
    if len(cells) == layout.n_cells + 1 and not cells[-1].strip():
        cells.pop()
    key = None
    if layout.key is not None:
        key = parse_key(cells[0], layout.key)
        if key is None:
            problems.add(file, number, "key", _KEY_FORMS[layout.key], repr(cells[0][:100]))
    if len(cells) != layout.n_cells:
        problems.add(file, number, None, f"{layout.n_cells} cells", f"{len(cells)} cells")
        return key, values
    for index, (cell, column) in enumerate(zip(cells[layout.key is not None :], layout.columns, strict=True)):
        value = parse_value(cell, column, layout.labels)
        if value is None:
            problems.add(file, number, column.name, column.expected, describe(cell, column))
        else:
            values[index] = value
    return key, values
