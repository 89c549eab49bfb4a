"""The drill: everything that can be asked without limits is asked of every task with hidden labels, and tells nothing.

The same questions go to two boards whose labels differ and whose keys do not; their answers must be equal to the byte.
"""

import hashlib
import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leaderboard.board import Board
from leaderboard.opening import open_board
from leaderboard.page import answers, cards
from leaderboard.reading.reference import load_reference
from leaderboard.schema import Task
from leaderboard.store.database import Store
from leaderboard.tasks import TASKS
from leaderboard.types import KeyList, Reference

HIDDEN = [name for name, task in TASKS.items() if task.sandbox and task.hidden]


@cache
def truth(name: str) -> Reference:
    return load_reference(TASKS[name])


def other_labels(reference: Reference) -> Reference:
    """Shuffle the labels, valid or not, among the keys; the digest stays, as the salt keeps it from being of use."""
    order = np.random.default_rng(5).permutation(len(reference.keys))
    labels, valid = reference.labels[order], reference.valid[order]
    return replace(reference, labels=labels, valid=valid, optional=reference.optional[order])


def board_of(change: Callable[[Reference], Reference], folder: Path) -> Board:
    return Board(Store(folder), lambda task: change(truth(task.name)))


@pytest.fixture
def boards(tmp_path: Path) -> tuple[Board, Board]:
    return board_of(lambda reference: reference, tmp_path / "one"), board_of(other_labels, tmp_path / "two")


def questions(board: Board, task: Task, folder: Path) -> list[Any]:
    """Ask all that has no limit: templates, validations of many files, tables, what the tab says of the task."""
    header, *rows = board.template(task).splitlines()
    rng = random.Random(1)
    files = {
        "whole": rows,
        "none": rows[:1],
        "twice": [*rows, rows[0]],
        "strange": [*rows, rows[0].replace(rows[0][:1], "q", 1)],
    }
    for row in rng.sample(range(len(rows)), 12):
        files[f"without {row}"] = rows[:row] + rows[row + 1 :]
    heard: list[Any] = [header, rows]
    for name, lines in files.items():
        path = folder / f"{task.name}-{name}.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        heard.append(answers.validation(board, task.name, path))
    heard += [answers.table(board, task.name), cards.about(task, board.labels.signature(task))]
    heard.append(answers.comparison(board, "nothing", "nothing", "eve"))
    return heard


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_asked_without_limits_does_not_depend_on_labels(
    name: str, boards: tuple[Board, Board], tmp_path: Path
) -> None:
    first, second = (questions(board, TASKS[name], tmp_path) for board in boards)
    assert first == second
    accepted = [answer for answer in first if isinstance(answer, dict) and answer.get("valid")]
    assert [answer["n_rows"] for answer in accepted] == [len(truth(name).keys)], "only the whole file is accepted"


def test_leaving_out_a_row_tells_nothing_about_its_label(boards: tuple[Board, Board], tmp_path: Path) -> None:
    """The attack that recovered all 19 Contempt labels of the sandbox: 103 validations with rows left out."""
    task = TASKS["sandbox-affectnet-7"]
    header, *rows = boards[0].template(task).splitlines()
    contempt = int((~truth(task.name).valid).sum())
    assert contempt == 19
    path = tmp_path / "p.csv"
    refused = 0
    for row in range(len(rows)):
        path.write_text("\n".join([header, *rows[:row], *rows[row + 1 :]]) + "\n")
        answer = answers.validation(boards[0], task.name, path)
        refused += answer.get("n_problems") == 1
    assert refused == len(rows) == 120


@pytest.mark.parametrize("name", HIDDEN)
def test_a_score_tells_what_it_says_and_no_more(name: str, boards: tuple[Board, Board], tmp_path: Path) -> None:
    task = TASKS[name]
    path = tmp_path / "p.csv"
    path.write_text(boards[0].template(task))
    answer = answers.submission(boards[0], name, path, "eve", "net")["score"]
    assert (answer["n_scored"], answer["n_excluded"]) == (len(truth(name).keys), None)
    assert f"|n:{len(truth(name).keys)}|" in answer["signature"]
    assert (answer["per_class"], answer["per_video"], answer["confusion"]) == ([], [], None)
    if task.key != "frame":
        assert set(answer["components"]) <= set(task.parts), "a recall per class is an exact count of labels"
        assert (answer["variants"], answer["std_error"]) == ({}, None)
    for value in (answer["main"], *answer["components"].values(), *answer["interval"]):
        assert value == round(value, task.precision)


