"""Where the labels of a built-in task lie below a folder.

Conventions: one folder may serve every task, so what lies there without a name is taken for the labels of a task only where
no other data set could have written it. Labels that cannot be told apart need the name of the task or of its official folder.
"""

import re
from collections import Counter
from pathlib import Path

from leaderboard.errors import Problems
from leaderboard.reading.archive import TextFile, is_aside, open_texts
from leaderboard.reading.cells import parse_value
from leaderboard.reading.forms import is_headed
from leaderboard.reading.layouts import is_utkface_name
from leaderboard.schema import Task
from leaderboard.tasks import TASKS

SANDBOX = Path(__file__).parents[1] / "sandbox"
"""Synthetic labels that cli/sandbox.py wrote."""
VALIDATION_FOLDERS = ("Validation_Set", "val_set", "Val_AFEW", "Val", "val")
AFFECTNET = ("affectnet-7", "affectnet-8")
LABEL_FILES = {
    "Val_labels.txt": ("vgaf",),
    "names.txt": ("utkface",),
    "validation.csv": AFFECTNET,
    "validation_set.txt": ("abaw-mtl",),
    "validation_set_annotations.txt": ("abaw-mtl",),
}
"""Names that official label files have, and whose they are."""
TEXTS = (".txt", ".csv", ".zip", ".gz")
HEAD_BYTES = 4096
"""So much of a text holds its header."""
_OTHER_SPLIT = re.compile(r"(train|training|test)(_set|_set_annotations|_labels|_afew)?")


def base_name(task: Task) -> str:
    """Return the name of a task, of a sandbox's twin that of the real one."""
    return task.name.removeprefix("sandbox-")


def locate(task: Task, root: Path | None) -> Path | None:
    """Return the annotation file or folder of ``task`` below ``root``, or None."""
    if root is None:
        root = SANDBOX if task.sandbox else None
    if root is None or not root.exists():
        return None
    if root.is_file():
        return root
    base = base_name(task)
    named = [root / base, *(root / f"{base}{suffix}" for suffix in TEXTS)]
    official = [parent / name for name in task.folders for parent in (root, *_subfolders(root))]
    for candidate in (*named, *official):
        if candidate.is_file():
            return candidate
        if candidate.is_dir() and (inner := _innermost(task, candidate)) is not None:
            return inner
    inner = _innermost(task, root)
    if inner is None or inner.is_file():
        return inner
    owners = _owners(inner)
    is_named = root.name in (base, *task.folders)
    return inner if base in owners and (is_named or owners in ({base}, set(AFFECTNET))) else None


def _subfolders(root: Path) -> list[Path]:
    return sorted(child for child in root.iterdir() if child.is_dir() and not child.is_symlink())


def _innermost(task: Task, folder: Path) -> Path | None:
    """Step into the validation split, down to a known label file of the task; None where there are other splits only."""
    split = next((folder / name for name in VALIDATION_FOLDERS if (folder / name).is_dir()), None)
    inner = split or folder
    if (inner / "annotations").is_dir():
        return inner / "annotations"
    for name, tasks in LABEL_FILES.items():
        if base_name(task) in tasks and (inner / name).is_file():
            return inner / name
    if split is None and task.split == "val" and any(_is_other_split(child) for child in folder.iterdir()):
        return None
    return inner


def _is_other_split(path: Path) -> bool:
    name = path.name if path.is_dir() else path.name.split(".")[0]
    return _OTHER_SPLIT.fullmatch(name.lower()) is not None


def _owners(folder: Path) -> set[str]:
    """Return the built-in tasks of which ``folder`` itself, of whatever name, may hold the labels."""
    children = [child for child in sorted(folder.iterdir()) if not is_aside(child.name)]
    if any(is_utkface_name(child.name) for child in children):
        return {"utkface"}
    if any(child.name.endswith("_exp.npy") for child in children):
        return set(AFFECTNET)
    tasks = [task for task in TASKS.values() if task.scorable and task.labels is None and not task.sandbox]
    if known := _by_classes(tasks, [child.name for child in children if child.is_dir()]):
        return known
    first = next((child for child in children if child.is_file() and child.suffix.lower() in TEXTS), None)
    texts = [] if first is None else _beginning(first)
    return {task.name for task in tasks if texts and is_headed(texts[0], task)}


def _by_classes(tasks: list[Task], folders: list[str]) -> set[str]:
    """Return the tasks with the most classes among the names of folders; both of AffectNet's know the eight."""
    counts: Counter[str] = Counter()
    for task in tasks:
        column = TASKS["affectnet-8"].columns[0] if task.name in AFFECTNET else task.columns[0]
        if task.key != "frame" and column.kind == "class":
            counts[task.name] = sum(
                not name.isdigit() and parse_value(name, column) is not None for name in folders
            )
    most = max(counts.values(), default=0)
    return {name for name, count in counts.items() if count == most} if most else set()


def _beginning(path: Path) -> list[TextFile]:
    """Return the first bytes of a text, or what a gz or zip holds."""
    if path.suffix.lower() in (".gz", ".zip"):
        return open_texts(path, Problems(), follow_links=True)
    with path.open("rb") as stream:
        return [TextFile(path.name, stream.read(HEAD_BYTES))]
