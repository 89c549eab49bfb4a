"""Where submissions live: one SQLite file (WAL), and beside it the submitted files.

Conventions: a day is a UTC day. An entry is written in one transaction, after its file is safe on disk, so a
process that dies leaves the whole entry or none (at worst a file that nothing refers to, which ``sweep`` removes).
Every process and thread may open the same folder: each operation has its own connection, and writers queue on
SQLite's lock. Scores are never overwritten: a new metric version or reference adds a row.
"""

import errno
import json
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from leaderboard.store import quotas
from leaderboard.store.connection import Database
from leaderboard.store.entries import (
    AlreadyDone,
    Entry,
    NotOwner,
    StoredScore,
    StoreInvalid,
    StoreUnwritable,
    UnknownEntry,
    report_from_json,
    utc_now,
)
from leaderboard.store.files import KeptFiles
from leaderboard.store.quotas import Quota

OF_FOLDER = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
"""Why a folder cannot be made although its place is right."""


class Store:
    """Entries and files under one folder; safe to use from many threads and processes.

    Args:
        folder: Created if missing.
        frozen: Why the disk takes nothing: then nothing is created, what is there is read, and to write is refused. Else "".

    Raises:
        StoreInvalid: The folder is none, or was written by a newer version.
        StoreUnwritable: The disk takes nothing more, and it was not ``frozen``.
    """

    def __init__(self, folder: Path, frozen: str = "") -> None:
        self.folder = Path(folder)
        self.frozen = frozen
        try:
            self.files = KeptFiles(self.folder / "files", make=not frozen)
        except OSError as error:
            kind = StoreUnwritable if error.errno in OF_FOLDER else StoreInvalid
            raise kind(f"the store folder {self.folder} cannot be written: {error.strerror}") from error
        database = Database(self.folder, bool(frozen))
        self._reading, self._writing = database.reading, database.writing

    def add(
        self, entry: Entry, quota: Quota | None = None, show: Callable[[Sequence[float]], float] | None = None
    ) -> Entry:
        """Write an entry with its one score, or nothing.

        Args:
            entry: With exactly one score.
            quota: Entries that the user may add to the task, withdrawn ones included; None for no limit.
            show: Maps the user's earlier shown scores under the same signature, withdrawn ones included, to the
                one to show now; decided under the write lock.

        Returns:
            The entry as stored.

        Raises:
            QuotaReached: A limit is used up.
            AlreadySubmitted: The user has the same predictions on this task.
        """
        (score,) = entry.scores
        with self._writing() as db:
            quotas.refuse_twice(db, entry)
            if quota is not None:
                quotas.refuse_beyond(db, entry.task, entry.user, entry.created[:10], quota)
            if show is not None:
                score = replace(score, shown=show(_shown_scores(db, entry.task, entry.user, score.signature)))
            db.execute(f"INSERT INTO entries VALUES ({_MARKS})", _row(entry))
            _insert_score(db, entry.id, score)
        return self.entry(entry.id)

    def restore(self, entry: Entry) -> None:
        """Write an entry that was accepted elsewhere or earlier, or what is new of it; no quota counts here."""
        with self._writing() as db:
            db.execute(f"INSERT OR IGNORE INTO entries VALUES ({_MARKS})", _row(entry))
            if db.execute("SELECT 1 FROM entries WHERE id = ?", (entry.id,)).fetchone() is None:
                return
            if entry.withdrawn is not None:
                db.execute("UPDATE entries SET withdrawn = ? WHERE id = ?", (entry.withdrawn, entry.id))
            if not entry.private:
                db.execute("UPDATE entries SET private = 0 WHERE id = ?", (entry.id,))
            if entry.removed is not None:
                query = "UPDATE entries SET removed = ?, reason = ? WHERE id = ?"
                db.execute(query, (entry.removed, entry.reason, entry.id))
            known = {row[0] for row in db.execute("SELECT signature FROM scores WHERE entry = ?", (entry.id,))}
            for score in entry.scores:
                if score.signature not in known:
                    _insert_score(db, entry.id, score)

    def add_score(self, entry_id: str, score: StoredScore) -> bool:
        """Add a scoring to an entry; an equal signature is left as it is. Return whether it was added."""
        with self._writing() as db:
            known = db.execute(
                "SELECT 1 FROM scores WHERE entry = ? AND signature = ?", (entry_id, score.signature)
            ).fetchone()
            if not known:
                _insert_score(db, entry_id, score)
        return not known

    def withdraw(self, entry_id: str, user: str, task: str | None = None) -> Entry:
        """Take an entry off the board. Its quota stays used; its rows stay in the store.

        Args:
            entry_id: The entry.
            user: Who asks.
            task: Task that the entry must be of, or None for any.

        Raises:
            UnknownEntry: No entry of the task has this id.
            NotOwner: Someone else submitted it.
            AlreadyDone: It is withdrawn.
        """
        with self._writing() as db:
            row = _own(db, entry_id, user, task)
            if row["withdrawn"] is not None:
                raise AlreadyDone(f"{row['system']} was withdrawn already, on {row['withdrawn'][:10]}")
            db.execute("UPDATE entries SET withdrawn = ? WHERE id = ?", (utc_now(), entry_id))
        return self.entry(entry_id)

    def publish(self, entry_id: str, user: str, task: str | None = None) -> Entry:
        """Show a private entry to everybody; it cannot be made private again.

        Raises:
            UnknownEntry: No entry of the task has this id.
            NotOwner: Someone else submitted it.
            AlreadyDone: It is public.
        """
        with self._writing() as db:
            row = _own(db, entry_id, user, task)
            if not row["private"]:
                raise AlreadyDone(f"{row['system']} is public already")
            db.execute("UPDATE entries SET private = 0 WHERE id = ?", (entry_id,))
        return self.entry(entry_id)

    def remove(self, entry_id: str, reason: str, task: str | None = None) -> Entry:
        """Take an entry off the ranking as the organiser; the row stays, without a score and with the reason.

        Raises:
            UnknownEntry: No entry of the task has this id.
            AlreadyDone: It is removed.
        """
        with self._writing() as db:
            if (row := _find(db, entry_id, task))["removed"] is not None:
                raise AlreadyDone(f"{row['system']} was removed already, on {row['removed'][:10]}")
            db.execute("UPDATE entries SET removed = ?, reason = ? WHERE id = ?", (utc_now(), reason, entry_id))
        return self.entry(entry_id)

    def used(self, task: str, user: str) -> tuple[int, int]:
        """Return how many entries the user added to the task (today in UTC, in all), withdrawn ones included."""
        with self._reading() as db:
            return quotas.count_entries(db, task, user, utc_now()[:10]), quotas.count_entries(db, task, user)

    def check_quota(self, task: str, user: str, quota: Quota) -> None:
        """Raise QuotaReached if the user may not add to the task; ``add`` checks again under its lock."""
        with self._reading() as db:
            quotas.refuse_beyond(db, task, user, utc_now()[:10], quota)

    def compared(
        self, pair: tuple[str, str], task: str, signature: str, user: str, per_day: int, work: Callable[[], str]
    ) -> str:
        """Return the kept answer for two entries, or let ``work`` find it, which costs one of the day's comparisons.

        Raises:
            QuotaReached: The day's comparisons are used up.
        """
        with self._reading() as db:
            known = quotas.find_comparison(db, *pair, signature)
            if known is not None:
                return known
            quotas.refuse_comparison(db, task, user, utc_now()[:10], per_day)
        answer = work()
        with self._writing() as db:
            if quotas.find_comparison(db, *pair, signature) is None:
                quotas.refuse_comparison(db, task, user, utc_now()[:10], per_day)
                values = (task, user, utc_now()[:10], *pair, signature, answer)
                db.execute("INSERT INTO comparisons VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        return answer

    def shown_scores(self, task: str, user: str, signature: str) -> list[float]:
        """Return the scores that were shown to a user for a task, withdrawn ones included, in no set order."""
        with self._reading() as db:
            return _shown_scores(db, task, user, signature)

    def entry(self, entry_id: str) -> Entry:
        """Return one entry, withdrawn or not.

        Raises:
            UnknownEntry: No entry has this id.
        """
        found = self._select("WHERE id = ?", (entry_id,))
        if not found:
            raise UnknownEntry(f"no entry has the id {entry_id!r}")
        return found[0]

    def entries(self, task: str | None = None, withdrawn: bool = False) -> list[Entry]:
        """Return entries, oldest first; of one task, or of all.

        Args:
            task: Task name, or None for every task.
            withdrawn: Whether withdrawn entries are included.
        """
        where = "WHERE (? IS NULL OR task = ?)" + ("" if withdrawn else " AND withdrawn IS NULL")
        return self._select(where, (task, task))

    def salt(self) -> bytes:
        """Return this board's random bytes, made once, which signatures of hidden labels are hashed with.

        A frozen store that has none yet has no signatures either: it gets new ones each time.
        """
        made = secrets.token_bytes(32)
        with self._reading() if self.frozen else self._writing() as db:
            db.execute("INSERT OR IGNORE INTO salts VALUES (0, ?)", (made,))
            return bytes(db.execute("SELECT salt FROM salts").fetchone()[0])

    def _select(self, where: str, values: tuple[object, ...]) -> list[Entry]:
        with self._reading() as db:
            db.execute("BEGIN")
            rows = db.execute(f"SELECT * FROM entries {where} ORDER BY created, rowid", values).fetchall()
            scores: dict[str, list[StoredScore]] = {}
            query = f"SELECT * FROM scores WHERE entry IN (SELECT id FROM entries {where}) ORDER BY rowid"
            for row in db.execute(query, values):
                scores.setdefault(row["entry"], []).append(_score(row))
        return [_entry(row, scores.get(row["id"], [])) for row in rows]

    def sweep(self, older_than_s: float = 3600.0) -> int:
        """Remove files that no entry refers to, left by processes that died. Return how many were removed.

        Args:
            older_than_s: Younger files are left alone: their entry may be about to be written.
        """
        with self._writing() as db:
            referred = {row[0] for row in db.execute("SELECT sha256 FROM entries WHERE sha256 IS NOT NULL")}
            return self.files.remove_orphans(referred, older_than_s)


def _find(db: sqlite3.Connection, entry_id: str, task: str | None) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM entries WHERE id = ?", (entry_id,)).fetchone()
    if row is None or (task is not None and row["task"] != task):
        raise UnknownEntry(f"no entry{f' of {task}' if task else ''} has the id {entry_id!r}")
    return row


def _own(db: sqlite3.Connection, entry_id: str, user: str, task: str | None) -> sqlite3.Row:
    row = _find(db, entry_id, task)
    if row["user"] != user:
        raise NotOwner("only the person who submitted an entry can withdraw or publish it")
    return row


def _shown_scores(db: sqlite3.Connection, task: str, user: str, signature: str) -> list[float]:
    query = (
        "SELECT shown FROM scores JOIN entries ON entries.id = scores.entry "
        "WHERE task = ? AND user = ? AND signature = ?"
    )
    return [float(row[0]) for row in db.execute(query, (task, user, signature))]


def _insert_score(db: sqlite3.Connection, entry_id: str, score: StoredScore) -> None:
    db.execute(
        "INSERT INTO scores VALUES (?, ?, ?, ?, ?)",
        (entry_id, score.signature, score.shown, json.dumps(score.report), score.scored),
    )


_COLUMNS = (
    "id", "task", "user", "system", "team", "links", "note", "badge", "created", "withdrawn", "sha256", "file_name",
    "content", "private", "removed", "reason",
)  # fmt: skip
_MARKS = ", ".join("?" * len(_COLUMNS))


def _row(entry: Entry) -> tuple[str | int | None, ...]:
    return tuple(json.dumps(entry.links) if name == "links" else getattr(entry, name) for name in _COLUMNS)


def _score(row: sqlite3.Row) -> StoredScore:
    return StoredScore(row["signature"], float(row["shown"]), report_from_json(row["report"]), row["scored"])


def _entry(row: sqlite3.Row, scores: list[StoredScore]) -> Entry:
    fields = {name: row[name] for name in _COLUMNS}
    fields |= {"links": tuple(json.loads(row["links"])), "private": bool(row["private"])}
    return Entry(**fields, scores=tuple(scores))
