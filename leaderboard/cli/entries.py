"""The verbs of the command line that need a store: ``submit``, ``board``, ``withdraw`` and ``rescore``.

Conventions: the submitter is the user of this computer; whoever can write the store's folder owns it anyway.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leaderboard.board import Board, open_board
from leaderboard.errors import LeaderboardError
from leaderboard.schema import Task
from leaderboard.standings.export import export, interval_text, rank_text
from leaderboard.standings.table import Row, chosen_rows, groups
from leaderboard.store.details import checked_details
from leaderboard.store.entries import Entry
from leaderboard.store.users import local_user
from leaderboard.tasks import get_task

Command = Callable[[argparse.Namespace], dict[str, Any]]
Add = Callable[[str, Command, str], argparse.ArgumentParser]


def add_verbs(add: Add) -> None:
    """Add the verbs; ``add(name, command, help)`` returns a parser that takes TASK already."""
    submit = add("submit", _submit, "Score a prediction file and put it on the board.")
    submit.add_argument("file", type=Path, metavar="FILE")
    submit.add_argument("--system", required=True, metavar="NAME", help="what the table calls the system")
    submit.add_argument("--team", default="", metavar="NAME")
    submit.add_argument(
        "--link", action="append", default=[], metavar="URL", help="paper or code; can be repeated"
    )
    submit.add_argument("--note", default="", metavar="TEXT")
    board = add("board", _board, "Print the table of a task.")
    board.add_argument("--format", choices=["text", "csv", "json", "latex"], default="text")
    board.add_argument(
        "--group", metavar="NAME", help="one group of comparable rows, for example 'val · complete'"
    )
    withdraw = add("withdraw", _withdraw, "Take back one of your own entries.")
    withdraw.add_argument("entry", metavar="ID")
    add("rescore", _rescore, "Recompute every score of a task from the submitted files.")


RESTORE_S = 60.0
"""How long a command waits for the entries of a data set."""


def _open(options: argparse.Namespace) -> Board:
    environment = dict(os.environ)
    if options.reference is not None:
        environment["FEMO_REFERENCE"] = str(options.reference)
    board = open_board(environment)
    if board.mirror is not None and (problem := board.mirror.wait_restored(RESTORE_S)):
        print(f"{environment['FEMO_STORE']} was not read, so entries may be missing: {problem}", file=sys.stderr)
    return board


def _submit(options: argparse.Namespace) -> dict[str, Any]:
    board, task = _open(options), get_task(options.task)
    details = checked_details(options.system, options.team, " ".join(options.link), options.note)
    entry = board.submit(task, options.file, local_user(), details)
    (row,) = [row for row in board.rows(task) if row.user == entry.user and row.system == entry.system]
    report = board.report(task, entry.id)
    better = "" if row.id == entry.id else f"; an earlier entry of {entry.system} stays in the table"
    print(f"{entry.system}: {task.main} {report['main']:.4f}, rank {rank_text(row.rank)}{better}")
    print(f"entry {entry.id}, signature {report['signature']}")
    return {"entry": entry.id, "rank": None if row.rank is None else list(row.rank), "report": report}


def _board(options: argparse.Namespace) -> dict[str, Any]:
    board, task = _open(options), get_task(options.task)
    rows = chosen_rows(board.rows(task), options.group)
    signature = board.labels.signature(task)
    if options.format == "text":
        print(_text(rows, task))
    else:
        print(export(rows, task, signature, options.format), end="")
    return {"task": task.name, "signature": signature, "rows": [row.to_dict() for row in rows]}


def _text(rows: list[Row], task: Task) -> str:
    lines = [f"{task.title}: {task.main}" + ("" if task.higher_is_better else ", lower is better")]
    for group in groups(rows):
        lines += ["", group]
        for row in (row for row in rows if row.group == group):
            score = "–" if row.main is None else f"{row.main:.4f}"
            cells = f"{rank_text(row.rank):>7}  {score:>8}  {interval_text(row, 3):<15}  {row.system}"
            lines.append(f"{cells}{f', {row.team}' if row.team else ''} [{row.badge}]")
    return "\n".join(lines)


def _withdraw(options: argparse.Namespace) -> dict[str, Any]:
    board, task = _open(options), get_task(options.task)
    entry: Entry = board.withdraw(options.entry, local_user())
    print(f"{entry.system} is withdrawn from {task.name}")
    return {"entry": entry.id, "withdrawn": entry.withdrawn}


def _rescore(options: argparse.Namespace) -> dict[str, Any]:
    board, task = _open(options), get_task(options.task)
    results = list(board.rescore(task.name))
    for result in results:
        print(f"{result.outcome:<10} {result.entry.id}  {result.entry.system}  {result.message}".rstrip())
    print(f"{len(results)} entries of {task.name}")
    outcomes = [{"entry": result.entry.id, "outcome": result.outcome} for result in results]
    if bad := sum(result.outcome in ("differs", "refused") for result in results):
        raise LeaderboardError(f"{bad} of {len(results)} entries of {task.name} do not give their score again")
    return {"task": task.name, "entries": outcomes}
