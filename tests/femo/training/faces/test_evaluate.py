"""Shares with Wilson's interval, against the table of Newcombe (1998, Stat. Med. 17, table I, method 3)."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from femo.labels import AFFECTNET_8
from femo.training.faces.evaluate import evaluate_looks, evaluate_utkface, mean_recall, share
from femo.training.faces.utkface import UtkFace, read_looks
from femo.types import Scores
from tests.face_files import write_utkface


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_share_has_wilsons_interval(k: int, n: int, low: float, high: float) -> None:
    got = share(np.arange(n) < k)
    assert got["interval"] == pytest.approx([low, high], abs=5e-5)
    assert (got["value"], got["n"]) == (round(k / n, 5), n)


def test_the_share_of_nothing_is_none() -> None:
    assert share(np.zeros(0, np.bool_)) == {"value": None, "interval": None, "n": 0}


def test_mean_recall_counts_every_class_alike() -> None:
    """Class 0: 3 of 4, class 2: 0 of 1, a label that the head lacks counts in N only: (0.75 + 0) / 2.

    Wilson's limits by hand are 0.3006 and 0.9544, 0 and 0.7935, so the mean's lie 0.4494 / 2 below it and
    sqrt(0.2044**2 + 0.7935**2) / 2 above.
    """
    hits = np.array([True, True, True, False, False, False])
    got = mean_recall(hits, np.array([0, 0, 0, 0, 2, -1]))
    assert got["value"] == pytest.approx(0.375)
    assert got["n"] == 6
    assert got["interval"] == pytest.approx([0.1503, 0.7847], abs=1e-4)
    assert mean_recall(np.zeros(0, bool), np.zeros(0, int)) == {"value": None, "interval": None, "n": 0}


@pytest.mark.parametrize(("k", "n"), [(3, 3), (0, 3), (15, 20)])
def test_the_mean_recall_of_one_class_has_the_interval_of_its_share(k: int, n: int) -> None:
    hits = np.arange(n) < k
    assert mean_recall(hits, np.zeros(n, int)) == share(hits)


def test_the_mean_recall_is_uncertain_where_every_class_is_all_right_or_all_wrong() -> None:
    """Wilson's limits of 2 of 2 are 0.3424 and 1, of 0 of 2 mirrored; 0.6576 / 2 on either side."""
    got = mean_recall(np.array([True, True, False, False]), np.array([0, 0, 1, 1]))
    assert got["value"] == 0.5
    assert got["interval"] == pytest.approx([0.5 - 0.3288, 0.5 + 0.3288], abs=1e-4)


def says(*expressions: str, source: str = "trained") -> Any:
    """A pipeline that reads one face after the other so, whatever is asked of it."""
    values = np.eye(8, dtype=np.float32)[[AFFECTNET_8.index(name) for name in expressions]]
    scores = Scores("expression", tuple(AFFECTNET_8), values, "distribution", "trained")
    head = SimpleNamespace(name="expression", source=source)
    reader = SimpleNamespace(spec=SimpleNamespace(heads=(head,)))
    return SimpleNamespace(model="m", readers=(reader,), score_crops=lambda faces, prior: {"expression": scores})


def looking(*votes: str | None) -> UtkFace:
    expression = np.full((len(votes), 8), np.nan, np.float32)
    for row, name in enumerate(votes):
        if name is not None:
            expression[row] = np.eye(8)[AFFECTNET_8.index(name)] * 0.6 + 0.05
    nothing = np.zeros(len(votes))
    names = tuple(map(str, range(len(votes))))
    return UtkFace(np.zeros((len(votes), 4, 4, 3), np.uint8), nothing, nothing, nothing, expression, names, 0)


def test_looks_are_scored_by_the_majority_of_the_votes() -> None:
    """Of three that are not plain one is named; of four plain ones one is given another word: a smile is neutral."""
    data = looking("anger", "sadness", None, "fear", "neutral", "happiness", "neutral", "happiness")
    got = evaluate_looks(
        says("anger", "neutral", "happiness", "neutral", "neutral", "contempt", "happiness"), data
    )
    assert got["looks_accuracy"]["value"] == pytest.approx(3 / 7, abs=1e-5)
    assert (got["looks_rare_recall"]["value"], got["looks_rare_recall"]["n"]) == (
        pytest.approx(1 / 3, abs=1e-5),
        3,
    )
    assert (got["looks_rare_false"]["value"], got["looks_rare_false"]["n"]) == (0.25, 4)
    assert got["looks_mean_recall"]["value"] == pytest.approx((1 + 0 + 0 + 0.5 + 0.5) / 5)
    assert {label: entry["value"] for label, entry in got["looks_per_class"].items()} == {
        "anger": 1, "sadness": 0, "fear": 0, "neutral": 0.5, "happiness": 0.5,
    }  # fmt: skip


def test_where_nobody_looked_or_the_expression_was_not_learnt_nothing_is_scored() -> None:
    assert evaluate_looks(says("anger"), looking(None, None)) == {}
    assert evaluate_looks(says("anger", source="prior"), looking("anger")) == {}


def test_a_tie_between_two_expressions_is_scored_as_neither() -> None:
    data = looking("anger", "neutral")
    data.expression[0] = np.eye(8)[[AFFECTNET_8.index("anger"), AFFECTNET_8.index("neutral")]].mean(axis=0)
    got = evaluate_looks(says("neutral"), data)
    assert (got["looks_accuracy"]["value"], got["looks_accuracy"]["n"]) == (1, 1)


def test_the_evaluation_of_utkface_scores_the_looks_too(tmp_path: Path) -> None:
    looks = read_looks()
    angry = max(looks, key=lambda name: looks[name][AFFECTNET_8.index("anger")])
    path = write_utkface(tmp_path / "u.zip", {angry: 9})
    pipeline = says("anger")
    male = Scores("gender", ("female", "male"), np.array([[0, 1]], np.float32), "distribution", "trained")
    expression = pipeline.score_crops(None, None)
    pipeline.score_crops = lambda faces, prior: expression | {"gender": male}
    pipeline.readers[0].spec.heads += (SimpleNamespace(name="gender", source="trained"),)
    report = evaluate_utkface(pipeline, path)
    assert (report["looks_rare_recall"]["value"], report["looks_rare_recall"]["n"]) == (1, 1)
    assert report["gender_accuracy"]["n"] == 1
