"""One transaction per change, and a store of any older version becomes today's with all that it held."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from leaderboard.store.connection import SCHEMA_VERSION, Database
from leaderboard.store.entries import StoreInvalid

FIRST_VERSION = """
CREATE TABLE entries (
    id TEXT PRIMARY KEY, task TEXT NOT NULL, user TEXT NOT NULL, system TEXT NOT NULL, team TEXT NOT NULL,
    links TEXT NOT NULL, note TEXT NOT NULL, badge TEXT NOT NULL, created TEXT NOT NULL, withdrawn TEXT,
    sha256 TEXT, file_name TEXT NOT NULL
);
CREATE TABLE scores (
    entry TEXT NOT NULL REFERENCES entries (id), signature TEXT NOT NULL, shown REAL NOT NULL,
    report TEXT NOT NULL, scored TEXT NOT NULL, PRIMARY KEY (entry, signature)
);
INSERT INTO entries VALUES ('e1', 'afew', 'ada', 'net', '', '[]', 'a note', 're-scored here', '2022-05-01', NULL, 's', 'p.csv');
INSERT INTO scores VALUES ('e1', 'v1', 0.5, '{}', '2022-05-01');
PRAGMA user_version = 1
"""
"""What the first release wrote, copied from it."""

SCORE = "INSERT INTO scores VALUES ('nobody', 'v1', 0.5, '{}', '2026-01-01')"
SALT = "INSERT INTO salts VALUES (0, x'00')"


def written(folder: Path, script: str) -> Path:
    with closing(sqlite3.connect(folder / "board.sqlite")) as db:
        db.executescript(script)
    return folder


def test_the_first_version_is_brought_up_with_what_it_held(tmp_path: Path) -> None:
    database = Database(written(tmp_path, FIRST_VERSION))
    with database.reading() as db:
        row = dict(db.execute("SELECT * FROM entries").fetchone())
        assert db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
        assert db.execute("SELECT COUNT(*) FROM comparisons").fetchone()[0] == 0
        assert db.execute("SELECT shown FROM scores WHERE entry = 'e1'").fetchone()[0] == 0.5
        assert db.execute("SELECT COUNT(*) FROM salts").fetchone()[0] == 0
    assert (row["id"], row["note"], row["file_name"]) == ("e1", "a note", "p.csv")
    assert (row["content"], row["private"], row["removed"], row["reason"]) == (None, 0, None, "")


def test_a_frozen_file_is_read_at_the_newest_version_and_stays_as_it_is(tmp_path: Path) -> None:
    file = written(tmp_path, FIRST_VERSION) / "board.sqlite"
    before = file.read_bytes()
    with Database(tmp_path, frozen=True).reading() as db:
        row = dict(db.execute("SELECT * FROM entries").fetchone())
        assert db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
    assert (row["id"], row["note"], row["private"], row["reason"]) == ("e1", "a note", 0, "")
    assert file.read_bytes() == before
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreInvalid, match="has version 99"):
        Database(tmp_path, frozen=True)


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with database.writing() as db:
        db.execute(SALT)
    with Database(tmp_path).reading() as db:
        assert bytes(db.execute("SELECT salt FROM salts").fetchone()["salt"]) == b"\0"
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    written(tmp_path, "PRAGMA user_version = 99")
    with pytest.raises(StoreInvalid, match=f"has version 99, this program knows up to {SCHEMA_VERSION}$"):
        Database(tmp_path)
    with closing(sqlite3.connect(tmp_path / "board.sqlite")) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == 99
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_what_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path)

    def half() -> None:
        with database.writing() as db:
            db.execute(SALT)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    with database.reading() as db:
        assert db.execute("SELECT COUNT(*) FROM salts").fetchone()[0] == 0


def test_a_score_belongs_to_an_entry(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), database.writing() as db:
        db.execute(SCORE)


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    database = Database(tmp_path)
    order: list[str] = []
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with database.writing() as db:
            order.append(f"second sees {db.execute('SELECT COUNT(*) FROM salts').fetchone()[0]}")

    with database.writing() as db:
        db.execute(SALT)
        thread = threading.Thread(target=second)
        thread.start()
        begun.wait()
        order.append("first")
    thread.join()
    assert order == ["first", "second sees 1"]
