"""Writes results as tables, JSON and subtitles.

Conventions: every file is written whole or not at all (``femo.atomic``). Text is UTF-8. JSON has the shape of the shared
contract (``to_dict``). ABAW prediction files are in ``femo.output.export.abaw``, annotated videos in
``femo.output.export.video``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from femo.atomic import replacing
from femo.results import GroupResult, PhotoResult, Timeline, VideoResult
from femo.types import Doubles

if TYPE_CHECKING:
    import pandas as pd

Result: TypeAlias = PhotoResult | VideoResult | GroupResult
Results: TypeAlias = Result | Mapping[str, Result]
"""One result, or several by the name of their file."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t")
"""A spreadsheet takes a cell that begins with one of these for a formula (OWASP, "CSV injection")."""
SHORTEST_CUE_S = 0.5
"""What is shown for less cannot be read; a change that passes sooner is left out."""


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
        return guarded(results.to_frame())
    tables = []
    for name, result in results.items():
        rows = result.to_frame()
        rows.insert(0, "file", pd.Series([name] * len(rows), rows.index, dtype=object))
        tables.append(rows)
    return guarded(pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["file"]))


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

    A cue lasts at least ``SHORTEST_CUE_S``, unless the clip is shorter. It gives the expression that each person shows for the
    longest part of it, and its mean probability; with several persons each has a line that begins with the number. Who is out of
    view for longer than that has no line, and a stretch without anybody has no cue.
    """
    said = [_dominant(line) for line in result.timelines]
    edges_s = np.append(result.time_s, max([result.duration_s, *result.time_s[-1:]]))
    cues: list[str] = []
    for start, stop in pairwise(_cuts(said, edges_s)):
        lines = zip(result.timelines, said, strict=True)
        text = "\n".join(
            f"{f'{line.track}: ' if len(said) > 1 else ''}{label} {_percent(line, label, start, stop)} %"
            for line, labels in lines
            if (label := _longest(labels, edges_s, start, stop)) is not None
        )
        begins, until = _stamp(edges_s[start]), _stamp(edges_s[stop])
        if text and begins < until:
            cues.append(f"{len(cues) + 1}\n{begins} --> {until}\n{text}\n")
    return "\n".join(cues)


def _dominant(line: Timeline) -> list[str | None]:
    """The top expression per frame, None where the person is not in view."""
    head = line.scores.get("expression")
    if head is None:
        return [None] * len(line.time_s)
    return [label if seen else None for label, seen in zip(head.top(), line.present, strict=True)]


def _cuts(said: Sequence[Sequence[str | None]], edges_s: Doubles) -> list[int]:
    """Return where cues begin and end: the first row, each at which somebody's lasting expression changes, the last edge.

    Of changes within ``SHORTEST_CUE_S`` the first cuts for all. Lasting ones of a person are further apart, so behind a cut
    nobody has more than one change that does not cut, and it comes within that time.
    """
    cuts = [0]
    for row in sorted({row for labels in said for row in _changes(labels, edges_s)}):
        if edges_s[row] - edges_s[cuts[-1]] >= SHORTEST_CUE_S:
            cuts.append(row)
    return [*cuts, len(edges_s) - 1]


def _changes(labels: Sequence[str | None], edges_s: Doubles) -> list[int]:
    """Return the rows at which a person's expression changes for ``SHORTEST_CUE_S`` or more.

    What passes sooner joins what was before; the first joins the next. Where one short stretch follows the other for so long,
    together they are one of the expression that holds for longest.
    """
    lasting: list[tuple[int, str | None]] = []
    for short, group in groupby(
        _stretches(labels), lambda run: edges_s[run[1]] - edges_s[run[0]] < SHORTEST_CUE_S
    ):
        runs = list(group)
        first, last = runs[0][0], runs[-1][1]
        if not short:
            lasting += [(start, labels[start]) for start, _ in runs]
        elif edges_s[last] - edges_s[first] >= SHORTEST_CUE_S:
            lasting.append((first, _longest(labels, edges_s, first, last)))
    return [row for (_, before), (row, after) in pairwise(lasting) if before != after]


def _stretches(labels: Sequence[str | None]) -> Iterator[tuple[int, int]]:
    """Yield [start, stop) of frames over which a person's dominant expression stays the same."""
    start = 0
    for row in range(1, len(labels) + 1):
        if row == len(labels) or labels[row] != labels[start]:
            yield start, row
            start = row


def _longest(labels: Sequence[str | None], edges_s: Doubles, start: int, stop: int) -> str | None:
    """Return what a person shows for the longest time in the rows [start, stop), None for out of view."""
    lasts: dict[str | None, float] = {}
    for label, seconds in zip(labels[start:stop], np.diff(edges_s[start : stop + 1]).tolist(), strict=True):
        lasts[label] = lasts.get(label, 0.0) + seconds
    return max(lasts, key=lasts.__getitem__)


def _percent(line: Timeline, label: str, start: int, stop: int) -> str:
    """Return the mean probability of an expression while the person is in view."""
    shares = line.scores["expression"].column(label)[start:stop]
    return f"{100 * float(np.mean(shares[line.present[start:stop]])):.0f}"


def _stamp(seconds: float) -> str:
    """SubRip's hours:minutes:seconds,milliseconds."""
    milliseconds = round(float(seconds) * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d},{milliseconds % 1000:03d}"
