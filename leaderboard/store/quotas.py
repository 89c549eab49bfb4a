"""Who may still submit or compare: counts by login, task and UTC day, in the store's own tables.

Conventions: withdrawn, private and removed entries stay counted. Every function works inside the caller's transaction.
"""

import json
import sqlite3
from dataclasses import dataclass

from leaderboard.store.entries import AlreadySubmitted, Entry, QuotaReached
from leaderboard.types import Comparison


@dataclass(frozen=True, slots=True)
class Quota:
    """How many submissions a user may have scored for one task.

    Attributes:
        per_day: In a UTC day.
        in_all: Altogether.
    """

    per_day: int
    in_all: int


def count_entries(db: sqlite3.Connection, task: str, user: str, day: str = "") -> int:
    """Return how many entries a user added to a task, on one day or altogether."""
    query = "SELECT COUNT(*) FROM entries WHERE task = ? AND user = ? AND created LIKE ? || '%'"
    return int(db.execute(query, (task, user, day)).fetchone()[0])


def refuse_beyond(db: sqlite3.Connection, task: str, user: str, day: str, quota: Quota) -> None:
    """Raise QuotaReached if the user may not add to the task."""
    if (used := count_entries(db, task, user, day)) >= quota.per_day:
        raise QuotaReached(
            f"{user} has used {used} of {quota.per_day} submissions to {task} today (UTC), try again tomorrow"
        )
    if (used := count_entries(db, task, user)) >= quota.in_all:
        raise QuotaReached(f"{user} has used {used} of {quota.in_all} submissions to {task} altogether")


def refuse_twice(db: sqlite3.Connection, entry: Entry) -> None:
    """Raise AlreadySubmitted if the user has these predictions, or this very file, on the board."""
    known = db.execute(
        "SELECT system, created, sha256 FROM entries WHERE task = ? AND user = ? AND withdrawn IS NULL "
        "AND (sha256 = ? OR content = ?)",
        (entry.task, entry.user, entry.sha256, entry.content),
    ).fetchone()
    if known is not None:
        same = "this very file is" if known["sha256"] == entry.sha256 else "these predictions are"
        raise AlreadySubmitted(
            f"{same} on the board already, as {known['system']!r} of {known['created'][:10]}; "
            "withdraw that entry first"
        )


def find_comparison(db: sqlite3.Connection, first: str, second: str, signature: str) -> str | None:
    """Return the answer that was given first for two entries, in whichever order they were named, or None."""
    query = (
        "SELECT first, answer FROM comparisons WHERE signature = ? "
        "AND ((first = ? AND second = ?) OR (second = ? AND first = ?)) ORDER BY rowid"
    )
    row = db.execute(query, (signature, first, second, first, second)).fetchone()
    if row is None or row["first"] == first:
        return None if row is None else str(row["answer"])
    return json.dumps(Comparison.from_dict(json.loads(row["answer"])).mirrored().to_dict())


def refuse_comparison(db: sqlite3.Connection, task: str, user: str, day: str, per_day: int) -> None:
    """Raise QuotaReached if the user may not have another pair compared today."""
    query = "SELECT COUNT(*) FROM comparisons WHERE task = ? AND user = ? AND day = ?"
    used = int(db.execute(query, (task, user, day)).fetchone()[0])
    if used >= per_day:
        raise QuotaReached(
            f"{user or 'a visitor'} has used {used} of {per_day} comparisons of {task} today (UTC), try again tomorrow"
        )
