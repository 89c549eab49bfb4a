"""``femo train faces``: from two data sets to a model folder.

The data folder holds ``ferplus_train.npz``, ``ferplus_valid.npz`` (images uint8 (N, 48, 48), votes uint8 (N, 10),
columns) and one or more ``utkface*.zip`` (names ``age_gender_race_date.jpg.chip.jpg``).
"""

from pathlib import Path
from typing import Annotated

import typer

from femo.errors import FemoError
from femo.output.names import MODEL_FILES, refuse_folder, refuse_inputs

N_HELD_OUT = 1500
"""UTKFace images kept out of training for calibration and the card."""
STORED_PX = 96
"""UTKFace is kept in memory at this side: the largest input that the recipe trains at."""


def train_faces(
    data: Annotated[Path, typer.Option(help="Folder with ferplus_train.npz, ferplus_valid.npz and utkface*.zip.")],
    out: Annotated[Path, typer.Option(help="Model folder to write.")] = Path("models/my-model"),
    run: Annotated[
        Path, typer.Option(help="Folder for log and checkpoints; an earlier run in it goes on.")
    ] = Path("runs/faces"),
    recipe: Annotated[Path | None, typer.Option(help="JSON recipe; default is that of femo-base.")] = None,
    init: Annotated[str | None, typer.Option(help="Model folder to start from (its backbone weights).")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
) -> None:
    """Train expression, age, gender and ethnicity on one network (SISY 2021, section 3.2).

    Data layout: DIR/ferplus_train.npz, DIR/ferplus_valid.npz, DIR/utkface*.zip. A killed run continues when the same
    command is given again.
    """
    from rich.console import Console

    from femo.models.find import find_model
    from femo.training.faces.finish import finish
    from femo.training.faces.presets import read_recipe
    from femo.training.faces.recipe import Trainer
    from femo.training.faces.sets import read_sets

    console = Console(stderr=True)
    if not data.is_dir():
        raise FemoError(
            f"{data} is no folder; expected ferplus_train.npz, ferplus_valid.npz and utkface*.zip in it"
        )
    refuse_folder(out, [data, *([find_model(init).folder] if init is not None else [])])
    refuse_inputs([out / name for name in MODEL_FILES], [recipe] if recipe is not None else [])
    chosen = read_recipe(recipe, n_threads=threads)
    sets = read_sets(data, STORED_PX, N_HELD_OUT, chosen.majority_share)
    console.print(f"{len(sets.faces):,} FER+ and {len(sets.attributes):,} UTKFace images to train on")
    trainer = Trainer(chosen, [sets.faces, sets.attributes], [sets.faces_held_out, sets.attributes_held_out], run)
    if init is not None:
        trainer.start_from(init)
    trainer.run(lambda row: console.print("  ".join(f"{name} {value:.4g}" for name, value in row.items())))
    held_out = {"ferplus": data / "ferplus_valid.npz", "utkface": sets.write_held_out(run / "utkface_held_out")}
    measured = finish(trainer.averaged, chosen, out, sets.faces_held_out, sets.attributes_held_out, held_out)
    console.print(f"{out}: FER+ accuracy {measured['ferplus']['accuracy']['value']:.2%}")
