"""Where submissions live: one SQLite file (WAL), and beside it the submitted files.

Conventions: a day is a UTC day. An entry is written in one transaction, after its file is safe on disk, so a
process that dies leaves the whole entry or none (at worst a file that nothing refers to, which ``sweep`` removes).
Every process and thread may open the same folder: each operation has its own connection, and writers queue on
SQLite's lock. Scores are never overwritten: a new metric version or reference adds a row.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from leaderboard.store.entries import (
    AlreadySubmitted,
    Entry,
    NotOwner,
    QuotaReached,
    StoredScore,
    StoreInvalid,
    UnknownEntry,
    utc_now,
)
from leaderboard.store.files import KeptFiles

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 60.0
"""How long a writer waits for the lock; twenty writers at once need well under a second each."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    id TEXT PRIMARY KEY, task TEXT NOT NULL, user TEXT NOT NULL, system TEXT NOT NULL, team TEXT NOT NULL,
    links TEXT NOT NULL, note TEXT NOT NULL, badge TEXT NOT NULL, created TEXT NOT NULL, withdrawn TEXT,
    sha256 TEXT, file_name TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_quota ON entries (task, user, created);
CREATE UNIQUE INDEX IF NOT EXISTS entries_once ON entries (task, user, sha256)
    WHERE withdrawn IS NULL AND sha256 IS NOT NULL;
CREATE TABLE IF NOT EXISTS scores (
    entry TEXT NOT NULL REFERENCES entries (id), signature TEXT NOT NULL, shown REAL NOT NULL,
    report TEXT NOT NULL, scored TEXT NOT NULL, PRIMARY KEY (entry, signature)
);
"""


class Store:
    """Entries and files under one folder; safe to use from many threads and processes.

    Args:
        folder: Created if missing.

    Raises:
        StoreInvalid: The folder is not writable or was written by a newer version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        try:
            self.files = KeptFiles(self.folder / "files")
        except OSError as error:
            raise StoreInvalid(f"the store folder {self.folder} cannot be written: {error.strerror}") from error
        with self._reading() as db:
            _enter_wal(db)
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA_VERSION:
            raise StoreInvalid(
                f"the store in {self.folder} has version {version}, this program knows up to {SCHEMA_VERSION}"
            )
        if version < SCHEMA_VERSION:
            with self._writing() as db:
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.folder / "board.sqlite", timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            yield db
        finally:
            db.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection inside one transaction that holds the write lock from its start."""
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def add(
        self, entry: Entry, limit: int | None = None, show: Callable[[Sequence[float]], float] | None = None
    ) -> Entry:
        """Write an entry with its one score, or nothing.

        Args:
            entry: With exactly one score.
            limit: Entries that the user may add to the task per day, withdrawn ones included; None for no limit.
            show: Maps the user's earlier shown scores under the same signature, withdrawn ones included, to the
                one to show now; decided under the write lock.

        Returns:
            The entry as stored.

        Raises:
            QuotaReached: The day's limit is used up.
            AlreadySubmitted: The user has the same file on this task.
        """
        (score,) = entry.scores
        with self._writing() as db:
            _refuse_twice(db, entry)
            if limit is not None:
                _refuse_beyond(db, entry.task, entry.user, entry.created[:10], limit)
            if show is not None:
                score = replace(score, shown=show(_shown_scores(db, entry.task, entry.user, score.signature)))
            db.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(entry))
            _insert_score(db, entry.id, score)
        return self.entry(entry.id)

    def restore(self, entry: Entry) -> None:
        """Write an entry that was accepted elsewhere or earlier, or what is new of it; no quota counts here."""
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(entry))
            if db.execute("SELECT 1 FROM entries WHERE id = ?", (entry.id,)).fetchone() is None:
                return
            if entry.withdrawn is not None:
                db.execute("UPDATE entries SET withdrawn = ? WHERE id = ?", (entry.withdrawn, entry.id))
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

    def withdraw(self, entry_id: str, user: str) -> Entry:
        """Take an entry off the board. Its quota stays used; its rows stay in the store.

        Raises:
            UnknownEntry: No entry has this id.
            NotOwner: Someone else submitted it.
        """
        with self._writing() as db:
            row = db.execute("SELECT user FROM entries WHERE id = ?", (entry_id,)).fetchone()
            if row is None:
                raise UnknownEntry(f"no entry has the id {entry_id!r}")
            if row["user"] != user:
                raise NotOwner("only the person who submitted an entry can withdraw it")
            db.execute(
                "UPDATE entries SET withdrawn = ? WHERE id = ? AND withdrawn IS NULL", (utc_now(), entry_id)
            )
        return self.entry(entry_id)

    def used_today(self, task: str, user: str) -> int:
        """Return how many entries the user added to the task today (UTC), withdrawn ones included."""
        with self._reading() as db:
            return _used(db, task, user, utc_now()[:10])

    def check_quota(self, task: str, user: str, limit: int) -> None:
        """Raise QuotaReached if the user may not add to the task today; ``add`` checks again under its lock."""
        with self._reading() as db:
            _refuse_beyond(db, task, user, utc_now()[:10], limit)

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


def _enter_wal(db: sqlite3.Connection) -> None:
    """Switch the file to WAL; the switch does not honour SQLite's own timeout, so wait for others here."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _used(db: sqlite3.Connection, task: str, user: str, day: str) -> int:
    query = "SELECT COUNT(*) FROM entries WHERE task = ? AND user = ? AND substr(created, 1, 10) = ?"
    return int(db.execute(query, (task, user, day)).fetchone()[0])


def _refuse_beyond(db: sqlite3.Connection, task: str, user: str, day: str, limit: int) -> None:
    used = _used(db, task, user, day)
    if used >= limit:
        raise QuotaReached(
            f"{user} has used {used} of {limit} submissions to {task} today (UTC), try again tomorrow"
        )


def _refuse_twice(db: sqlite3.Connection, entry: Entry) -> None:
    known = db.execute(
        "SELECT system, created FROM entries WHERE task = ? AND user = ? AND sha256 = ? AND withdrawn IS NULL",
        (entry.task, entry.user, entry.sha256),
    ).fetchone()
    if known is not None:
        raise AlreadySubmitted(
            f"this very file is on the board already, as {known['system']!r} of {known['created'][:10]}; "
            "withdraw that entry first"
        )


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


def _row(entry: Entry) -> tuple[str | None, ...]:
    return (
        entry.id, entry.task, entry.user, entry.system, entry.team, json.dumps(entry.links), entry.note,
        entry.badge, entry.created, entry.withdrawn, entry.sha256, entry.file_name,
    )  # fmt: skip


def _score(row: sqlite3.Row) -> StoredScore:
    return StoredScore(row["signature"], float(row["shown"]), json.loads(row["report"]), row["scored"])


def _entry(row: sqlite3.Row, scores: list[StoredScore]) -> Entry:
    fields = {key: row[key] for key in row.keys() if key != "links"}  # noqa: SIM118 - a Row iterates over values
    return Entry(**fields, links=tuple(json.loads(row["links"])), scores=tuple(scores))
