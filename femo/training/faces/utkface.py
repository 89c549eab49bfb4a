"""Reads UTKFace, aligned and cropped.

Conventions: a zip (or a folder) of 200x200 JPEG files named ``age_gender_race_date.jpg.chip.jpg``: age in years,
gender 0 male and 1 female, race 0 White, 1 Black, 2 Asian, 3 Indian, 4 Others. Labels come in femo's orders:
``femo.labels.GENDER`` (female 0, male 1) and ``femo.labels.ETHNICITY_5``. Files whose name does not carry the three
numbers (the set has a few) are left out and counted.

Nobody publishes which expression a picture of UTKFace shows. ``looks.csv`` beside this module says it of 8,162: of all that
``femo.training.faces.sets`` keeps out, and of the doubtful ones of the rest (docs/training.md). Its form is that of FER+, votes
for each expression, but the voters are no people: vision-language models had ten votes each time that they looked, one to four
times.
"""

import csv
import zipfile
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from femo.errors import MediaError
from femo.labels import AFFECTNET_8, ETHNICITY_5
from femo.types import RGB, Floats, Ints

MAX_AGE_YEARS = 116
PLAIN = (AFFECTNET_8.index("neutral"), AFFECTNET_8.index("happiness"))
"""What nearly all of its people look like."""
LOOKS = Path(__file__).with_name("looks.csv")


@dataclass(frozen=True, slots=True, eq=False)
class UtkFace:
    """Faces with three labels each.

    Attributes:
        images: uint8 (N, S, S, 3), RGB.
        age_years: float32 (N,).
        gender: int64 (N,), index into ``GENDER``.
        ethnicity: int64 (N,), index into ``ETHNICITY_5``.
        expression: float32 (N, 8), distribution over ``AFFECTNET_8`` where somebody looked, else NaN.
        names: N file names.
        n_left_out: Files without usable labels.
    """

    images: npt.NDArray[np.uint8]
    age_years: Floats
    gender: Ints
    ethnicity: Ints
    expression: Floats
    names: tuple[str, ...]
    n_left_out: int

    def looks(self) -> Ints:
        """Return what most of the votes say, index into ``AFFECTNET_8`` (N,); -1 at a tie and where nobody looked."""
        votes = np.sort(np.nan_to_num(self.expression), axis=1)
        return np.where(votes[:, -1] > votes[:, -2], np.nan_to_num(self.expression).argmax(axis=1), -1)


def parse_name(name: str) -> tuple[int, int, int] | None:
    """Return (age in years, gender index, ethnicity index) of a file name, or None where it lacks one."""
    parts = Path(name).name.split("_")
    if len(parts) < 4 or not all(part.isdigit() for part in parts[:3]):
        return None
    age, gender, race = (int(part) for part in parts[:3])
    if not (0 <= age <= MAX_AGE_YEARS and gender in (0, 1) and race < len(ETHNICITY_5)):
        return None
    return age, 1 - gender, race


def read_looks(path: Path = LOOKS) -> dict[str, Floats]:
    """Return the shares of the votes for each of ``AFFECTNET_8``, float32 (8,), by file name."""
    looks = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            votes = np.array([int(row[name]) for name in AFFECTNET_8], np.float32)
            looks[row["name"]] = votes / votes.sum()
    return looks


def _expression(names: Sequence[str], looks: Mapping[str, Floats]) -> Floats:
    unknown = np.full(len(AFFECTNET_8), np.nan, np.float32)
    return np.stack([looks.get(Path(name).name, unknown) for name in names])


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, JPEG bytes) of a zip or a folder, in name order."""
    if path.is_dir():
        for file in sorted(path.rglob("*.jpg")):
            yield file.name, file.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".jpg"):
                    yield name, archive.read(name)
    except (OSError, zipfile.BadZipFile) as error:
        raise MediaError(f"{path} is not a UTKFace zip or folder of .jpg files ({error})") from error


def read_named(path: str | Path, names: Container[str]) -> dict[str, RGB]:
    """Return the pictures of a zip or folder whose file names are asked for, uint8 (200, 200, 3) each, by name.

    Raises:
        MediaError: The path cannot be read.
    """
    found = {}
    for name, data in _files(Path(path)):
        wanted = bool(data) and Path(name).name in names
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if wanted else None
        if bgr is not None:
            found[Path(name).name] = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
    return found


def read_utkface(paths: Sequence[str | Path], size: int | None = None) -> UtkFace:
    """Read images and labels of one or more zips or folders.

    Args:
        paths: Zips or folders.
        size: Side in pixels to shrink to by area averaging; None keeps 200.

    Raises:
        MediaError: A path cannot be read, or holds no usable image.
    """
    images, labels, names, n_left_out = [], [], [], 0
    for path in paths:
        for name, data in _files(Path(path)):
            label = parse_name(name)
            bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if label and data else None
            if label is None or bgr is None:
                n_left_out += 1
                continue
            if size is not None:
                bgr = cv2.resize(bgr, (size, size), interpolation=cv2.INTER_AREA)
            images.append(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
            labels.append(label)
            names.append(name)
    if not images:
        raise MediaError(f"no image named age_gender_race_date.jpg in {', '.join(map(str, paths))}")
    table = np.array(labels)
    return UtkFace(
        images=np.stack(images),
        age_years=table[:, 0].astype(np.float32),
        gender=table[:, 1],
        ethnicity=table[:, 2],
        expression=_expression(names, read_looks()),
        names=tuple(names),
        n_left_out=n_left_out,
    )
