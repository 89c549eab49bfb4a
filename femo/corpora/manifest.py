"""The manifest: which inputs there are, how far each is, and which part files count.

Conventions: one SQLite file in the output folder, in WAL mode, written by the driver alone. What it says is the truth: a part
file that it does not name is none. An input is known by its place (absolute path, or URL without what grants access); ``address``
is the URL that fetches it, where that says more, as it was listed last. Size and time of change are those that were listed, the
SHA-256 that of what was read. A state is one of ``WAITING``, ``READ`` (the rows lie in the work folder), ``DONE`` (they stand in
the part file ``part``) and ``FAILED``.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

from femo.corpora.sources import Entry, known_by
from femo.errors import FemoError

WAITING, READ, DONE, FAILED = range(4)
NAME: Final = "manifest.sqlite"
FULL_BYTES: Final = 1 << 16
"""SQLite says no more than "disk I/O error" where its write-ahead log finds no room."""
FETCHED: Final = 1_000
"""Waiting inputs that are held in memory at a time."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS facts(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inputs(
    id INTEGER PRIMARY KEY, place TEXT NOT NULL UNIQUE, clip TEXT NOT NULL, size INTEGER, mtime_ns INTEGER,
    new_size INTEGER, new_mtime_ns INTEGER, sha256 TEXT, state INTEGER NOT NULL DEFAULT 0, part INTEGER, problem TEXT,
    n_frames INTEGER NOT NULL DEFAULT 0, n_faces INTEGER NOT NULL DEFAULT 0, duration_s REAL NOT NULL DEFAULT 0,
    read_s REAL NOT NULL DEFAULT 0, address TEXT);
