"""The forms in which the challenges keep predictions and labels.

One txt per video in a folder or zip (line i is frame i); one txt or CSV keyed by ``image_location``; MTL's 16 cells
under a 5-name header; one word per clip in a zip or folder; VGAF's label files. Byte order marks, CRLF, blank last
lines, trailing commas, quotation marks and a first column of row numbers are fine.
"""

from pathlib import PurePosixPath

import numpy as np

from leaderboard.errors import Problems
from leaderboard.reading.align import ReadRows
from leaderboard.reading.archive import TextFile, is_about
from leaderboard.reading.cells import BLANKS, LineFormat, describe, item_name, parse_value, split_cells
from leaderboard.reading.rows import RowBuffer, clean, read_rows
from leaderboard.schema import Column, Task, step_notes
from leaderboard.tasks import TASKS
from leaderboard.types import Keys

MAX_HEADER_CHARS = 1000
INDEX_NAMES = ("", "unnamed: 0")
"""How pandas and R head a column of row numbers, the second after it was read and written again."""


def read_texts(
    task: Task, texts: list[TextFile], label: str, problems: Problems, labels: bool = False
) -> ReadRows:
    """Return the rows of ``texts`` in the form that they have; also reads reference labels in the same forms.

    Args:
        task: Task whose columns and headers apply.
        texts: Texts of one submission or reference.
        label: Name for messages about the whole.
        problems: Collects what is wrong.
        labels: Whether invalid labels are allowed.
    """
    texts, notes = _of_task(task, texts)
    if not texts:
        if not problems.count:
            problems.add(label, None, None, "at least one txt or CSV file", "none")
        return _finish(RowBuffer(LineFormat(task.columns)), label, {}, notes)
    per_item = len(texts) > 1 or not _is_keyed(texts[0], task)
    if per_item and task.key == "frame" and task.file_header:
        return _read_videos(task, texts, label, problems, labels, notes)
    words = task.key == "clip" and len(task.columns) == 1
    if per_item and words and (len(texts) > 1 or _is_word(texts[0])):
        return _read_words(task, texts, label, problems, notes)
    if len(texts) > 1:
        problems.add(label, None, None, "one txt or CSV file", f"{len(texts)} files")
    return _read_keyed(task, texts[0], problems, labels, notes)


def _of_task(task: Task, texts: list[TextFile]) -> tuple[list[TextFile], list[str]]:
    """Return (the texts that hold rows of the task, what was left out).

    Where several tasks were handed in together, these are the texts below the task's own official folder.
    """
    others = {folder for each in TASKS.values() for folder in each.folders}

    def folders(text: TextFile) -> set[str]:
        return others & set(PurePosixPath(text.name).parts[:-1])

    if any(folders(text) & set(task.folders) for text in texts):
        texts = [text for text in texts if folders(text) & set(task.folders)]
    about = [text for text in texts if len(texts) > 1 and is_about(text.name)]
    notes = [f"left out, because it describes the folder: {text.name}" for text in about]
    return [text for text in texts if text not in about], notes


def _finish(rows: RowBuffer, label: str, files: dict[str, str], notes: list[str]) -> ReadRows:
    keys, line, values = rows.stacked()
    if rows.form.index:
        notes.append("left out: the first column, row numbers without a name")
    if rows.n_whole:
        notes.append(f"whole numbers written as decimals (4.0) and read as classes: {rows.n_whole} values")
    if not rows.form.labels:
        notes += step_notes(rows.form.columns, values)
    return ReadRows(label, files, keys, line, values, tuple(notes))


def _header(body: bytes) -> tuple[str, int]:
    """Return (first line, where the second begins)."""
    end = body.find(b"\n") if b"\n" in body else len(body)
    return body[: min(end, MAX_HEADER_CHARS)].decode("utf-8", "replace").strip(BLANKS), end + 1


def _names(header: str) -> list[str]:
    """Return the column names of a header in the form in which headers are compared.

    Published files quote the eight class names as one cell, or the whole line.
    """
    cells = split_cells(header, ",") or header.split(",")
    names = [name.strip(BLANKS).lower() for name in ",".join(cells).split(",")]
    while len(names) > 1 and not names[-1]:
        names.pop()
    return names


def _has_index(names: list[str]) -> bool:
    return len(names) > 1 and names[0] in INDEX_NAMES


