"""Whether what is said of a face is sure: quality and scores against a model folder's thresholds."""

from collections.abc import Mapping

import numpy as np

from femo.models.reading import ReadingSpec
from femo.types import Floats, Quality, Reading, Scores

UNSURE_TRUST = 0.1
"""Ten badly seen faces say as much of who somebody is as one that is well seen."""


def margin(expression: Scores | None, n_faces: int) -> Floats:
    """Return by how much the most probable expression leads the next (N,), 0-1; NaN where it was not measured."""
    if expression is None or expression.values.shape[1] < 2:
        return np.full(n_faces, np.nan, np.float32)
    ranked = np.sort(expression.values, axis=1)
    return np.asarray(ranked[:, -1] - ranked[:, -2], np.float32)


def judge(quality: Quality, scores: Mapping[str, Scores], limits: ReadingSpec) -> Reading:
    """Judge N faces; what is not known (NaN) is no reason.

    Args:
        quality: How well they are seen; a row all NaN was not seen at all, and is not measured.
        scores: What is said of them; the margin is that of the expression as it is shown. Where there are expressions, a face
            without one was not read, and is not measured.
        limits: The thresholds.
    """
    expression = scores.get("expression")
    with np.errstate(invalid="ignore"):
        columns = (
            quality.column("size_px") < limits.small_px,
            quality.column("sharpness") < limits.blur,
            quality.column("yaw_deg") > limits.turned_deg,
            quality.column("covered") >= limits.covered,
            margin(expression, len(quality)) < limits.close_margin,
        )
    seen = np.asarray(np.isfinite(quality.values).any(axis=1), np.bool_)
    if expression is not None:
        seen &= np.isfinite(expression.values).all(axis=1)
    return Reading(np.stack(columns, axis=1), seen, limits.attribute_least)


def trust(quality: Quality, limits: ReadingSpec) -> Floats:
    """Return how much each face says of who somebody is (N,): 1, or ``UNSURE_TRUST`` where it is badly seen."""
    unsure = judge(quality, {}, limits).reasons.any(axis=1)
    return np.where(unsure, UNSURE_TRUST, 1).astype(np.float32)
