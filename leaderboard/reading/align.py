"""Puts a submission's rows in the order of the key list, or says which keys do not match.

Conventions: keys must match exactly. A key is compared as (group, frame), so the order of rows never matters. The
only tolerance is the task's fill policy, and what it did is written beside the score.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leaderboard.errors import Problems
from leaderboard.schema import Task
from leaderboard.types import Indices, KeyList, Keys, Values

_FRAME_BITS = 32


@dataclass(frozen=True, slots=True, eq=False)
class ReadRows:
    """Rows as they stand in the submitted files.

    Attributes:
        file: Name of the single file, or of the zip or folder.
        files: File name per group where each group has its own file, else empty.
        keys: R row names.
        line: int32 (R,) line numbers.
        values: (R, C).
        notes: What the reader took that is not quite the format, one sentence each.
    """

    file: str
    files: dict[str, str]
    keys: Keys
    line: Indices
    values: Values
    notes: tuple[str, ...] = ()

    def place(self, row: int) -> tuple[str, int]:
        """Return (file, line) of a row."""
        group = self.keys.groups[int(self.keys.group[row])]
        return self.files.get(group, self.file), int(self.line[row])


def _numbers(keys: Keys, position: dict[str, int]) -> npt.NDArray[np.int64]:
    """Return one integer per key, in the order of (group, frame); unknown groups follow the known ones."""
    codes = {name: position.get(name, len(position) + index) for index, name in enumerate(keys.groups)}
    code = np.array([codes[name] for name in keys.groups] or [0], np.int64)
    return (code[keys.group] << _FRAME_BITS) | keys.frame.astype(np.int64)


def check_unique(read: ReadRows, problems: Problems) -> None:
    """Note every key that occurs twice; needs no reference."""
    numbers = _numbers(read.keys, {})
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    again = order[1:][ordered[1:] == ordered[:-1]]
    again = np.sort(again)
    for row in again[: problems.room(len(again))].tolist():
        file, line = read.place(row)
        problems.add(file, line, "key", "each key once", f"{read.keys.name(row)} a second time")


def align(task: Task, read: ReadRows, asked: KeyList, problems: Problems) -> tuple[Values, tuple[str, ...]]:
    """Return (values (R, C) in the order of the key list, notes on what the fill policy did).

    Missing and extra keys go into ``problems``; with any problem the values mean nothing. Optional rows that are
    not there hold zeros; they carry no label.
    """
    position = {name: index for index, name in enumerate(asked.keys.groups)}
    wanted = _numbers(asked.keys, position)
    given = _numbers(read.keys, position)
    if len(given) == len(wanted) and (given == wanted).all():
        return read.values, ()
    order = np.argsort(given, kind="stable")
    ordered = given[order]
    if len(ordered) == len(wanted) and (ordered == wanted).all():
        return read.values[order], ()
    place = np.searchsorted(ordered, wanted)
    found = np.append(ordered, -1)[place] == wanted
    source = np.full(len(wanted), -1, np.int64)
    source[found] = order[place[found]]
    missing = np.flatnonzero(~found & ~asked.optional)
    extra = np.flatnonzero(~np.isin(given, wanted))
    notes: tuple[str, ...] = ()
    if task.fill == "edge-1" and (len(missing) or len(extra)):
        missing, extra, notes = _fill_edges(read, asked, source, missing, extra)
    _note_missing(read, asked, missing, problems)
    _note_extra(read, asked, extra, problems)
    values = np.zeros((len(wanted), read.values.shape[1]), read.values.dtype)
    values[source >= 0] = read.values[source[source >= 0]]
    return values, notes


def _fill_edges(
    read: ReadRows,
    asked: KeyList,
    source: npt.NDArray[np.int64],
    missing: npt.NDArray[np.intp],
    extra: npt.NDArray[np.intp],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], tuple[str, ...]]:
    """Repeat the last row of a video that is one row short, drop the last of one that is one row long."""
    keys = asked.keys
    last = np.flatnonzero(np.append(keys.group[1:] != keys.group[:-1], True))
    end = {keys.groups[int(keys.group[row])]: int(keys.frame[row]) for row in last.tolist()}
    at_end = missing[np.isin(missing, last)]
    short = at_end[(source[at_end - 1] >= 0) & (keys.group[at_end - 1] == keys.group[at_end])]
    source[short] = source[short - 1]
    names = [read.keys.groups[int(group)] for group in read.keys.group[extra]]
    beyond = np.array([end.get(name, -1) + 1 for name in names], np.int64) == read.keys.frame[extra]
    notes = []
    if len(short):
        notes.append(f"fill policy edge-1: videos one frame short, last prediction repeated: {len(short)}")
    if beyond.any():
        notes.append(f"fill policy edge-1: videos one frame long, last prediction dropped: {int(beyond.sum())}")
    return missing[~np.isin(missing, short)], extra[~beyond], tuple(notes)


def _note_missing(read: ReadRows, asked: KeyList, missing: npt.NDArray[np.intp], problems: Problems) -> None:
    """Note missing keys; a video without its file is one problem, a file that ends early another."""
    if not read.files:
        for row in missing[: problems.room(len(missing))].tolist():
            problems.add(read.file, None, "key", asked.keys.name(row), "no such row")
        return
    counts = np.bincount(asked.keys.group, minlength=len(asked.keys.groups))
    for group, rows in zip(*np.unique(asked.keys.group[missing], return_counts=True), strict=True):
        name = asked.keys.groups[int(group)]
        if name not in read.files:
            problems.add(read.file, None, None, f"a file {name}.txt", "no such file")
        else:
            lines, have = int(counts[group]), int(counts[group] - rows)
            problems.add(read.files[name], None, None, f"{lines} data lines, one per frame", f"{have} data lines")


def _note_extra(read: ReadRows, asked: KeyList, extra: npt.NDArray[np.intp], problems: Problems) -> None:
    """Note keys that the reference does not know; a file that goes on too long is one problem."""
    if not read.files:
        for row in extra[: problems.room(len(extra))].tolist():
            file, line = read.place(row)
            problems.add(file, line, "key", "a key of this task's list", read.keys.name(row))
        return
    frames = dict(zip(asked.keys.groups, np.bincount(asked.keys.group).tolist(), strict=True))
    lines = np.bincount(read.keys.group, minlength=len(read.keys.groups))
    for code in np.unique(read.keys.group[extra]).tolist():
        name = read.keys.groups[code]
        if name in frames:
            expected = f"{frames[name]} data lines, one per frame"
            problems.add(read.files[name], None, None, expected, f"{int(lines[code])} data lines")
        else:
            problems.add(read.files[name], None, None, "a video of this task's list", name)
