"""What the literature says, in the order of the heads' labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.labels import ABAW_AU, AFEW_7, AFFECTNET_8, VGAF_3
from femo.training.priors import ACTION_UNITS, clip_heads, prior_heads


def test_a_smile_is_cheeks_lip_corners_and_parted_lips() -> None:
    """Du et al. 2014, table 1: AU12 and AU25 in more than 70 %, AU6 in 51 %."""
    units = prior_heads()["action_units"]["coefficients"]
    smile = dict(zip(ABAW_AU, units["happiness"], strict=True))
    assert {unit: value for unit, value in smile.items() if value} == {"AU6": 0.51, "AU12": 0.85, "AU25": 0.85}
    assert set(units["neutral"]) == {0.0}


def test_every_unit_of_the_table_is_one_of_abaws() -> None:
    named = {unit for row in ACTION_UNITS.values() for unit in row}
    assert named <= set(ABAW_AU)
    units = prior_heads()["action_units"]["coefficients"]
    assert sum(value > 0 for row in units.values() for value in row) == sum(map(len, ACTION_UNITS.values()))


def test_pleasure_and_arousal_stand_in_this_order() -> None:
    """Russell & Mehrabian 1977: sad is the one term that neither pleases nor arouses, fearful arouses and displeases."""
    plane = prior_heads()["valence_arousal"]["coefficients"]
    assert plane["sadness"] == [-0.63, -0.27]
    assert plane["fear"] == [-0.64, 0.6]
    assert [label for label, (valence, _) in plane.items() if valence > 0] == ["happiness", "surprise"]


@pytest.mark.parametrize("heads", [prior_heads(), clip_heads()], ids=["faces", "clips"])
def test_a_head_knows_every_expression_and_says_where_it_comes_from(heads: dict[str, dict[str, object]]) -> None:
    for name, head in heads.items():
        known = AFEW_7 if name == "afew" else AFFECTNET_8
        assert sorted(head["coefficients"]) == sorted(known)  # type: ignore[call-overload]
        assert head["source"] == "prior"
        assert head["citation"]


@given(st.lists(st.floats(0.001, 1), min_size=8, max_size=8))
def test_a_mood_of_any_mix_adds_up_to_one(weights: list[float]) -> None:
    mix = np.array(weights) / sum(weights)
    table = np.array([clip_heads()["group"]["coefficients"][label] for label in AFFECTNET_8])
    mood = dict(zip(VGAF_3, mix @ table, strict=True))
    assert sum(mood.values()) == pytest.approx(1)
    assert mood["negative"] == pytest.approx(
        sum(mix[AFFECTNET_8.index(label)] for label in ("anger", "contempt", "disgust", "fear", "sadness"))
    )


def test_afews_classes_stay_what_they_are() -> None:
    table = np.array([clip_heads()["afew"]["coefficients"][label] for label in AFEW_7])
    np.testing.assert_array_equal(table, np.eye(7))
