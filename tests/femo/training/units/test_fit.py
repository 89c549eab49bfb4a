"""Maps of action units fitted to faces whose movements are known."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from femo.mesh import pose
from femo.training.units import fit
from femo.training.units.fit import Half, Teacher, auc, fit_map
from tests.moving_faces import face, people


@pytest.mark.parametrize("unit", ["AU1", "AU12"])
def test_weights_of_all_points_say_what_those_of_one_half_say(unit: str) -> None:
    half = Half.of(unit, face())
    frontal = np.random.default_rng(0).normal(size=(5, 468, 3)).astype(np.float32)
    weight = np.random.default_rng(1).normal(size=3 * len(half.points))
    full = half.spread_out(weight)
    assert frontal.reshape(5, -1) @ full.ravel() == pytest.approx(
        half.features(frontal) @ weight, rel=1e-3, abs=1e-3
    )
    mirrored = frontal[:, face().mirrored] * np.array([-1, 1, 1], np.float32)
    assert mirrored.reshape(5, -1) @ full.ravel() == pytest.approx(frontal.reshape(5, -1) @ full.ravel(), abs=2e-2)


def test_a_unit_of_the_brows_does_not_look_at_the_mouth() -> None:
    upper, lower = (Half.of(unit, face()).points.tolist() for unit in ("AU4", "AU15"))
    assert {55, 105, 159, 145} <= set(upper)
    assert not {61, 13, 14, 17} & set(upper)
    assert {61, 13, 14, 17} <= set(lower)
    assert not {55, 105, 159, 145} & set(lower)


def test_the_measures_of_a_half_are_lengths_of_the_canonical_face() -> None:
    half = Half.of("AU1", face())
    place = pose.align(face().points[None], face())[1]
    found = (half.features(place) @ half.measures())[0]
    eye = place[0, [33, 133], 1].mean()
    assert found[0] == pytest.approx(eye - place[0, [55, 107], 1].mean(), abs=1e-5)
    assert found[4] == pytest.approx(
        place[0, [144, 145, 153], 1].mean() - place[0, [160, 159, 158], 1].mean(), abs=1e-5
    )


def test_a_map_learns_what_moves_and_leaves_out_what_is_unknown() -> None:
    shown = ["AU12", "", "AU25", "AU26"] * 60
    frontal = people(shown)
    target = np.array([float(unit == "AU12") for unit in shown], np.float32)
    target[3::4] = np.nan
    teacher = Teacher(frontal, target, np.ones(240, np.float32), 1.0)
    weight, bias = fit_map(Half.of("AU12", face()), (teacher,))
    unseen = ["AU12", "", "AU25"] * 20
    value = people(unseen, seed=9).reshape(60, -1) @ weight.ravel() + bias
    expected = np.array([unit == "AU12" for unit in unseen])
    assert (value[expected] > 0).all()
    assert (value[~expected] < 0).all()


def test_the_area_is_that_of_the_known_faces() -> None:
    target = np.float32([1, 0, 1, 0, np.nan])
    assert auc(target, np.float32([3, 1, 2, 2.5, 9])) == pytest.approx(0.75)  # three of four pairs
    assert np.isnan(auc(np.float32([1, 1, np.nan]), np.float32([1, 2, 3])))


def test_slopes_are_those_of_scikit_learn() -> None:
    """RIDGE |w|² over weights that sum to 1 is scikit-learn's penalty with C = 1 / (2 RIDGE)."""
    chance = np.random.default_rng(3)
    target = (np.arange(300) % 3 == 0).astype(np.float64)
    rows = chance.normal(0, 1, (300, 3)) + target[:, None] * np.array([1.0, -0.5, 0.25])
    weight = np.where(target == 1, 0.5 / target.sum(), 0.5 / (1 - target).sum())
    slopes, bias = fit.logistic(rows, target, weight)
    theirs = LogisticRegression(C=1 / (2 * fit.RIDGE), tol=1e-8, max_iter=1000)
    theirs.fit(rows, target, sample_weight=weight)
    np.testing.assert_allclose(slopes, theirs.coef_[0], atol=2e-3)
    assert bias == pytest.approx(theirs.intercept_[0], abs=2e-3)


def test_targets_between_0_and_1_are_both_in_part() -> None:
    slopes, bias = fit.logistic(np.array([[1.0], [-1.0]]), np.array([0.8, 0.2]), np.array([0.5, 0.5]))
    assert bias == pytest.approx(0, abs=1e-3)
    assert 1 / (1 + np.exp(-slopes[0])) == pytest.approx(0.8, abs=0.01)
