"""Pictures of faces in which somebody coded the action units.

``codes.csv`` beside this module names pictures of UTKFace (by file) and of FER+ (by row of its file), and which of ABAW's twelve
units each shows: ``12 25 6?`` has a smile, parted lips and, slightly or unsure, raised cheeks; nothing is a face that shows none
of them, ``-`` stands where nobody coded it a second time. The coders are no people: vision-language models, who saw rows of six
faces and knew neither what any network says of them nor why they were chosen. Two thirds of the pictures are spread evenly over
what an expression network takes them for; but of the training part 1,800 were mostly chosen because a first fit saw a rare unit
in them.
``part`` is that of the face in ``femo train faces``: ``train``, ``slice`` (FER+'s are of its validation partition) or
``held_out``, where each picture was coded twice. AU23 was hardly ever seen: who sees tightened lips in a still picture says AU24.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from femo.errors import FemoError
from femo.labels import ABAW_AU
from femo.training.faces.ferplus import read_votes
from femo.training.faces.utkface import read_named
from femo.training.generated.generator import Generator
from femo.training.look.drawn import DRAWN, draw_coded
from femo.types import RGB, Bools, Floats

CODES = Path(__file__).with_name("codes.csv")
UTKFACE = "utkface"
SLIGHT = 0.5
"""What a unit counts that is slight or unsure."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Where a picture comes from.

    Attributes:
        origin: ``utkface``, ``ferplus_train``, ``ferplus_valid`` or ``drawn``.
        name: File of UTKFace, row of the file of FER+, or seed and row of a drawn face (``drawn``).
    """

    origin: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Coded(Source):
    """A picture with its units.

    Attributes:
        shown: float32 (12,), 0 a unit that is not shown, ``SLIGHT`` or 1 one that is; the mean where two coded it.
    """

    shown: Floats


def read_codes(part: str, path: Path = CODES) -> list[Coded]:
    """Return the pictures of one part, ``train``, ``slice`` or ``held_out``, in file order."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == part]
    return [
        Coded(row["origin"], row["name"], np.mean(list(_codings(row)), axis=0, dtype=np.float32)) for row in rows
    ]


def agreement(path: Path = CODES) -> dict[str, float]:
    """Return how far the two coders of what is held out agree on each unit, slightly or clearly shown: Cohen's kappa."""
    with path.open(encoding="utf-8", newline="") as file:
        pairs = [list(_codings(row)) for row in csv.DictReader(file) if row["part"] == "held_out"]
    first, second = (
        np.stack(column) > 0 for column in zip(*(pair for pair in pairs if len(pair) == 2), strict=True)
    )
    return {unit: _kappa(first[:, column], second[:, column]) for column, unit in enumerate(ABAW_AU)}


def _kappa(first: Bools, second: Bools) -> float:
    """Return Cohen's kappa; NaN where neither saw anything."""
    by_chance = first.mean() * second.mean() + (1 - first.mean()) * (1 - second.mean())
    return float("nan") if by_chance == 1 else float(((first == second).mean() - by_chance) / (1 - by_chance))


def _codings(row: dict[str, str]) -> Iterator[Floats]:
    for column in ("units", "second"):
        if row[column] != "-":
            yield shown(row[column])


def shown(units: str) -> Floats:
    """Return (12,) for what a coder wrote, ``12 25 6?``."""
    out = np.zeros(len(ABAW_AU), np.float32)
    for unit in units.split():
        out[ABAW_AU.index(f"AU{unit.rstrip('?')}")] = SLIGHT if unit.endswith("?") else 1
    return out


def read_pictures(
    codes: Sequence[Source],
    data: Path,
    generator: Generator | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[RGB]:
    """Return the pictures, RGB uint8 (S, S, 3), 200 pixels of UTKFace and of drawn faces and 48 of FER+.

    Args:
        codes: N pictures.
        data: Folder with ``ferplus_train.npz``, ``ferplus_valid.npz`` and ``utkface*.zip``.
        generator: Of the drawn ones.
        say: Told how many are drawn.

    Raises:
        FemoError: A file is missing, or a picture in it.
    """
    found: dict[tuple[str, str], RGB] = {}
    for origin in sorted({one.origin for one in codes} - {UTKFACE, DRAWN}):
        images = read_votes(data / f"{origin}.npz")[0]
        for one in codes:
            if one.origin == origin and int(one.name) < len(images):
                found[origin, one.name] = np.repeat(images[int(one.name)][..., None], 3, axis=2)
    wanted = {one.name for one in codes if one.origin == UTKFACE}
    for archive in sorted(data.glob("utkface*.zip")):
        found |= {(UTKFACE, name): picture for name, picture in read_named(archive, wanted).items()}
    drawn = {one.name for one in codes if one.origin == DRAWN}
    if drawn:
        if generator is None:
            raise FemoError(f"{len(drawn)} of the coded pictures are drawn faces, which need a generator")
        found |= {(DRAWN, name): picture for name, picture in draw_coded(drawn, generator, say).items()}
    missing = [one.name for one in codes if (one.origin, one.name) not in found]
    if missing:
        raise FemoError(f"{data} lacks {len(missing)} of {len(codes)} coded pictures, {missing[0]} for example")
    return [found[one.origin, one.name] for one in codes]
