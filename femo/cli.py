"""The ``femo`` command.

Conventions: exit status 0 done, 1 a named problem with the input (one line on stderr each, no traceback), 2 wrong
usage. A command on many files goes on after a bad one and ends with status 1 and a list. ``--json -`` writes to stdout.
Heavy imports happen inside the commands, so ``femo --help`` answers at once.
"""

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from femo.cli_evaluate import evaluate
from femo.cli_group import group
from femo.cli_models import app as models
from femo.cli_output import finish, say, write_json
from femo.cli_video import video
from femo.errors import FemoError
from femo.training.cli_abaw import train_abaw
from femo.training.cli_clips import train_clips
from femo.training.cli_faces import train_faces

if TYPE_CHECKING:
    from femo.results import PhotoResult

app = typer.Typer(
    name="femo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Reads emotion from faces: photos, videos, groups.",
)

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="One or more files.")]
JsonOut = Annotated[str | None, typer.Option("--json", metavar="OUT", help="Write JSON here; - is stdout.")]
CsvOut = Annotated[Path | None, typer.Option("--csv", metavar="OUT", help="Write a table here, a row per face.")]
Model = Annotated[str | None, typer.Option("--model", help="Model folder; default FEMO_MODEL, else femo-base.")]


@app.command()
def photo(
    files: Files,
    json: JsonOut = None,
    csv: CsvOut = None,
    annotate: Annotated[
        Path | None, typer.Option("--annotate", metavar="DIR", help="Write pictures with numbered boxes here.")
    ] = None,
    min_face: Annotated[int | None, typer.Option(help="Smallest face side in pixels; default is quick.")] = None,
    align: Annotated[bool, typer.Option(help="Turn faces so that the eyes are level.")] = False,
    model: Model = None,
) -> None:
    """Read every face of one or more photos."""
    from femo.pipeline import load

    pipeline = load(model)
    results: list[tuple[Path, PhotoResult]] = []
    documents: list[dict[str, Any]] = []
    problems: list[str] = []
    for file in files:
        try:
            result = pipeline.photo(file, min_face=min_face, align=align)
            if annotate is not None:
                _annotate(file, result, annotate)
        except FemoError as error:
            problems.append(str(error))
            documents.append({"file": str(file), "error": str(error)})
            say(str(error))
            continue
        for note in result.notes:
            say(f"{file}: {note}")
        results.append((file, result))
        documents.append({"file": str(file), **result.to_dict()})
    if json is not None:
        write_json(json, documents[0] if len(files) == 1 else documents)
    if csv is not None:
        from femo.export import write_csv

        write_csv(csv, {str(file): result for file, result in results})
    if json != "-":
        _print_photos(results)
    finish(problems, len(files))


def _annotate(file: Path, result: "PhotoResult", folder: Path) -> None:
    from PIL import Image

    from femo.draw import annotate
    from femo.media import read_photo

    try:
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(annotate(read_photo(file).rgb, result.faces.xyxy)).save(folder / f"{file.stem}.png")
    except OSError as error:
        raise FemoError(f"cannot write {folder / file.stem}.png: {error.strerror or error}") from error


def _print_photos(results: "Sequence[tuple[Path, PhotoResult]]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("file", "face", "expression", "p", "valence", "arousal", "age", "gender", "ethnicity")
    for file, result in results:
        if not len(result.faces):
            table.add_row(file.name, "no face found")
        for row, face in enumerate(result.to_dict()["faces"]):
            top = {
                name: max(face[name], key=face[name].get) if face[name] else "-"
                for name in ("expression", "gender", "ethnicity")
            }
            numbers = [_number(face[name], "+.2f") for name in ("valence", "arousal")] + [
                _number(face["age"], ".0f")
            ]
            share = _number(face["expression"] and face["expression"][top["expression"]], ".2f")
            table.add_row(
                file.name, str(row + 1), top["expression"], share, *numbers, top["gender"], top["ethnicity"]
            )
    Console().print(table)


def _number(value: float | None, spec: str) -> str:
    return "-" if value is None else format(value, spec)


app.command("video")(video)
app.command("group")(group)
app.command("evaluate")(evaluate)

train = typer.Typer(no_args_is_help=True, help="Train a model; each recipe's --help names its data layout.")
train.command("faces")(train_faces)
train.command("clips")(train_clips)
train.command("abaw")(train_abaw)
app.add_typer(train, name="train")
app.add_typer(models, name="models")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit status."""
    warnings.filterwarnings("ignore", module="PIL")  # what is wrong with a photo is said in our own sentence
    try:
        app(args=arguments, prog_name="femo")
    except FemoError as error:
        say(f"femo: {error}")
        sys.exit(1)
