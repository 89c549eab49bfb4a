"""Lines of a text as rows: blocks, line ends, limits and what stands beside a line that is wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.errors import Problems
from leaderboard.reading import rows as rows_module
from leaderboard.reading.cells import LineFormat
from leaderboard.reading.rows import RowBuffer, clean, read_rows
from leaderboard.tasks import TASKS

AFFECT, EXPRESSION, CLIP = (TASKS[name].columns for name in ("abaw-va", "abaw-expr", "afew"))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xef\xbb\xbfa\nb\n", b"a\nb"),
        (b"a\r\nb\rc\n\r", b"a\nb\nc"),
        (b"a\n\nb\n \t\n\n", b"a\n\nb"),
        (b" \n\t", b""),
        (b"", b""),
        (b"a,,\n", b"a,,"),
    ],
)
def test_a_text_loses_its_mark_its_returns_and_blank_last_lines(data: bytes, expected: bytes) -> None:
    assert clean(data) == expected


def read(body: bytes, form: LineFormat, video: str = "", start: int = 0) -> tuple[RowBuffer, Problems, int]:
    rows, problems = RowBuffer(form), Problems()
    n_lines = read_rows(body, "f.csv", 2, rows, problems, video, start)
    return rows, problems, n_lines


def test_rows_have_their_key_line_and_values() -> None:
    body = b"header\nw/00002.jpg,0.5,-1\nv/00001.jpg, .25 ,1e-1\nw/00001.jpg,1,1"
    rows, problems, n_lines = read(body, LineFormat(AFFECT, "frame"), start=7)
    keys, line, values = rows.stacked()
    assert (keys.groups, keys.group.tolist(), keys.frame.tolist()) == (("w", "v"), [0, 1, 0], [2, 1, 1])
    assert line.tolist() == [2, 3, 4]
    assert values.tolist() == [[0.5, -1], [0.25, 0.1], [1, 1]]
    assert (n_lines, problems.count) == (3, 0)


def test_without_keys_a_line_is_a_frame_and_texts_follow_each_other() -> None:
    rows, problems = RowBuffer(LineFormat(EXPRESSION)), Problems()
    for video, body in (("a", b"1\n7"), ("b", b"0")):
        read_rows(body, f"{video}.txt", 2, rows, problems, video)
    keys, line, values = rows.stacked()
    assert [keys.name(row) for row in range(3)] == ["a/00001.jpg", "a/00002.jpg", "b/00001.jpg"]
    assert (line.tolist(), values.tolist(), values.dtype) == ([2, 3, 2], [[1], [7], [0]], np.int8)


def test_a_wrong_line_keeps_its_place_and_one_without_a_key_goes() -> None:
    rows, problems, _ = read(b"happy.avi,happy\n,sad\nlast,glad\n\xff,fear\nx,3.0", LineFormat(CLIP, "clip"))
    keys, line, values = rows.stacked()
    assert (keys.groups, line.tolist(), values.tolist()) == (("happy", "last", "x"), [2, 4, 6], [[3], [0], [3]])
    assert rows.n_whole == 1
    assert [(problem.line, problem.found) for problem in problems.first] == [
        (3, "''"),
        (4, "'glad'"),
        (5, "other bytes"),
    ]


@pytest.mark.parametrize("size", [1, 9, 40, 10_000])
def test_blocks_of_any_size_give_the_same_rows(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "\n".join(
        f"v{i // 7}/{i % 7 + 1:05d}.jpg,{i % 3 / 4},{'x' if i == 13 else -1}" for i in range(30)
    ).encode()
    monkeypatch.setattr(rows_module, "BLOCK_BYTES", size)
    rows, problems, n_lines = read(body, LineFormat(AFFECT, "frame"))
    keys, line, values = rows.stacked()
    assert (n_lines, line.tolist()) == (30, list(range(2, 32)))
    assert keys.group.tolist() == [i // 7 for i in range(30)]
    assert values[:, 0].tolist() == [i % 3 / 4 for i in range(30)]
    assert [problem.line for problem in problems.first] == [15]


@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_frames_are_counted_across_blocks(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "BLOCK_BYTES", size)
    rows, _, n_lines = read(b"0\n1\nfear\n3.0\n4\n5", LineFormat(EXPRESSION), "v")
    keys, line, values = rows.stacked()
    assert keys.frame.tolist() == [1, 2, 3, 4, 5, 6]
    assert (line.tolist(), values[:, 0].tolist(), n_lines) == ([2, 3, 4, 5, 6, 7], [0, 1, 3, 3, 4, 5], 6)


def test_too_many_lines_are_counted_and_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "MAX_ROWS", 3)
    rows, problems, n_lines = read(b"0\n1\n2\n3", LineFormat(EXPRESSION), "v")
    assert (n_lines, len(rows.stacked()[0])) == (4, 0)
    assert str(problems.first[0]) == "f.csv: expected at most 3 data lines, found 4 lines"


def test_lines_are_counted_over_all_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "MAX_ROWS", 3)
    rows, problems = RowBuffer(LineFormat(EXPRESSION)), Problems()
    for video in "ab":
        read_rows(b"0\n1", f"{video}.txt", 2, rows, problems, video)
    assert len(rows.stacked()[0]) == 2
    assert [str(problem) for problem in problems.first] == [
        "b.txt: expected at most 3 data lines in all, found 4 lines"
    ]
    assert problems.stopped


@pytest.mark.parametrize("size", [1, 9, 10_000])
def test_after_many_problems_the_rest_is_not_read(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second line is wrong: the fifth wrong one is the eighth line, and what follows is not looked at."""
    monkeypatch.setattr(rows_module, "MAX_PROBLEMS", 5)
    monkeypatch.setattr(rows_module, "BLOCK_BYTES", size)
    _, problems, n_lines = read(b"\n".join([b"x", b"0"] * 10), LineFormat(EXPRESSION), "v")
    assert [problem.line for problem in problems.first] == [2, 4, 6, 8, 10]
    assert (problems.count, problems.stopped, n_lines) == (5, True, 20)


