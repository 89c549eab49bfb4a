"""Commands on files that keep nothing: ``validate``, ``score``, ``compare`` and ``template``.

Where labels are one's own (``--reference``, ``FEMO_REFERENCE``) the report is complete; where they are the sandbox's it is
what a task with hidden labels shows.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from leaderboard.cli.options import File, JsonOut, LabelsAt, Name, Say, finish, own_labels, readable
from leaderboard.errors import LeaderboardError
from leaderboard.opening import open_scorer
from leaderboard.scoring.uncertainty import N_DRAWS
from leaderboard.tasks import Task, get_task
from leaderboard.types import ScoreReport

Draws = Annotated[int, typer.Option(min=0, max=100_000, help="Bootstrap draws, 0 for no interval.")]
Second = Annotated[Path, typer.Argument(metavar="SECOND")]


def _scorable(name: str) -> Task:
    task = get_task(name)
    if not task.scorable:
        raise LeaderboardError(f"{task.name} shows published results only; it takes no prediction files")
    return task


def validate(name: Name, file: File, json: JsonOut = None, reference: LabelsAt = None) -> None:
    """Check a prediction file: format and, where labels are connected, keys.

    Example: python -m leaderboard validate sandbox-afew predictions.csv
    """

    def work(say: Say) -> dict[str, Any]:
        scorer, task = open_scorer(), _scorable(name)
        labels = own_labels(task, reference)
        with readable(file) as path:
            submission = scorer.validate_own(task, path, labels)
        checked = labels is not None or scorer.labels.asked(task) is not None
        say(f"{file.name} is a valid {task.name} file: {len(submission.keys)} rows")
        if not checked:
            say("keys were not checked against labels, because none are connected")
        for note in submission.notes:
            say(note)
        return {
            "task": task.name,
            "valid": True,
            "n_rows": len(submission.keys),
            "keys_checked": checked,
            "notes": list(submission.notes),
        }

    finish(json, work, (file, reference))


def score(
    name: Name,
    file: File,
    json: JsonOut = None,
    reference: LabelsAt = None,
    mask: Annotated[Literal["cell", "row"], typer.Option(help="What one invalid label drops.")] = "cell",
    draws: Draws = N_DRAWS,
) -> None:
    """Score a prediction file; nothing is kept.

    Example: python -m leaderboard score abaw-expr predictions/ --reference Aff-Wild2/
    """

    def work(say: Say) -> dict[str, Any]:
        scorer, task = open_scorer(), _scorable(name)
        with readable(file) as path:
            report = scorer.score_own(task, path, own_labels(task, reference), mask, draws)
        for line in _lines(task, report):
            say(line)
        return report.to_dict()

    finish(json, work, (file, reference))


def compare(name: Name, first: File, second: Second, json: JsonOut = None, reference: LabelsAt = None) -> None:
    """Compare two prediction files by paired bootstrap; nothing is kept.

    Example: python -m leaderboard compare sandbox-afew old.csv new.csv
    """

    def work(say: Say) -> dict[str, Any]:
        scorer, task = open_scorer(), _scorable(name)
        if first.exists() and first.resolve() == second.resolve():
            raise LeaderboardError(f"{first} cannot be compared with itself: name two files")
        with readable(first) as one, readable(second) as two:
            result = scorer.compare_own(task, one, two, own_labels(task, reference))
        low, high = result.interval
        say(f"first {result.first:z.4f} ({first.name}), second {result.second:z.4f} ({second.name})")
        say(f"difference {result.difference:+z.4f} (95 % {low:+z.4f} to {high:+z.4f})")
        say(f"probability that the first is better: {result.p_first_better:.3f} ({result.n_groups} groups)")
        return result.to_dict()

    finish(json, work, (first, second, reference))


def template(name: Name, json: JsonOut = None, reference: LabelsAt = None) -> None:
    """Print a valid file to fill in: every key where labels are connected, else three rows.

    Example: python -m leaderboard template sandbox-afew > predictions.csv
    """

    def work(say: Say) -> dict[str, Any]:
        scorer, task = open_scorer(), get_task(name)
        text = scorer.template_own(task, own_labels(task, reference))
        say(text.removesuffix("\n"))
        return {"task": task.name, "template": text}

    finish(json, work, (reference,))


def _lines(task: Task, report: ScoreReport) -> list[str]:
    """Return the report as lines for people."""
    spread = "" if report.interval is None else f" (95 % {report.interval[0]:z.4f} to {report.interval[1]:z.4f})"
    lines = [f"{task.name}: {task.main} {report.main:z.4f}{spread}"]
    lines += [f"  {name:<24} {value:z.4f}" for name, value in report.components.items()]
    if report.variants:
        lines += ["under other definitions in use:"]
        lines += [f"  {name:<40} {value:z.4f}" for name, value in report.variants.items()]
    excluded = "" if report.n_excluded is None else f", {report.n_excluded} excluded by the labels"
    lines += [f"scored {report.n_scored} rows{excluded}", *report.notes]
    return [*lines, f"signature {report.signature}"]
