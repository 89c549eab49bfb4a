"""Finds the data sets of ``femo train faces`` in a folder and splits off the hold-out.

Conventions: FER+ comes with its own validation partition; of UTKFace a fixed random part (seed 0) is kept out, by file name
order, so the same images are held out whatever the machine. Both are for the report alone. What is chosen during
development (phases, temperatures, thresholds) is chosen by two further slices, of FER+'s training partition and of the rest of
UTKFace, which are not trained on either. One picture of UTKFace in twenty lies in it twice: what is trained on is left out of the
slice, and what is trained on or in the slice out of the hold-out.
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
from femo.training.faces.ferplus import read_ferplus
from femo.training.faces.samples import Pool, ferplus_pool, utkface_pool
from femo.training.faces.utkface import parse_name, read_utkface

N_SLICE = 1500
"""Images of each set that choices are made by."""
THUMBNAIL_PX = 16
TWICE = 0.98
"""Two pictures are one from this correlation of their thumbnails on. Of the first 1,500, 76 have one of the others at .99 or
more, two more at .98, and no more down to .97; at .97 it is another person in the same light."""


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
        FemoError: A file is missing.
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
    rows = torch.randperm(len(train.images), generator=torch.Generator().manual_seed(0))
    return Sets(
        faces=ferplus_pool(train, majority_share).subset(rows[N_SLICE:]),
        faces_slice=ferplus_pool(train, 1.0).subset(rows[:N_SLICE]),
        faces_held_out=ferplus_pool(read_ferplus(data / "ferplus_valid.npz"), 1.0),
        attributes=attributes.subset(order[last:]),
        attributes_slice=attributes.subset(kept_apart),
        attributes_held_out=attributes.subset(held_out),
        attributes_names=tuple(utkface.names[i] for i in order[last:].tolist()),
        archives=archives,
        held_out_names=tuple(utkface.names[i] for i in held_out.tolist()),
    )


def recur(pictures: Tensor, among: Tensor) -> Tensor:
    """Return which pictures also lie among others, as they are or nearly so: bool (N,), of thumbnails (N, K) and (M, K)."""
    return (pictures @ among.T).amax(dim=1) >= TWICE


def thumbnails(images: npt.NDArray[np.uint8]) -> Tensor:
    """Make pictures (N, S, S, 3) small and grey: (N, ``THUMBNAIL_PX`` squared), of mean 0 and unit length."""
    small = [cv2.resize(image, (THUMBNAIL_PX,) * 2, interpolation=cv2.INTER_AREA).mean(axis=2) for image in images]
    flat = torch.from_numpy(np.stack(small).astype(np.float32)).flatten(1)
    return functional.normalize(flat - flat.mean(dim=1, keepdim=True), dim=1)