def test_few_problems_stop_nothing() -> None:
    _, problems, _ = read(b"\n".join([b"x"] * 30), LineFormat(EXPRESSION), "v")
    assert (problems.count, problems.stopped) == (30, False)


def test_a_row_number_before_the_key_is_left_out() -> None:
    rows, problems, _ = read(b"0,b,sad\n1,a,1", LineFormat(CLIP, "clip", index=True))
    keys, _, values = rows.stacked()
    assert (keys.groups, values.tolist(), problems.count) == (("b", "a"), [[5], [1]], 0)


def test_whole_floats_are_counted_by_either_reader() -> None:
    rows, problems, _ = read(b"v/00001.jpg,3.0\nv/2.png,4.0\nv/00003.jpg,5", LineFormat(EXPRESSION, "frame"))
    assert (rows.n_whole, rows.stacked()[2][:, 0].tolist(), problems.count) == (2, [3, 4, 5], 0)


def test_nothing_is_no_line() -> None:
    for body, start in ((b"", 0), (b"header", 7)):
        rows, problems, n_lines = read(body, LineFormat(AFFECT, "frame"), start=start)
        assert (n_lines, problems.count, rows.stacked()[2].shape) == (0, 0, (0, 2))


@given(st.lists(st.sampled_from(["a", "b", "c", "d d"]), min_size=1, max_size=30))
def test_codes_are_given_in_the_order_of_names(names: list[str]) -> None:
    rows, _, _ = read("\n".join(f"{name},0" for name in names).encode(), LineFormat(CLIP, "clip"))
    keys = rows.stacked()[0]
    assert keys.groups == tuple(dict.fromkeys(names))
    assert [keys.groups[code] for code in keys.group.tolist()] == names
