"""Reads reference labels from a folder in the official annotation layout.

Conventions: labels stay inside the Reference that is returned. A message names a file, a line and what was
expected, never what stands there. Labels marked invalid (-1, or -5 for valence and arousal) are excluded by the
reference alone. Rows come sorted by group name and frame, so that the digest depends on nothing else.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from leaderboard.errors import Problems, ReferenceInvalid, ReferenceMissing
from leaderboard.reading.align import ReadRows, check_unique
from leaderboard.reading.archive import open_texts
from leaderboard.reading.forms import read_texts
from leaderboard.reading.layouts import Items, affectnet_arrays, affectnet_csv, class_folders, utkface_names
from leaderboard.schema import Task
from leaderboard.tasks import TASKS
from leaderboard.types import Bools, Indices, Keys, Reference, Values

SANDBOX = Path(__file__).parents[1] / "sandbox"
"""Synthetic labels that cli/sandbox.py wrote."""
VALIDATION_FOLDERS = ("Validation_Set", "val_set", "Val_AFEW", "Val", "val")
LABEL_FILES = (
    "Val_labels.txt",
    "names.txt",
    "validation.csv",
    "validation_set.txt",
    "validation_set_annotations.txt",
)
SALT = ".salt"
"""Random bytes beside hidden labels, without which nobody can try label sets against the digest in a signature."""
TEXTS = (".txt", ".csv", ".zip", ".gz")


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
    source = locate(task, root)
    if source is None:
        raise ReferenceMissing(missing_message(task, root))
    items = _read_items(task, source)
    if items is not None:
        keys = Keys.items(items[0])
        read = ReadRows(source.name, {}, keys, np.arange(1, len(keys) + 1, dtype=np.int32), items[1])
        problems = Problems()
    else:
        problems = Problems()
        texts = open_texts(source, problems, follow_links=True)
        read = read_texts(_reading_task(task), texts, source.name, problems, labels=True)
    check_unique(read, problems)
    if problems.count:
        first = problems.first[0]
        place = first.file + (f", line {first.line}" if first.line else "")
        raise ReferenceInvalid(f"reference labels of {task.name}: {place}: expected {first.expected}")
    return _sorted(task, read.keys, read.values, _salt(root) or salt)


def missing_message(task: Task, root: Path | None = None) -> str:
    """Return how to connect one's own licensed labels."""
    official = f" (for example with {task.folders[0]})" if task.folders else ""
    where = "" if root is None else f" in {root.name}"
    return (
        f"no reference labels for {task.name}{where}: pass --reference PATH or set FEMO_REFERENCE to a folder "
        f"with your own licensed copy in its official layout{official} or with a subfolder {_base(task)}"
    )


def _base(task: Task) -> str:
    return task.name.removeprefix("sandbox-")


def _reading_task(task: Task) -> Task:
    """Return the task whose classes the label files use: AffectNet has one label set for both of its tasks."""
    return replace(task, columns=TASKS["affectnet-8"].columns) if _base(task) == "affectnet-7" else task


def locate(task: Task, root: Path | None) -> Path | None:
    """Return the annotation file or folder of ``task`` below ``root``, or None."""
    if root is None:
        root = SANDBOX if task.sandbox else None
    if root is None or not root.exists():
        return None
    if root.is_file():
        return root
    base = _base(task)
    named = [root / base, *(root / f"{base}{suffix}" for suffix in TEXTS)]
    official = [parent / name for name in task.folders for parent in (root, *_subfolders(root))]
    for candidate in (*named, *official):
        if candidate.is_file():
            return candidate
        if candidate.is_dir():
            return _innermost(candidate)
    inner = _innermost(root)
    return inner if inner.is_file() or _looks_like(task, inner) else None


def _subfolders(root: Path) -> list[Path]:
    return sorted(child for child in root.iterdir() if child.is_dir() and not child.is_symlink())


def _innermost(folder: Path) -> Path:
    """Step into the validation split, down to a label file where there is a known one."""
    for name in VALIDATION_FOLDERS:
        if (folder / name).is_dir():
            folder = folder / name
            break
    if (folder / "annotations").is_dir():
        return folder / "annotations"
    return next((folder / name for name in LABEL_FILES if (folder / name).is_file()), folder)


def _looks_like(task: Task, folder: Path) -> bool:
    """Tell whether ``folder`` itself, of whatever name, holds labels of ``task``."""
    children = sorted(folder.iterdir())
    if _base(task) == "utkface":
        return any(child.suffix == ".jpg" for child in children)
    if any(child.name.endswith("_exp.npy") for child in children):
        return _base(task).startswith("affectnet")
    if class_folders(folder, task.columns[0]) is not None:
        return True
    texts = [child for child in children if child.suffix in TEXTS]
    return bool(texts) and _first_cell(texts[0]) in {
        header.split(",")[0].lower() for header in (*task.headers, task.file_header or "") if header
    }


def _first_cell(path: Path) -> str:
    with path.open("rb") as stream:
        start = stream.read(1000).removeprefix(b"\xef\xbb\xbf")
    return start.split(b"\n")[0].split(b",")[0].decode("utf-8", "replace").strip().lower()


def _read_items(task: Task, source: Path) -> Items | None:
    """Return labels in one of the layouts that are no prediction files, or None."""
    base = _base(task)
    if base == "utkface":
        return utkface_names(source) if source.suffix != ".csv" else None
    if base.startswith("affectnet"):
        if source.is_dir():
            return affectnet_arrays(source) or class_folders(source, TASKS["affectnet-8"].columns[0])
        return affectnet_csv(source) if source.suffix == ".csv" else None
    return class_folders(source, task.columns[0]) if source.is_dir() else None


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
    may_miss = _base(task) in ("affectnet-7", "affectnet-8", "utkface")
    optional = np.asarray(~valid.any(axis=1) & may_miss)
    return Reference(task.name, ordered, labels, valid, optional, _digest(ordered, labels, salt))


def _salt(root: Path | None) -> bytes:
    return (root / SALT).read_bytes() if root is not None and (root / SALT).is_file() else b""


def _digest(keys: Keys, labels: Values, salt: bytes) -> str:
    digest = hashlib.sha256(salt + "\n".join(keys.groups).encode())
    for array in (keys.group, keys.frame, labels):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:8]
