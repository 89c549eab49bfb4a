"""Reads a label file of one clip: which task its header is of, and a label for every frame.

Conventions: the labels are the visitor's own, so a message may say what stands in them. Every frame from the first to the last
has its line; a frame without a label is marked as the task marks it (-1, or -5 for valence and arousal).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from leaderboard.errors import LeaderboardError, Problems, ReferenceInvalid
from leaderboard.reading.archive import open_texts
from leaderboard.reading.forms import is_headed
from leaderboard.reading.reference import load_reference
from leaderboard.schema import Task
from leaderboard.types import Reference


def read_clip_labels(labels: Path, tasks: Sequence[Task]) -> tuple[Task, Reference]:
    """Return whose labels a file holds, and the labels.

    Args:
        labels: A txt or CSV, or a gz or zip of one.
        tasks: Tasks that it may be of, each with headers of its own.

    Raises:
        LeaderboardError: It is of none of them, of several clips, or leaves frames out.
    """
    task = _task_of(labels, tasks)
    reference = load_reference(task, labels)
    groups, frame = reference.keys.groups, reference.keys.frame
    if len(groups) > 1:
        raise ReferenceInvalid(
            f"{labels.name} holds labels of {len(groups)} clips, {groups[0]} and {groups[1]} among them; "
            "expected those of one: hand in the rows of this clip alone"
        )
    n_frames = int(frame[-1])
    if len(frame) != n_frames:
        missing = int(np.flatnonzero(frame != np.arange(1, len(frame) + 1))[0]) + 1
        invalid = f"{task.columns[0].invalid:g}"
        raise ReferenceInvalid(
            f"{labels.name} has no row for frame {missing}, {n_frames - len(frame)} of {n_frames} frames are missing; "
            f"expected one for each, with {invalid} where a frame has no label"
        )
    return task, reference


def named(reference: Reference, name: str) -> Reference:
    """Return the labels of one clip under another name."""
    return replace(reference, keys=replace(reference.keys, groups=(name,)))


def _task_of(labels: Path, tasks: Sequence[Task]) -> Task:
    problems = Problems()
    texts = open_texts(labels, problems)
    problems.refuse(labels.name)
    if len(texts) != 1:
        raise LeaderboardError(f"{labels.name} holds {len(texts)} texts, expected the labels of one clip")
    found = next((task for task in tasks if is_headed(texts[0], task)), None)
    if found is None:
        headers = "; ".join(task.file_header or task.headers[0] for task in tasks)
        raise LeaderboardError(
            f"the first line of {labels.name} is none of the headers that say what is labelled: {headers}"
        )
    return found
