"""Writes results as tables, JSON and subtitles.

Conventions: every file is written whole or not at all (``femo.atomic``). Text is UTF-8. JSON has the shape of the shared
contract (``to_dict``). ABAW prediction files are in ``femo.output.export.abaw``, annotated videos in
``femo.output.export.video``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from femo.atomic import replacing
from femo.results import GroupResult, PhotoResult, Timeline, VideoResult

if TYPE_CHECKING:
    import pandas as pd

Result: TypeAlias = PhotoResult | VideoResult | GroupResult
Results: TypeAlias = Result | Mapping[str, Result]
"""One result, or several by the name of their file."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t")
"""A spreadsheet takes a cell that begins with one of these for a formula (OWASP, "CSV injection")."""
SHORTEST_CUE_S = 0.5
"""What is shown for less cannot be read; a change that passes sooner is left out."""
VIDEO_COLUMNS = ("frame", "time_s", "person", "present", "x1", "y1", "x2", "y2")
"""The header of a table without rows: a clip in which nobody was seen."""


def write_text(path: str | PathLike[str], text: str) -> None:
    """Write a text file, whole or not at all; bytes of a file name that are no UTF-8 become escapes."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def to_json(results: Results) -> Any:
    """Return the JSON contract: one object, or for several files a list of objects that begin with ``file``."""
    if isinstance(results, Mapping):
        return [{"file": name, **result.to_dict()} for name, result in results.items()]
    return results.to_dict()


def write_json(path: str | PathLike[str], results: Results) -> None:
    """Write the JSON contract to a file."""
    write_text(path, json.dumps(to_json(results), ensure_ascii=False, allow_nan=False) + "\n")


def to_table(results: Results) -> "pd.DataFrame":
    """Return one table: a row per face (photo), per frame and face (video), or per moment (group).

    For several files the first column is ``file``. Text that a spreadsheet would run as a formula begins with an
    apostrophe.
    """
    import pandas as pd

    if not isinstance(results, Mapping):
        return guarded(_rows(results))
    tables = []
    for name, result in results.items():
        rows = _rows(result)
        rows.insert(0, "file", pd.Series([name] * len(rows), rows.index, dtype=object))
        tables.append(rows)
    return guarded(pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["file"]))


def _rows(result: Result) -> "pd.DataFrame":
    import pandas as pd

    rows = result.to_frame()
    return rows if len(rows.columns) else pd.DataFrame(columns=list(VIDEO_COLUMNS))


def guarded(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table in which no text is a formula to a spreadsheet; the table itself is changed."""
    import pandas as pd

    for column in table.columns:
        if table[column].dtype.kind not in "biuf":
            cells = [_guarded_cell(cell) if isinstance(cell, str) else cell for cell in table[column]]
            table[column] = pd.Series(
                cells, table.index, dtype=object
            )  # pyarrow's text takes no name that is no UTF-8
    return table


def _guarded_cell(cell: str) -> str:
    cell = cell.replace("\r", " ")  # readers take a lone carriage return for the end of a row
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def write_csv(path: str | PathLike[str], results: Results) -> None:
    """Write ``to_table`` as CSV."""
    write_text(path, to_table(results).to_csv(index=False, lineterminator="\n"))


def write_srt(path: str | PathLike[str], result: VideoResult) -> None:
    """Write subtitles (SubRip) that name the dominant expression of each person in view."""
    write_text(path, to_srt(result))


def to_srt(result: VideoResult) -> str:
    """Return SubRip text: one cue per stretch of time in which nobody's dominant expression changes for long.

    A cue lasts at least ``SHORTEST_CUE_S``, unless the clip is shorter. It gives the expression and its mean probability; with
    several persons each has a line that begins with the number. Who is not in view has no line, and a stretch without anybody
    has no cue.
    """
    cues: list[str] = []
    ends = [*result.time_s[1:], max(result.duration_s, *result.time_s[-1:])]
    for start, at, stop in _long_stretches(result, ends):
        text = "\n".join(_cue_lines(result, at, start, stop))
        begins, until = _stamp(result.time_s[start]), _stamp(ends[stop - 1])
        if text and begins < until:
            cues.append(f"{len(cues) + 1}\n{begins} --> {until}\n{text}\n")
    return "\n".join(cues)


def _dominant(line: Timeline) -> list[str | None]:
    """The top expression per frame, None where the person is not in view."""
    head = line.scores.get("expression")
    if head is None:
        return [None] * len(line.time_s)
    return [label if seen else None for label, seen in zip(head.top(), line.present, strict=True)]


def _stretches(said: Sequence[tuple[str | None, ...]]) -> Iterator[tuple[int, int]]:
    """Yield [start, stop) of frames over which the dominant expressions of all persons stay the same."""
    start = 0
    for row in range(1, len(said) + 1):
        if row == len(said) or said[row] != said[start]:
            yield start, row
            start = row


def _long_stretches(result: VideoResult, ends: Sequence[float]) -> list[tuple[int, int, int]]:
    """Return (start, a row that tells what is said, stop): a short stretch joins the one before, the first the next."""
    said = list(zip(*(_dominant(line) for line in result.timelines), strict=True))
    joined: list[tuple[int, int, int]] = []
    for start, stop in _stretches(said):
        first, at, last = joined[-1] if joined else (start, start, start)
        short = ends[stop - 1] - result.time_s[start] < SHORTEST_CUE_S
        if joined and (short or said[at] == said[start]):
            joined[-1] = (first, at, stop)
        elif joined and ends[last - 1] - result.time_s[first] < SHORTEST_CUE_S:
            joined[-1] = (first, start, stop)
        else:
            joined.append((start, start, stop))
    return joined


def _cue_lines(result: VideoResult, at: int, start: int, stop: int) -> Iterator[str]:
    for line in result.timelines:
        label = _dominant_at(line, at)
        if label is not None:
            shares = line.scores["expression"].column(label)[start:stop]
            share = 100 * float(np.mean(shares[line.present[start:stop]]))
            person = f"{line.track}: " if len(result.timelines) > 1 else ""
            yield f"{person}{label} {share:.0f} %"


def _dominant_at(line: Timeline, row: int) -> str | None:
    head = line.scores.get("expression")
    if head is None or not line.present[row]:
        return None
    values = head.values[row]
    return None if np.isnan(values).any() else head.labels[int(np.argmax(values))]


def _stamp(seconds: float) -> str:
    """SubRip's hours:minutes:seconds,milliseconds."""
    milliseconds = round(float(seconds) * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d},{milliseconds % 1000:03d}"
