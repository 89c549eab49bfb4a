"""What may happen to an entry: private until published, withdrawn once, removed with a reason; whose predictions they are."""

import gzip
import os
import re
from pathlib import Path
from typing import Any

import pytest

from leaderboard.board import Board
from leaderboard.errors import LeaderboardError, NotComparable
from leaderboard.opening import open_board
from leaderboard.reading.reference import load_reference
from leaderboard.store.database import Store
from leaderboard.store.details import Details
from leaderboard.store.entries import (
    RESCORED,
    AlreadyDone,
    AlreadySubmitted,
    Entry,
    NotOwner,
    QuotaReached,
    StoredScore,
    UnknownEntry,
)
from leaderboard.store.quotas import Quota
from leaderboard.tasks import TASKS

TASK = TASKS["sandbox-afew"]


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(Store(tmp_path / "store"), load_reference)


def write(board: Board, folder: Path, emotion: str, name: str = "p.csv") -> Path:
    header, *rows = board.template(TASK).splitlines()
    path = folder / name
    path.write_text("\n".join([header, *(f"{row.split(',')[0]},{emotion}" for row in rows)]) + "\n")
    return path


def submit(board: Board, folder: Path, emotion: str, user: str = "ada", **options: bool) -> Entry:
    return board.submit(TASK, write(board, folder, emotion), user, Details(emotion), **options)


def test_a_private_entry_is_its_owner_s_until_published(board: Board, tmp_path: Path) -> None:
    private = submit(board, tmp_path, "Happy", private=True)
    public = submit(board, tmp_path, "Sad", user="bob")
    assert [row.id for row in board.rows(TASK)] == [public.id]
    assert [entry.state for entry in board.mine(TASK, "ada")] == ["private"]
    assert board.compare(private.id, public.id, "ada").n_groups == 60
    with pytest.raises(NotComparable):
        board.compare(private.id, public.id, "bob")
    with pytest.raises(NotOwner):
        board.publish(private.id, "bob")
    board.publish(private.id, "ada", TASK.name)
    assert {row.id for row in board.rows(TASK)} == {private.id, public.id}
    with pytest.raises(AlreadyDone, match="public already"):
        board.publish(private.id, "ada")


def test_withdrawing_names_the_right_task_and_works_once(board: Board, tmp_path: Path) -> None:
    entry = submit(board, tmp_path, "Happy")
    with pytest.raises(UnknownEntry, match="no entry of sandbox-vgaf has the id"):
        board.withdraw(entry.id, "ada", "sandbox-vgaf")
    assert board.withdraw(entry.id, "ada", TASK.name).withdrawn
    with pytest.raises(AlreadyDone, match="withdrawn already, on 20"):
        board.withdraw(entry.id, "ada", TASK.name)
    assert board.rows(TASK) == []


def test_a_removed_entry_keeps_its_row_and_its_reason(board: Board, tmp_path: Path) -> None:
    entry = submit(board, tmp_path, "Happy")
    with pytest.raises(LeaderboardError, match="needs a reason"):
        board.remove(entry.id, " ")
    board.remove(entry.id, "trained on\nthe labels")
    (row,) = board.rows(TASK)
    assert (row.main, row.rank, row.interval) == (None, None, None)
    assert row.caveat.startswith("removed by the organiser on 20")
    assert row.caveat.endswith(": trained on the labels")
    with pytest.raises(AlreadyDone):
        board.remove(entry.id, "again")
    other = submit(board, tmp_path, "Sad", user="bob")
    with pytest.raises(NotComparable, match="Happy has no submitted file on the board"):
        board.compare(other.id, entry.id)


