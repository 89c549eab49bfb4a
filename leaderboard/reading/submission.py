"""Reads a prediction file in any form that the challenges use, and refuses what breaks the format.

Every problem is found in one pass: of the format, of the keys, and of both together.
"""

import csv
import io
from pathlib import Path

from leaderboard.errors import LeaderboardError, Problems
from leaderboard.reading.align import align, check_unique
from leaderboard.reading.archive import open_texts
from leaderboard.reading.forms import read_texts
from leaderboard.schema import Column, Task
from leaderboard.types import KeyList, Submission


def read_submission(
    task: Task, path: Path, asked: KeyList | None = None, name: str | None = None, follow_links: bool = False
) -> Submission:
    """Return the predictions in ``path``.

    Args:
        task: Task that the file is for.
        path: Text, gz, zip or folder.
        asked: Rows that the file must hold; then rows come in its order. Without it only the format and the
            uniqueness of keys are checked.
        name: Name to show for ``path`` in messages, where an upload renamed it.
        follow_links: For one's own files; never for what others hand in.

    Raises:
        SubmissionRefused: With every problem of the file.
        LeaderboardError: The task takes no files.
    """
    if not task.scorable:
        raise LeaderboardError(f"{task.name} shows published results only; it takes no prediction files")
    label = name or path.name
    problems = Problems()
    texts = open_texts(path, problems, label, follow_links)
    if not texts:
        problems.refuse(label)
    read = read_texts(task, texts, label, problems)
    if problems.stopped:
        problems.refuse(label)
    check_unique(read, problems)
    n_files = max(len(read.files), 1)
    if asked is None:
        problems.refuse(label)
        return Submission(task.name, read.keys, read.values, n_files, read.notes)
    values, notes = align(task, read, asked, problems)
    problems.refuse(label)
    return Submission(task.name, asked.keys, values, n_files, (*read.notes, *notes))


def template(task: Task, asked: KeyList | None = None) -> str:
    """Return a valid keyed file for ``task``: one row for each key that is asked for, or three sample rows.

    Every row holds the same harmless values; a template tells nothing about the labels.
    """
    if not task.scorable:
        raise LeaderboardError(f"{task.name} shows published results only; it has no template")
    if asked is not None:
        keys = asked.keys
        names = [keys.name(row) for row in range(len(keys))]
    elif task.key == "frame":
        names = [f"video1/{frame:05d}.jpg" for frame in (1, 2, 3)]
    else:
        names = [f"{task.key}{number}{'.jpg' if task.key == 'image' else ''}" for number in (1, 2, 3)]
    cells = [_sample(column) for column in task.columns]
    target = io.StringIO()
    target.write(f"{task.headers[0]}\n")
    csv.writer(target, lineterminator="\n").writerows([name, *cells] for name in names)
    return target.getvalue()


def _sample(column: Column) -> str:
    if column.kind == "real":
        return "30" if column.high > 1 else "0.0"
    return column.names[0] if column.names and column.low else f"{column.low:g}"
