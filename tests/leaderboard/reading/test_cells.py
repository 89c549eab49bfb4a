"""The format, cell by cell: golden values after the data sets' own files and RFC 4180."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.errors import Problems
from leaderboard.reading.cells import (
    LineFormat,
    describe,
    is_whole_float,
    item_name,
    parse_key,
    parse_line,
    parse_value,
    split_cells,
)
from leaderboard.schema import Column
from leaderboard.tasks import TASKS

EXPRESSION = TASKS["abaw-expr"].columns[0]
MOOD = TASKS["vgaf"].columns[0]
VALENCE = TASKS["abaw-va"].columns[0]
ETHNICITY = TASKS["utkface"].columns[2]
UNIT = Column("AU1", "binary")


@pytest.mark.parametrize(
    ("line", "separator", "cells"),
    [
        ("a,1,2", ",", ["a", "1", "2"]),
        ("a , 1", ",", ["a ", " 1"]),
        ('"a,b",1', ",", ["a,b", "1"]),
        ('"say ""x""",1', ",", ['say "x"', "1"]),
        ('a, "1"', ",", ["a", "1"]),
        ('"a,1', ",", None),
        ('"a"b,1', ",", None),
        ("Val_1 \t 3 ", " ", ["Val_1", "3"]),
        ("\u2003a b", " ", ["\u2003a", "b"]),
        ("", ",", [""]),
    ],
)
def test_a_line_is_split_as_csv_says(line: str, separator: str, cells: list[str] | None) -> None:
    assert split_cells(line, separator) == cells


@pytest.mark.parametrize(
    ("text", "kind", "key"),
    [
        ("video/00001.jpg", "frame", ("video", 1)),
        (" a/b_left/1.PNG\t", "frame", ("a/b_left", 1)),
        ("v /000000007.jpeg", "frame", ("v", 7)),
        ("video/00000.jpg", "frame", None),
        ("video/0000000001.jpg", "frame", None),
        ("video/٣.jpg", "frame", None),
        ("/00001.jpg", "frame", None),
        ("video/00001.mp4", "frame", None),
        ("video/00001", "frame", None),
        ("000046280.avi", "clip", ("000046280", 0)),
        ("12.5.JPG", "image", ("12.5", 0)),
        ("a.txt.txt", "clip", ("a", 0)),
        ("c.jpg.png", "image", ("c", 0)),
        (".jpg.png", "image", None),
        (".jpg", "image", None),
        ("two\nlines", "image", None),
        ("", "clip", None),
        ("x" * 200, "clip", ("x" * 200, 0)),
        ("x" * 201, "clip", None),
    ],
)
def test_keys(text: str, kind: str, key: tuple[str, int] | None) -> None:
    assert parse_key(text, kind) == key  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" a.mkv ", "a"),
        ("a.gif", "a.gif"),
        ("a.b.webm", "a.b"),
        ("\xa0a", "\xa0a"),
        ("c .jpg\t.png", "c"),
        ("1_0.jpg.chip.jpg", "1_0.jpg.chip"),
    ],
)
def test_items_lose_blanks_and_suffixes(text: str, name: str) -> None:
    assert item_name(text) == name


@given(st.lists(st.sampled_from(["a", ".", " ", "\t", ".jpg", ".PNG", "txt", "\n"])).map("".join))
def test_the_name_of_a_name_is_the_name(text: str) -> None:
    assert item_name(item_name(text)) == item_name(text)


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        ("0", EXPRESSION, 0), ("7", EXPRESSION, 7), ("8", EXPRESSION, None), ("-1", EXPRESSION, None), ("4.0", EXPRESSION, 4),
        ("4.", EXPRESSION, 4), ("4.5", EXPRESSION, None), ("07", EXPRESSION, 7), ("0007", EXPRESSION, None),
        ("٣", EXPRESSION, None),
        ("Fear", EXPRESSION, 3), (" fear\t", EXPRESSION, 3), ("feared", EXPRESSION, None), ("1e0", EXPRESSION, None),
        ("1", MOOD, 0), ("3", MOOD, 2), ("0", MOOD, None), ("4", MOOD, None), ("Neutral", MOOD, 1),
        ("others", ETHNICITY, 4), ("Other", ETHNICITY, 4),
        ("0", UNIT, 0), ("1", UNIT, 1), ("2", UNIT, None), ("0.5", UNIT, None), ("1.0", UNIT, 1),
        ("-.5", VALENCE, -0.5), ("+1", VALENCE, 1), ("1e-3", VALENCE, 0.001), ("nan", VALENCE, None), ("inf", VALENCE, None),
        ("1_0", VALENCE, None), ("0x1", VALENCE, None), ("", VALENCE, None), ("-1.2", VALENCE, None), ("-5", VALENCE, None),
    ],
)  # fmt: skip
def test_values(text: str, column: Column, value: float | None) -> None:
    assert parse_value(text, column) == value


