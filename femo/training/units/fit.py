"""Fits one logistic map per action unit, with the signs that FACS gives.

Conventions: measures are standardised by the neutral faces of the training set and clipped to ``CLIP``, so that a bad mesh
does not decide; the result is written for raw measures. Both classes weigh the same: logit 0 lies midway, and the share of faces
that show a unit in FER+ does not matter. A unit whose map does not tell held-out weak labels apart stays a prior.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from femo.errors import FemoError
from femo.labels import ABAW_AU
from femo.mesh.units import CARRIED_BY, read_unit_map
from femo.meshes import COLUMNS
from femo.training.units.weak import labels, neutral
from femo.types import Doubles, Floats

CLIP = 8.0
"""Standard deviations of neutral faces."""
RIDGE = 1e-3
LEAST_AUC = 0.7
"""Held-out area under the ROC curve below which a unit is not said to be measured."""
LEAST_FACES = 50
"""With fewer held-out faces that should show a unit, its area says nothing."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """One unit.

    Attributes:
        config: What stands in the config of ``face-mesh``.
        auc: On held-out faces, against weak labels.
        hit: Share of the held-out faces that should show the unit with a value above 0.5.
        false: The same of those that should not.
        n_faces: Held-out faces that should show it.
    """

    config: dict[str, Any]
    auc: float
    hit: float
    false: float
    n_faces: int

    @property
    def told_apart(self) -> bool:
        """Whether the unit may be said to be measured."""
        return self.auc >= LEAST_AUC and self.n_faces >= LEAST_FACES


def fit_unit(unit: str, values: Floats, shares: Floats, held_values: Floats, held_shares: Floats) -> Fitted:
    """Fit and judge one unit.

    Args:
        unit: A key of ``units.CARRIED_BY``.
        values: float32 (N, K) measures of training faces, finite.
        shares: float32 (N, 8), from ``weak.vote_shares``.
        held_values: Of held-out faces.
        held_shares: Of held-out faces.

    Raises:
        FemoError: No training face is neutral.
    """
    names, signs = list(CARRIED_BY[unit]), np.array(list(CARRIED_BY[unit].values()), np.float64)
    columns = [COLUMNS.index(name) for name in names]
    calm = values[neutral(shares)][:, columns].astype(np.float64)
    if not len(calm):
        raise FemoError(f"none of {len(shares)} faces is neutral, by which {unit} could be measured")
    mean, std = calm.mean(axis=0), calm.std(axis=0)
    target = labels(shares, unit)
    known = np.isfinite(target)
    scaled = np.clip((values[known][:, columns] - mean) / std * signs, -CLIP, CLIP)
    slope, bias = _logistic(scaled, target[known].astype(np.float64))
    weights = slope * signs / std
    offset = bias - float(weights @ mean)
    calm_logit = calm @ weights + offset
    config = {
        "weights": {name: round(float(w), 4) for name, w in zip(names, weights, strict=True) if w},
        "bias": round(offset, 4),
        "neutral": round(float(calm_logit.mean()), 4),
        "spread": round(float(calm_logit.std()), 4),
    }
    n_faces = int((labels(held_shares, unit) == 1).sum())
    return Fitted(config, *judge(unit, config, held_values, held_shares), n_faces)


def judge(unit: str, config: dict[str, Any], values: Floats, shares: Floats) -> tuple[float, float, float]:
    """Return AUC, share of hits and of false alarms at 0.5 against weak labels; NaN without faces of both kinds."""
    logit = read_unit_map({"units": {unit: config}}).logits(values)[:, ABAW_AU.index(unit)]
    target = labels(shares, unit)
    on, off = logit[target == 1], logit[target == 0]
    if not len(on) or not len(off):
        return np.nan, np.nan, np.nan
    auc = roc_auc_score(np.repeat([1, 0], [len(on), len(off)]), np.concatenate([on, off]))
    return round(float(auc), 3), round(float((on > 0).mean()), 3), round(float((off > 0).mean()), 3)


def _logistic(scaled: Doubles, target: Doubles) -> tuple[Doubles, float]:
    """Logistic regression with slopes >= 0 and balanced classes."""
    weight = np.where(target == 1, 0.5 / max((target == 1).sum(), 1), 0.5 / max((target == 0).sum(), 1))

    def loss(theta: Doubles) -> tuple[float, Doubles]:
        z = scaled @ theta[:-1] + theta[-1]
        cost = np.logaddexp(0, -z) * target + np.logaddexp(0, z) * (1 - target)
        slope = (0.5 * (1 + np.tanh(0.5 * z)) - target) * weight
        value = float(weight @ cost + RIDGE * (theta[:-1] ** 2).sum())
        return value, np.append(scaled.T @ slope + 2 * RIDGE * theta[:-1], slope.sum())

    n_slopes = scaled.shape[1]
    bounds = [(0, None)] * n_slopes + [(None, None)]
    found = minimize(loss, np.zeros(n_slopes + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    return found[:-1], float(found[-1])
