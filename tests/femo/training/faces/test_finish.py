"""Temperatures of both priors, mean recall and the table of worse pictures, against hand calculation."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from femo.labels import AFFECTNET_8
from femo.networks.heads import softmax
from femo.training.faces.calibration import expected_calibration_error
from femo.training.faces.evaluate import mean_recall
from femo.training.faces.finish import choose_l, fit_expression
from femo.training.faces.stress import SIDE, STRESSES


def _drawn(
    n: int, temperature: float
) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic], npt.NDArray[np.generic]]:
    """Logits z whose classes are drawn from softmax(z / temperature), classes 0 and 1 nine times as frequent as the rest."""
    rng = np.random.default_rng(0)
    shift = np.log(np.array([9, 9, 1, 1, 1, 1, 1, 1]))
    logits = (rng.standard_normal((n, 8)) * 2 + shift).astype(np.float32) * temperature
    p = softmax(logits, temperature)
    target = (p.cumsum(1) < rng.random((n, 1))).sum(1)
    shares = np.bincount(target, minlength=8) / n
    return logits, target, shares.astype(np.float32)


def test_the_natural_temperature_is_found_again() -> None:
    logits, target, shares = _drawn(20_000, 1.7)
    fitted = fit_expression(logits, target, shares)
    assert fitted["temperature"] == pytest.approx(1.7, abs=0.05)
    assert list(fitted["class_shares"]) == list(AFFECTNET_8)
    assert sum(fitted["class_shares"].values()) == pytest.approx(1, abs=1e-4)


def test_the_balanced_temperature_is_fitted_where_all_classes_count_alike() -> None:
    """With natural logits at temperature 1 the adjusted ones are right as they are, halfway too."""
    logits, target, shares = _drawn(40_000, 1.0)
    fitted = fit_expression(logits, target, shares)
    assert fitted["temperature_balanced"] == pytest.approx(1.0, abs=0.06)
    assert fitted["temperature_halfway"] == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize(("key", "tau"), [("temperature_halfway", 0.5), ("temperature_balanced", 1.0)])
def test_other_temperatures_weigh_each_class_by_its_share(key: str, tau: float) -> None:
    """Classes that are known unequally well, so that the weights decide; the reference searches a fine grid in float64."""
    rng = np.random.default_rng(1)
    target = rng.choice(8, 4000, p=[0.4, 0.3, 0.1, 0.1, 0.04, 0.03, 0.02, 0.01])
    shares = (np.bincount(target, minlength=8) / len(target)).astype(np.float32)
    logits = rng.standard_normal((4000, 8)) + np.eye(8)[target] * np.linspace(6, 1, 8)[target][:, None]
    z, weights = logits - tau * np.log(shares), shares[target].astype(np.float64) ** -tau
    grid = np.geomspace(0.3, 4, 600)
    losses = []
    for temperature in grid:
        log_p = z / temperature - np.log(np.exp(z / temperature).sum(axis=1, keepdims=True))
        losses.append(-(weights * log_p[np.arange(4000), target]).sum())
    fitted = fit_expression(logits.astype(np.float32), target, shares)
    assert fitted[key] == pytest.approx(grid[int(np.argmin(losses))], rel=0.01)


def test_mean_recall_counts_every_class_alike() -> None:
    """Class 0: 3 of 4, class 2: 0 of 1, a label that the head lacks counts in N only: (0.75 + 0) / 2."""
    hits = np.array([True, True, True, False, False, False])
    got = mean_recall(hits, np.array([0, 0, 0, 0, 2, -1]))
    assert got["value"] == pytest.approx(0.375)
    assert got["n"] == 6
    low, high = got["interval"]
    assert low < 0.375 < high
    assert mean_recall(np.zeros(0, bool), np.zeros(0, int)) == {"value": None, "interval": None, "n": 0}


def test_weighted_calibration_error_by_hand() -> None:
    """Confidences .9 (right) and .6 (wrong), the second counting three times: (.1 + 3 * .6) / 4 = .475."""
    p = np.array([[0.9, 0.1], [0.6, 0.4]], np.float32)
    got = expected_calibration_error(p, np.array([0, 1]), np.array([1.0, 3.0]))
    assert got == pytest.approx(0.475, abs=1e-6)
    assert expected_calibration_error(p, np.array([0, 1])) == pytest.approx((0.1 + 0.6) / 2, abs=1e-6)


def test_the_age_is_the_mean_over_as_many_years_as_errs_least() -> None:
    """A sharp right peak with a heavy far tail: the mean over all years is far off, the most probable year is right."""
    logits = np.full((50, 101), -4.0, np.float32)
    logits[:, 29] = 3.0
    logits[:, 90:] = -1.5
    assert choose_l(logits, np.full(50, 30.0, np.float32)) == 1


@pytest.mark.parametrize("name", STRESSES)
def test_every_stress_grows_with_its_strength(name: str) -> None:
    """On a picture of fine and coarse structure the difference from the unchanged one grows."""
    y, x = np.mgrid[:48, :48]
    picture = (127 + 60 * np.sin(x / 3) + 60 * np.cos(y / 5)).astype(np.uint8)
    pictures = np.stack([picture, picture.T])
    large = STRESSES["turned in the picture"]["10°"](pictures).shape
    assert large == (2, SIDE, SIDE)
    plain = _enlarged(pictures)
    differences = [float(np.abs(_as_large(change(pictures)) - plain).mean()) for change in STRESSES[name].values()]
    assert len(differences) == 3
    assert 0 < differences[0] < differences[1] < differences[2]


def _enlarged(pictures: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    return np.stack([cv2.resize(p, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for p in pictures]).astype(
        np.float64
    )


def _as_large(pictures: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    grey = np.stack([cv2.resize(p, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for p in pictures]).astype(
        np.float64
    )
    return grey if grey.ndim == 3 else grey.max(axis=3)


def test_a_covered_mouth_leaves_the_eyes() -> None:
    pictures = np.arange(48 * 48, dtype=np.uint32).reshape(1, 48, 48).astype(np.uint8)
    covered = STRESSES["mouth covered"]["100% of its width"](pictures)[0]
    plain = _enlarged(pictures)[0]
    assert np.abs(covered[: int(SIDE * 0.6)] - plain[: int(SIDE * 0.6)]).max() <= 1
    assert len(np.unique(covered[int(SIDE * 0.65) : int(SIDE * 0.95)])) == 1
