"""Finds the data sets of ``femo train faces`` in a folder and splits off the hold-out.

Conventions: FER+ comes with its own validation partition; of UTKFace a fixed random part (seed 0) is kept out, by file name
order, so the same images are held out whatever the machine. Both are for the report alone. What is chosen during
development (phases, temperatures, thresholds) is chosen by two further slices, of FER+'s training partition and of the rest of
UTKFace, which are not trained on either. One picture of UTKFace in twenty lies in it twice: what is trained on is left out of the
slice, and what is trained on or in the slice out of the hold-out. Of FER+ too some lie in it more than once, its partitions have
some in common: there the slice and the validation partition stay whole (29 of the slice lie in both), and of the 26,889 other
faces 697 recur in them, 462 to the pixel, and are not trained on.
"""

import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from femo.errors import FemoError
from femo.labels import AFFECTNET_8
from femo.training.faces.ferplus import read_ferplus
from femo.training.faces.samples import Pool, ferplus_pool, utkface_pool
from femo.training.faces.utkface import parse_name, read_utkface

N_SLICE = 1500
"""Images of each set that choices are made by."""
THUMBNAIL_PX = 16
TWICE = 0.98
"""Two pictures are one from this correlation of their thumbnails on. Of the first 1,500, 76 have one of the others at .99 or
more, two more at .98, and no more down to .97; at .97 it is another person in the same light."""
PART = 4096
"""Pictures that are compared at once: with 5,000 others they take 80 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """Training pools, their hold-outs, the names of UTKFace's files, and where those that are held out are."""

    faces: Pool
    faces_slice: Pool
    faces_held_out: Pool
    attributes: Pool
    attributes_slice: Pool
    attributes_held_out: Pool
    attributes_names: tuple[str, ...]
    archives: tuple[Path, ...]
    held_out_names: tuple[str, ...]

    def write_held_out(self, folder: Path) -> Path:
        """Unpack the held-out UTKFace files, and no other, at full size, so that they can be scored as anybody's files are."""
        folder.mkdir(parents=True, exist_ok=True)
        wanted = set(self.held_out_names)
        for left in {path.name for path in folder.iterdir()} - {Path(name).name for name in wanted}:
            if parse_name(left) is not None:
                (folder / left).unlink()
        for archive in self.archives:
            with zipfile.ZipFile(archive) as file:
                for name in wanted & set(file.namelist()):
                    with file.open(name) as source, (folder / Path(name).name).open("wb") as target:
                        shutil.copyfileobj(source, target)
        return folder


def read_sets(data: Path, stored_px: int, n_held_out: int, majority_share: float) -> Sets:
    """Read everything that the recipe trains on.

    Raises:
        FemoError: A file is missing, or too little is left to train on.
        MediaError: A file is not of its form.
    """
    archives = tuple(sorted(data.glob("utkface*.zip")))
    if not archives:
        raise FemoError(f"{data} has no utkface*.zip")
    utkface = read_utkface(archives, stored_px)
    if len(utkface.images) <= n_held_out:
        raise FemoError(f"{data} has {len(utkface.images)} UTKFace images, more than {n_held_out} are needed")
    order = torch.randperm(len(utkface.images), generator=torch.Generator().manual_seed(0))
    first, last = n_held_out, n_held_out + N_SLICE
    attributes = utkface_pool(utkface)
    train = read_ferplus(data / "ferplus_train.npz")
    if len(train.images) <= N_SLICE or len(utkface.images) <= last:
        raise FemoError(f"{data} has too few images to keep {N_SLICE} of each set apart for choices")
    small = thumbnails(utkface.images)
    held_out = order[:first][~recur(small[order[:first]], small[order[first:]])]
    kept_apart = order[first:last][~recur(small[order[first:last]], small[order[last:]])]
    valid = read_ferplus(data / "ferplus_valid.npz")
    learnt, chosen_by = parted(train.images, valid.images)
    faces = ferplus_pool(train, majority_share).subset(learnt)
    _check_classes(faces, data / "ferplus_train.npz")
    return Sets(
        faces=faces,
        faces_slice=ferplus_pool(train, 1.0).subset(chosen_by),
        faces_held_out=ferplus_pool(valid, 1.0),
        attributes=attributes.subset(order[last:]),
        attributes_slice=attributes.subset(kept_apart),
        attributes_held_out=attributes.subset(held_out),
        attributes_names=tuple(utkface.names[i] for i in order[last:].tolist()),
        archives=archives,
        held_out_names=tuple(utkface.names[i] for i in held_out.tolist()),
    )


def _check_classes(faces: Pool, path: Path) -> None:
    """Refuse what no prior can be fitted to before hours are spent on it: the share of each class is divided by."""
    n_faces = torch.bincount(faces.expression.argmax(dim=1), minlength=len(AFFECTNET_8))
    none = [label for label, n in zip(AFFECTNET_8, n_faces.tolist(), strict=True) if not n]
    if none:
        raise FemoError(f"{path} has no face of {', '.join(none)} to train on, expected some of each expression")


def parted(images: npt.NDArray[np.uint8], held_out: npt.NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
    """Return the rows of FER+'s training partition to train on, and those of the slice that choices are made by.

    Args:
        images: uint8 (N, S, S), the faces that the protocol keeps.
        held_out: uint8 (M, S, S), the validation partition. What recurs in it or in the slice is in neither of the two.
    """
    rows = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    chosen_by, others = rows[:N_SLICE], rows[N_SLICE:]
    small = thumbnails(images)
    return others[~recur(small[others], torch.cat([small[chosen_by], thumbnails(held_out)]))], chosen_by


def recur(pictures: Tensor, among: Tensor) -> Tensor:
    """Return which pictures also lie among others, as they are or nearly so: bool (N,), of thumbnails (N, K) and (M, K)."""
    return torch.cat([(part @ among.T >= TWICE).any(dim=1) for part in pictures.split(PART)])


def thumbnails(images: npt.NDArray[np.uint8]) -> Tensor:
    """Make pictures (N, S, S, 3) or (N, S, S) small and grey: (N, ``THUMBNAIL_PX`` squared), of mean 0 and unit length."""
    side = THUMBNAIL_PX
    small = np.zeros((len(images), side * side), np.float32)
    for row, image in enumerate(images):
        resized = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        small[row] = resized.reshape(side * side, -1).mean(axis=1)
    flat = torch.from_numpy(small)
    return functional.normalize(flat - flat.mean(dim=1, keepdim=True), dim=1)