def test_the_same_predictions_are_known_in_any_file(board: Board, tmp_path: Path) -> None:
    submit(board, tmp_path, "Happy")
    path = write(board, tmp_path, "Happy", "q.csv")
    longer = tmp_path / "r.csv"
    longer.write_text(path.read_text() + "\n\n")
    packed = tmp_path / "s.csv.gz"
    packed.write_bytes(gzip.compress(path.read_text().replace("Happy", "3").encode()))
    for copy in (longer, packed):
        with pytest.raises(AlreadySubmitted, match="these predictions are on the board already"):
            board.submit(TASK, copy, "ada", Details("again"))
    board.submit(TASK, packed, "bob", Details("theirs"))
    notes = {row.user: row.note for row in board.rows(TASK)}
    assert notes["ada"] == ""
    assert notes["bob"].startswith("same predictions as Happy of ada, 20")


def test_there_is_a_limit_in_all(board: Board, tmp_path: Path) -> None:
    entry = submit(board, tmp_path, "Happy")
    assert board.left(TASK, "ada") == Quota(4, 99)
    with pytest.raises(QuotaReached, match="used 1 of 1 submissions to sandbox-afew altogether"):
        board.store.add(Entry(TASK.name, "ada", "x", "re-scored here", entry.scores), Quota(5, 1))


def test_equal_scores_stand_by_age(board: Board, tmp_path: Path) -> None:
    for user in ("zoe", "ada"):
        submit(board, tmp_path, "Happy", user=user)
    assert [row.user for row in board.rows(TASK)] == ["zoe", "ada"]


OLD, FRESH = (f".{sign * 32}.part" for sign in "af")
"""Copies as a submission names them."""


def test_a_dead_submission_s_copy_goes_with_age(board: Board, tmp_path: Path) -> None:
    old, fresh = (board.store.files.folder / name for name in (OLD, FRESH))
    for part in (old, fresh):
        part.write_bytes(b"half a file")
    os.utime(old, (0, 0))
    submit(board, tmp_path, "Happy")
    assert not old.exists()
    assert fresh.exists()


def test_what_dead_processes_left_goes_when_the_board_is_opened(tmp_path: Path) -> None:
    files = Store(tmp_path).files.folder
    (files / "ab").mkdir()
    left = [files / OLD, files / "ab" / ("ab" * 32)]
    for path in (*left, files / FRESH):
        path.write_bytes(b"half a file")
    for path in left:
        os.utime(path, (0, 0))
    open_board({"FEMO_STORE": str(tmp_path), "FEMO_CHALLENGES": str(tmp_path / "none")})
    assert [path.name for path in files.rglob("*") if path.is_file()] == [FRESH]


def test_a_table_is_ranked_by_any_part(board: Board) -> None:
    """UTKFace's gender-only rows have no age error, and a gender accuracy each."""
    rows = board.rows(TASKS["utkface"], "gender_accuracy")
    values = [
        row.parts["gender_accuracy"] for row in rows if row.group == "all · in the wild, one face" and row.rank
    ]
    assert len(values) > 3
    assert values == sorted(values, reverse=True)
    with pytest.raises(LeaderboardError, match="cannot be ranked by 'colour', expected one of gender_accuracy"):
        board.rows(TASKS["utkface"], "colour")


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "re-scored here"),
        ({"private": True}, "private"),
        ({"removed": "2026-03-02T01:02:03+00:00", "reason": "labels leaked"}, "removed: labels leaked"),
        (
            {"withdrawn": "2026-03-01T01:02:03+00:00", "removed": "2026-03-02", "private": True},
            "withdrawn on 2026-03-01",
        ),
    ],
)
def test_where_an_entry_stands_in_a_few_words(fields: dict[str, Any], state: str) -> None:
    assert Entry("afew", "ada", "net", RESCORED, (), **fields).state == state


def test_a_scoring_is_found_by_its_signature() -> None:
    scores = tuple(StoredScore(name, shown, {}, "2026-03-01") for name, shown in (("v1", 0.1), ("v2", 0.2)))
    entry = Entry("afew", "ada", "net", RESCORED, scores)
    assert entry.score("v2") is scores[1]
    assert entry.score("v3") is None


def test_every_entry_has_an_id_and_a_time_of_its_own() -> None:
    one, two = (Entry("afew", "ada", "net", RESCORED, ()) for _ in range(2))
    assert one.id != two.id
    assert re.fullmatch(r"[0-9a-f]{32}", one.id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", one.created)
