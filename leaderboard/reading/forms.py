"""The forms in which the challenges keep predictions and labels.

One txt per video in a folder or zip (line i is frame i); one txt or CSV keyed by ``image_location``; MTL's 16 cells
under a 5-name header; one word per clip in a zip or folder; VGAF's label files. Byte order marks, CRLF, blank last
lines and trailing commas are fine.
"""

from pathlib import PurePosixPath

import numpy as np

from leaderboard.errors import Problems
from leaderboard.reading.align import ReadRows
from leaderboard.reading.archive import TextFile
from leaderboard.reading.cells import Layout, describe, item_name, parse_value
from leaderboard.reading.rows import Rows, clean, read_rows
from leaderboard.schema import Column, Task
from leaderboard.tasks import TASKS
from leaderboard.types import Keys

MAX_HEADER_CHARS = 1000
TASK_FOLDERS = {folder for task in TASKS.values() for folder in task.folders}


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
    texts = _of_task(task, texts)
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


def _of_task(task: Task, texts: list[TextFile]) -> list[TextFile]:
    """Return the texts below the task's own official folder, where several tasks were handed in together."""

    def folders(text: TextFile) -> set[str]:
        return TASK_FOLDERS & set(PurePosixPath(text.name).parts[:-1])

    if not any(folders(text) & set(task.folders) for text in texts):
        return texts
    return [text for text in texts if folders(text) & set(task.folders)]


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
