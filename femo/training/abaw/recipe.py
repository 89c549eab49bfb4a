"""The ABAW recipe: frame-level heads for EXPR, VA, AU and MTL on the features of a frozen network.

CVPR-W 2022, sections 2 and 3. One call reads Aff-Wild2, makes the features, trains the head (or all of an ablation side
by side), scores it as tables 1 and 3-6 do, and writes a model folder, the predictions of the validation set and the
submission of the test set. The validation split chooses the epoch, as in the paper; what is tuned on it says so.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from femo.atomic import write_bytes
from femo.models.config import ModelSpec
from femo.training.abaw import adaptive as abaw_adaptive
from femo.training.abaw.checkpoint import Checkpoint, run_key
from femo.training.abaw.dataset.split import AnnotatedClip
from femo.training.abaw.dataset.tasks import TASKS, AbawError, AbawTask, TaskName, network_family
from femo.training.abaw.features import CachedInput
from femo.training.abaw.heads import HIDDEN, HeadNet, HeadRecipe, HeadTrainer, Values, predict
from femo.training.abaw.inputs import AbawRun, Data, read_data
from femo.training.abaw.model_folder import write_folder
from femo.training.abaw.predictions import remove_earlier, write_predictions
from femo.training.abaw.report import CHOSEN, AbawReport, AblationRow, Thresholds, tally_dict
from femo.training.abaw.samples import Samples, usable, visible
from femo.training.abaw.scoring import FIXED, SWEEP, ClipValues, score, spread, sweep, tuned_thresholds

Choice = Literal["0.5", "train", "val"]

DEFAULTS: Final[Mapping[TaskName, HeadRecipe]] = {
    "expr": HeadRecipe("embedding", HIDDEN, batch=256),
    "va": HeadRecipe("logits", 0),
    "au": HeadRecipe("embedding", HIDDEN),
    "mtl": HeadRecipe("embedding+scores", 0),
}
"""The paper's best head for each task. Its table 4 calls the input of VA scores; the author's code feeds the logits."""
VARIANTS: Final[Mapping[TaskName, Sequence[tuple[CachedInput, int]]]] = {
    "expr": (("embedding", 0), ("embedding", HIDDEN), ("scores", 0), ("scores", HIDDEN)),
    "va": (("embedding", 0), ("scores", 0), ("logits", 0)),
    "au": (("embedding", 0), ("embedding", HIDDEN), ("scores", 0), ("scores", HIDDEN)),
    "mtl": (("embedding+scores", 0), ("embedding+scores", HIDDEN)),
}
"""Rows of tables 1, 4, 3 and 6."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train and write.

    Attributes:
        task: expr, va, au or mtl.
        out: Model folder to write; predictions go to ``<out>/predictions``.
        recipe: The head.
        ablation: Train every row of the paper's table as well.
        smooth: Filter of the written predictions.
        thresholds: Which thresholds the folder and the predictions take: 0.5, best on training videos, or best on the
            validation split.
    """

    task: TaskName
    out: Path
    recipe: HeadRecipe
    ablation: bool = False
    smooth: str = "mean:15"
    thresholds: Choice = "train"


def recipes_of(plan: Plan, data: Data) -> list[HeadRecipe]:
    """Return the head to write, then the other rows of the ablation that the cache allows."""
    out = [plan.recipe]
    if plan.ablation:
        for what, hidden in VARIANTS[plan.task]:
            recipe = replace(plan.recipe, input=what, hidden=hidden)
            if recipe not in out and data.cache.columns.holds(what):
                out.append(recipe)
    return out


def train_abaw(plan: Plan, run: AbawRun) -> AbawReport:
    """Run the recipe.

    Args:
        plan: What to train.
        run: What it is trained on, and whom to tell.

    Raises:
        AbawError: The data cannot be used; names what and where.
    """
    task = TASKS[plan.task]
    data = read_data(task, run, ("train", "val"))
    samples = Samples(data.cache, map(usable, data.clips["train"]))
    val = Samples(data.cache, map(visible, data.clips["val"]))
    if not len(samples) or not len(val):
        raise AbawError(
            f"{run.source.data} has {len(samples)} training frames with a label and a crop that can be decoded, and "
            f"{len(val)} validation frames with such a crop; both are needed"
        )
    recipes = recipes_of(plan, data)
    checkpoint = Checkpoint(run.source.features, run_key(samples, val, recipes, task))
    trainer = HeadTrainer(samples, val, recipes, task, checkpoint)
    if trainer.n_epochs:
        run.say(f"training goes on after epoch {trainer.n_epochs}, which an earlier run finished")
    nets = trainer.run(lambda row: run.say("  ".join(f"{name} {value:.4g}" for name, value in row.items())))
    values = predict(val, nets, data.cache.columns)
    predicted = [spread(data.clips["val"], val, each) for each in values]
    on_train = _on_training_videos(nets[0], data, task)
    thresholds = choose_thresholds(predicted[0], on_train, task) if "au" in task.parts else None
    chosen = _chosen(plan.thresholds, thresholds)
    report = AbawReport(
        task=task,
        model=run.spec.name,
        method=plan.recipe.method,
        family=network_family(run.spec.arch),
        counts=data.table,
        sweep=sweep(predicted[0], task, chosen, list(dict.fromkeys((*SWEEP, plan.smooth)))),
        chosen=CHOSEN[plan.thresholds] if thresholds else None,
        thresholds=thresholds,
        ablation=_ablation(nets, predicted, task) if plan.ablation else (),
        notes=[*data.notes, *_stopped(trainer)],
    )
    adaptive = None
    if "expr" in task.parts:
        adaptive = abaw_adaptive.calibrate(on_train, task)
        report.adaptive = abaw_adaptive.measure(predicted[0], task, adaptive)
    _write(plan, report, run.spec, nets[0], chosen, adaptive["video"] if adaptive else None, predicted[0], data)
    checkpoint.remove()
    return report


def _on_training_videos(net: HeadNet, data: Data, task: AbawTask) -> list[ClipValues]:
    """Predict the training videos, which calibrate thresholds and the adaptive rate; nothing for VA, which needs none."""
    if task.parts == ("va",):
        return []
    seen = Samples(data.cache, map(visible, data.clips["train"]))
    return spread(data.clips["train"], seen, predict(seen, [net], data.cache.columns)[0])


def choose_thresholds(
    predicted: Sequence[ClipValues], on_train: Sequence[ClipValues], task: AbawTask
) -> Thresholds:
    """Compare 0.5, the best on training videos (if there are any) and the best on these clips themselves."""
    tuned = tuned_thresholds(predicted, task)
    honest = tuned_thresholds(on_train, task) if on_train else None
    return Thresholds(
        fixed=score(predicted, task, only_crops=True).score("au"),
        tuned=tuned,
        tuned_score=score(predicted, task, thresholds=tuned, only_crops=True).score("au"),
        honest=honest,
        honest_score=score(predicted, task, thresholds=honest, only_crops=True).score("au") if honest else None,
    )


def _chosen(choice: Choice, thresholds: Thresholds | None) -> tuple[float, ...]:
    if thresholds is None or choice == "0.5":
        return FIXED
    return (thresholds.honest if choice == "train" else thresholds.tuned) or FIXED


def _ablation(
    nets: Sequence[HeadNet], predicted: Sequence[Sequence[ClipValues]], task: AbawTask
) -> list[AblationRow]:
    """Return the rows of the paper's table, in its order."""
    rows: dict[str, AblationRow] = {}
    for net, clips in zip(nets, predicted, strict=True):
        method = net.recipe.method
        rows[method] = AblationRow(method, figures(clips, task))
        if task.name == "mtl" and net.recipe.input == "embedding+scores" and not net.recipe.hidden:
            tuned = f"{method}, tuned thresholds"
            rows[tuned] = AblationRow(tuned, figures(clips, task, tuned_thresholds(clips, task)))
    order = [replace(nets[0].recipe, input=what, hidden=hidden).method for what, hidden in VARIANTS[task.name]]
    return sorted(rows.values(), key=lambda row: _place(row.method, order))


