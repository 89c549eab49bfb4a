"""Weak labels from votes, by hand, and against the table that they follow."""

import numpy as np
import pytest

from femo.labels import ABAW_AU
from femo.training.priors import ACTION_UNITS, OFTEN
from femo.training.units.weak import FERPLUS, SHOWN, labels, neutral, often, vote_shares

NEUTRAL, HAPPY, SURPRISED, SAD = range(4)


def test_one_vote_counts_as_none_and_a_majority_for_nothing_leaves_nothing() -> None:
    votes = np.array(
        [
            [5, 1, 0, 3, 0, 0, 0, 0, 1, 0],  # of eight votes that count five are neutral
            [2, 0, 0, 0, 0, 0, 0, 0, 8, 0],  # unknown
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 9],  # no face
            [1] * 10,
        ],
        np.uint8,
    )
    shares = vote_shares(votes)
    np.testing.assert_allclose(shares[0], [0.625, 0, 0, 0.375, 0, 0, 0, 0])
    assert not shares[1:].any()
    assert neutral(shares).tolist() == [False] * 4


def test_neutral_is_what_four_fifths_call_so() -> None:
    votes = np.array([[8, 2, 0, 0, 0, 0, 0, 0, 0, 0], [7, 3, 0, 0, 0, 0, 0, 0, 0, 0]], np.uint8)
    assert neutral(vote_shares(votes)).tolist() == [True, False]


def test_a_face_counts_for_a_unit_against_it_or_not_at_all() -> None:
    """AU1 lifts the inner brows: surprise and fear show it, happiness does not, sadness does in 60 % and is left out."""
    shares = np.zeros((5, 8), np.float32)
    for row, (label, share) in enumerate(
        [(SURPRISED, 0.6), (HAPPY, 0.9), (SAD, 1.0), (SURPRISED, 0.59), (NEUTRAL, 0.6)]
    ):
        shares[row, label] = share
    np.testing.assert_array_equal(labels(shares, "AU1"), [1, 0, np.nan, np.nan, 0])
    np.testing.assert_array_equal(labels(shares, "AU15"), [0, 0, 1, np.nan, 0])


@pytest.mark.parametrize("unit", SHOWN)
def test_who_shows_a_unit_is_who_the_priors_table_says(unit: str) -> None:
    shows, shows_not = SHOWN[unit]
    assert set(shows) | set(shows_not) <= set(FERPLUS)
    least = 0.51 if unit == "AU6" else OFTEN
    assert all(ACTION_UNITS[label].get(unit, 0) >= least for label in shows)
    assert not any(ACTION_UNITS[label].get(unit, 0) for label in shows_not)


def test_votes_become_how_often_people_show_a_unit() -> None:
    shares = np.zeros((2, 8), np.float32)
    shares[0, SAD] = 1
    shares[1, [HAPPY, NEUTRAL]] = 0.5
    found = often(shares)
    assert found[0, ABAW_AU.index("AU1")] == pytest.approx(0.60)  # Du et al., table 1
    assert found[1, ABAW_AU.index("AU6")] == pytest.approx(0.51 / 2)
