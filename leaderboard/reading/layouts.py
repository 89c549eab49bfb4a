"""Reads reference labels that are not kept as prediction files: folders named after classes, AffectNet's and
UTKFace's own formats.

Conventions: every reader returns item names and labels (R, C), -1 where an item carries no label. Messages name
the file and what was expected, never a label. Nothing is unpickled.
"""

import csv
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np

from leaderboard.errors import Problems, ReferenceInvalid
from leaderboard.reading.archive import is_hidden, is_junk, open_texts
from leaderboard.reading.cells import item_name, parse_value
from leaderboard.schema import Column
from leaderboard.types import Values

AFFECTNET_CODES = 11
"""AffectNet's expression codes 0-10: eight expressions, then none, uncertain and no face."""
UTKFACE_PARTS = 4
"""age_gender_race_date in a file name."""
IMAGES = (".jpg", ".jpeg", ".png")
Items = tuple[list[str], Values]


def class_folders(folder: Path, column: Column) -> Items | None:
    """Return clips or images in folders that are named after their class, or None if there are no such folders."""
    if column.kind != "class":
        return None
    names: list[str] = []
    labels: list[int] = []
    for child in sorted(folder.iterdir()):
        value = parse_value(child.name, column) if child.is_dir() and not child.name.isdigit() else None
        if value is None:
            continue
        for item in sorted(child.iterdir()):
            if not is_hidden(item.name):
                names.append(item_name(item.name))
                labels.append(int(value))
    return (names, np.array(labels, np.int8).reshape(-1, 1)) if names else None


def affectnet_arrays(folder: Path) -> Items | None:
    """Return AffectNet's 2021 annotations (``ID_exp.npy`` files), or None if there are none.

    Raises:
        ReferenceInvalid: A file holds no expression code.
    """
    names, labels = [], []
    for path in sorted(folder.glob("*_exp.npy")):
        try:
            code = int(np.load(path, allow_pickle=False).item())
        except (ValueError, EOFError, OSError) as error:
            raise ReferenceInvalid(f"{path.name}: expected one expression code 0-10 in a npy file") from error
        if not 0 <= code < AFFECTNET_CODES:
            raise ReferenceInvalid(f"{path.name}: expected one expression code 0-10 in a npy file")
        names.append(path.name.removesuffix("_exp.npy"))
        labels.append(code)
    return (names, np.array(labels, np.int8).reshape(-1, 1)) if names else None


def affectnet_csv(path: Path) -> Items | None:
    """Return AffectNet's CSV release (``subDirectory_filePath``, ``expression``), or None for another file.

    Raises:
        ReferenceInvalid: A row holds no expression code.
        UnicodeError: It is no UTF-8.
        csv.Error: It is no CSV.
    """
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    if not {"subDirectory_filePath", "expression"} <= set(reader.fieldnames or ()):
        return None
    names, labels = [], []
    for row in reader:
        code = (row["expression"] or "").strip()
        if not (code.isascii() and code.isdigit() and int(code) < AFFECTNET_CODES):
            raise ReferenceInvalid(f"{path.name}, line {reader.line_num}: expected an expression code 0-10")
        names.append(item_name(row["subDirectory_filePath"]))
        labels.append(int(code))
    return names, np.array(labels, np.int8).reshape(-1, 1)


def utkface_names(path: Path) -> Items | None:
    """Return the labels in UTKFace's file names, or None where there are no such names.

    They are those of a folder or zip of images, or stand in a text with one name per line. A few names of the data set
    lack a field (Zhang et al. 2017 release); those images carry no label and may be left out of a submission.
    """
    names, labels = [], []
    for name in sorted(set(_image_names(path))):
        names.append(item_name(name))
        labels.append(_utkface_label(name))
    return (names, np.array(labels, np.float64).reshape(-1, 3)) if names else None


def is_utkface_name(name: str) -> bool:
    """Tell whether the name of an image says age, gender and ethnicity."""
    return name.lower().endswith(IMAGES) and _utkface_label(name)[0] >= 0


def _image_names(path: Path) -> Iterable[str]:
    if path.is_dir():
        found = [item.name for item in path.rglob("*")]
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            found = [PurePosixPath(member).name for member in archive.namelist()]
    else:
        found = _text(path).split()
    return [name for name in found if name.lower().endswith(IMAGES) and not is_junk(name)]


def _text(path: Path) -> str:
    """Return what stands in a text, or a gz or zip of one; nothing of what holds several or none."""
    texts = open_texts(path, Problems(), follow_links=True)
    return texts[0].data.decode("utf-8-sig") if len(texts) == 1 else ""


def _utkface_label(name: str) -> tuple[int, int, int]:
    parts = name.split(".")[0].split("_")
    if len(parts) != UTKFACE_PARTS or not all(part.isascii() and part.isdigit() for part in parts[:3]):
        return (-1, -1, -1)
    age, gender, ethnicity = (int(part) for part in parts[:3])
    return (age, gender, ethnicity) if age <= 120 and gender <= 1 and ethnicity <= 4 else (-1, -1, -1)
