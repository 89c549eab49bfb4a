"""``femo train look``: from coded pictures to what a network sees of action units.

The data folder holds ``ferplus_train.npz``, ``ferplus_valid.npz`` and ``utkface*.zip``; which of their pictures were coded, and
how, is part of femo.
"""

from pathlib import Path
from typing import Annotated

import typer

GeneratorOption = Annotated[
    Path | None,
    typer.Option(help="random_face/data of the wheel random-face 2021.7.21.1: learn from drawn faces too."),
]


def train_look(
    data: Annotated[Path, typer.Option(help="Folder with ferplus_train.npz, ferplus_valid.npz and utkface*.zip.")],
    model: Annotated[
        Path, typer.Option(help="The model folder whose network looks; its weights and config are rewritten.")
    ] = Path("models/femo-base"),
    faces: Annotated[int, typer.Option(min=10, help="Neutral faces to make pictures of, at most.")] = 3000,
    generator: GeneratorOption = None,
) -> None:
    """Fit what a network sees of action units, beside the points of the face mesh.

    Learns from photos and drawn faces whose units were coded, and from pictures of neutral faces whose points were moved as units
    move them. The maps of the points come from femo train units and stay as they are.

    Data layout: DIR/ferplus_train.npz, DIR/ferplus_valid.npz, DIR/utkface*.zip.
    """
    from rich.console import Console

    from femo.mesh.reader import MeshReader
    from femo.models.config import read_spec
    from femo.readers import load_readers
    from femo.training.generated.generator import Generator
    from femo.training.look.folder import read_folder
    from femo.training.look.recipe import fit_look, read_sets, write

    console = Console(stderr=True, soft_wrap=True)
    read_folder(model)  # before minutes are spent on what could not be written
    drawing = None if generator is None else Generator(generator)
    network, mesh = load_readers([read_spec(model)])[0], MeshReader()
    looked = fit_look(read_sets(data, network, mesh, faces, console.print, drawing), network, mesh)
    for unit, sets in looked.figures.items():
        for name, figures in sets.items():
            console.print(f"{unit:5} {name:7} {'  '.join(f'{key} {value}' for key, value in figures.items())}")
        console.print(f"{unit:5} {'measured' if unit in looked.entries else 'stays prior'}")
    write(model, looked)
    console.print(f"{model}: {len(looked.entries)} units are measured")
