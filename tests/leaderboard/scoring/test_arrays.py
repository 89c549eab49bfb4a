"""Arrays in, report out: against scikit-learn and hand calculation, and what does not fit is named."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

import leaderboard
from leaderboard.errors import ReferenceInvalid
from leaderboard.scoring.arrays import ArraysInvalid

RNG = np.random.default_rng(3)


def test_expression_agrees_with_scikit_learn() -> None:
    labels, guesses = RNG.integers(0, 8, 500), RNG.integers(0, 8, 500)
    labels[::9] = -1
    report = leaderboard.score("abaw-expr", guesses, labels, groups=RNG.integers(0, 12, 500))
    counted = labels >= 0
    expected = f1_score(labels[counted], guesses[counted], labels=range(8), average="macro")
    assert report.main == pytest.approx(expected, abs=1e-12)
    assert (report.n_scored, report.n_excluded) == (int(counted.sum()), int((~counted).sum()))
    assert report.interval is not None
    assert report.interval[0] < report.main < report.interval[1]


def test_vgaf_s_ids_start_at_one() -> None:
    report = leaderboard.score("vgaf", [1, 2, 3, 3], [1, 2, 3, 1])
    assert report.main == accuracy_score([1, 2, 3, 1], [1, 2, 3, 3]) == 0.75


def test_valence_and_arousal_by_hand() -> None:
    """x = (-.5, 0, .5) against itself moved by .1: cov = var = 1/6, CCC = (1/3) / (1/3 + .01)."""
    x = np.array([-0.5, 0.0, 0.5])
    report = leaderboard.score("abaw-va", np.stack([x, x + 0.1], 1), np.stack([x, x], 1), n_draws=0)
    assert report.components["ccc_valence"] == pytest.approx(1)
    assert report.components["ccc_arousal"] == pytest.approx((1 / 3) / (1 / 3 + 0.01))
    assert report.interval is None


@pytest.mark.parametrize(
    ("task", "guesses", "labels", "message"),
    [
        ("afew", [0, 7], [0, 1], "predictions, row 1, emotion: expected a class id 0-6 .* found 7"),
        ("afew", [0, 0.5], [0, 1], "row 1, emotion"),
        ("afew", [0, -1], [0, 1], "predictions, row 1"),
        ("afew", [0, float("nan")], [0, 1], "found nan"),
        ("afew", [0], [0, 1], "predictions have 1 rows and the reference has 2"),
        ("afew", [0, 1], [-1, -1], "no label that counts"),
        ("abaw-va", [0.1, 0.2], [0.1, 0.2], r"expected \(R, 2\)"),
        ("afew", ["Happy"], [1], "expected numbers"),
        ("lfw", [1], [1], "published results only"),
    ],
)
def test_what_does_not_fit_is_named(task: str, guesses: list[float], labels: list[float], message: str) -> None:
    with pytest.raises(ArraysInvalid, match=message):
        leaderboard.score(task, guesses, labels)


def test_groups_must_fit() -> None:
    with pytest.raises(ArraysInvalid, match="groups have the shape"):
        leaderboard.score("afew", [1, 2], [1, 2], groups=[1])


def test_one_float32_step_beyond_the_range_is_taken_as_in_files() -> None:
    """x = (1 + 2^-23, 0, -1) against itself: CCC 1."""
    x = np.array([np.nextafter(np.float32(1), np.float32(2)), 0, -1])
    assert x[0] > 1
    truth = np.stack([np.clip(x, -1, 1)] * 2, 1)
    report = leaderboard.score("abaw-va", np.stack([x, x], 1), truth, n_draws=0)
    assert report.main == pytest.approx(1)
    assert report.notes == ("up to one float32 rounding step out of range, and taken as they are: 2 values",)
    assert leaderboard.score("abaw-va", truth, truth, n_draws=0).notes == ()
    for wrong in (np.full((3, 2), 1.0000002), np.full((3, 2), -1.0000002)):
        with pytest.raises(ArraysInvalid, match="predictions, row 0, valence"):
            leaderboard.score("abaw-va", wrong, truth)
    with pytest.raises(ArraysInvalid, match="reference, row 0, valence"):
        leaderboard.score("abaw-va", truth, np.stack([x, x], 1))


def test_labels_without_an_age_have_no_error_of_it() -> None:
    labels = np.array([[-1, 0, 1], [-1, 1, 2]])
    with pytest.raises(ReferenceInvalid, match="no row of utkface has an age"):
        leaderboard.score("utkface", [[30, 0, 1], [40, 1, 2]], labels)
    labels[0, 0] = 28
    assert leaderboard.score("utkface", [[30, 0, 1], [40, 1, 2]], labels, n_draws=0).main == 2
