"""``femo photo``: every face of one or more photos."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from femo.cli.output import finish, say, write_json
from femo.errors import FemoError

if TYPE_CHECKING:
    from femo.results import PhotoResult

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="One or more files.")]
JsonOut = Annotated[str | None, typer.Option("--json", metavar="OUT", help="Write JSON here; - is stdout.")]
CsvOut = Annotated[Path | None, typer.Option("--csv", metavar="OUT", help="Write a table here, a row per face.")]
Model = Annotated[str | None, typer.Option("--model", help="Model folder; default FEMO_MODEL, else femo-base.")]


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
        from femo.output.export.files import write_csv

        write_csv(csv, {str(file): result for file, result in results})
    if json != "-":
        _print_photos(results)
    finish(problems, len(files))


def _annotate(file: Path, result: "PhotoResult", folder: Path) -> None:
    from PIL import Image

    from femo.media.photos import read_photo
    from femo.output.draw import annotate

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
