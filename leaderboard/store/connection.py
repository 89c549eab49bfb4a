"""Connections to the store's SQLite file, and the changes that lead from one version of it to the next.

Conventions: each operation has its own connection, and writers queue on SQLite's lock.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leaderboard.store.entries import StoreInvalid

SCHEMA_VERSION = 3
BUSY_TIMEOUT_S = 60.0
"""How long a writer waits for the lock; twenty writers at once need well under a second each."""

_CHANGES = (
    """
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
)""",
    """
ALTER TABLE entries ADD COLUMN content TEXT;
ALTER TABLE entries ADD COLUMN private INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN removed TEXT;
ALTER TABLE entries ADD COLUMN reason TEXT NOT NULL DEFAULT '';
CREATE TABLE comparisons (
    task TEXT NOT NULL, user TEXT NOT NULL, day TEXT NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL,
    signature TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (first, second, signature)
)""",
    "CREATE TABLE salts (id INTEGER PRIMARY KEY CHECK (id = 0), salt BLOB NOT NULL)",
)
"""Each version's changes to the one before."""


class Database:
    """The SQLite file of a store (WAL), brought to the newest version.

    Args:
        folder: Where ``board.sqlite`` lies or is made.

    Raises:
        StoreInvalid: It was written by a newer version.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "board.sqlite"
        with self.reading() as db:
            _enter_wal(db)
            version = _version(db)
        if version > SCHEMA_VERSION:
            raise StoreInvalid(
                f"the store in {folder} has version {version}, this program knows up to {SCHEMA_VERSION}"
            )
        if version < SCHEMA_VERSION:
            with self.writing() as db:
                for statement in ";".join(_CHANGES[_version(db) :]).split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection of its own."""
        db = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            yield db
        finally:
            db.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection inside one transaction that holds the write lock from its start."""
        with self.reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


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
