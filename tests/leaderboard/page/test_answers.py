"""Answers in plain JSON: a named problem is one too."""

import json
from pathlib import Path

import pytest

from leaderboard.board import Board
from leaderboard.errors import UnknownTask
from leaderboard.opening import open_board
from leaderboard.page import answers
from leaderboard.page.answers import Answer
from leaderboard.reading.reference import load_reference
from leaderboard.store.database import Store
from leaderboard.tasks import TASKS
from tests.leaderboard.writing import text


def test_a_score_that_is_no_number_is_a_named_problem(tmp_path: Path) -> None:
    board = open_board({"FEMO_STORE": str(tmp_path)})
    texts = ("net", "", "https://example.org", "")
    assert "must be a number" in answers.self_report(board, "afew", "ada", "", "val", texts)["error"]
    assert "is nan, expected 0 to 1" in answers.self_report(board, "afew", "ada", "nan", "val", texts)["error"]
    entry = answers.self_report(board, "afew", "ada", " 0.6 ", "test", texts)["entry"]
    assert board.store.entry(entry).scores[0].shown == 0.6


SANDBOX = TASKS["sandbox-afew"]


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(Store(tmp_path / "store"), load_reference)


def predictions(board: Board, folder: Path, emotion: str) -> Path:
    header, *rows = board.template(SANDBOX).splitlines()
    return text(folder / f"{emotion}.csv", header, *(f"{row.split(',')[0]},{emotion}" for row in rows))


def test_a_named_problem_is_an_answer_and_a_fault_is_not() -> None:
    def named() -> Answer:
        raise UnknownTask("no task is called 'x'")

    def fault() -> Answer:
        raise ZeroDivisionError

    assert answers.answered(lambda: {"a": 1}) == {"a": 1}
    assert answers.answered(named) == {"error": "no task is called 'x'", "problems": [], "n_problems": 0}
    with pytest.raises(ZeroDivisionError):
        answers.answered(fault)


def test_a_file_is_submitted_ranked_compared_and_taken_back(board: Board, tmp_path: Path) -> None:
    sad, happy = (predictions(board, tmp_path, emotion) for emotion in ("sad", "happy"))
    checked = answers.validation(board, SANDBOX.name, sad)
    assert checked == {"task": SANDBOX.name, "valid": True, "n_rows": 60, "keys_checked": True, "notes": []}
    first, second = (
        answers.submission(
            board, SANDBOX.name, path, "ada", path.stem, "team", "https://example.org", "note", private
        )
        for path, private in ((sad, False), (happy, True))
    )
    assert (first["rank"], second["rank"]) == ([1, 1], None)
    assert first["score"]["task"] == SANDBOX.name
    assert "saving" not in first
    table = answers.table(board, SANDBOX.name)
    assert [(row["system"], row["main"], row["links"]) for row in table["rows"]] == [
        ("sad", first["score"]["main"], ["https://example.org"])
    ]
    assert (table["main"], table["higher_is_better"], table["signature"]) == (
        "accuracy",
        True,
        first["score"]["signature"],
    )
    json.dumps([checked, first, second, table], allow_nan=False)
    compared = answers.comparison(board, first["entry"], second["entry"], "ada")
    assert compared["difference"] == pytest.approx(first["score"]["main"] - second["score"]["main"], abs=2e-4)
    assert "error" in answers.comparison(board, first["entry"], second["entry"], "ada", own=False)
    assert answers.publication(board, second["entry"], "bob")["error"].startswith("only")
    assert answers.publication(board, second["entry"], "ada") == {"entry": second["entry"], "private": False}
    taken = answers.withdrawal(board, first["entry"], "ada")
    assert (taken["entry"], taken["withdrawn"][:2]) == (first["entry"], "20")
    assert [row["system"] for row in answers.table(board, SANDBOX.name)["rows"]] == ["happy"]


def test_a_table_may_be_asked_for_by_group_and_part(board: Board) -> None:
    whole, faces = (answers.table(board, "afew", group) for group in (None, "val · faces-only"))
    assert 0 < len(faces["rows"]) < len(whole["rows"])
    assert {row["group"] for row in faces["rows"]} == {"val · faces-only"}
    assert whole["groups"][0] == "val · complete"
    assert answers.table(board, "afew", by="")["rows"] == whole["rows"]
    for wrong in (
        answers.table(board, "afew", "x"),
        answers.table(board, "afew", by="x"),
        answers.table(board, "x"),
    ):
        assert set(wrong) == {"error", "problems", "n_problems"}


def test_a_refused_file_has_its_problems_in_the_answer(board: Board, tmp_path: Path) -> None:
    path = text(tmp_path / "p.csv", "clip,emotion", "nobody,happy")
    for answer in (
        answers.validation(board, SANDBOX.name, path),
        answers.submission(board, SANDBOX.name, path, "ada", "net"),
    ):
        assert answer["n_problems"] == 61
        assert answer["problems"][-1]["found"] == "no such row"
    assert answers.table(board, SANDBOX.name)["rows"] == []
    assert "system name is empty" in answers.submission(board, SANDBOX.name, path, "ada", " ")["error"]
