"""Two readings beside each other, against values worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from femo.errors import FemoError
from femo.labels import AFFECTNET_8, VALENCE_AROUSAL
from femo.output.figures import beside
from femo.output.figures.beside import Pair
from femo.results import PhotoResult
from femo.types import Scores, Source
from tests.femo.results_by_hand import one_hot, photo

SEVEN = tuple(name for name in AFFECTNET_8 if name != "contempt")


def expression(values: np.ndarray, labels: tuple[str, ...] = AFFECTNET_8) -> Scores:
    return Scores("expression", labels, np.asarray(values, np.float32), "distribution", "trained")


def reading(model: str, *heads: Scores, n_faces: int = 2) -> PhotoResult:
    result = photo(n_faces)
    return replace(result, model=model, scores={head.name: head for head in heads})


def affect(rows: list[list[float]], source: Source) -> Scores:
    return Scores("valence_arousal", VALENCE_AROUSAL, np.array(rows, np.float32), "regression", source)


def test_the_table_tells_same_and_differ() -> None:
    first = reading("a", expression(one_hot(["anger", "sadness"], peak=0.93)))
    second = reading("b", expression(one_hot(["anger", "fear"], peak=0.65)))
    table = beside.beside_table(first, second)
    assert list(table.columns) == ["Face", "a", "b", "Difference"]
    assert table.to_numpy().tolist() == [
        [1, "anger 93\u00a0%", "anger 65\u00a0%", "same, -28 points"],
        [2, "sadness 93\u00a0%", "fear 65\u00a0%", "differ"],
    ]
    assert (
        beside.agreement(first, second) == "They name the same expression on 1 of 2 faces, and differ on face 2."
    )


def test_probabilities_stand_in_the_order_of_the_first_model_and_what_one_lacks_is_none() -> None:
    seven = one_hot(["sadness"], SEVEN, 0.64)
    eight = np.array([[0.05, 0.1, 0.0, 0.0, 0.5, 0.2, 0.1, 0.05]], np.float32)
    first = reading("a", expression(eight), n_faces=1)
    second = reading("b", expression(seven, SEVEN), n_faces=1)
    pairs = beside.expressions(first, second, 0)
    order = sorted(range(8), key=lambda k: -eight[0, k])
    assert [pair.name for pair in pairs] == [AFFECTNET_8[k] for k in order]
    by_name = {pair.name: pair for pair in pairs}
    assert by_name["contempt"] == Pair("contempt", pytest.approx(0.1), None, "")
    assert by_name["happiness"] == Pair("happiness", pytest.approx(0.5), pytest.approx(0.06), "-44")
    assert [pair.name for pair in beside.expressions(second, first, 0)][-1] == "contempt"


def test_a_face_that_one_does_not_read_is_not_compared() -> None:
    values = one_hot(["anger", "sadness"])
    blind = values.copy()
    blind[0] = np.nan
    first, second = reading("a", expression(values)), reading("b", expression(blind))
    assert beside.beside_table(first, second)["Difference"].tolist() == ["", "same"]
    assert beside.agreement(first, second) == "They name the same expression on each face that both read (1)."


def test_valence_is_told_where_one_has_learnt_it_and_a_prior_is_marked() -> None:
    prior, learnt = affect([[0.25, -0.5]], "prior"), affect([[-0.25, 0.25]], "trained")
    first, second = reading("a", prior, n_faces=1), reading("b", learnt, n_faces=1)
    assert beside.measures(first, second, 0) == [
        Pair("valence", "+0.25 (prior)", "-0.25", "-0.50"),
        Pair("arousal", "-0.50 (prior)", "+0.25", "+0.75"),
    ]
    assert beside.measures(first, first, 0) == []


def test_attributes_say_their_difference_only_where_both_are_sure() -> None:
    def with_attributes(model: str, age: list[float], male: float) -> PhotoResult:
        years = Scores("age", ("years", "years_std"), np.array([age], np.float32), "regression", "trained")
        gender = np.array([[male, 1 - male]], np.float32)
        return reading(
            model, years, Scores("gender", ("male", "female"), gender, "distribution", "trained"), n_faces=1
        )

    first, second = with_attributes("a", [31, 5], 0.9), with_attributes("b", [36, 4], 0.55)
    assert beside.attributes(first, second, 0) == [
        Pair("age", "31 ± 5", "36 ± 4", "+5 years"),
        Pair("gender", "male 90\u00a0%", "unsure", ""),
    ]


def test_other_faces_are_refused() -> None:
    first = reading("a", expression(one_hot(["anger"])), n_faces=1)
    with pytest.raises(FemoError, match="a and test-model were given different photos"):
        beside.agreement(first, photo(2))
    moved = replace(first, faces=replace(first.faces, xyxy=first.faces.xyxy + 5))
    with pytest.raises(FemoError, match="faces are not the same"):
        beside.expressions(first, moved, 0)
