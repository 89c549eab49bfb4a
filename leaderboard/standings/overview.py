"""The board at a glance: which rows of a task are looked at first, and each task's best."""

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.schema import Task
from leaderboard.standings.table import Row, groups


@dataclass(frozen=True, slots=True)
class Best:
    """The first row of a task.

    Attributes:
        task: The task.
        row: Its best ranked row, or None without any.
        n_systems: Ranked rows beside it, itself included.
    """

    task: Task
    row: Row | None
    n_systems: int


def first_group(rows: Sequence[Row], scored_here: bool) -> str | None:
    """Return the rows to show first: where files are scored the task's own, else the newest test edition's with a rank.

    Args:
        rows: In the order of the table, in which newer editions of the test come first.
        scored_here: Whether labels are connected.

    Returns:
        Name of a group, None where there are no rows.
    """
    known = groups(rows)
    ranked = [row.group for row in rows if row.split == "test" and row.rank is not None]
    return ranked[0] if ranked and not scored_here else known[0] if known else None


def best_of(task: Task, rows: Sequence[Row], scored_here: bool) -> Best:
    """Return the best row of the group that is shown first."""
    group = first_group(rows, scored_here)
    ranked = [row for row in rows if row.group == group and row.rank is not None]
    return Best(task, ranked[0] if ranked else None, len(ranked))
