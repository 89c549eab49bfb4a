"""A disk that takes nothing more: what is on it is read, nothing wrong is stored, and a sentence says why."""

import errno
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from leaderboard.board import Board
from leaderboard.opening import open_board
from leaderboard.store import connection
from leaderboard.store.database import Store
from leaderboard.store.details import checked_details
from leaderboard.store.entries import StoredScore, StoreUnwritable
from leaderboard.tasks import get_task
from tests.leaderboard.full_disk import full

TASK = get_task("sandbox-afew")
ROOM = 1 << 13
"""Bytes of a file at most: a submission fits, a row of the database does not."""


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return open_board({"FEMO_STORE": str(tmp_path / "board")})


def submit(board: Board, folder: Path, system: str, order: int = 1) -> str:
    head, *rows = board.template(TASK).splitlines()
    file = folder / f"{system}.csv"
    file.write_text("\n".join([head, *rows[::order]]) + "\n", encoding="utf-8")
    assert file.stat().st_size < ROOM
    return board.submit(TASK, file, "ann" if order > 0 else "bob", checked_details(system)).id


def kept(board: Board) -> list[str]:
    return sorted(path.name for path in board.store.files.folder.rglob("*") if path.is_file())


def test_what_is_on_the_board_is_still_read(board: Board, tmp_path: Path) -> None:
    entry = submit(board, tmp_path, "first")
    before = board.rows(TASK), board.report(TASK, entry)
    with full():
        assert (board.rows(TASK), board.report(TASK, entry)) == before


def test_a_submission_is_stored_whole_or_not_at_all_and_its_file_is_swept(board: Board, tmp_path: Path) -> None:
    submit(board, tmp_path, "first")
    entries, files = board.store.entries(withdrawn=True), kept(board)
    with full(ROOM), pytest.raises(StoreUnwritable, match=r"^nothing was stored: "):
        submit(board, tmp_path, "second", -1)
    assert board.store.entries(withdrawn=True) == entries
    assert len(kept(board)) == len(files) + 1, "its file came before its row"
    assert board.store.sweep(older_than_s=-1) == 1
    assert kept(board) == files
    submit(board, tmp_path, "second", -1)
    assert [entry.system for entry in board.store.entries()] == ["first", "second"]


@pytest.mark.parametrize("known", [False, True])
def test_a_start_says_why_and_does_not_wait(
    board: Board, tmp_path: Path, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_S", 3600.0)
    folder = tmp_path / ("board" if known else "new")
    with full(), pytest.raises(StoreUnwritable):
        open_board({"FEMO_STORE": str(folder)})
    assert open_board({"FEMO_STORE": str(folder)}).store.entries() == []


def test_a_full_disk_is_called_so(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ROOM_BYTES", 1 << 62)
    with full(), pytest.raises(StoreUnwritable, match=r"^nothing was stored: the disk of this host is full$"):
        board.store.salt()


def test_a_board_with_changes_beside_its_file_is_not_read_without_them(board: Board, tmp_path: Path) -> None:
    submit(board, tmp_path, "first")
    file = tmp_path / "board" / "board.sqlite"
    waiting = file.with_name(f"{file.name}-wal")
    waiting.write_bytes(b"not yet in the file")
    with full(), pytest.raises(StoreUnwritable, match=r"^the store cannot be read: "):
        board.rows(TASK)
    waiting.unlink()
    assert len(board.rows(TASK)) > 0
    shutil.rmtree(tmp_path / "board")


def opened(folder: Path) -> Board:
    """The board as a command opens it that writes nothing."""
    return open_board({"FEMO_STORE": str(folder)}, only_read=True)


def test_a_command_that_only_reads_opens_what_was_kept(board: Board, tmp_path: Path) -> None:
    entry = submit(board, tmp_path, "first")
    before = board.rows(TASK), board.report(TASK, entry), board.left(TASK, "ann"), board.store.salt()
    with full():
        kept_board = opened(tmp_path / "board")
        assert kept_board.store.frozen == "nothing was stored: attempt to write a readonly database"
        after = kept_board.rows(TASK), kept_board.report(TASK, entry), kept_board.left(TASK, "ann")
        assert (*after, kept_board.store.salt()) == before
        with pytest.raises(StoreUnwritable, match=r"^nothing was stored: "):
            kept_board.withdraw(entry, "ann")
    assert opened(tmp_path / "board").store.frozen == ""


def test_changes_that_wait_beside_the_file_are_read_where_there_is_room(board: Board, tmp_path: Path) -> None:
    """What a process leaves that was killed before its change had come from the log into the file."""
    folder, died = tmp_path / "board", tmp_path / "died"
    submit(board, tmp_path, "first")
    with closing(sqlite3.connect(folder / "board.sqlite")) as reader:  # keeps the last writer from tidying up
        reader.execute("SELECT COUNT(*) FROM entries").fetchone()
        submit(board, tmp_path, "second", -1)
        died.mkdir()
        for name in ("board.sqlite", "board.sqlite-wal"):
            shutil.copy(folder / name, died / name)
    before = {path.name: path.read_bytes() for path in died.iterdir()}
    frozen = Store(died, "full")
    assert [entry.system for entry in frozen.entries()] == ["first", "second"]
    assert {path.name: path.read_bytes() for path in died.iterdir()} == before
    with full(), pytest.raises(StoreUnwritable, match=r"^the store cannot be read: File too large$"):
        frozen.entries()


def test_where_no_board_can_be_made_there_is_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(self: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(StoreUnwritable, match=r"board cannot be written: Read-only file system$"):
        open_board({"FEMO_STORE": str(tmp_path / "board")})
    board = opened(tmp_path / "board")
    assert board.store.frozen.endswith("Read-only file system")
    assert board.store.entries() == []
    assert [row.badge for row in board.rows(get_task("afew"))].count("published, not re-scored") > 5
    assert board.store.salt() != board.store.salt(), "random, and never that of another board"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreUnwritable, match=r"^nothing was stored: "):
        board.store.add_score("x", StoredScore("s", 0.5, {}, "2026-01-01"))
