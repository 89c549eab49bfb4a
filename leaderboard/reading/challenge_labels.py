"""Reads the labels of an organiser's own challenge, which lie in a folder of their own.

Conventions: nothing is guessed and nothing left out: every file below the folder counts, but what a system leaves behind, what
begins with a dot, and texts that describe the folder. Labels are folders named after the classes, or one file or several in
any form that a submission may have.
"""

from pathlib import Path

from leaderboard.errors import Problems, ReferenceInvalid, shown
from leaderboard.reading.align import ReadRows
from leaderboard.reading.archive import is_aside, list_files, lone_file, open_texts
from leaderboard.reading.cells import parse_value
from leaderboard.reading.forms import read_texts
from leaderboard.reading.layouts import IMAGES, Items, class_folders
from leaderboard.schema import Task

MEDIA = (*IMAGES, ".bmp", ".mp4", ".avi", ".webm", ".mkv")


def class_items(task: Task, source: Path) -> Items | None:
    """Return what lies in folders named after the classes, or None where there are no such folders.

    Args:
        task: The challenge.
        source: Its file or folder of labels; a folder within a folder, with nothing beside it, is stepped into.

    Raises:
        ReferenceInvalid: Something else lies beside them, such as the folder of a class that is spelt wrong.
    """
    folder: Path | None = source
    column = task.columns[0]
    while folder is not None and folder.is_dir() and task.key != "frame":
        inside = sorted(child for child in folder.iterdir() if not is_aside(child.name))
        if items := class_folders(folder, column):
            for child in inside:
                if not child.is_dir() or parse_value(child.name, column) is None:
                    expected = f"nothing but folders named after the classes {', '.join(column.names)}"
                    raise ReferenceInvalid(
                        f"reference labels of {task.name}: {shown(child.name)}: expected {expected}"
                    )
            return items
        folder = inside[0] if len(inside) == 1 and not inside[0].is_symlink() else None
    return None


def read_files(task: Task, source: Path, problems: Problems) -> ReadRows:
    """Return the rows of the label file, or of all files of a folder; what is wrong with them goes into ``problems``."""
    if _has_media(source):
        folders = (
            f", or folders named after the classes {', '.join(task.columns[0].names)} and nothing beside them"
        )
        by_class = task.key != "frame" and task.columns[0].kind == "class"
        expected = f"txt or CSV files without photos or clips beside them{folders if by_class else ''}"
        problems.add(source.name, None, None, expected, "photos or clips")
        return read_texts(task, [], source.name, problems, labels=True)
    lone = lone_file(source) if source.is_dir() else None
    texts = open_texts(lone or source, problems, follow_links=True)
    return read_texts(task, texts, source.name, problems, labels=True)


def _has_media(source: Path) -> bool:
    files = list_files(source, Problems(), follow_links=True) if source.is_dir() else [source]
    return any(path.suffix.lower() in MEDIA for path in files)
