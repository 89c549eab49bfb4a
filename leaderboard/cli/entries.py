"""Commands on the board: ``submit``, ``claim``, ``board``, ``mine``, ``publish``, ``withdraw``, ``rescore``, ``remove``.

Conventions: the submitter is the user of this computer, whom ``LOGNAME`` can name; whoever can write the store's folder
owns it anyway, and is its organiser.
"""

from typing import Annotated, Any, Literal

import typer

from leaderboard.board import Board
from leaderboard.cli.options import EntryId, File, JsonOut, LabelsAt, Name, Say, finish, opened, readable
from leaderboard.errors import LeaderboardError
from leaderboard.schema import Task
from leaderboard.standings.export import export, interval_text, rank_text
from leaderboard.standings.table import Row, chosen_rows, groups
from leaderboard.store.details import checked_details
from leaderboard.store.entries import utc_now
from leaderboard.store.phases import phase
from leaderboard.store.users import local_user
from leaderboard.tasks import get_task

System = Annotated[str, typer.Option(metavar="NAME", help="What the table calls the system.")]
Team = Annotated[str, typer.Option(metavar="NAME")]
Link = Annotated[list[str] | None, typer.Option(metavar="URL", help="Paper or code; can be repeated.")]
Note = Annotated[str, typer.Option(metavar="TEXT")]


def submit(
    name: Name,
    file: File,
    system: System,
    team: Team = "",
    link: Link = None,
    note: Note = "",
    private: Annotated[bool, typer.Option("--private", help="Only you see it until you publish it.")] = False,
    json: JsonOut = None,
    reference: LabelsAt = None,
) -> None:
    """Score a prediction file and put it on the board.

    Example: python -m leaderboard submit sandbox-afew predictions.csv --system "my net" --link https://example.org
    """

    def work(say: Say) -> dict[str, Any]:
        board, task = opened(reference), get_task(name)
        details = checked_details(system, team, " ".join(link or ()), note)
        with readable(file) as path:
            entry = board.submit(task, path, local_user(), details, file.name, private)
        report = board.report(task, entry.id)
        rows = [row for row in board.rows(task) if row.user == entry.user and row.system == entry.system]
        rank = rows[0].rank if rows else None
        earlier = rows and rows[0].id != entry.id
        standing = "private" if private else f"rank {rank_text(rank)}"
        better = f"; an earlier entry of {entry.system} stays in the table" if earlier and not private else ""
        say(f"{entry.system}: {task.main} {report['main']:z.4f}, {standing}{better}")
        for line in report["notes"]:
            say(line)
        say(f"entry {entry.id}, signature {report['signature']}")
        say(_left(board, task))
        return {"entry": entry.id, "rank": None if rank is None else list(rank), "report": report}

    finish(json, work, (file, reference))


def claim(
    name: Name,
    main: Annotated[float, typer.Argument(metavar="SCORE", help="As the paper states it, such as 0.5927.")],
    system: System,
    link: Annotated[list[str], typer.Option(metavar="URL", help="Where the score can be read.")],
    split: Annotated[str, typer.Option(help="Split that it was measured on.")] = "",
    team: Team = "",
    note: Note = "",
    json: JsonOut = None,
) -> None:
    """List a score that nobody here has checked, with the badge "self-reported" and without a rank.

    Example: python -m leaderboard claim afew 0.5927 --system EfficientNet-B0 --link https://arxiv.org/abs/2103.17107
    """

    def work(say: Say) -> dict[str, Any]:
        board, task = opened(), get_task(name)
        details = checked_details(system, team, " ".join(link), note)
        entry = board.self_report(task, local_user(), details, main, split)
        say(f"{entry.system}: {task.main} {main:z.4f}, self-reported, not ranked")
        say(f"entry {entry.id}")
        return {"entry": entry.id}

    finish(json, work)


