"""When a task takes submissions: from its first to its last day, after which its table is frozen.

Conventions: days are UTC, ISO 8601, both included.
"""

from typing import Literal

from leaderboard.errors import LeaderboardError
from leaderboard.schema import Task

Phase = Literal["not yet open", "open", "frozen"]


class PhaseClosed(LeaderboardError):
    """The task takes no submissions, or changes nothing any more, today."""


def phase(task: Task, day: str) -> Phase:
    """Return where a task stands on a day."""
    if task.opens and day < task.opens:
        return "not yet open"
    return "frozen" if task.closes and day > task.closes else "open"


def refuse_closed(task: Task, day: str) -> None:
    """Raise PhaseClosed unless the task takes submissions on this day."""
    now = phase(task, day)
    if now == "not yet open":
        raise PhaseClosed(f"{task.name} takes submissions from {task.opens} (UTC) on")
    if now == "frozen":
        raise PhaseClosed(f"{task.name} took submissions until {task.closes} (UTC); its table is frozen")


def refuse_frozen(task: Task, day: str) -> None:
    """Raise PhaseClosed where the table is frozen, so that nobody takes a result back after the end."""
    if phase(task, day) == "frozen":
        raise PhaseClosed(f"{task.name} closed on {task.closes} (UTC); its table is frozen")
