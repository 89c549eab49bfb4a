"""Reads the official annotation files into label rows, and refuses what would be read wrongly.

Conventions: a uni-task file has a header line, then one line per frame from frame 1; an MTL list has one line per
image. Labels are float32 (T, C), NaN where the file says invalid (-1 for classes and units, -5 for valence and
arousal). Columns in another order are put right by their names; the ids of expressions cannot be, so that header is
refused.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from femo.labels import ABAW_AU, ABAW_EXPR, ABAW_EXPR_HEADER, VALENCE_AROUSAL
from femo.training.abaw.dataset.crops import CROP, Frames
from femo.training.abaw.dataset.tasks import INVALID_CLASS, INVALID_VA, AbawError, AbawTask, Part, columns
from femo.types import Doubles, Floats

OLD_EXPRESSIONS: Final = 7
OLD_UNITS: Final = 8
MTL_COLUMNS: Final = 16
CLASS_CHARACTERS: Final = frozenset("0123456789-, \n")
"""Of classes and units; pandas would take 2.0 for the class 2."""


@dataclass(frozen=True, slots=True, eq=False)
class Annotation:
    """What one file, or the lines of one video in an MTL list, says.

    Attributes:
        video: Name of the video and subject, as the crop folder is called.
        frames: int32 (T,), increasing frame numbers from 1.
        labels: float32 (T, C), NaN where invalid.
        note: "" or what was put right.
    """

    video: str
    frames: Frames
    labels: Floats
    note: str = ""


def read_annotation(path: Path, task: AbawTask) -> Annotation:
    """Read the file of one video and subject.

    Raises:
        AbawError: Another edition's file, or a line that holds no valid label; names file, line, and what was expected.
    """
    header, _, body = text_of(path).partition("\n")
    order = _column_order(path, header, task)
    part = task.parts[0]
    values = _numbers(path, body, len(order), part)[:, order]
    labels = _checked(path, values, part)
    note = "" if order == sorted(order) else f"{path.name}: columns put in the official order"
    return Annotation(path.stem, np.arange(1, len(labels) + 1, dtype=np.int32), labels, note)


def text_of(path: Path) -> str:
    """Return a text file of the data set.

    Raises:
        AbawError: It cannot be read as text.
    """
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AbawError(f"{path} cannot be read as text: {error}") from error


def _column_order(path: Path, header: str, task: AbawTask) -> list[int]:
    """Return which column of the file holds each official column."""
    names = [name.strip() for name in header.strip().rstrip(",").split(",")]
    lower = [name.lower() for name in names]
    wanted = [name.lower() for name in task.header]
    if task.name == "expr":
        if lower != wanted:
            raise AbawError(_expr_refusal(path, lower, wanted))
        return [0]
    if task.name == "au" and len(lower) == OLD_UNITS and set(lower) != set(wanted):
        raise AbawError(
            f"{path} has 8 action units ({header.strip()}), so it belongs to the 2020 or 2021 edition; "
            "this recipe needs the 12 units of the third edition or later"
        )
    if sorted(lower) != sorted(wanted):
        raise AbawError(f"{path} begins with {header.strip()[:80]!r}, expected the header {','.join(task.header)}")
    return [lower.index(name) for name in wanted]


def _expr_refusal(path: Path, lower: Sequence[str], wanted: Sequence[str]) -> str:
    official = ",".join(ABAW_EXPR_HEADER)
    if len(lower) == OLD_EXPRESSIONS and set(lower) < set(wanted):
        return (
            f"{path} has 7 expressions, so it belongs to the 2020 or 2021 edition; this recipe needs the 8 of the "
            f"third edition or later ({official})"
        )
    if sorted(lower) == sorted(wanted):
        return (
            f"{path} lists the expressions in another order, so its class ids are ambiguous; expected {official}"
        )
    return f"{path} begins with {','.join(lower)[:80]!r}, expected the header {official}"


def _numbers(path: Path, body: str, width: int, part: Part) -> Doubles:
    """Parse all lines at once; only where that fails look for the line to blame."""
    import pandas as pd

    body = body.rstrip()
    if not body:
        return np.zeros((0, width))
    if part != "va" and not set(body) <= CLASS_CHARACTERS:
        raise AbawError(_blame(path, body, width, part))
    try:
        table = pd.read_csv(
            io.StringIO(body),
            header=None,
            names=list(range(width)),
            index_col=False,
            usecols=list(range(width)),
            dtype=np.float64 if part == "va" else np.int64,
            skip_blank_lines=False,
            na_filter=part == "va",
        )
    except (ValueError, OverflowError, pd.errors.ParserError) as error:
        raise AbawError(_blame(path, body, width, part)) from error
    n_lines = body.count("\n") + 1
    n_trailing = body.count(",\n") + body.endswith(",")  # the official samples of 2023 end each line with a comma
    if len(table) != n_lines or body.count(",") - n_trailing != n_lines * (width - 1):
        raise AbawError(_blame(path, body, width, part))
    return table.to_numpy(np.float64)


def _expected(part: Part, width: int) -> str:
    if part == "expr":
        return f"one class 0-{len(ABAW_EXPR) - 1} or {INVALID_CLASS}"
    if part == "va":
        return f"two numbers in -1 ... 1 (or {INVALID_VA})"
    return f"{width} units, each 0, 1 or {INVALID_CLASS}"


def _blame(path: Path, body: str, width: int, part: Part) -> str:
    """Name the first line that is not what it should be."""
    for number, line in enumerate(body.split("\n"), start=2):
        cells = line.strip().rstrip(",").split(",")
        try:
            numbers = [float(cell) if part == "va" else int(cell) for cell in cells]
        except ValueError:
            numbers = []
        if len(numbers) != width:
            return f"{path} line {number} holds {line.strip()[:60]!r}, expected {_expected(part, width)}"
    return f"{path} is no annotation file of this task, expected lines with {_expected(part, width)}"


def _checked(path: Path, values: Doubles, part: Part, first_line: int = 2) -> Floats:
    """Check the range, and turn the marks for "invalid" into NaN."""
    invalid = INVALID_VA if part == "va" else INVALID_CLASS
    low, high = {"expr": (0, len(ABAW_EXPR) - 1), "va": (-1, 1), "au": (0, 1)}[part]
    missing = values == invalid
    wrong = ~missing & ~((values >= low) & (values <= high))
    if wrong.any():
        row, column = (int(v) for v in np.argwhere(wrong)[0])
        raise AbawError(
            f"{path} line {row + first_line} holds {values[row, column]:g}, expected "
            f"{_expected(part, values.shape[1])}"
        )
    return np.where(missing, np.nan, values).astype(np.float32)


def read_mtl_list(path: Path, task: AbawTask) -> list[Annotation]:
    """Read an MTL list: ``video/00001.jpg,valence,arousal,expression,AU1,...,AU26``.

    Raises:
        AbawError: A line has other columns, or a value out of range.
    """
    import pandas as pd

    header, _, body = text_of(path).partition("\n")
    n_names = len(header.strip().rstrip(",").split(","))
    if not header.lower().startswith("image"):
        raise AbawError(
            f"{path} begins with {header.strip()[:60]!r}, expected image,valence,arousal,expression,aus"
        )
    order = _mtl_order(path, header) if n_names == MTL_COLUMNS else list(range(1, MTL_COLUMNS))
    names = list(range(MTL_COLUMNS))
    try:
        table = pd.read_csv(
            io.StringIO(body),
            header=None,
            names=names,
            usecols=names,
            index_col=False,
            dtype={0: str, **dict.fromkeys(names[1:], np.float64)},
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise AbawError(f"{path} is no MTL list, expected {MTL_COLUMNS} values a line ({error})") from error
    values = table[names[1:]].to_numpy(np.float64)[:, [i - 1 for i in order]]
    labels = np.concatenate([_mtl_part(path, values[:, at], part) for part, at in columns(task).items()], axis=1)
    return _by_video(path, table[0].tolist(), labels)


def _mtl_order(path: Path, header: str) -> list[int]:
    names = [name.strip().lower() for name in header.strip().rstrip(",").split(",")]
    wanted = ["image", *VALENCE_AROUSAL, "expression", *(unit.lower() for unit in ABAW_AU)]
    if sorted(names) != sorted(wanted):
        raise AbawError(f"{path} begins with {header.strip()[:60]!r}, expected the columns {','.join(wanted)}")
    return [names.index(name) for name in wanted[1:]]


def _mtl_part(path: Path, values: Doubles, part: Part) -> Floats:
    if part != "va" and (fractions := values != np.rint(values)).any():
        row, column = (int(v) for v in np.argwhere(fractions)[0])
        raise AbawError(
            f"{path} line {row + 2} holds {values[row, column]:g}, expected {_expected(part, values.shape[1])}"
        )
    return _checked(path, values, part)


def _by_video(path: Path, names: Sequence[str], labels: Floats) -> list[Annotation]:
    """Group the lines of a list by video, each in the order of its frames."""
    rows: dict[str, list[tuple[int, int]]] = {}
    for row, name in enumerate(names):
        video, _, file = str(name).rpartition("/")
        match = CROP.fullmatch(file)
        if match is None or not video:
            raise AbawError(f"{path} line {row + 2} begins with {name!r}, expected video/00001.jpg")
        rows.setdefault(video, []).append((int(match[1]), row))
    out = []
    for video, pairs in rows.items():
        pairs.sort()
        frames = np.array([frame for frame, _ in pairs], np.int32)
        if (np.diff(frames) == 0).any():
            twice = int(frames[:-1][np.diff(frames) == 0][0])
            raise AbawError(f"{path} lists {video}/{twice:05d}.jpg twice; keep one line")
        out.append(Annotation(video, frames, labels[[row for _, row in pairs]]))
    return out