def board(
    name: Name,
    format: Annotated[Literal["text", "csv", "json", "latex"], typer.Option()] = "text",
    group: Annotated[
        str | None, typer.Option(metavar="NAME", help="Rows ranked together, such as 'val · complete'.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="PART", help="Rank by a part, such as gender_accuracy.")
    ] = None,
    json: JsonOut = None,
    reference: LabelsAt = None,
) -> None:
    """Print the table of a task.

    Example: python -m leaderboard board utkface --by gender_accuracy
    """

    def work(say: Say) -> dict[str, Any]:
        opened_board, task = opened(reference, only_read=True), get_task(name)
        rows = chosen_rows(opened_board.rows(task, by), group)
        signature = opened_board.labels.shown_signature(task)
        text = _table(rows, task, by) if format == "text" else export(rows, task, signature, format, by)
        say(text.removesuffix("\n"))
        return {"task": task.name, "signature": signature, "rows": [row.to_dict() for row in rows]}

    finish(json, work)


def _table(rows: list[Row], task: Task, by: str | None) -> str:
    lines = [f"{task.title}: {by or task.main}" + ("" if by or task.higher_is_better else ", lower is better")]
    for group in groups(rows):
        lines += ["", group]
        for row in (row for row in rows if row.group == group):
            value = row.main if by is None else row.parts.get(by)
            score = "–" if value is None else f"{value:z.4f}"
            spread = interval_text(row, 3) if by is None else ""
            cells = f"{rank_text(row.rank):>7}  {score:>8}  {spread:<15}  {row.system}"
            removed = f" ({row.caveat})" if row.caveat.startswith("removed") else ""
            lines.append(f"{cells}{f', {row.team}' if row.team else ''} [{row.badge}]{removed}")
    return "\n".join(lines)


def mine(name: Name, json: JsonOut = None) -> None:
    """Print your entries of a task and how many submissions you have left.

    Example: python -m leaderboard mine sandbox-afew
    """

    def work(say: Say) -> dict[str, Any]:
        board, task = opened(only_read=True), get_task(name)
        entries, signature = board.mine(task, local_user()), board.labels.shown_signature(task)
        for entry in entries:
            score = f"{entry.current(signature).shown:z.4f}"
            say(f"{entry.id}  {entry.created[:10]}  {score}  {entry.state}  {entry.system}")
        say(_left(board, task))
        left = board.left(task, local_user())
        states = [{"entry": one.id, "system": one.system, "state": one.state} for one in entries]
        return {"task": task.name, "entries": states, "left_today": left.per_day, "left_in_all": left.in_all}

    finish(json, work)


def _left(board: Board, task: Task) -> str:
    left, now = board.left(task, local_user()), phase(task, utc_now()[:10])
    closing = f"; {task.name} is {now}" if now != "open" else f"; until {task.closes}" if task.closes else ""
    return f"{left.per_day} submissions left today (UTC), {left.in_all} in all{closing}"


def publish(name: Name, entry: EntryId, json: JsonOut = None) -> None:
    """Show one of your private entries to everybody.

    Example: python -m leaderboard publish sandbox-afew 0123456789abcdef0123456789abcdef
    """

    def work(say: Say) -> dict[str, Any]:
        board, task = opened(), get_task(name)
        done = board.publish(entry, local_user(), task.name)
        say(f"{done.system} is public on {task.name}")
        return {"entry": done.id, "private": done.private}

    finish(json, work)


def withdraw(name: Name, entry: EntryId, json: JsonOut = None) -> None:
    """Take back one of your own entries; it stays counted.

    Example: python -m leaderboard withdraw sandbox-afew 0123456789abcdef0123456789abcdef
    """

    def work(say: Say) -> dict[str, Any]:
        board, task = opened(), get_task(name)
        done = board.withdraw(entry, local_user(), task.name)
        say(f"{done.system} is withdrawn from {task.name}")
        return {"entry": done.id, "withdrawn": done.withdrawn}

    finish(json, work)


def remove(
    name: Name,
    entry: EntryId,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Shown to everybody.")],
    json: JsonOut = None,
) -> None:
    """Take an entry off the ranking, as the organiser; the reason stays in the table.

    Example: python -m leaderboard remove sandbox-afew 0123456789abcdef0123456789abcdef --reason "trained on the labels"
    """

    def work(say: Say) -> dict[str, Any]:
        board, task = opened(), get_task(name)
        done = board.remove(entry, reason, task.name)
        say(f"{done.system} is removed from {task.name}: {done.reason}")
        return {"entry": done.id, "removed": done.removed, "reason": done.reason}

    finish(json, work)


def rescore(name: Name, json: JsonOut = None, reference: LabelsAt = None) -> None:
    """Recompute every score of a task from the submitted files, as the organiser.

    Example: python -m leaderboard rescore sandbox-afew
    """

    def work(say: Say) -> dict[str, Any]:
        board, task = opened(reference), get_task(name)
        results = list(board.rescore(task.name))
        for result in results:
            say(f"{result.outcome:<10} {result.entry.id}  {result.entry.system}  {result.message}".rstrip())
        say(f"{len(results)} entries of {task.name}")
        outcomes = [{"entry": result.entry.id, "outcome": result.outcome} for result in results]
        if bad := sum(result.outcome in ("differs", "refused") for result in results):
            raise LeaderboardError(f"{bad} of {len(results)} entries of {task.name} do not give their score again")
        return {"task": task.name, "entries": outcomes}

    finish(json, work)
