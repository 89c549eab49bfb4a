"""Keys, digests and reports: what a file said, whatever file it was, and back from JSON as it went in."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from leaderboard.types import Comparison, KeyList, Keys, Reference, ScoreReport, Submission

FRAMES = Keys(("b", "a"), np.array([0, 1, 1], np.int32), np.array([12, 1, 100_000], np.int32))


def test_keys_are_named_as_they_stand_in_a_file() -> None:
    assert [FRAMES.name(row) for row in range(len(FRAMES))] == ["b/00012.jpg", "a/00001.jpg", "a/100000.jpg"]
    items = Keys.items(["000046280", "x y"])
    assert [items.name(row) for row in range(2)] == ["000046280", "x y"]
    assert items.group.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("group", "frame"), [(np.zeros(2, np.int32), np.zeros(3, np.int32)), (np.zeros((2, 1), np.int32),) * 2]
)
def test_keys_that_do_not_fit_together_are_refused(group: np.ndarray, frame: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"must both be \(R,\)"):
        Keys(("a",), group, frame)


def test_values_and_labels_have_a_row_for_each_key() -> None:
    with pytest.raises(ValueError, match=r"^values has shape \(2, 1\), expected \(3, C\)$"):
        Submission("afew", FRAMES, np.zeros((2, 1)))
    with pytest.raises(ValueError, match="expected"):
        Submission("afew", FRAMES, np.zeros(3))
    with pytest.raises(ValueError, match=r"must be \(R, C\)"):
        Reference("afew", FRAMES, np.zeros((3, 1)), np.ones((3, 2), bool), np.zeros(3, bool), "0")


def test_a_digest_is_that_of_names_rows_and_values() -> None:
    """Worked out here: names on lines, then int32 group and frame, then the values as they are."""
    values = np.array([[1], [0], [2]], np.int8)
    said = b"b\na" + FRAMES.group.tobytes() + FRAMES.frame.tobytes() + values.tobytes()
    assert Submission("t", FRAMES, values).digest() == hashlib.sha256(said).hexdigest()


def test_minus_zero_is_the_same_prediction_and_another_value_is_not() -> None:
    keys = Keys.items(["a", "b"])
    plus, minus, other = (Submission("t", keys, np.array([[0.5], [x]])) for x in (0.0, -0.0, 1e-9))
    assert plus.digest() == minus.digest() != other.digest()
    sliced = Submission("t", keys, np.array([[0.5, 9], [0.0, 9]])[:, :1])
    assert sliced.digest() == plus.digest()
    assert Submission("t", Keys.items(["a", "c"]), plus.values).digest() != plus.digest()


def test_labels_are_in_no_text_of_a_reference() -> None:
    truth = Reference("afew", Keys.items(["clip"]), np.array([[6]]), np.array([[True]]), np.array([True]), "abcd")
    assert repr(truth) == str(truth) == "Reference(afew, 1 rows, abcd)"


def test_which_rows_may_miss_is_not_said_where_labels_are_hidden() -> None:
    optional = np.array([True, False, True])
    truth = Reference("t", FRAMES, np.zeros((3, 1)), ~optional[:, None], optional, "0")
    open_list, hidden = truth.key_list(), truth.key_list(demand_all=True)
    assert isinstance(hidden, KeyList)
    assert (open_list.optional.tolist(), hidden.optional.tolist()) == ([True, False, True], [False] * 3)


@pytest.mark.parametrize("interval", [None, (0.25, 0.75)])
def test_reports_survive_json(interval: tuple[float, float] | None) -> None:
    report = ScoreReport(
        "afew", 0.5, {"f1": 0.25}, interval, 10, None, "sig", 0.1, {"other": 0.3}, ({"name": "happy", "n": 3},),
        ({"video": "a", "n": 1},), {"labels": ["a"], "counts": [[1]]}, ("a note",),
    )  # fmt: skip
    assert ScoreReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report


def test_comparisons_survive_json() -> None:
    result = Comparison("afew", 0.5, 0.4, 0.1, (-0.1, 0.3), 0.8, 1000, 60, "sig")
    assert Comparison.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_a_comparison_is_mirrored_for_the_other_order() -> None:
    result = Comparison("afew", 0.5, 0.4, 0.1, (-0.1, 0.3), 0.8, 1000, 60, "sig")
    assert result.mirrored() == Comparison("afew", 0.4, 0.5, -0.1, (-0.3, 0.1), 0.2, 1000, 60, "sig")
    same = Comparison("afew", 0.5, 0.5, 0.0, (0.0, 0.0), 0.5, 1000, 60, "sig")
    assert "-0.0" not in str(same.mirrored())
    for share in (0.027, 0.9735, 0.0005):
        assert replace(result, p_first_better=share).mirrored().mirrored().p_first_better == share


def test_names_that_are_no_utf8_have_a_digest_of_their_bytes() -> None:
    """As Python hands out the file ``caf\\xe9.txt`` of an older disk."""
    keys, values = Keys.items(["caf\udce9"]), np.array([[1]], np.int8)
    said = b"caf\xe9" + keys.group.tobytes() + keys.frame.tobytes() + values.tobytes()
    assert Submission("t", keys, values).digest() == hashlib.sha256(said).hexdigest()
