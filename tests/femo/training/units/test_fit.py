"""Maps of action units fitted to measures whose effect is known."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from femo.errors import FemoError
from femo.labels import ABAW_AU
from femo.mesh.units import CARRIED_BY, read_unit_map
from femo.meshes import COLUMNS
from femo.training.units import fit
from femo.training.units.fit import Fitted, fit_unit, judge
from femo.training.units.weak import FERPLUS, SHOWN
from femo.types import Floats

NEUTRAL, HAPPY, SURPRISED = range(3)
JAW = COLUMNS.index("jaw")


def faces(n: int, shift: float, seed: int = 0) -> tuple[Floats, Floats]:
    """n neutral faces whose jaw hangs by 0.5 ± 0.1, and n surprised ones whose jaw hangs lower by ``shift``."""
    values = np.random.default_rng(seed).normal(0, 1, (2 * n, len(COLUMNS))).astype(np.float32)
    values[:, JAW] = 0.5 + 0.1 * np.random.default_rng(seed + 1).standard_normal(2 * n)
    values[n:, JAW] += shift
    shares = np.zeros((2 * n, 8), np.float32)
    shares[:n, NEUTRAL] = shares[n:, SURPRISED] = 1
    return values, shares


def test_a_dropped_jaw_is_measured_with_nought_midway() -> None:
    values, shares = faces(400, 0.6)
    fitted = fit_unit("AU26", values, shares, *faces(100, 0.6, seed=5))
    assert (fitted.auc, fitted.n_faces, fitted.told_apart) == (pytest.approx(1, abs=0.005), 100, True)
    assert fitted.hit > 0.97
    assert fitted.false < 0.03
    assert list(fitted.config["weights"]) == ["jaw"]
    slope, bias = fitted.config["weights"]["jaw"], fitted.config["bias"]
    assert -bias / slope == pytest.approx(0.8, abs=0.03)  # between jaws of .5 and 1.1
    assert fitted.config["neutral"] == pytest.approx(slope * values[:400, JAW].mean() + bias, abs=2e-3)
    assert fitted.config["spread"] == pytest.approx(slope * values[:400, JAW].std(), abs=2e-3)


def test_a_measure_against_facs_carries_nothing() -> None:
    """Jaws that close in surprise: the sign is FACS's and fixed, so the unit says nothing and stays a prior."""
    fitted = fit_unit("AU26", *faces(200, -0.3), *faces(100, -0.3, seed=5))
    assert fitted.config["weights"] == {}
    assert (fitted.auc, fitted.told_apart) == (0.5, False)


def test_how_many_show_it_in_training_does_not_matter() -> None:
    values, shares = faces(400, 0.3)
    few = np.r_[0:400, 400:440]
    rare, even = (fit_unit("AU26", values[rows], shares[rows], values, shares) for rows in (few, slice(None)))
    midway = [-found.config["bias"] / found.config["weights"]["jaw"] for found in (rare, even)]
    assert midway[0] == pytest.approx(midway[1], abs=0.04)
    assert midway[1] == pytest.approx(0.65, abs=0.02)


def test_slopes_are_those_of_scikit_learn_where_all_point_the_right_way() -> None:
    """Both classes weigh the same, and RIDGE |w|² is scikit-learn's penalty with C = 1 / (2 RIDGE)."""
    chance = np.random.default_rng(3)
    target = (np.arange(300) % 3 == 0).astype(np.float64)
    scaled = chance.normal(0, 1, (300, 3)) + target[:, None] * np.array([1.0, 0.5, 0.25])
    slopes, bias = fit._logistic(scaled, target)
    assert (slopes > 0).all()
    weight = np.where(target == 1, 0.5 / target.sum(), 0.5 / (1 - target).sum())
    theirs = LogisticRegression(C=1 / (2 * fit.RIDGE), tol=1e-8, max_iter=1000).fit(
        scaled, target, sample_weight=weight
    )
    np.testing.assert_allclose(slopes, theirs.coef_[0], atol=2e-3)
    assert bias == pytest.approx(theirs.intercept_[0], abs=2e-3)


@pytest.mark.parametrize("unit", CARRIED_BY)
def test_every_unit_reads_its_own_measures(unit: str) -> None:
    """Faces whose measures of this unit alone lie three deviations in FACS's direction show it, and it alone says so."""
    values, shares = faces(300, 0.0)
    shows = FERPLUS.index(SHOWN[unit][0][0])
    shares[300:] = 0
    shares[300:, shows] = 1
    for name, sign in CARRIED_BY[unit].items():
        values[:, COLUMNS.index(name)] = np.random.default_rng(7).normal(0, 1, 600)
        values[300:, COLUMNS.index(name)] += 3 * sign
    fitted = fit_unit(unit, values, shares, values, shares)
    assert fitted.auc > 0.97
    for name, weight in fitted.config["weights"].items():
        assert np.sign(weight) == CARRIED_BY[unit][name]
    logits = read_unit_map({"units": {unit: fitted.config}}).logits(values)
    assert np.isfinite(logits).all(axis=0).tolist() == [name == unit for name in ABAW_AU]


def test_judging_by_hand() -> None:
    """Jaws of 1, 2, 3 that should hang and of 0, 2.5 that should not; from 1.5 on it says so.

    Of six pairs the shown one lies higher in 0<1, 0<2, 0<3, 2.5<3: four of six.
    """
    values = np.zeros((5, len(COLUMNS)), np.float32)
    values[:, JAW] = [1, 2, 3, 0, 2.5]
    shares = np.zeros((5, 8), np.float32)
    shares[:3, SURPRISED] = shares[3:, NEUTRAL] = 1
    config = {"weights": {"jaw": 2.0}, "bias": -3.0, "neutral": 0.0, "spread": 1.0}
    assert judge("AU26", config, values, shares) == (0.667, 0.667, 0.5)


def test_without_faces_of_both_kinds_nothing_is_judged() -> None:
    values, shares = faces(10, 0.6)
    auc, hit, false = judge(
        "AU26", fit_unit("AU26", values, shares, values, shares).config, values[:10], shares[:10]
    )
    assert np.isnan([auc, hit, false]).all()
    assert not Fitted({}, auc, hit, false, 0).told_apart


def test_without_neutral_faces_there_is_nothing_to_measure_by() -> None:
    values, shares = faces(10, 0.6)
    with pytest.raises(FemoError, match="none of 10 faces is neutral"):
        fit_unit("AU26", values[10:], shares[10:], values, shares)


def test_a_unit_is_told_apart_from_fifty_faces_and_seven_tenths_on() -> None:
    told = [Fitted({}, auc, 0, 0, n).told_apart for auc, n in ((0.7, 50), (0.699, 50), (0.99, 49))]
    assert told == [True, False, False]
