"""Reads FER2013 images with the FER+ votes.

Conventions: an ``.npz`` file with ``images`` uint8 (N, 48, 48), ``votes`` uint8 (N, 10) and ``columns`` that
names the ten vote columns. Targets come in AffectNet's alphabetical order (``femo.labels.AFFECTNET_8``).

Protocol of Barsoum et al. 2016 ("Training deep networks for facial expression recognition with crowd-sourced
label distribution", ICMI): a class with one vote counts as none; an image whose largest class is unknown or NF is
left out; the target is the largest of the eight classes, and a tie goes to the class that stands first in the vote
columns (neutral, happiness, surprise, ...), which decides 4.6 % of the training images.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from femo.errors import MediaError
from femo.labels import AFFECTNET_8
from femo.types import Floats, Ints

NOT_A_CLASS = ("unknown", "NF")


@dataclass(frozen=True, slots=True, eq=False)
class FerPlus:
    """The images that the protocol keeps.

    Attributes:
        images: uint8 (N, 48, 48), grey.
        distribution: float32 (N, 8), the votes of the eight classes after the one-vote rule, summing to 1.
        target: int64 (N,), the largest class.
        n_left_out: Images whose largest class is unknown or no face.
    """

    images: npt.NDArray[np.uint8]
    distribution: Floats
    target: Ints
    n_left_out: int


def read_votes(path: str | Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], list[str]]:
    """Return images (N, 48, 48), votes (N, 10) and the names of the vote columns, as they stand in the file.

    Raises:
        MediaError: The file is missing or is not of the stated form.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            images, votes = data["images"], data["votes"]
            columns = [str(name) for name in data["columns"]]
    except FileNotFoundError as error:
        raise MediaError(f"{path} does not exist; expected a FER+ file, an .npz.") from error
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise MediaError(
            f"{path} is not a FER+ file: expected an .npz with images, votes and columns ({error})"
        ) from error
    wanted = {*AFFECTNET_8, *NOT_A_CLASS}
    if set(columns) != wanted or votes.shape != (len(images), len(columns)):
        raise MediaError(f"{path} has vote columns {columns}, expected {sorted(wanted)}")
    return images, votes, columns


def read_ferplus(path: str | Path) -> FerPlus:
    """Read one partition and apply the protocol.

    Args:
        path: The ``.npz`` file.

    Raises:
        MediaError: The file is missing, is not of the stated form, or holds no face that the protocol keeps.
    """
    images, votes, columns = read_votes(path)
    counts = votes.astype(np.float32)
    counts[counts == 1] = 0
    order = [columns.index(label) for label in AFFECTNET_8]
    faces = counts[:, order]
    others = counts[:, [columns.index(label) for label in NOT_A_CLASS]]
    keep = (faces.max(axis=1) > 0) & (faces.max(axis=1) >= others.max(axis=1))
    if not keep.any():
        raise MediaError(f"{path} holds no face: of {len(keep)} pictures the protocol of FER+ keeps none")
    faces = faces[keep]
    position = np.full(len(columns), -1)
    position[order] = range(len(order))
    in_file_order = np.where(np.isin(columns, NOT_A_CLASS), -1, counts[keep]).argmax(axis=1)
    return FerPlus(
        images=images[keep],
        distribution=faces / faces.sum(axis=1, keepdims=True),
        target=position[in_file_order],
        n_left_out=int((~keep).sum()),
    )