def _is_keyed(text: TextFile, task: Task) -> bool:
    """Tell whether the first cell of a line is a key, from the header or else from the first data line."""
    body = clean(text.data[:4096])
    header, second = _header(body)
    names = _names(header)
    if names[_has_index(names)] in {_names(known)[0] for known in task.headers}:
        return True
    return "," in header if task.file_header is None else ".jpg" in _header(body[second:])[0]


def is_headed(text: TextFile, task: Task) -> bool:
    """Tell whether the first line of a text is a header of the task, with keys or without."""
    names = _names(_header(clean(text.data[:4096]))[0])
    known = [_names(header) for header in (*task.headers, task.file_header or "") if header]
    return names[_has_index(names) :] in known


def _is_word(text: TextFile) -> bool:
    return len(text.data) < 64 and len(text.data.split()) == 1


def _check_header(header: str, known: tuple[str, ...], expected: str, file: str, problems: Problems) -> bool:
    """Note a header that is not among ``known``; return whether row numbers come before its columns."""
    names = _names(header)
    index = _has_index(names)
    if "\t" in header and "," not in header:
        problems.add(file, 1, None, "cells separated by commas", "cells separated by tabs (a TSV file)")
    elif names[index:] not in [_names(name) for name in known]:
        problems.add(file, 1, None, expected, header or ("an empty line" if index else "an empty file"))
    return index


def _read_videos(
    task: Task, texts: list[TextFile], label: str, problems: Problems, labels: bool, notes: list[str]
) -> ReadRows:
    expected = f"the header {task.file_header}"
    if len(texts) == 1:
        expected += f" of one video's file, or the header {task.headers[0]} above rows of all videos"
    files: dict[str, str] = {}
    rows = RowBuffer(LineFormat(task.columns, labels=labels))
    for text in texts:
        if problems.stopped:
            break
        video = text.stem
        if video in files:
            problems.add(text.name, None, None, "one file per video", f"a second file for {video}")
            continue
        files[video] = text.name
        body = clean(text.data)
        header, second = _header(body)
        before = problems.count
        index = _check_header(header, (task.file_header or "",), expected, text.name, problems)
        rows.form = LineFormat(task.columns, labels=labels, index=index)
        if len(texts) == 1 and problems.count > before:
            continue
        if not read_rows(body, text.name, 2, rows, problems, video, second):
            problems.add(text.name, None, None, "data lines below the header", "none")
    return _finish(rows, label, files, notes)


def _read_words(task: Task, texts: list[TextFile], label: str, problems: Problems, notes: list[str]) -> ReadRows:
    """Read one text per clip, each holding one word."""
    column = task.columns[0]
    words = Column(column.name, column.kind, column.low, column.high, column.names, column.aliases)
    files: dict[str, str] = {}
    values = []
    for text in texts:
        clip = item_name(text.name.rsplit("/", 1)[-1])
        if clip in files:
            problems.add(text.name, None, None, "one file per clip", f"a second file for {clip}")
            continue
        files[clip] = text.name
        word = clean(text.data).decode("utf-8", "replace").strip(BLANKS + "\n")
        value = parse_value(word, words)
        if value is None:
            problems.add(
                text.name, 1, column.name, f"one word of {', '.join(column.names)}", describe(word, words)
            )
        values.append(value or 0)
    keys = Keys.items(files)
    array = np.array(values, np.int8).reshape(-1, 1)
    return ReadRows(label, files, keys, np.ones(len(keys), np.int32), array, tuple(notes))


def _is_value(cell: str, column: Column) -> bool:
    """Tell whether the second cell of a first line makes it a row, so that its clip would be lost as a header."""
    return cell.isdigit() or parse_value(cell, column, labels=True) is not None


def _read_keyed(task: Task, text: TextFile, problems: Problems, labels: bool, notes: list[str]) -> ReadRows:
    body = clean(text.data)
    header, second = _header(body)
    blanks = task.key == "clip" and "," not in header
    expected, index = f"the header {task.headers[0]}", False
    before = problems.count
    if not blanks:
        index = _check_header(header, task.headers, expected, text.name, problems)
    elif len(header.split()) != 2 or _is_value(header.split()[1], task.columns[0]):
        problems.add(text.name, 1, None, f"a header line, or {expected}", header or "an empty file")
    rows = RowBuffer(LineFormat(task.columns, task.key, " " if blanks else ",", labels, index))
    if problems.count > before and ("\t" in header or len(body) < second):
        return _finish(rows, text.name, {}, notes)
    if not read_rows(body, text.name, 2, rows, problems, start=second):
        problems.add(text.name, None, None, "data lines below the header", "none")
    return _finish(rows, text.name, {}, notes)
