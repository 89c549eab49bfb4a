"""Finds the data sets of ``femo train faces`` in a folder and splits off the hold-out.

Conventions: FER+ comes with its own validation partition; of UTKFace a fixed random part (seed 0) is kept out, by file name
order, so the same images are held out whatever the machine. Both are for the report alone. What is chosen during
development (phases, temperatures, thresholds) is chosen by two further slices, of FER+'s training partition and of the rest of
UTKFace, which are not trained on either.
"""

import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import torch

from femo.errors import FemoError
from femo.training.faces.ferplus import read_ferplus
from femo.training.faces.samples import Pool, ferplus_pool, utkface_pool
from femo.training.faces.utkface import read_utkface

N_SLICE = 1500
"""Images of each set that choices are made by."""


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """Training pools, their hold-outs, and where the held-out UTKFace files are."""

    faces: Pool
    faces_slice: Pool
    faces_held_out: Pool
    attributes: Pool
    attributes_slice: Pool
    attributes_held_out: Pool
    archives: tuple[Path, ...]
    held_out_names: tuple[str, ...]

    def write_held_out(self, folder: Path) -> Path:
        """Unpack the held-out UTKFace files at full size, so that they can be scored as anybody's files are."""
        folder.mkdir(parents=True, exist_ok=True)
        wanted = set(self.held_out_names)
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
    rows = torch.randperm(len(train.images), generator=torch.Generator().manual_seed(0))
    return Sets(
        faces=ferplus_pool(train, majority_share).subset(rows[N_SLICE:]),
        faces_slice=ferplus_pool(train, 1.0).subset(rows[:N_SLICE]),
        faces_held_out=ferplus_pool(read_ferplus(data / "ferplus_valid.npz"), 1.0),
        attributes=attributes.subset(order[last:]),
        attributes_slice=attributes.subset(order[first:last]),
        attributes_held_out=attributes.subset(order[:first]),
        archives=archives,
        held_out_names=tuple(utkface.names[i] for i in order[:first].tolist()),
    )
