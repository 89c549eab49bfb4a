"""``femo video``: many clips in one go, with time left, resumable.

Conventions: ``--json``, ``--csv`` and ``--annotate`` name one output for all clips; ``--out`` names a folder that gets
``<clip>.json``, ``<clip>.csv`` and ``<clip>.srt`` for each, and a clip whose outputs are all there is passed over. A clip
that cannot be read is named, and the others go on.
"""

import glob
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from femo.cli.auto import read_auto
from femo.cli.output import finish, say, write_json
from femo.cli.progress import Counter
from femo.errors import FemoError, MediaError

if TYPE_CHECKING:
    from femo.clips.adaptive import Every
    from femo.clips.timelines import RawVideo
    from femo.media.streaming import Report
    from femo.pipeline import Pipeline
    from femo.results import VideoResult

OUTPUTS = (".json", ".csv", ".srt")
"""What ``--out`` writes for each clip."""


@dataclass(slots=True)
class Job:
    """What was asked for, and what came of it.

    Attributes:
        smooth: As ``temporal.parse_smoothing`` reads it.
        every: All, some, or as many frames as needed.
        min_face: Smallest face in pixels, or None.
        out: Folder for files per clip, or None.
        abaw: Folder for ABAW files, or None.
        annotate: File or folder for annotated copies, or None.
        several: Whether there are several clips.
        keep: Whether whole results are kept, for one table or document of all.
        fpr: Of the adaptive rate, or None for the usual one.
        agreement: Whether the adaptive rate is compared with every frame.
        au_thresholds: Of the model's action units in ABAW files, one or twelve.
        results: The results kept, or the error, in the order of the clips.
        table: Rows for the terminal.
        problems: One sentence per clip that failed.
    """

    smooth: str
    every: "Every"
    min_face: int | None
    out: Path | None
    abaw: Path | None
    annotate: Path | None
    several: bool
    keep: bool
    fpr: float | None = None
    agreement: bool = False
    au_thresholds: Sequence[float] = (0.5,)
    results: "dict[Path, VideoResult | FemoError]" = field(default_factory=dict)
    table: list[tuple[str, ...]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def annotated(self, clip: Path) -> Path | None:
        """Return where the annotated copy of a clip goes: the file named, or one in the folder named."""
        if self.annotate is None:
            return None
        return self.annotate / f"{clip.stem}.mp4" if self.several or self.annotate.is_dir() else self.annotate

    def is_done(self, clip: Path) -> bool:
        """Tell whether an earlier run left everything that is asked for."""
        if self.out is None:
            return False
        wanted = [self.out / f"{clip.stem}{suffix}" for suffix in OUTPUTS]
        copy = self.annotated(clip)
        wanted += [copy] if copy else []
        has_abaw = self.abaw is None or any(self.abaw.glob(f"*/{glob.escape(clip.stem)}.txt"))
        return has_abaw and all(path.is_file() for path in wanted)

    def write(self, clip: Path, raw: "RawVideo") -> None:
        """Write everything that is asked for of one clip; the JSON last, as it marks the clip as done."""
        from femo.output import overlay
        from femo.output.export import abaw as export_abaw
        from femo.output.export import files as export
        from femo.output.export import video as export_video

        result = raw.result(self.smooth)
        for note in result.notes:
            say(f"{clip}: {note}")
        copy = self.annotated(clip)
        if copy is not None:
            make_folder(copy.parent)
            export_video.write_annotated(copy, clip, overlay.painter(result))
        if self.abaw is not None:
            times = raw.frame_time_s
            limits = self.au_thresholds
            export_abaw.write_abaw(
                self.abaw, clip.stem, result, subjects="all", thresholds=limits, frame_time_s=times
            )
        if self.out is not None:
            export.write_csv(self.out / f"{clip.stem}.csv", result)
            export.write_srt(self.out / f"{clip.stem}.srt", result)
            export.write_json(self.out / f"{clip.stem}.json", result)
        if self.keep:
            self.results[clip] = result
        self.table += summary_rows(clip, result)

    def fail(self, clip: Path, error: FemoError) -> None:
        """Note a clip that cannot be read."""
        say(str(error))
        self.problems.append(str(error))
        self.results[clip] = error


def video(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Clips, or patterns such as 'day1/*.mp4'.")
    ],
    json: Annotated[
        str | None, typer.Option("--json", metavar="OUT", help="Write JSON here; - is stdout.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="OUT", help="Write a table here, a row per frame and person.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Write JSON, CSV and SRT per clip here; clips done are skipped."
        ),
    ] = None,
    abaw: Annotated[
        Path | None, typer.Option("--abaw", metavar="DIR", help="Write ABAW prediction files here.")
    ] = None,
    annotate: Annotated[
        Path | None,
        typer.Option("--annotate", metavar="OUT.mp4", help="Write a copy with boxes; a folder for several clips."),
    ] = None,
    smooth: Annotated[str, typer.Option("--smooth", help="none, mean:K or median:K over K frames.")] = "mean:15",
    every: Annotated[
        str,
        typer.Option("--every", metavar="N|all|auto", help="Analyse each N-th frame, all, or as many as needed."),
    ] = "all",
    fpr: Annotated[
        float | None,
        typer.Option(help="With --every auto: wrong early decisions that may pass, 0-1; default 0.05."),
    ] = None,
    agreement: Annotated[
        bool, typer.Option("--agreement", help="With --every auto: read every frame too, and compare.")
    ] = False,
    min_face: Annotated[int | None, typer.Option(help="Smallest face side in pixels; default is quick.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Model folder; default FEMO_MODEL, else femo-base.")
    ] = None,
) -> None:
    """Read every person of one or more clips over time."""
    if out is not None and (json is not None or csv is not None):
        raise typer.BadParameter("--out writes JSON and CSV of each clip; leave --json and --csv out")
    if every != "auto" and (agreement or fpr is not None):
        raise typer.BadParameter("--fpr and --agreement belong to --every auto")
    from femo.clips import temporal
    from femo.clips.adaptive import parse_every
    from femo.pipeline import load

    clips = expand(files)
    temporal.parse_smoothing(smooth)
    keep = json is not None or csv is not None
    job = Job(smooth, parse_every(every), min_face, out, abaw, annotate, len(clips) > 1, keep, fpr, agreement)
    _prepare(job, clips)
    waiting = [clip for clip in clips if not _skip(job, clip)]
    if waiting:
        _run(job, waiting, load(model))
    _write_together(job, json, csv)
    if json != "-" and job.table:
        _print_table(job.table)
    finish(job.problems, len(clips))


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


