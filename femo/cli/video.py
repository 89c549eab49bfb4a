"""``femo video``: many clips in one go, with time left, resumable.

Conventions: ``--json``, ``--csv`` and ``--annotate`` name one output for all clips; ``--out`` names a folder that
gets ``<clip>.json``, ``<clip>.csv`` and ``<clip>.srt`` for each, with ``--also`` the tables of other tools, and a
clip whose outputs stand already is passed over. A clip that cannot be read is named, and the others go on.
"""

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from femo.cli.auto import read_auto
from femo.cli.clip_job import ClipJob, made_folders
from femo.cli.options import EveryOption, FprOption, MeshOption, MinFaceOption, Model, PriorOption, SmoothOption
from femo.cli.output import STDOUT, check_streams, finish, named_files, print_table, say, write_json, write_table
from femo.cli.progress import Counter
from femo.errors import FemoError, MediaError
from femo.output.names import refuse_inputs

if TYPE_CHECKING:
    from femo.clips.timelines import RawVideo
    from femo.media.streaming import Report
    from femo.pipeline import Pipeline


def video(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Clips, or patterns such as 'day1/*.mp4'.")
    ],
    json: Annotated[
        str | None, typer.Option("--json", metavar="OUT", help="Write JSON here; - is stdout.")
    ] = None,
    csv: Annotated[
        str | None,
        typer.Option("--csv", metavar="OUT", help="Write a table here, a row per frame and person; - is stdout."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Write JSON, CSV and SRT per clip here; clips done are skipped."
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="FORM",
            help="With --out: openface or pyfeat (tables as those tools write them), or elan (annotations); repeatable.",
        ),
    ] = None,
    abaw: Annotated[
        Path | None, typer.Option("--abaw", metavar="DIR", help="Write ABAW prediction files here.")
    ] = None,
    annotate: Annotated[
        Path | None,
        typer.Option(
            "--annotate", metavar="OUT.mp4", help="Write a copy with boxes, an MP4; a folder for several clips."
        ),
    ] = None,
    smooth: SmoothOption = "mean:15",
    every: EveryOption = "all",
    fpr: FprOption = None,
    agreement: Annotated[
        bool,
        typer.Option(
            "--agreement", help="With --every auto: read every frame too, also of clips done, and compare."
        ),
    ] = False,
    min_face: MinFaceOption = None,
    model: Model = None,
    prior: PriorOption = None,
    mesh: MeshOption = True,
) -> None:
    """Read every person of one or more clips over time."""
    if out is not None and (json is not None or csv is not None):
        raise typer.BadParameter("--out writes JSON and CSV of each clip; leave --json and --csv out")
    if also and out is None:
        raise typer.BadParameter("--also belongs to --out")
    if every != "auto" and (agreement or fpr is not None):
        raise typer.BadParameter("--fpr and --agreement belong to --every auto")
    from femo.clips.adaptive import parse_every
    from femo.pipeline import load

    check_streams({"--json": json, "--csv": csv}, {"--out": out, "--abaw": abaw, "--annotate": annotate})
    clips = expand(files)
    _check_copy(annotate, several=len(clips) > 1)
    keep = json is not None or csv is not None
    job = ClipJob(smooth, parse_every(every), min_face, out, abaw, annotate, len(clips) > 1, keep, fpr, agreement)
    job.model = _recorded(model, mesh=mesh)
    job.prior, job.also = prior, _forms(also or ())
    _check(job, clips, (json, csv))
    with made_folders((out, abaw, annotate if job.several else None)):
        waiting = [clip for clip in clips if not _skip(job, clip)]
        if waiting:
            _run(job, waiting, load(model, prior=prior, measure=mesh))
        _write_together(job, json, csv)
    if STDOUT not in (json, csv) and job.table:
        print_table(("file", "person", "in view", "expression", "valence", "arousal"), job.table)
    finish(job.problems, len(clips))


