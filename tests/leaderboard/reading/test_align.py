"""Rows in the order of the key list, and what does not match, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.errors import Problems
from leaderboard.reading.align import ReadRows, align, check_unique
from leaderboard.tasks import TASKS
from leaderboard.types import KeyList, Keys

EXACT = TASKS["abaw-expr"]
EDGE = replace(EXACT, fill="edge-1")
UNKNOWN = "expected a key of this task's list, found"
Row = tuple[str, int]


def keys(rows: list[Row]) -> Keys:
    names = tuple(dict.fromkeys(name for name, _ in rows))
    return Keys(
        names,
        np.array([names.index(name) for name, _ in rows], np.int32),
        np.array([frame for _, frame in rows], np.int32),
    )


def read(rows: list[Row], values: list[int] | None = None, files: dict[str, str] | None = None) -> ReadRows:
    cells = np.array(range(1, len(rows) + 1) if values is None else values).reshape(-1, 1)
    return ReadRows("p.csv", files or {}, keys(rows), np.arange(2, len(rows) + 2, dtype=np.int32), cells)


def asked(rows: list[Row], optional: set[Row] | None = None) -> KeyList:
    return KeyList(keys(rows), np.array([row in (optional or set()) for row in rows]))


WANTED = [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


@given(st.permutations(WANTED))
def test_the_order_of_rows_never_matters(rows: list[Row]) -> None:
    values = [WANTED.index(row) for row in rows]
    problems = Problems()
    aligned, notes = align(EXACT, read(rows, values), asked(WANTED), problems)
    assert (aligned[:, 0].tolist(), notes, problems.count) == ([0, 1, 2, 3], (), 0)


def test_missing_and_unknown_rows_are_named() -> None:
    problems = Problems()
    align(EXACT, read([("a", 1), ("a", 3), ("c", 1), ("b", 2)]), asked(WANTED), problems)
    assert [str(problem) for problem in problems.first] == [
        "p.csv, key: expected a/00002.jpg, found no such row",
        "p.csv, key: expected b/00001.jpg, found no such row",
        "p.csv, line 3, key: expected a key of this task's list, found a/00003.jpg",
        "p.csv, line 4, key: expected a key of this task's list, found c/00001.jpg",
    ]


def test_a_row_that_may_be_left_out_holds_zeros() -> None:
    problems = Problems()
    aligned, _ = align(EXACT, read([("b", 2), ("a", 1), ("b", 1)]), asked(WANTED, {("a", 2)}), problems)
    assert (aligned[:, 0].tolist(), problems.count) == ([2, 0, 3, 1], 0)


def test_a_video_of_its_own_file_is_one_problem_however_many_rows_are_missing() -> None:
    rows = [("a", 1), ("b", 1), ("b", 2), ("b", 3), ("c", 1)]
    files = {"a": "a.txt", "b": "b.txt", "c": "c.txt"}
    problems = Problems()
    align(EXACT, read(rows, files=files), asked([*WANTED, ("d", 1)]), problems)
    assert [str(problem) for problem in problems.first] == [
        "a.txt: expected 2 data lines, one per frame, found 1 data lines",
        "p.csv: expected a file d.txt, found no such file",
        "b.txt: expected 2 data lines, one per frame, found 3 data lines",
        "c.txt: expected a video of this task's list, found c",
    ]


def test_a_video_one_row_short_repeats_its_last_and_one_long_loses_it() -> None:
    rows = [("b", 1), ("a", 1), ("b", 2), ("b", 3)]
    problems = Problems()
    aligned, notes = align(EDGE, read(rows), asked(WANTED), problems)
    assert (aligned[:, 0].tolist(), problems.count) == ([2, 2, 1, 3], 0)
    assert notes == (
        "fill policy edge-1: videos one frame short, last prediction repeated: 1",
        "fill policy edge-1: videos one frame long, last prediction dropped: 1",
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("a", 1), ("a", 2), ("a", 4), ("b", 1), ("b", 2)], [f"p.csv, line 4, key: {UNKNOWN} a/00004.jpg"]),
        ([("a", 2), ("b", 1), ("b", 2)], ["p.csv, key: expected a/00001.jpg, found no such row"]),
        ([("a", 1), ("a", 2)], [f"p.csv, key: expected b/0000{frame}.jpg, found no such row" for frame in (1, 2)]),
        ([*WANTED, ("c", 1)], [f"p.csv, line 6, key: {UNKNOWN} c/00001.jpg"]),
    ],
    ids=["two too long", "the first is missing", "a whole video is missing", "another video"],
)
def test_the_fill_policy_fills_one_row_at_the_end_and_nothing_else(rows: list[Row], said: list[str]) -> None:
    problems = Problems()
    align(EDGE, read(rows), asked(WANTED), problems)
    assert [str(problem) for problem in problems.first] == said


def test_a_video_of_one_frame_cannot_be_filled_from_the_video_before() -> None:
    problems = Problems()
    align(EDGE, read([("a", 1), ("c", 1)]), asked([("a", 1), ("b", 1), ("c", 1)]), problems)
    assert [str(problem) for problem in problems.first] == ["p.csv, key: expected b/00001.jpg, found no such row"]


def test_the_first_video_of_one_frame_is_not_filled_from_the_last() -> None:
    problems = Problems()
    align(EDGE, read([("b", 1), ("b", 2)]), asked([("a", 1), ("b", 1), ("b", 2)]), problems)
    assert [str(problem) for problem in problems.first] == ["p.csv, key: expected a/00001.jpg, found no such row"]


def test_a_key_that_comes_again_is_named_with_its_line() -> None:
    problems = Problems()
    check_unique(read([("b", 1), ("a", 1), ("b", 1), ("a", 1), ("b", 1), ("b", 2)]), problems)
    assert [str(problem) for problem in problems.first] == [
        "p.csv, line 4, key: expected each key once, found b/00001.jpg a second time",
        "p.csv, line 5, key: expected each key once, found a/00001.jpg a second time",
        "p.csv, line 6, key: expected each key once, found b/00001.jpg a second time",
    ]


def test_of_thirty_missing_rows_twenty_are_named() -> None:
    problems = Problems()
    align(EXACT, read([("a", 1)]), asked([("a", frame) for frame in range(1, 32)]), problems)
    assert (len(problems.first), problems.count) == (20, 30)


def test_no_rows_at_all() -> None:
    empty = ReadRows("p.csv", {}, Keys((), *(np.zeros(0, np.int32),) * 2), np.zeros(0, np.int32), np.zeros((0, 1)))
    problems = Problems()
    check_unique(empty, problems)
    assert problems.count == 0
    align(EXACT, empty, asked(WANTED), problems)
    assert problems.count == 4
