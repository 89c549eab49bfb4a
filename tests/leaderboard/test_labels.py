"""Class orders of the challenges: ids, the headers of their files, and where femo's own orders are the same or differ."""

import pytest

from femo import labels as femo_labels
from leaderboard.labels import (
    ACTION_UNITS,
    AFEW,
    AU_HEADER,
    CE_HEADER,
    COMPOUND,
    ETHNICITIES,
    EXPR_HEADER,
    EXPRESSIONS,
    GENDERS,
    VGAF,
    class_column,
)


def test_ids_run_from_the_first_to_the_last_class() -> None:
    column = class_column("mood", VGAF, low=1)  # VGAF's files say 1, 2, 3
    assert (column.low, column.high, column.names) == (1, 3, ("positive", "neutral", "negative"))
    assert (class_column("x", EXPRESSIONS).low, class_column("x", EXPRESSIONS).high) == (0, 7)


@pytest.mark.parametrize(
    ("header", "names"), [(EXPR_HEADER, EXPRESSIONS), (CE_HEADER, COMPOUND), (AU_HEADER, ACTION_UNITS)]
)
def test_a_header_names_the_classes_in_the_order_of_their_ids(header: str, names: tuple[str, ...]) -> None:
    assert [name.lower() for name in header.split(",")] == [name.lower() for name in names]


def test_orders_that_a_prediction_file_carries_over_are_femos() -> None:
    assert (EXPRESSIONS, ACTION_UNITS, VGAF) == (femo_labels.ABAW_EXPR, femo_labels.ABAW_AU, femo_labels.VGAF_3)
    assert [name[:3] for name in AFEW] == [
        name[:3] for name in femo_labels.AFEW_7
    ]  # angry and anger, sad and sadness
    assert ETHNICITIES == femo_labels.ETHNICITY_5


def test_utkface_counts_men_first_and_femo_does_not() -> None:
    assert tuple(reversed(femo_labels.GENDER)) == GENDERS
