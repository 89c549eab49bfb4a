"""The metrics, each one pure function of counts or of values.

Conventions: a confusion table is (..., K, K), reference in rows, prediction in columns; binary counts (..., 4):
true positives, false positives, false negatives, true negatives. Leading axes may be videos or bootstrap draws. An
empty denominator gives 0 by rule, never NaN. CCC uses population variances in float64.

Sources: P_EXPR, P_AU, P_VA and P_MTL as in Savchenko, CVPR-W 2022, section 3; CCC after Lin, Biometrics 45 (1989).
"""

import numpy as np
import numpy.typing as npt

from leaderboard.types import Bools, Doubles

Array = npt.NDArray[np.float64]

MOMENTS = 6
"""Width of ``ccc_moments``: n, sum x, sum y, sum x^2, sum y^2, sum xy."""
SMALLEST_VARIANCE = 1e-12
"""Of values scaled to a largest deviation of 1; a bootstrap draw below it is constant but for rounding."""


def ratio(numerator: Array, denominator: Array) -> Array:
    """Divide, with 0 where the denominator is 0."""
    out = np.zeros(np.broadcast_shapes(numerator.shape, denominator.shape))
    np.divide(numerator, denominator, out=out, where=denominator > 0)
    return out


def confusion(
    reference: npt.NDArray[np.integer],
    predicted: npt.NDArray[np.integer],
    n_classes: int,
    group: npt.NDArray[np.integer] | None = None,
    n_groups: int = 1,
) -> Array:
    """Return counts (G, K, K) of reference class (rows) against predicted class (columns) per group.

    Args:
        reference: (R,) class indices 0 ... K-1.
        predicted: (R,) class indices 0 ... K-1.
        n_classes: K.
        group: (R,) group of each row, or None for one group.
        n_groups: G.
    """
    code = reference.astype(np.int32) * n_classes + predicted
    if group is not None:
        code += group.astype(np.int32) * n_classes**2
    counts = np.bincount(code, minlength=n_groups * n_classes**2)
    return counts.astype(np.float64).reshape(n_groups, n_classes, n_classes)


def f1_per_class(table: Array) -> Array:
    """Return F1 (..., K) of each class: 2 TP / (2 TP + FP + FN), 0 for a class that occurs nowhere."""
    hits = np.diagonal(table, axis1=-2, axis2=-1)
    return ratio(2 * hits, table.sum(-1) + table.sum(-2))


def macro_f1(table: Array) -> Array:
    """Return the mean F1 over the fixed list of K classes (P_EXPR: the sum of F1 over K, divided by K)."""
    return np.asarray(f1_per_class(table).mean(-1))


def macro_f1_present(table: Array) -> Array:
    """Return the mean F1 over the classes that occur in reference or prediction: scikit-learn's default labels."""
    present = (table.sum(-1) + table.sum(-2)) > 0
    return ratio(f1_per_class(table).sum(-1), present.sum(-1).astype(np.float64))


def accuracy(table: Array) -> Array:
    """Return the share of correct rows."""
    return ratio(np.trace(table, axis1=-2, axis2=-1), table.sum((-2, -1)))


def recall_per_class(table: Array) -> Array:
    """Return recall (..., K) of each class, 0 for a class that the reference does not hold."""
    return ratio(np.diagonal(table, axis1=-2, axis2=-1), table.sum(-1))


def precision_per_class(table: Array) -> Array:
    """Return precision (..., K) of each class, 0 for a class that is never predicted."""
    return ratio(np.diagonal(table, axis1=-2, axis2=-1), table.sum(-2))


def binary_f1(counts: Array, empty: float = 0.0) -> Array:
    """Return F1 (...) of the positive class.

    Args:
        counts: (..., 4) true positives, false positives, false negatives, true negatives.
        empty: Value where nothing is positive in reference or prediction (scikit-learn's ``zero_division``).
    """
    denominator = 2 * counts[..., 0] + counts[..., 1] + counts[..., 2]
    return np.where(denominator > 0, ratio(2 * counts[..., 0], denominator), empty)


def binary_macro_f1(counts: Array) -> Array:
    """Return the mean F1 of the positive and the negative class; in use for AUs, but not P_AU."""
    negative = counts[..., [3, 2, 1, 0]]
    return (binary_f1(counts) + binary_f1(negative)) / 2


def ccc(x: Array, y: Array) -> float:
    """Return the concordance correlation coefficient of two float64 (n,) arrays.

    2 cov / (var x + var y + (mean x - mean y)^2) with population moments (Lin 1989). By rule it is 0 if either
    side is constant (largest equals smallest) or there are fewer than two values: without variance there is
    nothing that could agree, and rounding must not decide.
    """
    if len(x) < 2 or x.max() == x.min() or y.max() == y.min():
        return 0.0
    mean_x, mean_y = x.mean(), y.mean()
    dx, dy = x - mean_x, y - mean_y
    n = len(x)
    return float(2 * (dx @ dy / n) / (dx @ dx / n + dy @ dy / n + (mean_x - mean_y) ** 2))


def ccc_moments(x: Array, y: Array, group: npt.NDArray[np.integer], n_groups: int) -> Array:
    """Return (G, 6) sums per group, from which the CCC of any union of groups follows.

    Both sides are moved by one common shift and scaled by one common factor first, which leaves the CCC as it is
    and keeps the sums of squares well conditioned.
    """
    if not len(x):
        return np.zeros((n_groups, MOMENTS))
    shift = (x.mean() + y.mean()) / 2
    scale = max(np.abs(x - shift).max(), np.abs(y - shift).max()) or 1.0
    x, y = (x - shift) / scale, (y - shift) / scale
    sums = [np.bincount(group, weights, n_groups) for weights in (None, x, y, x * x, y * y, x * y)]
    return np.stack([total.astype(np.float64) for total in sums], axis=1)


def ccc_from_moments(moments: Array, cov_ddof: int = 0, var_ddof: int = 0) -> Array:
    """Return the CCC (...) from sums (..., 6).

    Args:
        moments: Sums as in ``ccc_moments``.
        cov_ddof: 1 for the sample covariance (in use, but not the definition).
        var_ddof: 1 for sample variances.
    """
    n, sum_x, sum_y, sum_xx, sum_yy, sum_xy = np.moveaxis(moments, -1, 0)
    mean_x, mean_y = ratio(sum_x, n), ratio(sum_y, n)
    var_x = np.maximum(ratio(sum_xx, n) - mean_x**2, 0)
    var_y = np.maximum(ratio(sum_yy, n) - mean_y**2, 0)
    cov = ratio(sum_xy, n) - mean_x * mean_y
    cov, var = cov * ratio(n, n - cov_ddof), (var_x + var_y) * ratio(n, n - var_ddof)
    varies: Bools = np.minimum(var_x, var_y) > SMALLEST_VARIANCE
    return np.where(varies, ratio(2 * cov, var + (mean_x - mean_y) ** 2), 0.0)


def mean_absolute_error(reference: Doubles, predicted: Doubles) -> float:
    """Return the mean of |reference - predicted|, 0 for nothing to compare."""
    return float(np.abs(reference - predicted).mean()) if len(reference) else 0.0


def cumulative_score(reference: Doubles, predicted: Doubles, years: float = 5) -> float:
    """Return CS@5: the share of ages that are off by at most ``years``."""
    return float((np.abs(reference - predicted) <= years).mean()) if len(reference) else 0.0