def test_labels_may_say_that_there_is_none() -> None:
    assert parse_value("-5", VALENCE, labels=True) == -5
    assert parse_value("-5.0", VALENCE, labels=True) == -5
    assert parse_value("-1", EXPRESSION, labels=True) == -1
    assert parse_value("-2", EXPRESSION, labels=True) is None


def test_a_network_may_miss_the_limit_by_one_step_of_float32_and_labels_may_not() -> None:
    step = 1 + 2.0**-23
    assert VALENCE.limits(labels=False) == (-step, step)
    assert VALENCE.limits(labels=True) == (-1, 1)
    assert parse_value(repr(step), VALENCE) == step
    assert parse_value(repr(math.nextafter(step, 2)), VALENCE) is None
    assert parse_value(repr(step), VALENCE, labels=True) is None


@given(st.floats(-1, 1))
def test_every_number_in_range_is_read_as_python_reads_it(number: float) -> None:
    assert parse_value(repr(number), VALENCE) == number


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("  ", EXPRESSION, "an empty cell"),
        ("-Inf", VALENCE, "-Inf, which is not finite"),
        ("happy!", EXPRESSION, "'happy!'"),
        ("1.5", VALENCE, "1.5, which is out of range"),
        ("0.7", UNIT, "0.7, a probability or decimal number where a class belongs"),
        ("9", EXPRESSION, "9, which is out of range"),
        ("x" * 200, EXPRESSION, repr("x" * 100)),
    ],
)
def test_a_bad_cell_is_described(text: str, column: Column, said: str) -> None:
    assert describe(text, column) == said


@pytest.mark.parametrize(
    ("text", "column", "whole"),
    [("4.0", EXPRESSION, True), (" 4. ", EXPRESSION, True), ("4", EXPRESSION, False), ("0.0", VALENCE, False)],
)
def test_classes_written_as_floats_are_noticed(text: str, column: Column, whole: bool) -> None:
    assert is_whole_float(text, column) is whole


TWO = LineFormat(TASKS["abaw-va"].columns, "frame")


@pytest.mark.parametrize(
    ("line", "key", "values", "said"),
    [
        ("v/00001.jpg,0.5,-1", ("v", 1), [0.5, -1], []),
        ("v/00001.jpg,0.5,-1, ", ("v", 1), [0.5, -1], []),
        (" \t", None, [0, 0], ["f.csv, line 3: expected a data line, found a blank line"]),
        ("v/00001.jpg,0.5", ("v", 1), [0, 0], ["f.csv, line 3: expected 3 cells, found 2 cells"]),
        ("v,0.5,2", None, [0.5, 0],
         ["f.csv, line 3, key: expected a key like video/00001.jpg, found 'v'",
          "f.csv, line 3, arousal: expected a number in [-1, 1], found 2, which is out of range"]),
        ('"v/00001.jpg,0.5,1', None, [0, 0],
         ["f.csv, line 3: expected quotation marks around whole cells, found '\"v/00001.jpg,0.5,1'"]),
    ],
)  # fmt: skip
def test_a_line_gives_its_values_or_names_every_problem(
    line: str, key: tuple[str, int] | None, values: list[float], said: list[str]
) -> None:
    problems = Problems()
    assert parse_line(line, TWO, "f.csv", 3, problems) == (key, values, 0)
    assert [str(problem) for problem in problems.first] == said


def test_a_row_number_and_whole_floats() -> None:
    form = LineFormat((EXPRESSION, UNIT), "image", index=True)
    assert (form.first_value, form.n_cells, form.integral) == (2, 4, True)
    problems = Problems()
    assert parse_line("17,a.jpg,4.0,1.0", form, "f", 2, problems) == (("a", 0), [4, 1], 2)
    assert problems.count == 0
