"""Scores as JSON and columns: roundings, gaps and names by hand."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.documents import attributes, check_rows, known_units, plain, score_columns, times
from femo.labels import ABAW_AU, VALENCE_AROUSAL
from femo.types import Scores, Source

NAN = float("nan")


def head(name: str, labels: tuple[str, ...], rows: list[list[float]], source: Source = "trained") -> Scores:
    return Scores(name, labels, np.array(rows, np.float32), "regression", source)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.float32(0.1), 0.1),
        (0.123456789, 0.12346),
        (NAN, None),
        (np.float32("nan"), None),
        (np.int64(7), 7),
        (np.bool_(True), True),
        ("words", "words"),
        (None, None),
        (np.array([0.1, 0.2], np.float32), [0.1, 0.2]),
        (np.array([[0.5, NAN], [NAN, -1.0]], np.float32), [[0.5, None], [None, -1.0]]),
        (np.array([3, 4], np.uint8), [3, 4]),
        (np.zeros((0, 2), np.float32), []),
    ],
)  # fmt: skip
def test_arrays_become_plain_json(values: object, expected: object) -> None:
    found = plain(values)
    assert found == expected
    assert type(found) is type(expected)
    assert json.loads(json.dumps(found, allow_nan=False)) == expected


def test_a_head_has_a_row_for_each_face() -> None:
    check_rows({"age": head("age", ("years",), [[1], [2]])}, 2, "face")
    with pytest.raises(ValueError, match=r"^age has 2 rows, expected 3, one per frame$"):
        check_rows({"age": head("age", ("years",), [[1], [2]])}, 3, "frame")


@pytest.mark.parametrize(
    ("given_times", "expected"),
    [
        ([0, 1 / 3, 2 / 3], [0.0, 0.33333, 0.66667]),
        ([1.0, 1.000002, 1.000004], [1.0, 1.000002, 1.000004]),
        ([1.0, 1.0 + 2e-10], [1.0, 1.0 + 2e-10]),
        ([], []),
    ],
)
def test_times_have_as_few_digits_as_keep_them_apart(given_times: list[float], expected: list[float]) -> None:
    assert times(np.array(given_times, np.float64)) == expected


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=20, unique=True))
def test_times_stay_strictly_increasing(seconds: list[float]) -> None:
    shown = times(np.array(sorted(seconds)))
    assert all(before < after for before, after in pairwise(shown))
    np.testing.assert_allclose(shown, sorted(seconds), atol=1e-5)


def test_attributes_are_the_contract_with_none_for_what_no_head_says() -> None:
    scores = {
        "valence_arousal": head("valence_arousal", VALENCE_AROUSAL, [[0.5, -0.25], [NAN, NAN]], "prior"),
        "age": head("age", ("years", "years_std"), [[30.123456, 2], [31, 3]]),
        "gender": head("gender", ("female", "male"), [[0.25, 0.75], [0.5, 0.5]]),
    }
    assert attributes(scores, 0) == {
        "expression": None, "valence": 0.5, "arousal": -0.25, "action_units": None, "age": 30.12346, "age_std": 2.0,
        "gender": {"female": 0.25, "male": 0.75}, "ethnicity": None,
        "sources": {"valence_arousal": "prior", "age": "trained", "gender": "trained"},
    }  # fmt: skip
    over_time = attributes(scores, slice(None))
    assert over_time["valence"] == [0.5, None]
    assert over_time["gender"] == {"female": [0.25, 0.5], "male": [0.75, 0.5]}
    nothing = attributes({}, 0)
    assert nothing.pop("sources") == {}
    assert set(nothing.values()) == {None}


def test_columns_have_short_names_where_a_label_tells_its_head() -> None:
    scores = {
        "expression": head("expression", ("anger", "fear"), [[0.25, 0.75]]),
        "valence_arousal": head("valence_arousal", VALENCE_AROUSAL, [[0.5, -0.5]]),
        "action_units": head("action_units", ("AU1", "AU2"), [[0, 1]]),
        "age": head("age", ("years", "years_std"), [[30, 2]]),
    }
    assert {name: column.tolist() for name, column in score_columns(scores).items()} == {
        "expression_anger": [0.25], "expression_fear": [0.75], "valence": [0.5], "arousal": [-0.5], "AU1": [0], "AU2": [1],
        "age": [30], "age_std": [2],
    }  # fmt: skip


def test_what_nobody_measured_is_not_told() -> None:
    rows = [[0.5] * 12, [0.25] * 12]
    measured = np.full((2, 12), NAN, np.float32)
    measured[0, ABAW_AU.index("AU12")] = 3.0
    kinds: tuple[Source, ...] = ("trained", "prior", "mixed")
    heads = {source: {"action_units": head("action_units", ABAW_AU, rows, source)} for source in kinds}
    assert known_units({}, measured) is None
    assert known_units(heads["trained"], measured) is heads["trained"]["action_units"]
    for source, mesh in (("prior", measured), ("mixed", None)):
        known = known_units(heads[source], mesh)  # type: ignore[index]
        assert known is not None
        assert np.isnan(known.values).all()
    mixed = known_units(heads["mixed"], measured)
    assert mixed is not None
    assert mixed.column("AU12").tolist() == [0.5, pytest.approx(NAN, nan_ok=True)]
    assert np.isfinite(mixed.values).sum() == 1
