"""``femo train clips`` and the clip part of ``femo evaluate``: AFEW and VGAF."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from femo.cli.options import min_face_fits
from femo.cli.output import say
from femo.output.names import refuse_folder

if TYPE_CHECKING:
    from femo.training.clips.layout import ClipRecipe, LabelledClip
    from femo.types import Floats


class RecipeName(StrEnum):
    """Whose layout, descriptor and classes."""

    AFEW = "afew"
    VGAF = "vgaf"


class ClassifierName(StrEnum):
    """The classifiers of SISY 2021, section 3.3."""

    LINEAR_SVC = "linear-svc"
    SVC_RBF = "svc-rbf"
    RANDOM_FOREST = "random-forest"


def train_clips(
    recipe: Annotated[RecipeName, typer.Option(help="Layout, descriptor and classes.")],
    data: Annotated[Path, typer.Option(help="Folder in the official layout.")],
    out: Annotated[Path, typer.Option(help="Model folder to write.")] = Path("models/my-clips"),
    classifier: Annotated[
        ClassifierName | None, typer.Option(help="Default: linear-svc for AFEW, svc-rbf for VGAF.")
    ] = None,
    c: Annotated[float | None, typer.Option(help="Penalty; default is chosen by cross-validation.")] = None,
    cache: Annotated[Path, typer.Option(help="Folder of descriptors; a killed run goes on from it.")] = Path(
        "runs/clips"
    ),
    processes: Annotated[
        int, typer.Option(help="Processes that read clips, each on cores of its own.", min=1)
    ] = 2,
    min_face: Annotated[
        int | None,
        typer.Option(
            callback=min_face_fits,
            help="Smallest face side in pixels, from 12, now and whenever the model reads such clips.",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Network whose embeddings are used.")] = None,
) -> None:
    """Train a classifier of whole clips (SISY 2021, section 3.3).

    Data layout, AFEW: DIR/Train/<Class>/<clip>.avi and DIR/Val/<Class>/<clip>.avi. VGAF: DIR/Train_labels.txt and
    DIR/Val_labels.txt (1 Positive, 2 Neutral, 3 Negative), clips below DIR/Train and DIR/Val.
    """
    from femo.models.find import find_models
    from femo.training.clips.features import Extraction, load_once
    from femo.training.clips.layout import read_layout
    from femo.training.clips.output import write_clip_model, write_predictions
    from femo.training.clips.recipe import (
        CLASSIFIER,
        DESCRIPTOR,
        LABELS,
        predict_clips,
        report,
        targets,
        train_classifier,
    )

    refuse_folder(out, [data, *(spec.folder for spec in find_models(model))])
    name: ClipRecipe = recipe.value
    what = Extraction(model, DESCRIPTOR[name], cache, min_face)
    train, val = read_layout(name, data, "train"), read_layout(name, data, "val")
    vectors, val_vectors = _described(what, train, processes), _described(what, val, processes)
    kind = classifier.value if classifier else CLASSIFIER[name]
    trained = train_classifier(kind, vectors, targets(train), c)
    predicted = predict_clips(trained.classifier, val_vectors, len(LABELS[name]))
    scores = report(name, predicted, targets(val), val_vectors)
    write_clip_model(out, load_once(model).readers[0].spec, name, trained, scores, min_face=min_face)
    write_predictions(out / "predictions_val.zip", name, [clip.name for clip in val], predicted)
    say(f"{trained.n_train} training clips, {trained.n_left_out} without a face left out, C {trained.c}")
    _say_scores(scores)
    say(f"{out}: model folder and predictions_val.zip")


def evaluate_clips(recipe: str, data: Path, model: str | None) -> dict[str, Any]:
    """Score a model folder's clip head, trained or prior, on the validation clips of an official layout.

    Raises:
        FemoError: The layout is incomplete, or the model says nothing of such clips.
    """
    from femo.pipeline import load
    from femo.training.clips.layout import read_layout
    from femo.training.clips.recipe import report, targets
    from femo.training.clips.score import predict_val

    name: ClipRecipe = RecipeName(recipe).value
    clips = read_layout(name, data, "val")
    pipeline = load(model)
    predicted, vectors, source = predict_val(name, clips, pipeline)
    scores = report(name, predicted, targets(clips), vectors)
    decided = {"prior": "natural"} if source == "prior" else {}  # a classifier reads no expression
    return {**scores, "model": pipeline.model, "source": source, **decided}


def _described(what: Any, clips: "list[LabelledClip]", processes: int) -> "Floats":
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from femo.training.clips.features import extract

    console = Console(stderr=True)
    with Progress("{task.description}", MofNCompleteColumn(), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("describing clips")
        return extract(what, clips, processes, lambda done, of: bar.update(task, completed=done, total=of))


def _say_scores(scores: dict[str, Any]) -> None:
    for key in ("accuracy", "accuracy_with_faces"):
        entry = scores[key]
        if entry["value"] is not None:
            low, high = entry["interval"]
            say(f"{key.replace('_', ' ')}: {entry['value']:.2%} (95 %: {low:.2%} - {high:.2%}, N {entry['n']})")
