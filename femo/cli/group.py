"""``femo group``: the mood of the people in clips and photos."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from femo.cli.options import Model, PriorOption, min_face_fits, smooth_fits
from femo.cli.output import STDOUT, check_streams, finish, named_files, print_table, say, write_json, write_table
from femo.cli.progress import Counter
from femo.cli.video import expand
from femo.errors import FemoError
from femo.output.names import refuse_inputs

if TYPE_CHECKING:
    from femo.results import GroupResult


def group(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Clips or photos, or patterns.")],
    json: Annotated[
        str | None, typer.Option("--json", metavar="OUT", help="Write JSON here; - is stdout.")
    ] = None,
    csv: Annotated[
        str | None, typer.Option("--csv", metavar="OUT", help="Write a table here, a row per moment; - is stdout.")
    ] = None,
    smooth: Annotated[
        str, typer.Option("--smooth", callback=smooth_fits, help="none, mean:K or median:K over K frames.")
    ] = "mean:15",
    min_face: Annotated[
        int | None,
        typer.Option(
            callback=min_face_fits,
            help="Smallest face side in pixels, from 12; default is quick, or what a trained mood learnt from.",
        ),
    ] = None,
    model: Model = None,
    prior: PriorOption = None,
) -> None:
    """Read the mood of a group in one or more clips or photos."""
    from femo.output.export import files as export
    from femo.pipeline import load

    check_streams({"--json": json, "--csv": csv}, {})
    clips = expand(files)
    refuse_inputs(named_files((json, csv)), clips)
    pipeline = load(model, prior=prior)
    results: dict[str, GroupResult] = {}
    documents: list[dict[str, Any]] = []
    problems: list[str] = []
    with Counter(clips) as counter:
        for clip in clips:
            report = counter.begin(clip)
            try:
                result = pipeline.group(clip, smooth=smooth, min_face=min_face, progress=report)
                for note in result.video.notes:
                    say(f"{clip}: {note}")
                results[str(clip)] = result
                documents.append({"file": str(clip), **result.to_dict()})
            except FemoError as error:
                say(str(error))
                problems.append(str(error))
                documents.append({"file": str(clip), "error": str(error)})
            counter.end(clip)
    if json is not None:
        write_json(json, documents if len(clips) > 1 else documents[0])
    if csv is not None:
        write_table(csv, lambda path: export.write_csv(path, results))
    if STDOUT not in (json, csv):
        _print(list(results.items()))
    finish(problems, len(clips))


def _print(results: "Sequence[tuple[str, GroupResult]]") -> None:
    rows = []
    for name, result in results:
        verdict = result.to_dict()["verdict"]
        nothing = "every face is a blur" if result.video.timelines else "no face found"
        top = result.verdict.top()[0] or nothing
        shares = ["-" if verdict[label] is None else f"{verdict[label]:.2f}" for label in result.verdict.labels]
        n_most = int(result.face_count.max(initial=0))
        persons = str(len(result.video.timelines))
        rows.append((Path(name).name, top, *shares, result.verdict.source, persons, str(n_most)))
    print_table(
        ("file", "verdict", "positive", "neutral", "negative", "source", "persons", "most faces at once"), rows
    )