def _recorded(model: str | None, *, mesh: bool) -> list[list[Any]]:
    """Return the networks of a run for its records: name, hashes of the files, and the hash of all that decides numbers."""
    from femo.mesh.reader import MODEL
    from femo.models.find import find_model, find_models
    from femo.models.fingerprint import fingerprint

    specs = [*find_models(model), *([find_model(MODEL)] if mesh else [])]
    found = [[spec.name, [file.sha256 for file in spec.files], fingerprint(spec)] for spec in specs]
    return found if mesh else [*found, ["no mesh", [], ""]]


def _forms(names: Sequence[str]) -> tuple[str, ...]:
    from femo.output.export.exchange import SUFFIXES

    if unknown := [name for name in names if name not in SUFFIXES]:
        raise typer.BadParameter(f"--also knows {', '.join(SUFFIXES)}; got {unknown[0]!r}")
    return tuple(dict.fromkeys(names))


def _check_copy(copy: Path | None, *, several: bool) -> None:
    """Refuse a name for the copy of one clip that says a folder, or another container than the MP4 that is written."""
    if copy is None or several or copy.is_dir() or copy.suffix.lower() == ".mp4":
        return
    said = "is no name of an MP4 file and no folder that is there; the copy of one clip ends in .mp4"
    raise typer.BadParameter(f"{copy} {said}")


def expand(files: Sequence[str]) -> list[Path]:
    """Return the clips that names and patterns stand for, each once.

    Raises:
        MediaError: A pattern matches nothing.
    """
    found: dict[Path, None] = {}
    for name in files:
        is_pattern = glob.has_magic(name) and not Path(name).exists()
        matches = sorted(glob.glob(name, recursive=True)) if is_pattern else [name]  # noqa: PTH207  absolute ones too
        if not matches:
            raise MediaError(f"no file matches {name}")
        found |= dict.fromkeys(Path(match) for match in matches)
    return list(found)


def _check(job: ClipJob, clips: Sequence[Path], together: Sequence[str | Path | None]) -> None:
    """Name the outputs, and refuse those that would replace what is read."""
    if job.out or job.abaw or job.annotate:
        job.name(clips)
    refuse_inputs([*named_files(together), *job.outputs(clips)], clips)


def _skip(job: ClipJob, clip: Path) -> bool:
    if not job.is_done(clip):
        return False
    say(f"{clip}: done already")
    return True


def _run(job: ClipJob, clips: Sequence[Path], pipeline: "Pipeline") -> None:
    """Read one clip after the other; a bad one is noted."""
    from femo.media.containers import VideoLimits
    from femo.media.sources import rereadable

    with Counter(clips) as counter:
        for clip in clips:
            report = counter.begin(clip)
            try:
                with rereadable(clip, VideoLimits().max_bytes) as content:
                    source = job.source(clip, content)
                    job.write(clip, content, source, _read(job, content, pipeline, report))
            except FemoError as error:
                job.fail(clip, error)
            counter.end(clip)


def _read(job: ClipJob, clip: Path, pipeline: "Pipeline", report: "Report") -> "RawVideo":
    if job.every != "auto":
        return pipeline.raw_video(clip, every=job.every, min_face=job.min_face, progress=report)
    compared = job.smooth if job.agreement else None
    return read_auto(pipeline, clip, fpr=job.fpr, min_face=job.min_face, smooth=compared, progress=report)


def _write_together(job: ClipJob, json: str | None, csv: str | None) -> None:
    """Write one document, one table and the single-file ABAW forms of all clips."""
    from femo.output.export import abaw as export_abaw
    from femo.output.export import files as export

    if job.abaw is not None:
        export_abaw.join_abaw(job.abaw)
    if csv is not None:
        good = {str(clip): result for clip, result in job.results.items() if not isinstance(result, FemoError)}
        write_table(csv, lambda path: export.write_csv(path, good))
    if json is not None:
        documents = [
            {"file": str(clip), **({"error": str(r)} if isinstance(r, FemoError) else r.to_dict())}
            for clip, r in job.results.items()
        ]
        write_json(json, documents if job.several else documents[0])