def test_scores_and_comparisons_stop_at_their_limits(tmp_path: Path) -> None:
    """Each user: five scores a day, and one new pair a day here; withdrawing gives nothing back."""
    task = replace(TASKS["sandbox-afew"], comparisons_per_day=1)
    board = board_of(lambda reference: reference, tmp_path / "store")
    header, *rows = board.template(task).splitlines()
    entries = []
    for number in range(8):
        path = tmp_path / f"{number}.csv"
        path.write_text(
            "\n".join([header, *(f"{row.split(',')[0]},{(row[0] == '0') * number % 7}" for row in rows)])
        )
        answer = answers.submission(board, task.name, path, "eve", f"net {number}")
        entries.append(answer.get("entry"))
        if "entry" in answer and number == 0:
            board.withdraw(answer["entry"], "eve")
    assert [entry is not None for entry in entries] == [True] * 5 + [False] * 3
    original = TASKS["sandbox-afew"]
    TASKS["sandbox-afew"] = task
    try:
        first = answers.comparison(board, entries[1], entries[2], "eve")
        assert "difference" in first
        assert answers.comparison(board, entries[1], entries[2], "eve") == first, "kept, and free"
        assert "used 1 of 1 comparisons" in answers.comparison(board, entries[1], entries[3], "eve")["error"]
        assert first["n_groups"] == 60
    finally:
        TASKS["sandbox-afew"] = original


def test_with_a_salt_nobody_can_try_labels_against_the_signature(tmp_path: Path) -> None:
    task = TASKS["afew"]
    (tmp_path / "afew.csv").write_text("clip,emotion\n1,Happy\n2,Sad\n")
    plain = load_reference(task, tmp_path).digest
    (tmp_path / ".salt").write_bytes(b"one")
    salted = load_reference(task, tmp_path).digest
    (tmp_path / ".salt").write_bytes(b"two")
    assert len({plain, salted, load_reference(task, tmp_path).digest}) == 3
    assert load_reference(task, tmp_path, b"the board's").digest == load_reference(task, tmp_path).digest


def guess_labels(task: Task, asked: KeyList, digest: str) -> list[tuple[int, ...]]:
    """Return every set of labels whose unsalted hash begins like the digest in a signature: tried at home, unlimited."""
    start = hashlib.sha256("\n".join(asked.keys.groups).encode())
    for array in (asked.keys.group, asked.keys.frame):
        start.update(array.tobytes())
    found = []
    for labels in itertools.product(range(len(task.columns[0].names)), repeat=len(asked.keys)):
        tried = start.copy()
        tried.update(bytes(labels))
        if tried.hexdigest()[:8] == digest:
            found.append(labels)
    return found


def test_the_signature_on_a_board_does_not_give_a_small_set_of_labels_away(tmp_path: Path) -> None:
    """32 unsalted bits are enough for five clips of seven classes: 16,807 guesses, and not one submission."""
    task, labels = TASKS["afew"], (3, 5, 0, 6, 2)
    folder = tmp_path / "labels"
    folder.mkdir()
    rows = "".join(f"{clip},{label}\n" for clip, label in enumerate(labels))
    (folder / "afew.csv").write_text(f"clip,emotion\n{rows}")
    board = open_board({"FEMO_STORE": str(tmp_path / "store"), "FEMO_REFERENCE": str(folder)})
    asked = board.labels.asked(task)
    assert asked is not None
    assert guess_labels(task, asked, load_reference(task, folder).digest) == [labels], (
        "the attack works without salt"
    )
    signature = board.labels.signature(task) or ""
    digest = signature.split("ref:")[1][:8]
    assert guess_labels(task, asked, digest) == []
    again = open_board({"FEMO_STORE": str(tmp_path / "store"), "FEMO_REFERENCE": str(folder)})
    assert again.labels.signature(task) == signature, "the salt stays with the store"
    other = open_board({"FEMO_STORE": str(tmp_path / "other"), "FEMO_REFERENCE": str(folder)})
    assert other.labels.signature(task) != signature
