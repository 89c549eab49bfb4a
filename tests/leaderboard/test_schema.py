"""What a cell may hold, as a message says it."""

import numpy as np
import pytest

from leaderboard.schema import Column, step_notes


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column("valence", "real", -1, 1), "a number in [-1, 1]"),
        (Column("age", "real", 0, 116.5), "a number in [0, 116.5]"),
        (Column("AU1", "binary"), "0 or 1"),
        (Column("mood", "class", 1, 3, ("positive", "neutral", "negative")),
         "a class id 1-3 or one of positive, neutral, negative"),
    ],
)  # fmt: skip
def test_a_column_says_what_it_takes(column: Column, expected: str) -> None:
    assert column.expected == expected


def test_a_prediction_may_miss_a_limit_by_one_step_of_float32() -> None:
    age = Column("age", "real", 0, 120)
    assert (age.limits(labels=True), age.limits(labels=False)) == ((0, 120), (0, 120 + 120 * 2.0**-23))
    columns = (age, Column("mood", "class", 1, 3, ("positive", "neutral", "negative")))
    assert step_notes(columns, np.array([[120.00001, 0], [-1e-9, 2], [120, 0]])) == [
        "up to one float32 rounding step out of range, and taken as they are: 2 values"
    ]
    assert step_notes(columns, np.array([[120.0, 0]])) == []
