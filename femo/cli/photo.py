"""``femo photo``: every face of one or more photos."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from femo.cli.options import MeshOption, MinFaceOption, Model, PriorOption
from femo.cli.output import STDOUT, check_streams, finish, named_files, print_table, say, write_json, write_table
from femo.errors import FemoError
from femo.output.names import identities, name_outputs, owner_of, place_of, refuse_inputs

if TYPE_CHECKING:
    from PIL.PngImagePlugin import PngInfo

    from femo.media.photos import Photo
    from femo.pipeline import Pipeline
    from femo.results import PhotoResult
    from femo.types import RGB

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="One or more files.")]
JsonOut = Annotated[str | None, typer.Option("--json", metavar="OUT", help="Write JSON here; - is stdout.")]
CsvOut = Annotated[
    str | None, typer.Option("--csv", metavar="OUT", help="Write a table here, a row per face; - is stdout.")
]

MARK = "femo picture of"
"""Key of the text in an annotated picture that tells its photo's place."""


def photo(
    files: Files,
    json: JsonOut = None,
    csv: CsvOut = None,
    openface: Annotated[
        str | None, typer.Option("--openface", metavar="OUT", help="Write a table as OpenFace does; - is stdout.")
    ] = None,
    pyfeat: Annotated[
        str | None, typer.Option("--pyfeat", metavar="OUT", help="Write a table that py-feat reads; - is stdout.")
    ] = None,
    annotate: Annotated[
        Path | None, typer.Option("--annotate", metavar="DIR", help="Write pictures with numbered boxes here.")
    ] = None,
    saliency: Annotated[
        Path | None,
        typer.Option(
            "--saliency", metavar="OUT.png", help="Write a picture of what the expressions hang on (one photo)."
        ),
    ] = None,
    min_face: MinFaceOption = None,
    align: Annotated[bool, typer.Option(help="Turn faces so that the eyes are level.")] = False,
    model: Model = None,
    prior: PriorOption = None,
    mesh: MeshOption = True,
) -> None:
    """Read every face of one or more photos."""
    from femo.media.photos import read_photo
    from femo.pipeline import load

    outputs = {"--json": json, "--csv": csv, "--openface": openface, "--pyfeat": pyfeat}
    check_streams(outputs, {"--annotate": annotate, "--saliency": saliency})
    _check_saliency(saliency, len(files))
    pictures = _named(files, annotate)
    refuse_inputs([*named_files([*outputs.values(), saliency]), *dict.fromkeys(pictures.values())], files)
    pipeline = load(model, prior=prior, measure=mesh)
    results: list[tuple[Path, PhotoResult]] = []
    documents: list[dict[str, Any]] = []
    problems: list[str] = []
    for file in files:
        try:
            picture = read_photo(file)
            result = pipeline.photo(picture, min_face=min_face, align=align)
            if pictures:
                _annotate(file, picture.rgb, result, pictures[file])
            if saliency is not None:
                _explain(pipeline, picture, result, align, saliency)
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
    _write_tables({str(file): result for file, result in results}, csv, openface, pyfeat, alone=len(files) == 1)
    if results and STDOUT not in outputs.values():
        _print_photos(results)
    finish(problems, len(files))


def _check_saliency(picture: Path | None, n_files: int) -> None:
    """Refuse several photos for one picture, and a name that says another format than the PNG that is written."""
    if picture is None:
        return
    if n_files > 1:
        raise typer.BadParameter("--saliency takes one photo")
    if picture.suffix.lower() != ".png":
        raise typer.BadParameter(f"{picture} is no name of a PNG file; the picture of --saliency ends in .png")


def _write_tables(
    results: "Mapping[str, PhotoResult]",
    csv: str | None,
    openface: str | None,
    pyfeat: str | None,
    *,
    alone: bool,
) -> None:
    """Write one table of all photos in each form that is asked for."""
    from femo.output.export import exchange
    from femo.output.export.files import write_csv

    if csv is not None:
        write_table(csv, lambda path: write_csv(path, results))
    if openface is not None:
        shown = next(iter(results.values())) if alone and results else results
        write_table(openface, lambda path: exchange.write_openface(path, shown))
    if pyfeat is not None:
        write_table(pyfeat, lambda path: exchange.write_pyfeat(path, results))


def _named(files: Sequence[Path], folder: Path | None) -> dict[Path, Path]:
    """Return where the annotated picture of each photo goes; empty where none is wanted."""
    if folder is None:
        return {}
    read = identities(files)

    def owner(name: str) -> str | None:
        picture = folder / f"{name}.png"
        return owner_of({picture: _drawn_from(picture)}, read)

    names = name_outputs(files, owner)
    return {file: folder / f"{name}.png" for file, name in names.items()}


def _drawn_from(picture: Path) -> str | None:
    """Return the place of the photo that a picture of ours was drawn from, else None."""
    from femo.media.kinds import DAMAGE, open_picture

    try:
        with picture.open("rb") as file, open_picture(file) as image:
            return image.info.get(MARK)
    except DAMAGE:
        return None


def _annotate(file: Path, rgb: "RGB", result: "PhotoResult", target: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    from femo.output.draw import annotate

    marks = PngInfo()
    marks.add_text(MARK, place_of(file))
    unsure = None if result.reading is None else result.reading.unsure.tolist()
    _save(annotate(rgb, result.faces.xyxy, unsure=unsure), target, marks)


def _explain(pipeline: "Pipeline", picture: "Photo", result: "PhotoResult", align: bool, target: Path) -> None:
    import numpy as np

    from femo.output.draw import annotate
    from femo.saliency import draw_saliency, explain

    explained = explain(pipeline, picture, faces=result.faces, prior=result.prior, align=align)
    boxes = np.array([one.xyxy for one in explained], np.float32).reshape(-1, 4)
    captions = [f"{one.label} {one.probability:.0%}" for one in explained]
    _save(annotate(draw_saliency(picture.rgb, explained), boxes, captions=captions), target)


def _save(rgb: "RGB", target: Path, marks: "PngInfo | None" = None) -> None:
    """Write a PNG, whole or not at all."""
    from PIL import Image

    from femo.atomic import replacing

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as partial:
            Image.fromarray(rgb).save(partial, "PNG", pnginfo=marks)
    except OSError as error:
        raise FemoError(f"cannot write {target}: {error.strerror or error}") from error


def _print_photos(results: "Sequence[tuple[Path, PhotoResult]]") -> None:
    from femo.output.figures.photo import face_table

    rows: list[Sequence[str]] = []
    for file, result in results:
        if not len(result.faces):
            rows.append((file.name, "no face found"))
        faces = face_table(result).drop(columns="Action units")
        rows += [(file.name, *(str(cell) or "-" for cell in cells)) for cells in faces.itertuples(index=False)]
    print_table(
        ("file", "face", "expression", "valence", "arousal", "age", "gender", "ethnicity", "reading"), rows
    )
