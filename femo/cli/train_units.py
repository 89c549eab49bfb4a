"""``femo train units``: from FER+ to the maps of action units in the config of ``face-mesh``.

The data folder holds ``ferplus_train.npz`` and ``ferplus_valid.npz`` (images uint8 (N, 48, 48), votes uint8 (N, 10), columns).
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def train_units(
    data: Annotated[Path, typer.Option(help="Folder with ferplus_train.npz and ferplus_valid.npz.")],
    out: Annotated[Path, typer.Option(help="The config.json whose mesh.units are replaced.")] = Path(
        "models/face-mesh/config.json"
    ),
    limit: Annotated[
        int | None, typer.Option(help="Use only so many pictures of each set, evenly spread.")
    ] = None,
) -> None:
    """Fit the maps from mesh measures to action units with FER+ votes as weak labels.

    Data layout: DIR/ferplus_train.npz, DIR/ferplus_valid.npz. There are no FACS codes in it: the figures printed are against
    the expressions that annotators saw.
    """
    from rich.console import Console

    from femo.atomic import write_bytes
    from femo.mesh.reader import MeshReader
    from femo.mesh.units import CARRIED_BY
    from femo.training.units.fit import fit_unit

    console = Console(stderr=True)
    config = _config(out)  # before minutes are spent on what could not be written
    reader = MeshReader()
    train = _measured(data / "ferplus_train.npz", reader, limit, console)
    held = _measured(data / "ferplus_valid.npz", reader, limit, console)
    kept: dict[str, Any] = {}
    for unit in CARRIED_BY:
        fitted = fit_unit(unit, *train, *held)
        console.print(
            f"{unit:5} AUC {fitted.auc:.3f}  hits {fitted.hit:.2f}  false {fitted.false:.2f}  faces {fitted.n_faces}  "
            f"{'measured' if fitted.told_apart else 'stays prior'}"
        )
        if fitted.told_apart:
            kept[unit] = fitted.config | {
                "held_out": {
                    "auc": fitted.auc,
                    "hit": fitted.hit,
                    "false": fitted.false,
                    "faces": fitted.n_faces,
                }
            }
    config["mesh"] = {**(config.get("mesh") or {}), "units": kept}
    write_bytes(out, (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode())
    console.print(f"{out}: {len(kept)} units are measured")


def _config(path: Path) -> dict[str, Any]:
    """Read the config whose maps are replaced."""
    from femo.errors import FemoError

    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FemoError(f"{path} is no config of a face mesh: {error}") from error
    if not isinstance(config, dict):
        raise FemoError(f"{path} is no config of a face mesh: expected an object")
    return config


def _measured(path: Path, reader: Any, limit: int | None, console: Any) -> tuple[Any, Any]:
    """Measures and vote shares of one file's faces."""
    import numpy as np

    from femo.training.faces.ferplus import NOT_A_CLASS, read_votes
    from femo.training.units.pictures import measure_pictures
    from femo.training.units.weak import FERPLUS, vote_shares

    images, votes, columns = read_votes(path)
    votes = votes[:, [columns.index(name) for name in (*FERPLUS, *NOT_A_CLASS)]]
    if limit is not None and limit < len(images):
        chosen = np.linspace(0, len(images) - 1, limit).astype(int)
        images, votes = images[chosen], votes[chosen]
    with console.status(f"measuring {len(images):,} pictures of {path.name}"):
        values, seen = measure_pictures(images, reader)
    console.print(f"{path.name}: {seen.sum():,} of {len(images):,} faces measured")
    return values[seen], vote_shares(votes)[seen]
