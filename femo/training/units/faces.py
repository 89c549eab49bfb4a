"""Faces to fit the maps of action units with: FER+'s with their votes, and UTKFace's neutral ones.

Conventions: of FER+'s training partition the slice that ``femo train faces`` keeps apart is kept apart here as well, and what
recurs in it or in the validation partition is left out: its faces are known neither to an expression network that was trained
so nor to the maps. What is chosen is chosen by the validation partition.
"""

import zipfile
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from femo.errors import FemoError
from femo.mesh.reader import MeshReader
from femo.networks.mesh import SIDE
from femo.readers import Reader, read_squashed
from femo.training.faces.ferplus import NOT_A_CLASS, read_votes
from femo.training.faces.sets import parted
from femo.training.faces.utkface import parse_name
from femo.training.units.pictures import enlarged, measure_pictures
from femo.training.units.weak import FERPLUS, vote_shares
from femo.types import Floats, Ints

NEUTRAL_FROM: Final = 0.8
"""Least probability of ``neutral`` of a face that is moved."""
YOUNGEST, OLDEST = 15, 75
FACE_IN_CHIP = slice(14, SIDE - 14)
"""Where the face lies in UTKFace's pictures, which are a little wider."""
LOOK_AT = 64


@dataclass(frozen=True, slots=True, eq=False)
class Voted:
    """Measured faces of FER+.

    Attributes:
        frontal: float32 (N, 468, 3), points turned to the front.
        shares: float32 (N, 8), votes in the order ``weak.FERPLUS``.
        prior: float32 (N, 12), what the prior head says of the action units; NaN where it was not asked.
    """

    frontal: Floats
    shares: Floats
    prior: Floats


def ordered_votes(path: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return images (N, 48, 48) and votes (N, 10) of a FER+ file, columns in the order ``weak.FERPLUS``, unknown, no face.

    Raises:
        MediaError: It is none.
    """
    images, votes, columns = read_votes(path)
    return images, votes[:, [columns.index(name) for name in (*FERPLUS, *NOT_A_CLASS)]]


def split(
    images: npt.NDArray[np.uint8], votes: npt.NDArray[np.uint8], held_out: npt.NDArray[np.uint8]
) -> tuple[Ints, Ints]:
    """Return the rows of the training partition to fit with, and those of the slice that is kept apart.

    Args:
        images: uint8 (N, 48, 48), the training partition.
        votes: uint8 (N, 10), as ``ordered_votes`` orders them.
        held_out: uint8 (M, 48, 48), the validation partition.
    """
    counts = votes.astype(np.float32)
    counts[counts == 1] = 0
    faces, others = counts[:, : len(FERPLUS)].max(axis=1), counts[:, len(FERPLUS) :].max(axis=1)
    kept = np.flatnonzero((faces > 0) & (faces >= others))  # as ``ferplus.read_ferplus`` keeps them
    fitted, apart = parted(images[kept], held_out)
    return np.sort(kept[fitted.numpy()]), np.sort(kept[apart.numpy()])


def level(rows: Ints, votes: npt.NDArray[np.uint8], limit: int) -> Ints:
    """Return at most about ``limit`` of the rows, of frequent expressions no more than needed, evenly spread."""
    top = vote_shares(votes[rows]).argmax(axis=1)
    counts = np.bincount(top, minlength=len(FERPLUS))
    most = int(counts.max())
    while most > 1 and np.minimum(counts, most).sum() > limit:
        most = int(most * 0.98)
    chosen = []
    for number in range(len(FERPLUS)):
        mine = rows[top == number]
        spread = np.linspace(0, len(mine) - 1, min(most, len(mine))).astype(int)
        chosen.append(mine[spread])
    return np.sort(np.concatenate(chosen))


def voted(
    images: npt.NDArray[np.uint8],
    votes: npt.NDArray[np.uint8],
    reader: MeshReader,
    readers: Sequence[Reader] = (),
) -> Voted:
    """Measure faces, and ask the expression networks where there are some."""
    frontal, seen = measure_pictures(images, reader)
    prior = np.full((len(images), 12), np.nan, np.float32)
    for start in range(0, len(images) if readers else 0, LOOK_AT):
        rows = slice(start, start + LOOK_AT)
        said = read_squashed(readers, list(enlarged(images[rows])), still=True)
        prior[rows] = said.scores["action_units"].values
    return Voted(frontal[seen], vote_shares(votes)[seen], prior[seen])


def neutral_faces(
    archives: Sequence[Path], n_faces: int, readers: Sequence[Reader], without: Container[str] = ()
) -> npt.NDArray[np.uint8]:
    """Return up to ``n_faces`` neutral faces of adults (N, 192, 192, 3) of UTKFace, evenly spread over its files.

    Args:
        archives: Its files.
        n_faces: How many.
        readers: Networks that say which are neutral.
        without: Names of pictures to leave out.

    Raises:
        FemoError: There is no such face.
    """
    found: list[npt.NDArray[np.uint8]] = []
    for archive in archives:
        with zipfile.ZipFile(archive) as file:
            names = [name for name in sorted(file.namelist()) if _adult(name) and name not in without]
            order = np.random.default_rng(0).permutation(len(names))
            wanted = len(found) + -(-n_faces // len(archives))
            for start in range(0, len(names), LOOK_AT):
                pictures = [_decode(file.read(names[i])) for i in order[start : start + LOOK_AT]]
                said = read_squashed(
                    readers, [picture[FACE_IN_CHIP, FACE_IN_CHIP] for picture in pictures], still=True
                )
                calm = said.scores["expression"].column("neutral")
                found += [picture for picture, share in zip(pictures, calm, strict=True) if share >= NEUTRAL_FROM]
                if len(found) >= wanted:
                    break
    if not found:
        raise FemoError(f"no neutral face in {', '.join(map(str, archives)) or 'UTKFace: there is no archive'}")
    return np.stack(found[:n_faces])


def _adult(name: str) -> bool:
    label = parse_name(name) if name.endswith(".jpg") else None
    return label is not None and YOUNGEST <= label[0] <= OLDEST


def _decode(data: bytes) -> npt.NDArray[np.uint8]:
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise FemoError("an archive of UTKFace holds a file that is no picture")
    small = cv2.resize(bgr, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8)