CREATE INDEX IF NOT EXISTS by_state ON inputs(state, id);
CREATE INDEX IF NOT EXISTS changed ON inputs(id) WHERE new_mtime_ns IS NOT NULL;
CREATE TABLE IF NOT EXISTS parts(number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS shards(
    input INTEGER, first INTEGER, stop INTEGER, sha256 TEXT, read_s REAL, PRIMARY KEY(input, first)) WITHOUT ROWID;
"""
REGISTER: Final = f"""
INSERT INTO inputs(place, clip, size, mtime_ns, address) VALUES(?, ?, ?, ?, ?) ON CONFLICT(place) DO UPDATE
SET new_size = excluded.size, new_mtime_ns = coalesce(excluded.mtime_ns, CASE WHEN size <> excluded.size THEN 0 END),
    address = excluded.address, state = iif(state = {FAILED} AND address IS NOT excluded.address, {WAITING}, state)
WHERE size IS NOT excluded.size OR mtime_ns IS NOT excluded.mtime_ns OR address IS NOT excluded.address
"""
WHERE: Final = "coalesce(address, place)"


class Input(NamedTuple):
    """One input that waits.

    Attributes:
        id: Its number, from 1.
        place: Absolute path, URL, or a row of a table (``femo.corpora.sources``).
        clip: How the tables name it.
    """

    id: int
    place: str
    clip: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found in one input.

    Attributes:
        sha256: Of its content.
        n_frames: Frames analysed; 1 for a photo.
        n_faces: Faces in all of them.
        duration_s: Length; 0 for a photo.
        read_s: Seconds that it took.
    """

    sha256: str
    n_frames: int
    n_faces: int
    duration_s: float
    read_s: float


class Counts(NamedTuple):
    """Inputs by state, and the sums over those that are read."""

    waiting: int
    finished: int
    failed: int
    n_frames: int
    duration_s: float


class Manifest:
    """The open manifest of an output folder; one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _said(path):
            self._db = sqlite3.connect(path, isolation_level=None)
        try:
            self._open()
        except BaseException:
            self._db.close()
            raise

    def _open(self) -> None:
        with _said(self._path):
            self._db.execute("PRAGMA journal_mode = WAL")
            # a part must not be lost that the work folder no longer has
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(SCHEMA)
            if "address" not in {row[1] for row in self._db.execute("PRAGMA table_info(inputs)")}:
                self._know_addresses()

    def _know_addresses(self) -> None:
        """Bring a manifest up to date in which inputs are known by their whole address; two of one file stay two."""
        with self._transaction():
            self._db.execute("ALTER TABLE inputs ADD COLUMN address TEXT")
            for n, place in self._db.execute("SELECT id, place FROM inputs WHERE place LIKE '%://%'").fetchall():
                known = "UPDATE OR IGNORE inputs SET address = nullif(place, ?1), place = ?1 WHERE id = ?2"
                self._db.execute(known, (known_by(place), n))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def fact(self, key: str) -> Any:
        """Return a fact of the run, None where it was never set."""
        row = self._db.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def set_fact(self, key: str, value: Any) -> None:
        """Keep a fact of the run, in JSON's types."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO facts VALUES(?, ?)", (key, json.dumps(value)))

    def register(self, entries: Iterable[Entry]) -> int:
        """Take in what a source lists; returns how many it listed. New inputs wait, changed ones are marked."""
        n_before, number = self._db.total_changes, count()
        told = ((e.known or e.place, e.clip, e.size, e.mtime_ns, e.known and e.place) for e in entries)
        with self._transaction():
            self._db.executemany(REGISTER, (row for row, _ in zip(told, number, strict=False)))
            if self._db.total_changes > n_before:
                self._db.execute(
                    "UPDATE inputs SET size = new_size, mtime_ns = new_mtime_ns, new_size = NULL, new_mtime_ns = NULL, "
                    "state = 0, problem = NULL WHERE new_mtime_ns IS NOT NULL AND state IN (?, ?)",
                    (WAITING, FAILED),
                )
        return next(number)

    def changed(self) -> list[tuple[Input, str, int | None]]:
        """Return the inputs that were read and have changed since: input, SHA-256 of old, its part."""
        rows = self._db.execute(
            f"SELECT id, {WHERE}, clip, sha256, part FROM inputs WHERE new_mtime_ns IS NOT NULL ORDER BY id"
        )
        return [(Input(*row[:3]), row[3], row[4]) for row in rows]

    def settle_changed(self, ids: Sequence[int], *, again: bool) -> None:
        """Take the new size and time of inputs for true; with ``again`` they wait to be read."""
        state = f", state = {WAITING}, part = NULL" if again else ""
        with self._transaction():
            self._db.executemany(
                f"UPDATE inputs SET size = new_size, mtime_ns = new_mtime_ns, new_size = NULL, new_mtime_ns = NULL{state} "
                "WHERE id = ?",
                ((number,) for number in ids),
            )

    def retry_failures(self) -> None:
        """Let inputs that failed wait again."""
        with self._transaction():
            self._db.execute("UPDATE inputs SET state = ?, problem = NULL WHERE state = ?", (WAITING, FAILED))

    def waiting(self) -> Iterator[Input]:
        """Yield the inputs that wait now, by number."""
        last = 0
        while rows := self._db.execute(
            f"SELECT id, {WHERE}, clip FROM inputs WHERE state = ? AND id > ? ORDER BY id LIMIT ?",
            (WAITING, last, FETCHED),
        ).fetchall():
            last = rows[-1][0]
            yield from (Input(*row) for row in rows)

    def settle(self, read: Sequence[tuple[int, Facts]], failed: Sequence[tuple[int, str]]) -> None:
        """Note inputs whose rows lie in the work folder, and those that cannot be read with the sentence why."""
        with self._transaction():
            self._db.executemany(
                "UPDATE inputs SET state = ?, sha256 = ?, n_frames = ?, n_faces = ?, duration_s = ?, read_s = ? WHERE id = ?",
                ((READ, f.sha256, f.n_frames, f.n_faces, f.duration_s, f.read_s, number) for number, f in read),
            )
            refused = f"UPDATE inputs SET state = {FAILED}, problem = ? WHERE id = ?"
            self._db.executemany(refused, ((problem, number) for number, problem in failed))

    def add_shard(self, number: int, first: int, stop: int, sha256: str, read_s: float) -> None:
        """Note that a shard of an input lies in the work folder."""
        with self._transaction():
            row = (number, first, stop, sha256, read_s)
            self._db.execute("INSERT OR REPLACE INTO shards VALUES(?, ?, ?, ?, ?)", row)

    def shards(self, number: int, sha256: str) -> dict[tuple[int, int], float]:
        """Return the shards of an input with this content that lie in the work folder: (first, stop) to seconds."""
        lie = "SELECT first, stop, read_s FROM shards WHERE input = ? AND sha256 = ?"
        rows = self._db.execute(lie, (number, sha256))
        return {(first, stop): read_s for first, stop, read_s in rows}

    def shards_kept(self) -> list[tuple[int, int]]:
        """Forget the shards of inputs that do not wait; return the others, (input, first)."""
        with self._transaction():
            waiting = f"SELECT id FROM inputs WHERE state = {WAITING}"
            self._db.execute(f"DELETE FROM shards WHERE input NOT IN ({waiting})")
        return self._db.execute("SELECT input, first FROM shards").fetchall()

    def place(self, number: int) -> str:
        """Return where an input is."""
        return str(self._db.execute(f"SELECT {WHERE} FROM inputs WHERE id = ?", (number,)).fetchone()[0])

    def pending(self) -> list[int]:
        """Return the inputs whose rows lie in the work folder, by number."""
        rows = self._db.execute("SELECT id FROM inputs WHERE state = ? ORDER BY id", (READ,))
        return [row[0] for row in rows]

    def forget(self, ids: Sequence[int]) -> None:
        """Let inputs wait whose rows were lost from the work folder."""
        with self._transaction():
            self._db.executemany(f"UPDATE inputs SET state = {WAITING} WHERE id = ?", ((n,) for n in ids))

    def parts(self) -> set[int]:
        """Return the numbers of the part files that count."""
        return {row[0] for row in self._db.execute("SELECT number FROM parts")}

    def next_part(self) -> int:
        """Return a number that no part file has had."""
        return int(self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM parts").fetchone()[0])

    def add_part(self, number: int, ids: Sequence[int]) -> None:
        """Make a part file count: the rows of these inputs stand in it."""
        with self._transaction():
            self._db.execute("INSERT INTO parts VALUES(?)", (number,))
            self._db.executemany(
                "UPDATE inputs SET state = ?, part = ? WHERE id = ?", ((DONE, number, each) for each in ids)
            )

    def swap_part(self, old: int, new: int, dropped: Sequence[int]) -> None:
        """Let a part file take the place of another that it repeats without some inputs, which wait."""
        with self._transaction():
            self._db.execute("DELETE FROM parts WHERE number = ?", (old,))
            self._db.execute("INSERT INTO parts VALUES(?)", (new,))
            self._db.execute("UPDATE inputs SET part = ? WHERE part = ?", (new, old))
            self._db.executemany(
                f"UPDATE inputs SET state = {WAITING}, part = NULL, size = new_size, mtime_ns = new_mtime_ns, "
                "new_size = NULL, new_mtime_ns = NULL WHERE id = ?",
                ((number,) for number in dropped),
            )

    def failures(self) -> list[tuple[int, str, str, str]]:
        """Return the inputs that failed: number, clip, place, sentence."""
        return self._db.execute(
            f"SELECT id, clip, {WHERE}, problem FROM inputs WHERE state = ? ORDER BY id", (FAILED,)
        ).fetchall()

    def n_shared_names(self) -> int:
        """Count the names (``clip``) that several inputs bear; one source gives each its own."""
        shared = "SELECT count(*) FROM (SELECT 1 FROM inputs GROUP BY clip HAVING count(*) > 1)"
        return int(self._db.execute(shared).fetchone()[0])

    def counts(self) -> Counts:
        """Count the inputs by state."""
        by_state = dict(self._db.execute("SELECT state, count(*) FROM inputs GROUP BY state").fetchall())
        sums = self._db.execute(
            "SELECT coalesce(sum(n_frames), 0), coalesce(sum(duration_s), 0) FROM inputs WHERE state IN (?, ?)",
            (READ, DONE),
        ).fetchone()
        finished = by_state.get(READ, 0) + by_state.get(DONE, 0)
        return Counts(by_state.get(WAITING, 0), finished, by_state.get(FAILED, 0), *sums)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _said(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """Say in one sentence what SQLite cannot do."""
    try:
        yield
    except sqlite3.Error as error:
        full = shutil.disk_usage(path.parent).free < FULL_BYTES
        why = "the disk is full" if full else str(error)
        raise FemoError(
            f"the manifest {path} cannot be read or written: {why}; mend it and give the same command again"
        ) from error
