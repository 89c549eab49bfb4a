"""Whether earlier entries are in the store: until then nobody knows what is left of the quotas.

Quotas count the entries of the store, which on a fresh disk are none until the mirror has brought the earlier ones in. So a
restart beside a silent repository would give all submissions of the day, and all in all, anew. Comparisons are counted on the
disk alone, so on a fresh one their day begins anew.
"""

import logging

from leaderboard.schema import Task
from leaderboard.store.entries import EntriesUnread, Mirror

_LOG = logging.getLogger(__name__)


def unread(task: Task, mirror: Mirror | None) -> str:
    """Return why nothing is computed from a task's hidden labels yet, or nothing; nobody is kept waiting."""
    return _sentence(task) if _in_the_way(task, mirror) else ""


def refuse_unread(task: Task, mirror: Mirror | None) -> None:
    """Raise EntriesUnread while that is so; what stands in the way, such as an address, is for the host's log alone."""
    if why := _in_the_way(task, mirror):
        _LOG.warning("earlier entries are not read yet, so %s is neither scored nor compared: %s", task.name, why)
        raise EntriesUnread(_sentence(task))


def _in_the_way(task: Task, mirror: Mirror | None) -> str:
    return mirror.wait_restored(0) if mirror is not None and task.hidden else ""


def _sentence(task: Task) -> str:
    return (
        f"nothing is scored or compared for {task.name} yet, because the board is still reading its earlier entries, "
        "which count against the limits; try again in a few minutes, and tell its host if that goes on"
    )
