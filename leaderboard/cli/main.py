"""The command line: ``python -m leaderboard validate | score | compare | template``, and board_cli's verbs.

Exit status: 0 done, 1 a named problem with the input (one line on stderr), 2 wrong usage. Where labels are one's
own (``--reference``) the report is complete; where they are the sandbox's it is what a hidden-label task shows.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from leaderboard.cli.entries import add_verbs
from leaderboard.errors import LeaderboardError, ReferenceMissing, SubmissionRefused
from leaderboard.reading.private_labels import labels_root
from leaderboard.reading.reference import load_reference
from leaderboard.reading.submission import read_submission, template
from leaderboard.scoring.reports import compare, score
from leaderboard.scoring.uncertainty import N_DRAWS
from leaderboard.standings.table import shown_comparison
from leaderboard.tasks import TASKS, Task, get_task
from leaderboard.types import Reference, ScoreReport


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], dict[str, Any]] = options.command
    try:
        result = command(options)
        status = 0
    except LeaderboardError as error:
        print(error, file=sys.stderr)
        if isinstance(error, SubmissionRefused):
            for problem in error.problems:
                print(problem)
        result, status = error.to_dict(), 1
    if options.json is not None:
        try:
            options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            print(f"{options.json}: cannot write the JSON file ({error.strerror})", file=sys.stderr)
            return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m leaderboard", description="Score prediction files.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    names = ", ".join(TASKS)

    def add(
        name: str, command: Callable[[argparse.Namespace], dict[str, Any]], help_text: str
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_text, description=help_text)
        sub.add_argument("task", metavar="TASK", help=f"one of {names}")
        sub.add_argument("--json", type=Path, metavar="OUT", help="write the result, or the refusal, as JSON")
        sub.add_argument("--reference", metavar="PATH", help="labels (default: FEMO_REFERENCE)")
        sub.set_defaults(command=command)
        return sub

    add("validate", _validate, "Check a prediction file.").add_argument("file", type=Path, metavar="FILE")
    scorer = add("score", _score, "Score a prediction file.")
    scorer.add_argument("file", type=Path, metavar="FILE")
    scorer.add_argument("--mask", choices=["cell", "row"], default="cell", help="what one invalid label drops")
    scorer.add_argument("--draws", type=_count, default=N_DRAWS, help="bootstrap draws, 0 for none")
    pair = add("compare", _compare, "Compare two prediction files by paired bootstrap.")
    pair.add_argument("first", type=Path, metavar="FIRST")
    pair.add_argument("second", type=Path, metavar="SECOND")
    add("template", _template, "Print a valid file to fill in.")
    add_verbs(add)
    return parser


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 100_000:
        raise argparse.ArgumentTypeError("expected 0-100000")
    return number


def _reference(task: Task, options: argparse.Namespace) -> Reference:
    """Return the labels that the options, the environment or the sandbox name."""
    if options.reference is not None:
        return load_reference(task, labels_root(options.reference))
    return load_reference(task, None if task.sandbox else labels_root(os.environ.get("FEMO_REFERENCE")))


def _validate(options: argparse.Namespace) -> dict[str, Any]:
    task = get_task(options.task)
    try:
        reference = _reference(task, options) if task.scorable else None
    except ReferenceMissing:
        if options.reference is not None:
            raise
        reference = None
    submission = read_submission(task, options.file, reference)
    print(f"{options.file.name} is a valid {task.name} file: {len(submission.keys)} rows")
    if reference is None:
        print("keys were not checked against labels, because none are connected")
    for note in submission.notes:
        print(note)
    return {
        "task": task.name,
        "valid": True,
        "n_rows": len(submission.keys),
        "keys_checked": reference is not None,
        "notes": list(submission.notes),
    }


def _score(options: argparse.Namespace) -> dict[str, Any]:
    task = get_task(options.task)
    reference = _reference(task, options)
    submission = read_submission(task, options.file, reference)
    report = score(task, submission, reference, options.mask, options.draws)
    if task.sandbox and options.reference is None:
        report = report.public(task.precision)
    print(_text(task, report))
    return report.to_dict()


def _compare(options: argparse.Namespace) -> dict[str, Any]:
    task = get_task(options.task)
    reference = _reference(task, options)
    first, second = (read_submission(task, path, reference) for path in (options.first, options.second))
    result = compare(task, first, second, reference)
    if task.sandbox and options.reference is None:
        result = shown_comparison(task, result)
    low, high = result.interval
    print(f"first {result.first:.4f} ({options.first.name}), second {result.second:.4f} ({options.second.name})")
    print(f"difference {result.difference:+.4f} (95 % {low:+.4f} to {high:+.4f})")
    print(f"probability that the first is better: {result.p_first_better:.3f} ({result.n_groups} groups)")
    return result.to_dict()


def _template(options: argparse.Namespace) -> dict[str, Any]:
    task = get_task(options.task)
    try:
        reference = _reference(task, options)
    except ReferenceMissing:
        reference = None
    text = template(task, reference)
    print(text, end="")
    return {"task": task.name, "template": text}


def _text(task: Task, report: ScoreReport) -> str:
    """Return the report as lines for people."""
    spread = "" if report.interval is None else f" (95 % {report.interval[0]:.4f} to {report.interval[1]:.4f})"
    lines = [f"{task.name}: {task.main} {report.main:.4f}{spread}"]
    lines += [f"  {name:<24} {value:.4f}" for name, value in report.components.items()]
    if report.variants:
        lines += ["under other definitions in use:"]
        lines += [f"  {name:<40} {value:.4f}" for name, value in report.variants.items()]
    lines += [f"scored {report.n_scored} rows, {report.n_excluded} excluded by the labels", *report.notes]
    return "\n".join([*lines, f"signature {report.signature}"])
