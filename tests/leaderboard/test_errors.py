"""Problems as a submitter reads them: where, what was expected, what stood there, and how many there are in all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.errors import LeaderboardError, Problem, Problems, SubmissionRefused, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("happy", "happy"),
        ("two\nlines\tand\x00", "two\ufffdlines\ufffdand\ufffd"),
        ("é\u202eevil", "é\ufffdevil"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("", ""),
    ],
)
def test_what_is_shown_is_one_short_printable_line(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(st.text())
def test_nothing_shown_is_long_or_breaks_the_line(text: str) -> None:
    assert len(shown(text)) <= 80
    assert shown(text).isprintable()
    assert shown(shown(text)) == shown(text)


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (Problem("a.txt", 7, "valence", "a number", "x"), "a.txt, line 7, valence: expected a number, found x"),
        (Problem("a.txt", 7, None, "2 cells", "3 cells"), "a.txt, line 7: expected 2 cells, found 3 cells"),
        (Problem("a.txt", None, "key", "v/1", "none"), "a.txt, key: expected v/1, found none"),
        (Problem("a.zip", None, None, "a file", "a link"), "a.zip: expected a file, found a link"),
    ],
)
def test_a_problem_says_where_it_is(problem: Problem, sentence: str) -> None:
    assert str(problem) == sentence


def test_the_first_twenty_are_kept_and_all_are_counted() -> None:
    problems = Problems()
    for line in range(1, 26):
        problems.add("a\n.csv", line, None, "x", "y" * 100)
    assert [problem.line for problem in problems.first] == list(range(1, 21))
    assert (problems.first[0].file, problems.first[0].found) == ("a\ufffd.csv", "y" * 79 + "…")
    with pytest.raises(SubmissionRefused) as caught:
        problems.refuse("a\n.csv")
    assert str(caught.value).startswith(
        "a\ufffd.csv is refused: 25 problems, the first: a\ufffd.csv, line 1: expected x"
    )
    answer = caught.value.to_dict()
    assert (answer["n_problems"], len(answer["problems"])) == (25, 20)
    assert answer["problems"][1] == {
        "file": "a\ufffd.csv", "line": 2, "column": None, "expected": "x", "found": "y" * 79 + "…",
    }  # fmt: skip


def test_one_problem_is_not_counted_aloud_and_none_refuses_nothing() -> None:
    problems = Problems()
    problems.refuse("a.csv")
    problems.add("a.csv", 3, "key", "each key once", "v a second time")
    with pytest.raises(
        SubmissionRefused,
        match=r"^a\.csv is refused: a\.csv, line 3, key: expected each key once, found v a second time$",
    ):
        problems.refuse("a.csv")


def test_where_reading_stopped_there_may_be_more() -> None:
    problems = Problems(stopped=True)
    for line in (1, 2):
        problems.add("a.csv", line, None, "x", "y")
    with pytest.raises(
        SubmissionRefused, match=r"^a\.csv is refused: at least 2 problems, the first: a\.csv, line 1: "
    ):
        problems.refuse("a.csv")


@pytest.mark.parametrize(
    ("noted", "equal", "fit", "count"),
    [(0, 5, 5, 0), (18, 5, 2, 21), (20, 5, 0, 25), (25, 7, 0, 32), (0, 0, 0, 0)],
)
def test_equal_problems_are_spelt_out_while_there_is_room(noted: int, equal: int, fit: int, count: int) -> None:
    """``count`` is before the caller adds those that fit."""
    problems = Problems()
    for _ in range(noted):
        problems.add("a", None, None, "x", "y")
    assert (problems.room(equal), problems.count) == (fit, count)


def test_any_named_error_is_an_answer() -> None:
    assert LeaderboardError("no task is called 'x'").to_dict() == {
        "error": "no task is called 'x'", "problems": [], "n_problems": 0,
    }  # fmt: skip
