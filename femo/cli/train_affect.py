"""``femo train affect``: from rated pictures to a head for valence and arousal.

The data folder holds ``ferplus_train.npz`` and ``utkface*.zip``; which of their pictures were rated, and how, is part of femo.
"""

from pathlib import Path
from typing import Annotated

import typer

from femo.cli.train_look import GeneratorOption


def train_affect(
    data: Annotated[Path, typer.Option(help="Folder with ferplus_train.npz and utkface*.zip.")],
    model: Annotated[
        Path, typer.Option(help="The model folder whose network looks; its weights and config are rewritten.")
    ] = Path("models/femo-base"),
    generator: GeneratorOption = None,
) -> None:
    """Fit valence and arousal to photos and drawn faces that were rated for how they look, in the place of a prior.

    Data layout: DIR/ferplus_train.npz, DIR/utkface*.zip.
    """
    from rich.console import Console

    from femo.mesh.reader import MeshReader
    from femo.models.config import read_spec
    from femo.readers import load_readers
    from femo.training.generated.generator import Generator
    from femo.training.look import affect
    from femo.training.look.folder import read_folder

    console = Console(stderr=True, soft_wrap=True)
    read_folder(model)  # before minutes are spent on what could not be written
    drawing = None if generator is None else Generator(generator)
    network = load_readers([read_spec(model)])[0]
    head, figures, section = affect.train_affect(data, network, MeshReader(), console.print, drawing)
    for name, said in figures.items():
        console.print(f"{name:8} {'  '.join(f'{label} {values}' for label, values in said.items())}")
    affect.write_affect(model, head, figures, section)
    console.print(f"{model}: valence and arousal are trained")
