"""What a cell may hold, as a message says it."""

import pytest

from leaderboard.schema import Column


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
