"""A disk that takes nothing more: what is on it is read, nothing wrong is stored, and a sentence says why.

Any user can have such a disk: a process may bound the size of the files that it writes.
"""

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leaderboard.board import Board
from leaderboard.opening import open_board
from leaderboard.store import connection
from leaderboard.store.details import checked_details
from leaderboard.store.entries import StoreUnwritable
from leaderboard.tasks import get_task

TASK = get_task("sandbox-afew")
ROOM = 1 << 13
"""Bytes of a file at most: a submission fits, a row of the database does not."""


@contextmanager
def full(room: int = ROOM) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


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
    with full(0):
        assert (board.rows(TASK), board.report(TASK, entry)) == before


def test_a_submission_is_stored_whole_or_not_at_all_and_its_file_is_swept(board: Board, tmp_path: Path) -> None:
    submit(board, tmp_path, "first")
    entries, files = board.store.entries(withdrawn=True), kept(board)
    with full(), pytest.raises(StoreUnwritable, match=r"^nothing was stored: "):
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
    with full(0), pytest.raises(StoreUnwritable):
        open_board({"FEMO_STORE": str(folder)})
    assert open_board({"FEMO_STORE": str(folder)}).store.entries() == []


def test_a_full_disk_is_called_so(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ROOM_BYTES", 1 << 62)
    with full(0), pytest.raises(StoreUnwritable, match=r"^nothing was stored: the disk of this host is full$"):
        board.store.salt()


def test_a_board_with_changes_beside_its_file_is_not_read_without_them(board: Board, tmp_path: Path) -> None:
    submit(board, tmp_path, "first")
    file = tmp_path / "board" / "board.sqlite"
    waiting = file.with_name(f"{file.name}-wal")
    waiting.write_bytes(b"not yet in the file")
    with full(0), pytest.raises(StoreUnwritable, match=r"^the store cannot be read: "):
        board.rows(TASK)
    waiting.unlink()
    assert len(board.rows(TASK)) > 0
    shutil.rmtree(tmp_path / "board")
