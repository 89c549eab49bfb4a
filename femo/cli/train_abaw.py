"""``femo train abaw`` and ``femo evaluate --abaw``: from an Aff-Wild2 folder to tables, a model folder and predictions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from femo.cli.options import smooth_fits
from femo.output.names import refuse_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from femo.training.abaw.dataset.tasks import TaskName
    from femo.training.abaw.extract import ExtractionState

Task = Literal["expr", "va", "au", "mtl"]


@contextmanager
def progress_bar() -> "Iterator[Callable[[ExtractionState], None]]":
    """Show frames done, frames per second and the time left, on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("features"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}/s"))
    console = Console(stderr=True)
    quiet = not console.is_terminal  # elsewhere a bar leaves an empty line and nothing else
    with Bar(*columns, TimeRemainingColumn(), console=console, transient=True, disable=quiet) as bar:
        row = bar.add_task("features", total=None, rate="")

        def show(state: "ExtractionState") -> None:
            bar.update(row, total=state.total, completed=state.done, rate=f"{state.rate:,.0f}")

        yield show


def train_abaw(
    task: Annotated[Task, typer.Option(help="expr, va, au or mtl.")],
    data: Annotated[Path, typer.Option(help="Aff-Wild2 folder: annotations, cropped faces, test lists.")],
    out: Annotated[
        Path | None, typer.Option(help="Model folder to write [default: models/<model>-abaw-<task>].")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model folder whose features are used.")] = None,
    crops: Annotated[
        Path | None, typer.Option(help="Folder or zip of cropped faces, if not called cropped.")
    ] = None,
    features: Annotated[
        Path | None, typer.Option(help="Feature cache [default: runs/abaw-features/<model>].")
    ] = None,
    store: Annotated[Literal["embedding", "scores", "both"], typer.Option(help="What the cache keeps.")] = "both",
    head_input: Annotated[
        Literal["embedding", "scores", "logits", "embedding+scores"] | None,
        typer.Option("--input", help="What the head reads; default is the paper's best."),
    ] = None,
    hidden: Annotated[int | None, typer.Option(help="Neurons of the hidden layer, 0 for a linear head.")] = None,
    ablation: Annotated[bool, typer.Option("--ablation", help="Train every row of the paper's table.")] = False,
    epochs: Annotated[int, typer.Option(help="At most.", min=1)] = 20,
    patience: Annotated[
        int, typer.Option(help="Epochs without a better validation score before it stops.", min=1)
    ] = 5,
    lr: Annotated[float, typer.Option(help="Learning rate of Adam.")] = 1e-3,
    seed: Annotated[int, typer.Option(help="Of weights and order.")] = 1,
    smooth: Annotated[
        str, typer.Option(callback=smooth_fits, help="Of the written predictions: none, mean:K or median:K.")
    ] = "mean:15",
    thresholds: Annotated[
        Literal["0.5", "train", "val"],
        typer.Option(help="Of action units: 0.5, best on training videos, best on the validation split itself."),
    ] = "train",
    workers: Annotated[int, typer.Option(help="Processes that extract features.")] = 2,
) -> None:
    """Train frame-level heads for ABAW on a frozen network (CVPR-W 2022).

    Data layout: DIR/**/EXPR_*|VA_*|AU_*/{Train_Set,Validation_Set}/VIDEO.txt or DIR/**/MTL_*/train_set.txt and
    validation_set.txt, DIR/**/cropped/VIDEO/00001.jpg (folder or zip), and the official test lists. A killed run goes
    on when the same command is given again: features after the last block, heads after the last epoch.
    """
    from dataclasses import replace

    from femo.clips.temporal import parse_smoothing
    from femo.models.find import find_model
    from femo.training.abaw import recipe as abaw
    from femo.training.abaw.inputs import AbawRun, Inputs

    spec = find_model(model)
    base = abaw.DEFAULTS[task]
    recipe = replace(
        base,
        input=head_input or base.input,
        hidden=base.hidden if hidden is None else hidden,
        epochs=epochs,
        patience=patience,
        lr=lr,
        seed=seed,
    )
    target = out or Path("models") / f"{spec.name}-abaw-{task}"
    refuse_folder(target, [data, spec.folder, *([crops] if crops else [])])
    plan = abaw.Plan(task, target, recipe, ablation, str(parse_smoothing(smooth)), thresholds)
    source = Inputs(data, features or cache_folder(spec.name), crops, store, workers)
    with progress_bar() as progress:
        report = abaw.train_abaw(plan, AbawRun(source, spec, _say, progress))
    typer.echo(report.markdown())
    _say(f"{target} is written; femo video --model {target} uses it")


def _say(text: str) -> None:
    typer.echo(text, err=True)


def cache_folder(model: str) -> Path:
    """Return where the features of a model are kept if nothing else is asked for."""
    return Path("runs") / "abaw-features" / model


def evaluate_abaw(
    data: Path,
    *,
    task: "TaskName | None" = None,
    model: str | None = None,
    features: Path | None = None,
    crops: Path | None = None,
    workers: int = 2,
    tables: bool = True,
) -> dict[str, Any]:
    """Score a model on every task that the folder has, or on one, and return the figures by task.

    Args:
        data: Aff-Wild2 folder.
        task: Only this one.
        model: Model folder.
        features: Cache folder.
        crops: Folder or zip of cropped faces.
        workers: Processes that extract features.
        tables: Whether to print the tables.
    """
    from femo.models.find import find_model
    from femo.training.abaw import evaluate as abaw_evaluate
    from femo.training.abaw.inputs import AbawRun, Inputs

    spec = find_model(model)
    source = Inputs(data, features or cache_folder(spec.name), crops, "both", workers)
    out: dict[str, Any] = {}
    for name in [task] if task else abaw_evaluate.tasks_in(source):
        with progress_bar() as progress:
            report = abaw_evaluate.evaluate_abaw(name, AbawRun(source, spec, _say, progress))
        if tables:
            typer.echo(f"# {spec.name}, ABAW {name.upper()}\n\n{report.markdown()}\n")
        out[f"abaw-{name}"] = report.to_dict()
    return out
