"""Connections to the store's SQLite file, and the changes that lead from one version of it to the next.

Conventions: each operation has its own connection, and writers queue on SQLite's lock. On a disk that is full or read-only
SQLite cannot lay out what readers share; the file alone is read then, unless changes wait beside it. A frozen file is read in
a copy, which has them.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from leaderboard.store.entries import StoreInvalid, StoreUnwritable

SCHEMA_VERSION = 3
BUSY_TIMEOUT_S = 60.0
"""How long a writer waits for the lock; twenty writers at once need well under a second each."""
OF_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
"""What SQLite says where the disk does not do what it is asked."""
ROOM_BYTES = 1 << 20
"""A disk with less room than this is called full."""

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
        frozen: The disk takes nothing: nothing is made, and a copy in memory of what is there is read.

    Raises:
        StoreInvalid: It was written by a newer version.
        StoreUnwritable: The disk is full or read-only.
    """

    def __init__(self, folder: Path, frozen: bool = False) -> None:
        self.path = folder / "board.sqlite"
        self._waiting = folder / "board.sqlite-wal"
        self._frozen = frozen
        with self.reading() as db:
            if not frozen:
                _enter_wal(db)
            version = _version(db)
        if version > SCHEMA_VERSION:
            raise StoreInvalid(
                f"the store in {folder} has version {version}, this program knows up to {SCHEMA_VERSION}"
            )
        if version < SCHEMA_VERSION:
            with self.writing() as db:
                _upgrade(db)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection of its own.

        Raises:
            StoreUnwritable: The disk is in the way.
        """
        with self._said("the store cannot be read"):
            db = self._copy() if self._frozen else self._connect()
            try:
                yield db
            finally:
                db.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection inside one transaction that holds the write lock from its start.

        Raises:
            StoreUnwritable: The disk is in the way, and nothing was stored.
        """
        with self._said("nothing was stored"), closing(self._connect()) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # SQLite has rolled back by itself where the disk failed
                    db.execute("ROLLBACK")
                raise

    def _connect(self) -> sqlite3.Connection:
        """Open the file, or where the disk takes nothing more, what is in it."""
        db = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # makes what readers share
        except sqlite3.OperationalError as error:
            db.close()
            if not _is_of_disk(error) or self._is_waited_for():
                raise
            db = sqlite3.connect(f"{self.path.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None)
        db.row_factory = sqlite3.Row
        return db

    def _copy(self) -> sqlite3.Connection:
        """Return what is in the file, in memory and at the newest version; without entries where there is no file."""
        db = sqlite3.connect(":memory:", isolation_level=None)
        if self.path.is_file() and self.path.stat().st_size:
            with self._kept() as kept:
                kept.backup(db)
        _upgrade(db)
        db.row_factory = sqlite3.Row
        return db

    @contextmanager
    def _kept(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection to what is on the disk; changes that wait beside the file are put into it somewhere else."""
        if not self._is_waited_for():
            with closing(self._connect()) as db:
                yield db
            return
        with TemporaryDirectory() as folder:
            for path in (self.path, self._waiting):
                shutil.copy(path, folder)
            with closing(sqlite3.connect(Path(folder) / self.path.name, isolation_level=None)) as db:
                yield db

    def _is_waited_for(self) -> bool:
        return self._waiting.exists() and self._waiting.stat().st_size > 0

    @contextmanager
    def _said(self, what: str) -> Iterator[None]:
        """Say in one sentence what did not happen, and what is wrong with the disk."""
        try:
            yield
        except OSError as error:
            raise StoreUnwritable(f"{what}: {error.strerror}") from error
        except sqlite3.OperationalError as error:
            if not _is_of_disk(error):
                raise
            there = next(folder for folder in self.path.absolute().parents if folder.exists())
            disk = os.statvfs(there)
            full = "the disk of this host is full" if disk.f_bavail * disk.f_frsize < ROOM_BYTES else str(error)
            why = "the disk of this host is read-only" if disk.f_flag & os.ST_RDONLY else full
            raise StoreUnwritable(f"{what}: {why}") from error


def _is_of_disk(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in OF_DISK


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _upgrade(db: sqlite3.Connection) -> None:
    """Make the changes that are missing."""
    if (version := _version(db)) < SCHEMA_VERSION:
        for statement in ";".join(_CHANGES[version:]).split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _enter_wal(db: sqlite3.Connection) -> None:
    """Switch the file to WAL; the switch does not honour SQLite's own timeout, so wait for others here."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if _is_of_disk(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
