"""Reads a prediction file in any form that the challenges use, and refuses what breaks the format.

Forms: one txt per video in a folder or zip (line i is frame i); one txt or CSV keyed by ``image_location``; MTL's
16 cells under a 5-name header; a zip or folder with one word per clip; VGAF label files; gz of any text. Byte
order marks, CRLF, blank last lines and trailing commas are fine. Every problem is found in one pass.
"""

from pathlib import Path

import numpy as np

from leaderboard.align import ReadRows, align, check_unique
from leaderboard.archive import TextFile, open_texts
from leaderboard.cells import Layout, describe, item_name, parse_value
from leaderboard.errors import LeaderboardError, Problems
from leaderboard.rows import Rows, clean, read_rows
from leaderboard.schema import Column, Task
from leaderboard.types import Keys, Reference, Submission

MAX_HEADER_CHARS = 1000


def read_submission(
    task: Task, path: Path, reference: Reference | None = None, name: str | None = None
) -> Submission:
    """Return the predictions in ``path``.

    Args:
        task: Task that the file is for.
        path: Text, gz, zip or folder.
        reference: Labels whose keys the file must match; then rows come in the reference's order. Without it only
            the format and the uniqueness of keys are checked.
        name: Name to show for ``path`` in messages, where an upload renamed it.

    Raises:
        SubmissionRefused: With every problem of the file.
        LeaderboardError: The task takes no files.
    """
    if not task.scorable:
        raise LeaderboardError(f"{task.name} shows published results only; it takes no prediction files")
    label = name or path.name
    problems = Problems()
    read = read_texts(task, open_texts(path, problems, label), label, problems)
    check_unique(read, problems)
    n_files = max(len(read.files), 1)
    if reference is None:
        problems.refuse(label)
        return Submission(task.name, read.keys, read.values, n_files)
    values, notes = align(task, read, reference, problems)
    problems.refuse(label)
    return Submission(task.name, reference.keys, values, n_files, notes)


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
    if not texts:
        if not problems.count:
            problems.add(label, None, None, "at least one txt or CSV file", "none")
        return _finish(Rows(Layout(task.columns)), label, {})
    per_item = len(texts) > 1 or not _is_keyed(texts[0], task)
    if per_item and task.key == "frame" and task.file_header:
        return _read_videos(task, texts, label, problems, labels)
    if per_item and task.key == "clip" and (len(texts) > 1 or _is_word(texts[0])):
        return _read_words(task, texts, label, problems)
    if len(texts) > 1:
        problems.add(label, None, None, "one txt or CSV file", f"{len(texts)} files")
    return _read_keyed(task, texts[0], problems, labels)


def _finish(rows: Rows, label: str, files: dict[str, str]) -> ReadRows:
    keys, line, values = rows.stacked()
    return ReadRows(label, files, keys, line, values)


def _header(body: bytes) -> tuple[str, bytes]:
    """Return (first line, the rest)."""
    first, _, rest = body.partition(b"\n")
    return first[:MAX_HEADER_CHARS].decode("utf-8", "replace").strip(), rest


def _plain(header: str) -> str:
    """Return a header in the form in which headers are compared."""
    return ",".join(cell.strip() for cell in header.rstrip(", \t").split(",")).lower()


def _is_keyed(text: TextFile, task: Task) -> bool:
    """Tell whether the first cell of a line is a key, from the header or else from the first data line."""
    header, body = _header(clean(text.data[:4096]))
    if _plain(header).split(",")[0] in {known.split(",")[0] for known in task.headers}:
        return True
    return "," in header if task.file_header is None else b".jpg" in _header(body)[0].encode()


def _is_word(text: TextFile) -> bool:
    return len(text.data) < 64 and len(text.data.split()) == 1


def _read_videos(task: Task, texts: list[TextFile], label: str, problems: Problems, labels: bool) -> ReadRows:
    rows = Rows(Layout(task.columns, labels=labels))
    files: dict[str, str] = {}
    for text in texts:
        video = text.stem
        if video in files:
            problems.add(text.name, None, None, "one file per video", f"a second file for {video}")
            continue
        files[video] = text.name
        header, body = _header(clean(text.data))
        if _plain(header) != _plain(task.file_header or ""):
            problems.add(text.name, 1, None, f"the header {task.file_header}", header or "an empty file")
        if not read_rows(body, text.name, 2, rows, problems, video):
            problems.add(text.name, None, None, "data lines below the header", "none")
    return _finish(rows, label, files)


def _read_words(task: Task, texts: list[TextFile], label: str, problems: Problems) -> ReadRows:
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
        word = clean(text.data).decode("utf-8", "replace").strip()
        value = parse_value(word, words)
        if value is None:
            problems.add(
                text.name, 1, column.name, f"one word of {', '.join(column.names)}", describe(word, words)
            )
        values.append(value or 0)
    keys = Keys.items(files)
    array = np.array(values, np.int8).reshape(-1, 1)
    return ReadRows(label, files, keys, np.ones(len(keys), np.int32), array)


def _read_keyed(task: Task, text: TextFile, problems: Problems, labels: bool) -> ReadRows:
    header, body = _header(clean(text.data))
    blanks = task.key == "clip" and "," not in header
    rows = Rows(Layout(task.columns, task.key, " " if blanks else ",", labels))
    if blanks:
        if len(header.split()) != 2 or header.split()[1].isdigit():
            problems.add(
                text.name, 1, None, f"a header line, or the header {task.headers[0]}", header or "an empty file"
            )
    elif _plain(header) not in {_plain(known) for known in task.headers}:
        problems.add(text.name, 1, None, f"the header {task.headers[0]}", header or "an empty file")
    if not read_rows(body, text.name, 2, rows, problems):
        problems.add(text.name, None, None, "data lines below the header", "none")
    return _finish(rows, text.name, {})


def template(task: Task, reference: Reference | None = None) -> str:
    """Return a valid keyed file for ``task``: one row for each key of ``reference``, or three sample rows.

    Every row holds the same harmless values; a template tells nothing about the labels.
    """
    if not task.scorable:
        raise LeaderboardError(f"{task.name} shows published results only; it has no template")
    if reference is not None:
        keys = reference.keys
        names = [keys.name(row) for row in range(len(keys))]
    elif task.key == "frame":
        names = [f"video1/{frame:05d}.jpg" for frame in (1, 2, 3)]
    else:
        names = [f"{task.key}{number}{'.jpg' if task.key == 'image' else ''}" for number in (1, 2, 3)]
    cells = ",".join(_sample(column) for column in task.columns)
    return "".join(f"{line}\n" for line in (task.headers[0], *(f"{name},{cells}" for name in names)))


def _sample(column: Column) -> str:
    if column.kind == "real":
        return "30" if column.high > 1 else "0.0"
    return column.names[0] if column.names and column.low else f"{column.low:g}"
