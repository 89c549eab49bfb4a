"""Heads against hand calculation, scipy-free: every expected figure is written out."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file, save_file

from femo.errors import WeightsError
from femo.labels import ABAW_EXPR, AFFECTNET_8, AGE
from femo.models.config import HeadSpec, read_spec
from femo.models.weights import file_sha256
from femo.networks.heads import Heads, expected_age, leave_out, linear_prior, load_heads, sigmoid, softmax
from femo.types import Scores
from tests.small_models import write_small

logits = hnp.arrays(np.float32, (3, 8), elements=st.floats(-80, 80, width=32))


def test_softmax_by_hand() -> None:
    got = softmax(np.array([[0.0, math.log(3.0)]], np.float32))
    np.testing.assert_allclose(got, [[0.25, 0.75]], atol=1e-6)


def test_softmax_temperature_two_takes_square_roots() -> None:
    got = softmax(np.array([[0.0, math.log(9.0)]], np.float32), temperature=2)
    np.testing.assert_allclose(got, [[0.25, 0.75]], atol=1e-6)


@given(logits, st.floats(0.2, 5))
def test_softmax_rows_sum_to_one_and_each_row_stands_alone(values: np.ndarray, temperature: float) -> None:
    whole = softmax(values, temperature)
    np.testing.assert_allclose(whole.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(whole[1], softmax(values[1:2], temperature)[0], atol=1e-6)


def test_sigmoid_by_hand_and_without_overflow() -> None:
    got = sigmoid(np.array([0.0, math.log(3.0), -2000.0, 2000.0], np.float32))
    np.testing.assert_allclose(got, [0.5, 0.75, 0, 1], atol=1e-6)


def _ages(**shares: float) -> np.ndarray:
    row = np.zeros((1, len(AGE)), np.float32)
    for years, share in shares.items():
        row[0, int(years[1:]) - 1] = share
    return row


def test_age_is_equation_1_over_all_classes() -> None:
    years, spread = expected_age(_ages(y20=0.5, y30=0.3, y60=0.2))
    assert years[0] == pytest.approx(0.5 * 20 + 0.3 * 30 + 0.2 * 60)
    assert spread[0] == pytest.approx(math.sqrt(0.5 * 11**2 + 0.3 * 1**2 + 0.2 * 29**2), rel=1e-5)


def test_age_with_l_of_two_uses_the_two_most_probable() -> None:
    years, _ = expected_age(_ages(y20=0.5, y30=0.3, y60=0.2), top_l=2)
    assert years[0] == pytest.approx((0.5 * 20 + 0.3 * 30) / 0.8)


def test_age_with_l_of_one_is_the_most_probable() -> None:
    assert expected_age(_ages(y20=0.5, y30=0.3, y60=0.2), top_l=1)[0][0] == pytest.approx(20)


def test_seven_classes_by_leaving_out_contempt() -> None:
    values = np.array([[0.1, 0.2, 0.1, 0.1, 0.1, 0.2, 0.1, 0.1]], np.float32)
    seven = leave_out(Scores("expression", AFFECTNET_8, values, "distribution", "trained"), "contempt")
    assert seven.labels == tuple(label for label in AFFECTNET_8 if label != "contempt")
    np.testing.assert_allclose(seven.values, [[0.125, 0.125, 0.125, 0.125, 0.25, 0.125, 0.125]], atol=1e-6)


VALENCE = HeadSpec(
    "valence_arousal",
    "valence-arousal",
    "regression",
    "prior",
    input="expression",
    coefficients={"happiness": (0.81, 0.51), "sadness": (-0.63, -0.27)},
    citation="test",
)


def test_prior_mixes_coefficients_by_name_and_not_by_position() -> None:
    for order in (AFFECTNET_8, ABAW_EXPR):
        values = np.zeros((1, 8), np.float32)
        values[0, order.index("happiness")] = 0.75
        values[0, order.index("sadness")] = 0.25
        got = linear_prior(Scores("expression", order, values, "distribution", "trained"), VALENCE)
        np.testing.assert_allclose(got, [[0.75 * 0.81 - 0.25 * 0.63, 0.75 * 0.51 - 0.25 * 0.27]], atol=1e-6)


def _tensors() -> dict[str, np.ndarray]:
    weight = np.zeros((8, 2), np.float32)
    weight[AFFECTNET_8.index("happiness"), 0] = math.log(13.0)
    return {"heads.expression.weight": weight, "heads.expression.bias": np.zeros(8, np.float32)}


EXPRESSION = HeadSpec("expression", "affectnet-8", "distribution", "trained")


def test_scores_have_the_thresholds_of_their_head() -> None:
    specs = [EXPRESSION, replace(VALENCE, thresholds=(0.3, 0.7))]
    scores = Heads(specs, _tensors()).score(np.array([[1.0, 5.0]], np.float32))
    assert scores["valence_arousal"].thresholds == (0.3, 0.7)
    assert scores["expression"].thresholds is None


def test_heads_run_priors_after_the_expression_whatever_the_order() -> None:
    scores = Heads([VALENCE, EXPRESSION], _tensors()).score(np.array([[1.0, 5.0]], np.float32))
    assert scores["expression"].column("happiness")[0] == pytest.approx(13 / 20, abs=1e-5)
    expected = 13 / 20 * 0.81 - 1 / 20 * 0.63
    assert scores["valence_arousal"].column("valence")[0] == pytest.approx(expected, abs=1e-5)
    assert scores["valence_arousal"].source == "prior"


def test_hidden_layer_and_scores_input_by_hand() -> None:
    head = HeadSpec("group", "vgaf-3", "distribution", "trained", input="embedding+scores")
    hidden = np.zeros((2, 10), np.float32)
    hidden[0, 0], hidden[1, 1] = 1, 1
    tensors = _tensors() | {
        "heads.group.hidden.weight": hidden,
        "heads.group.hidden.bias": np.array([0, -100], np.float32),
        "heads.group.weight": np.array([[math.log(2), 7], [0, 7], [0, 7]], np.float32),
        "heads.group.bias": np.zeros(3, np.float32),
    }
    got = Heads([EXPRESSION, head], tensors).score(np.array([[1.0, 5.0]], np.float32))["group"]
    np.testing.assert_allclose(got.values, [[0.5, 0.25, 0.25]], atol=1e-6)


def test_no_faces_give_no_rows() -> None:
    scores = Heads([EXPRESSION, VALENCE], _tensors()).score(np.zeros((0, 2), np.float32))
    assert scores["expression"].values.shape == (0, 8)
    assert scores["valence_arousal"].values.shape == (0, 2)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("heads.expression.weight", None, "have no heads.expression.weight"),
        (
            "heads.expression.bias",
            np.zeros(7, np.float32),
            r"heads.expression.bias has shape \(7,\), expected 8 rows",
        ),
    ],
)
def test_weights_that_do_not_fit_are_named(name: str, array: np.ndarray | None, message: str) -> None:
    tensors = _tensors()
    tensors.pop(name)
    if array is not None:
        tensors[name] = array
    with pytest.raises(WeightsError, match=message):
        Heads([EXPRESSION], tensors)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight": (2, 9)}, r"gender\.weight has shape \(2, 9\), expected \(2, 8\) for an embedding of 8"),
        ({"hidden.weight": (3, 8), "weight": (2, 3)}, r"gender\.hidden\.bias has shape None, expected \(3,\)"),
        (
            {"hidden.weight": (3, 7), "hidden.bias": (3,), "weight": (2, 3)},
            r"hidden\.weight has shape \(3, 7\), expected \(3, 8\)",
        ),
        (
            {"hidden.weight": (3, 8), "hidden.bias": (3,)},
            r"gender\.weight has shape \(2, 8\), expected \(2, 3\)",
        ),
    ],
)
def test_a_head_that_reads_another_embedding_is_refused_when_it_is_loaded(
    tmp_path: Path, changes: dict[str, tuple[int, ...]], message: str
) -> None:
    folder = write_small(tmp_path / "small")
    tensors = load_file(folder / "weights.safetensors")
    tensors |= {f"heads.gender.{name}": np.ones(shape, np.float32) for name, shape in changes.items()}
    save_file(tensors, path := folder / "weights.safetensors")
    config = json.loads((folder / "config.json").read_text())
    config["files"] = [{"name": path.name, "sha256": file_sha256(path), "size": path.stat().st_size}]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsError, match=message):
        load_heads(read_spec(folder))


def test_expression_directions_by_hand() -> None:
    weight, hidden = np.array([[1, 2]], np.float32), np.array([[1, 0, 3], [0, 1, 1]], np.float32)
    deep = Heads([], {"heads.expression.weight": weight, "heads.expression.hidden.weight": hidden})
    np.testing.assert_array_equal(deep.expression_directions(), [[1, 2, 5]])
    np.testing.assert_array_equal(Heads([], {"heads.expression.weight": weight}).expression_directions(), weight)
    assert Heads([], {}).expression_directions() is None


def test_identities_by_hand() -> None:
    tensors = {
        "heads.identity.weight": np.array([[1, 0], [0, 2]], np.float32),
        "heads.identity.bias": np.array([0, 2], np.float32),
    }
    got = Heads([], tensors).identity(np.array([[3, 1], [0, -1], [np.nan, 0]], np.float32))
    np.testing.assert_allclose(got[:2], [[0.6, 0.8], [0, 0]], atol=1e-6)
    assert np.isnan(got[2]).any()
    assert Heads([], {}).identity(np.zeros((3, 2), np.float32)).shape == (3, 0)


def test_two_networks_have_the_same_say_in_a_head_and_in_what_reads_it() -> None:
    """Logits (0, 2) and (4, 0) have the mean (2, 1): e^2 to e^1; a head of logits sees the mean too."""
    specs = [
        HeadSpec("expression", "gender", "distribution", "trained"),
        HeadSpec("valence_arousal", "valence-arousal", "regression", "trained", "logits"),
        HeadSpec("other", "gender", "distribution", "trained"),
    ]
    tensors = {
        "heads.expression.weight": np.array([[0], [2]], np.float32), "heads.expression.bias": np.zeros(2, np.float32),
        "heads.valence_arousal.weight": np.eye(2, dtype=np.float32), "heads.valence_arousal.bias": np.zeros(2, np.float32),
        "heads.other.weight": np.array([[1], [1]], np.float32), "heads.other.bias": np.zeros(2, np.float32),
    }  # fmt: skip
    heads = Heads(specs, tensors)
    embedding = np.ones((1, 1), np.float32)
    assert {name: value.tolist() for name, value in heads.logits(embedding).items()} == {
        "expression": [[0, 2]], "other": [[1, 1]],
    }  # fmt: skip
    both = heads.score(embedding, {"expression": np.array([[4, 0]], np.float32)})
    odds = 1 / (1 + math.e)
    np.testing.assert_allclose(both["expression"].values, [[1 - odds, odds]], atol=1e-6)
    assert both["valence_arousal"].values.tolist() == [[2, 1]]
    assert both["other"].values.tolist() == [[0.5, 0.5]]
    assert heads.score(embedding)["valence_arousal"].values.tolist() == [[0, 2]]
