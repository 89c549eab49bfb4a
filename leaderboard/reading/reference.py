"""Reads reference labels from a folder in the official annotation layout.

Conventions: labels stay inside the Reference that is returned. A message names a file, a line and what was
expected, never what stands there. Labels marked invalid (-1, or -5 for valence and arousal) are excluded by the
reference alone. Rows come sorted by group name and frame, so that the digest depends on nothing else.
"""

import csv
import hashlib
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from leaderboard.errors import Problems, ReferenceInvalid, ReferenceMissing, shown
from leaderboard.reading.align import ReadRows, check_unique
from leaderboard.reading.archive import lone_file, open_texts
from leaderboard.reading.challenge_labels import class_items, read_files
from leaderboard.reading.forms import read_texts
from leaderboard.reading.layouts import Items, affectnet_arrays, affectnet_csv, class_folders, utkface_names
from leaderboard.reading.locating import AFFECTNET, base_name, locate
from leaderboard.schema import Task
from leaderboard.tasks import TASKS
from leaderboard.types import Bools, Indices, Keys, Reference, Values

SALT = ".salt"
"""Random bytes beside hidden labels, without which nobody can try label sets against the digest in a signature."""


def load_reference(task: Task, root: Path | None = None, salt: bytes = b"") -> Reference:
    """Return the labels of ``task``.

    Args:
        task: Task that the labels are for.
        root: The annotation file or folder itself, or a folder that holds it under its official name or under the
            task's name. None means the sandbox, for tasks that have one.
        salt: What the digest is hashed with, unless a file ``.salt`` lies in ``root``.

    Raises:
        ReferenceMissing: No labels there; the message says where they are looked for.
        ReferenceInvalid: Labels that cannot be read.
    """
    source = root
    try:
        source = root if task.labels is not None else locate(task, root)
        if source is None or not source.exists():
            raise ReferenceMissing(missing_message(task, root))
        problems = Problems()
        read = _read(task, source, problems)
        salt = _salt(root) or salt
    except (OSError, UnicodeError, csv.Error, zipfile.BadZipFile) as error:
        raise ReferenceInvalid(
            f"reference labels of {task.name}: {_unreadable(error, source or Path())}"
        ) from error
    check_unique(read, problems)
    if problems.count:
        first = problems.first[0]
        place = first.file + (f", line {first.line}" if first.line else "")
        raise ReferenceInvalid(f"reference labels of {task.name}: {place}: expected {first.expected}")
    return _sorted(task, read.keys, read.values, salt)


def _unreadable(error: Exception, source: Path) -> str:
    """Return which file cannot be read, and why, without a word of what stands in it."""
    if isinstance(error, OSError):
        name = Path(os.fsdecode(error.filename)).name if error.filename else source.name
        return f"{shown(name)}: cannot be read ({error.strerror or type(error).__name__})"
    name = ((lone_file(source) if source.is_dir() else None) or source).name
    if isinstance(error, UnicodeError):
        return f"{shown(name)}: expected UTF-8 text"
    is_zip = isinstance(error, zipfile.BadZipFile)
    return f"{shown(name)}: expected {'a complete zip file' if is_zip else 'a table of cells separated by commas'}"


def _read(task: Task, source: Path, problems: Problems) -> ReadRows:
    """Return the rows of labels; what is wrong with them goes into ``problems``."""
    items = _read_items(task, source)
    if items is None and task.labels is not None:
        return read_files(task, source, problems)
    if items is None and source.is_dir() and (lone := lone_file(source)) is not None:
        source = lone
        items = _read_items(task, source)
    if items is not None:
        keys = Keys.items(items[0])
        return ReadRows(source.name, {}, keys, np.arange(1, len(keys) + 1, dtype=np.int32), items[1])
    texts = open_texts(source, problems, follow_links=True)
    return read_texts(_reading_task(task), texts, source.name, problems, labels=True)


def missing_message(task: Task, root: Path | None = None) -> str:
    """Return how to connect one's own licensed labels."""
    if task.labels is not None:
        return f"no reference labels for {task.name}: expected them in {task.labels.name}, a folder where the challenge is kept"
    split = ", of which the validation split is read" if task.split == "val" else ""
    official = f" (for example with {task.folders[0]}{split})" if task.folders else ""
    where = "" if root is None else f" in {root.name}"
    return (
        f"no reference labels for {task.name}{where}: pass --reference PATH or set FEMO_REFERENCE to a folder "
        f"with your own licensed copy in its official layout{official} or with a subfolder {base_name(task)}"
    )


def _reading_task(task: Task) -> Task:
    """Return the task whose classes the label files use: AffectNet has one label set for both of its tasks."""
    return replace(task, columns=TASKS["affectnet-8"].columns) if base_name(task) == "affectnet-7" else task


def _read_items(task: Task, source: Path) -> Items | None:
    """Return labels in one of the layouts that are no prediction files, or None."""
    if task.labels is not None:
        return class_items(task, source)
    base = base_name(task)
    if base == "utkface":
        return utkface_names(source)
    if base in AFFECTNET and not source.is_dir():
        return affectnet_csv(source)
    if base in AFFECTNET and (items := affectnet_arrays(source)) is not None:
        return items
    by_class = source.is_dir() and task.key != "frame"
    return class_folders(source, _reading_task(task).columns[0]) if by_class else None


def _sorted(task: Task, keys: Keys, values: Values, salt: bytes) -> Reference:
    """Return the reference with its rows in order of group name and frame."""
    names = sorted(keys.groups)
    rank = {name: index for index, name in enumerate(names)}
    ranks = np.array([rank[name] for name in keys.groups] or [0], np.int32)
    group: Indices = ranks[keys.group]
    number = (group.astype(np.int64) << 32) | keys.frame
    order = np.argsort(number, kind="stable") if (np.diff(number) < 0).any() else np.arange(len(number))
    ordered = Keys(tuple(names), group[order], keys.frame[order])
    labels = np.ascontiguousarray(values[order])
    low = np.array([column.low if column.kind == "real" else 0 for column in task.columns], labels.dtype)
    high = np.array([c.high if c.kind == "real" else c.high - c.low for c in task.columns], labels.dtype)
    valid: Bools = (labels >= low) & (labels <= high)
    if not valid.any():
        raise ReferenceInvalid(f"reference labels of {task.name}: expected at least one valid label")
    may_miss = base_name(task) in (*AFFECTNET, "utkface")
    optional = np.asarray(~valid.any(axis=1) & may_miss)
    return Reference(task.name, ordered, labels, valid, optional, _digest(ordered, labels, salt))


def _salt(root: Path | None) -> bytes:
    return (root / SALT).read_bytes() if root is not None and (root / SALT).is_file() else b""


def _digest(keys: Keys, labels: Values, salt: bytes) -> str:
    digest = hashlib.sha256(salt + "\n".join(keys.groups).encode("utf-8", "surrogateescape"))
    for array in (keys.group, keys.frame, labels):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:8]
