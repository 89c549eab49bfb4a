"""``femo train units``: from FER+ and UTKFace to the maps of action units in the folder ``face-mesh``.

The data folder holds ``ferplus_train.npz`` and ``ferplus_valid.npz`` (images uint8 (N, 48, 48), votes uint8 (N, 10),
columns) and ``utkface*.zip``.
"""

from pathlib import Path
from typing import Annotated

import typer


def train_units(
    data: Annotated[Path, typer.Option(help="Folder with ferplus_train.npz, ferplus_valid.npz and utkface*.zip.")],
    out: Annotated[
        Path, typer.Option(help="The folder face-mesh whose maps are replaced, in weights and config.")
    ] = Path("models/face-mesh"),
    limit: Annotated[int, typer.Option(min=100, help="Faces of FER+ to fit with, at most.")] = 8000,
    faces: Annotated[int, typer.Option(min=10, help="Neutral faces to make pictures of, at most.")] = 800,
) -> None:
    """Fit the maps from the points of a face to action units.

    Two teachers: FER+ votes, through how often people show a unit with an expression, and pictures of neutral faces whose points
    were moved as a unit moves them. There are no FACS codes in either: the figures printed are against these two.

    Data layout: DIR/ferplus_train.npz, DIR/ferplus_valid.npz, DIR/utkface*.zip.
    """
    from rich.console import Console

    from femo.labels import ABAW_AU
    from femo.mesh.reader import MeshReader
    from femo.training.units.recipe import fit_unit, read_folder, read_sets, write

    console = Console(stderr=True, soft_wrap=True)
    read_folder(out)  # before minutes are spent on what could not be written
    reader = MeshReader()
    sets = read_sets(data, reader, limit, faces, console.print)
    fits = {}
    for unit in ABAW_AU:
        fits[unit] = fit_unit(unit, sets, reader)
        for name, figures in fits[unit].figures.items():
            console.print(f"{unit:5} {name:10} {'  '.join(f'{key} {value}' for key, value in figures.items())}")
        console.print(f"{unit:5} {'measured' if fits[unit].measured else 'stays prior'}")
    write(out, fits)
    console.print(f"{out}: {sum(fit.measured for fit in fits.values())} units are measured")
    console.print(
        "a network that saw units beside the maps before no longer does: fit it again with femo train look"
    )
