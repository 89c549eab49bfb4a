"""The leaderboard's answers in plain JSON types, for the API and the tab alike.

Conventions: a named problem is an answer too: ``{"error", "problems", "n_problems"}``. Anything else is a fault of
this program and stays an exception.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from leaderboard.board import Board
from leaderboard.errors import LeaderboardError, ReferenceInvalid, ReferenceMissing
from leaderboard.standings.table import chosen_rows, groups
from leaderboard.store.details import checked_details
from leaderboard.tasks import get_task

Answer = dict[str, Any]
NO_LABELS: Final = (
    "this board has no labels of this task, so it cannot score files; with your own licensed copy of them, score yours on your "
    "own machine: python -m leaderboard score TASK FILE --reference FOLDER"
)
BROKEN_LABELS: Final = (
    "the labels of this task cannot be read on this board, so it cannot score files; its host's log says why"
)


def for_visitors(error: LeaderboardError) -> LeaderboardError:
    """Return a named problem as a visitor is told it.

    Who visits cannot connect labels to the board, so where they are missing he is told what he can do instead; where they are
    damaged, neither a file nor a line of them is named to him.
    """
    if isinstance(error, ReferenceMissing):
        return LeaderboardError(NO_LABELS)
    return LeaderboardError(BROKEN_LABELS) if isinstance(error, ReferenceInvalid) else error


def answered(work: Callable[[], Answer]) -> Answer:
    """Return what ``work`` returns, or the named problem that it raised."""
    try:
        return work()
    except LeaderboardError as error:
        return for_visitors(error).to_dict()


def table(board: Board, task_name: str, group: str | None = None, by: str | None = None) -> Answer:
    """Return the table of a task.

    Args:
        board: The board.
        task_name: Task name.
        group: One group of comparable rows, or None for all.
        by: Part of the score to rank by, or None for the main score.
    """

    def work() -> Answer:
        task = get_task(task_name)
        rows = board.rows(task, by or None)
        return {
            "task": task.name,
            "title": task.title,
            "about": task.about,
            "main": task.main,
            "higher_is_better": task.higher_is_better,
            "signature": board.labels.shown_signature(task),
            "groups": groups(rows),
            "rows": [row.to_dict() for row in chosen_rows(rows, group)],
        }

    return answered(work)


def validation(board: Board, task_name: str, path: Path) -> Answer:
    """Return whether a file could be scored: ``{"task", "valid", "n_rows", "keys_checked", "notes"}``."""

    def work() -> Answer:
        task = get_task(task_name)
        submission = board.validate(task, path)
        return {
            "task": task.name,
            "valid": True,
            "n_rows": len(submission.keys),
            "keys_checked": board.labels.asked(task) is not None,
            "notes": list(submission.notes),
        }

    return answered(work)


def submission(
    board: Board,
    task_name: str,
    path: Path,
    user: str,
    system: str,
    team: str = "",
    links: str = "",
    note: str = "",
    private: bool = False,
) -> Answer:
    """Score a file and publish it, unless it is to stay private; return ``{"entry", "rank", "score"}``, and
    ``saving`` while the copy that outlives a restart is not confirmed.
    """

    def work() -> Answer:
        task = get_task(task_name)
        entry = board.submit(task, path, user, checked_details(system, team, links, note), private=private)
        rank = next((row.rank for row in board.rows(task) if row.id == entry.id), None)
        return {
            "entry": entry.id,
            "rank": None if rank is None else list(rank),
            "score": board.report(task, entry.id),
            **({"saving": True} if entry.id in board.saving() else {}),
        }

    return answered(work)


def self_report(
    board: Board, task_name: str, user: str, score: str, split: str, texts: tuple[str, str, str, str]
) -> Answer:
    """List a score that its submitter reports; return ``{"entry"}``.

    Args:
        board: The board.
        task_name: Task name.
        user: From the login.
        score: Main score, as typed.
        split: Split that it was measured on.
        texts: System, team, links and note.
    """

    def work() -> Answer:
        try:
            main = float(score)
        except ValueError:
            raise LeaderboardError(f"the score must be a number such as 0.5927, found {score!r}") from None
        return {"entry": board.self_report(get_task(task_name), user, checked_details(*texts), main, split).id}

    return answered(work)


def withdrawal(board: Board, entry_id: str, user: str) -> Answer:
    """Take back one's own entry; return ``{"entry", "withdrawn"}``."""

    def work() -> Answer:
        entry = board.withdraw(entry_id, user)
        return {"entry": entry.id, "withdrawn": entry.withdrawn}

    return answered(work)


def publication(board: Board, entry_id: str, user: str) -> Answer:
    """Show one's own private entry to everybody; return ``{"entry", "private"}``."""

    def work() -> Answer:
        entry = board.publish(entry_id, user)
        return {"entry": entry.id, "private": entry.private}

    return answered(work)


def comparison(board: Board, first: str, second: str, user: str, own: bool = True) -> Answer:
    """Return the paired bootstrap of two entries by their ids; ``own`` says whether ``user``'s private ones are allowed."""
    return answered(lambda: board.compare(first, second, user, own).to_dict())
