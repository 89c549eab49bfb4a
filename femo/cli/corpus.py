"""``femo corpus``: a folder, a pattern, a table or a data set into Parquet, exactly once."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from femo.cli.options import (
    EveryOption,
    FprOption,
    MeshOption,
    Model,
    PriorOption,
    SmoothOption,
    min_face_fits,
    refused_by,
)
from femo.cli.output import check_streams, say
from femo.media.grants import spelt_out, without_secrets

if TYPE_CHECKING:
    from femo.corpora.progress import CorpusProgress
    from femo.corpora.run import CorpusReport

N_SHOWN = 10
"""Failures that are named on the terminal; the data set has all."""
LINE_S = 1.0
"""Lines of JSON and the file for Prometheus are written at most this often."""


def _shard_minutes(minutes: float) -> None:
    from femo.corpora.options import check_shard_minutes

    check_shard_minutes(minutes)


def _timeout(seconds: float) -> None:
    from femo.corpora.options import check_timeout

    check_timeout(seconds)


def corpus(
    source: Annotated[
        str,
        typer.Argument(
            help="Folder, pattern, CSV or Parquet with a column of paths or URLs, URL, or USER/SET on the Hub."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the data sets; a killed run goes on in it.")
    ],
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many read at once; default one per core.")
    ] = None,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Processes of this machine, or actors of a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(help="Of the Ray cluster, such as ray://head:10001; default the one here, if any."),
    ] = None,
    smooth: SmoothOption = "mean:15",
    every: EveryOption = "all",
    fpr: FprOption = None,
    min_face: Annotated[
        int | None,
        typer.Option(
            callback=min_face_fits,
            help="Smallest face side in pixels, from 12; default is quick, or with --group what a trained mood learnt from.",
        ),
    ] = None,
    align: Annotated[bool, typer.Option(help="Turn faces of photos so that the eyes are level.")] = False,
    group: Annotated[bool, typer.Option("--group", help="Say the mood of each input too.")] = False,
    model: Model = None,
    prior: PriorOption = None,
    mesh: MeshOption = True,
    column: Annotated[
        str | None, typer.Option(help="Column of the table that names the inputs or holds them.")
    ] = None,
    shard_minutes: Annotated[
        float,
        typer.Option(
            callback=refused_by(_shard_minutes),
            help="Clips twice as long are read in shards of this length, to the same result.",
        ),
    ] = 10.0,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            callback=refused_by(_timeout),
            help="A URL without an answer is given up after this.",
        ),
    ] = 60.0,
    retry_failures: Annotated[
        bool, typer.Option("--retry-failures", help="Read again what failed before.")
    ] = False,
    pictures: Annotated[
        bool,
        typer.Option("--pictures", help="Show faces among the examples of summary.html; they are personal data."),
    ] = False,
    json_progress: Annotated[
        bool, typer.Option("--json-progress", help="Print progress as lines of JSON on stdout.")
    ] = False,
    prometheus: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep progress here in Prometheus' text format.")
    ] = None,
) -> None:
    """Read thousands of photos and clips into Parquet data sets: frames, persons, clips, failures.

    The same command goes on after a kill: nothing is read twice and nothing is lost.
    """
    from femo.clips.adaptive import parse_every
    from femo.corpora.progress import refuse_foreign_metrics
    from femo.corpora.run import corpus as run

    if every != "auto" and fpr is not None:
        raise typer.BadParameter("--fpr belongs to --every auto")
    if engine != "ray" and address is not None:
        raise typer.BadParameter("--address belongs to --engine ray")
    check_streams({}, {"--out": out, "--prometheus": prometheus})
    if prometheus is not None:
        refuse_foreign_metrics(prometheus)
    with _shown(json_progress, prometheus, engine) as progress:
        report = run(
            source,
            out,
            smooth=smooth,
            every=parse_every(every),
            fpr=fpr,
            min_face=min_face,
            align=align,
            group=group,
            model=model,
            prior=prior,
            measure=mesh,
            column=column,
            workers=workers,
            engine=engine,
            address=address,
            shard_minutes=shard_minutes,
            timeout_s=timeout,
            retry_failures=retry_failures,
            pictures=pictures,
            progress=progress,
        )
    _tell(report, source, out)
    if report.failures:
        raise typer.Exit(1)


def _tell(report: "CorpusReport", source: str, out: Path) -> None:
    """Say what a run came to."""
    for clip in report.changed[:N_SHOWN]:
        say(f"{clip}: changed since it was read, and was read again")
    for clip, problem in report.failures[:N_SHOWN]:
        say(f"{clip}: {problem}")
    if len(report.failures) > N_SHOWN:
        say(f"... and {len(report.failures) - N_SHOWN} more in {out / 'failures'}")
    if not report.progress.n_inputs:
        name = without_secrets(spelt_out(source))
        say(f"{name} has no photo or clip; in a folder those are files that end like one, such as .jpg or .mp4")
    if n := report.n_shared_names:
        said = "1 name in the column clip stands" if n == 1 else f"{n} names in the column clip stand"
        say(f"{said} for several inputs; join the data sets by clip_id")
    say(f"{out}: {report.progress}")


@contextmanager
def _shown(as_json: bool, prometheus: Path | None, engine: str) -> "Iterator[Callable[[CorpusProgress], None]]":
    """Show progress as a bar, as lines of JSON, and in a file; the last state always."""
    import json

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (BarColumn(), TextColumn("{task.description}"))
    last: list[CorpusProgress] = []
    told_s = -LINE_S

    def write(state: "CorpusProgress") -> None:
        if as_json:
            sys.stdout.write(json.dumps(state.to_dict()) + "\n")
            sys.stdout.flush()
        if prometheus is not None:
            state.write_prometheus(prometheus)

    with Progress(*columns, console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
        row = bar.add_task("", total=None)

        def show(state: "CorpusProgress") -> None:
            nonlocal told_s
            if engine == "ray" and state.engine == "local" and not (last and last[0].engine):
                say("no Ray cluster runs on this machine, so its own processes read; name a cluster by --address")
            last[:] = [state]
            bar.update(row, total=state.n_inputs, completed=state.n_done + state.n_failed, description=str(state))
            if time.monotonic() - told_s >= LINE_S:
                told_s = time.monotonic()
                write(state)

        yield show
    if last:
        write(last[0])