def _place(method: str, order: Sequence[str]) -> tuple[int, str]:
    plain = method.removesuffix(", tuned thresholds")
    return (order.index(plain) if plain in order else len(order), method)


def figures(
    clips: Sequence[ClipValues], task: AbawTask, thresholds: Sequence[float] | None = None
) -> tuple[float, ...]:
    """Return the figures of one method in the order of ``PUBLISHED_COLUMNS``, frames with a crop, not smoothed."""
    tally = score(clips, task, thresholds=thresholds or FIXED, only_crops=True)
    if task.name == "expr":
        return tally.score(), tally.accuracy()
    if task.name == "va":
        return (*tally.items("va").tolist(), tally.score())
    if task.name == "au":
        tuned = score(clips, task, thresholds=tuned_thresholds(clips, task), only_crops=True)
        return tally.score(), tuned.score()
    return tally.score(), tally.score("va"), tally.score("expr"), tally.score("au")


def _stopped(trainer: HeadTrainer) -> list[str]:
    return [
        f"{recipe.method}: best of {stop.epoch} epochs was {stop.best_epoch}, chosen on the validation split"
        for recipe, stop in zip(trainer.recipes, trainer.stops, strict=True)
    ]


def _write(
    plan: Plan,
    report: AbawReport,
    spec: ModelSpec,
    net: HeadNet,
    thresholds: tuple[float, ...],
    adaptive: Mapping[str, Any] | None,
    predicted: Sequence[ClipValues],
    data: Data,
) -> None:
    """Write predictions and submission first, the model folder last."""
    task, folder = report.task, plan.out / "predictions"
    where = write_predictions(folder / "val", predicted, task, plan.smooth, thresholds)
    remove_earlier(folder / "val", predicted, task)
    report.notes.append(
        f"validation predictions ({plan.smooth}): python -m leaderboard score {task.leaderboard} {where}"
    )
    test = predict_clips(net, data, data.test) if data.test else []
    if test:
        write_predictions(folder / "test", test, task, plan.smooth, thresholds)
    remove_earlier(folder / "test", test, task)
    best = next(row for row in report.sweep if row.smoothing == plan.smooth)
    figure = tally_dict(best.with_crop, task) | {"smoothing": plan.smooth, "split": "Aff-Wild2 validation"}
    figure |= {"thresholds": report.chosen} if report.chosen else {}
    card = write_card(plan, report)
    units = thresholds if "au" in task.parts else None
    write_bytes(plan.out / "scores.json", (json.dumps(report.to_dict(), indent=2) + "\n").encode())
    write_folder(plan.out, spec, net, task, figure, units, adaptive, card)


def predict_clips(net: HeadNet, data: Data, clips: Sequence[AnnotatedClip]) -> list[ClipValues]:
    """Predict clips that may have no labels."""
    samples = Samples(data.cache, map(visible, clips))
    values: Values = predict(samples, [net], data.cache.columns)[0]
    return spread(clips, samples, values)


def write_card(plan: Plan, report: AbawReport) -> str:
    """Return the model card."""
    return (
        "---\nlicense: other\nlicense_name: research-non-commercial\n"
        "tags: [facial-expression-recognition, affective-computing, aff-wild2]\n---\n\n"
        f"# {plan.out.name}\n\n"
        f"The network of `{report.model}` as it is, with a frame-level head for ABAW {plan.task.upper()} "
        f"({report.method}), trained by `femo train abaw` on the Aff-Wild2 training set. The head is `trained`; figures are "
        "on the validation set, which also chose the epoch.\n\n"
        f"{report.markdown()}\n\n"
        "## Terms\n\nAff-Wild2 is for non-commercial research under its own agreement; so is this head. The limits of "
        f"`{report.model}` apply as well.\n"
    )