def _prepare(job: Job, clips: Sequence[Path]) -> None:
    """Make the folders, and refuse clips whose outputs would have one name."""
    stems: dict[str, Path] = {}
    for clip in clips if job.out or job.abaw or job.annotate else ():
        if clip.stem in stems:
            raise FemoError(
                f"{stems[clip.stem]} and {clip} would write the same files; read them in separate runs"
            )
        stems[clip.stem] = clip
    for folder in (job.out, job.abaw, job.annotate if job.several else None):
        if folder is not None:
            make_folder(folder)


def make_folder(folder: Path) -> None:
    """Make a folder unless it is there.

    Raises:
        FemoError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FemoError(f"{folder} cannot be made: {error.strerror or error}") from error


def _skip(job: Job, clip: Path) -> bool:
    if not job.is_done(clip):
        return False
    say(f"{clip}: done already")
    return True


def _run(job: Job, clips: Sequence[Path], pipeline: "Pipeline") -> None:
    """Read one clip after the other; a bad one is noted."""
    heads = [head for reader in pipeline.readers for head in reader.spec.heads if head.name == "action_units"]
    job.au_thresholds = next((head.thresholds for head in heads[:1] if head.thresholds), job.au_thresholds)
    with Counter(clips) as counter:
        for clip in clips:
            report = counter.begin(clip)
            try:
                job.write(clip, _read(job, clip, pipeline, report))
            except FemoError as error:
                job.fail(clip, error)
            counter.end(clip)


def _read(job: Job, clip: Path, pipeline: "Pipeline", report: "Report") -> "RawVideo":
    if job.every != "auto":
        return pipeline.raw_video(clip, every=job.every, min_face=job.min_face, progress=report)
    compared = job.smooth if job.agreement else None
    return read_auto(pipeline, clip, fpr=job.fpr, min_face=job.min_face, smooth=compared, progress=report)


def _write_together(job: Job, json: str | None, csv: Path | None) -> None:
    """Write one document, one table and the single-file ABAW forms of all clips."""
    from femo.output.export import abaw as export_abaw
    from femo.output.export import files as export

    if job.abaw is not None:
        export_abaw.join_abaw(job.abaw)
    if csv is not None:
        good = {str(clip): result for clip, result in job.results.items() if not isinstance(result, FemoError)}
        export.write_csv(csv, good)
    if json is not None:
        documents = [
            {"file": str(clip), **({"error": str(r)} if isinstance(r, FemoError) else r.to_dict())}
            for clip, r in job.results.items()
        ]
        write_json(json, documents if job.several else documents[0])


def summary_rows(clip: Path, result: "VideoResult") -> list[tuple[str, ...]]:
    """Return one row of text per person: clip, person, time in view, expressions, mean valence and arousal."""
    import numpy as np

    from femo.clips import summaries

    if not result.timelines:
        return [(clip.name, "no face found", "", "", "", "")]
    rows = []
    for line in result.timelines:
        top = [f"{label} {100 * share:.0f} %" for label, share in list(summaries.shares(line).items())[:3]]
        affect = line.scores.get("valence_arousal")
        means = [
            "-" if affect is None else f"{float(np.nanmean(affect.column(name)[line.present])):+.2f}"
            for name in ("valence", "arousal")
        ]
        seen = f"{summaries.seconds_in_view(line):.1f} s"
        rows.append((clip.name, str(line.track), seen, ", ".join(top), *means))
    return rows


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("file", "person", "in view", "expression", "valence", "arousal")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
