"""How often strangers look like one person to the embedding that follows people through a clip.

Conventions: everybody in the set is somebody else, so every pair is a pair of strangers. A pair is alike if gender and
ethnicity are the same and the ages differ by less than ``NEAR_YEARS``.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from femo.faces import reidentification as identity
from femo.types import Floats

NEAR_YEARS = 8.0
ADULT_YEARS = 16.0


def measure_strangers(
    embedding: Floats,
    changing: Floats | None,
    age_years: Floats,
    gender: npt.NDArray[Any],
    ethnicity: npt.NDArray[Any],
) -> dict[str, float]:
    """Count pairs of adult strangers that the tracker would take for one person, were place and time no help.

    Args:
        embedding: (N, D).
        changing: (K, D), directions that are taken out first, as the tracker does, or None.
        age_years: (N,).
        gender: (N,) classes.
        ethnicity: (N,) classes.

    Returns:
        ``n_pairs`` and ``share`` of them above ``identity.SAME_COSINE``, and both for alike pairs.
    """
    adult = age_years >= ADULT_YEARS
    rows = embedding[adult]
    if changing is not None:
        rows = identity.without(rows, identity.basis(changing))
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    first, second = np.triu_indices(len(unit), 1)
    close = (unit @ unit.T)[first, second] > identity.SAME_COSINE
    age, gender, ethnicity = age_years[adult], gender[adult], ethnicity[adult]
    alike = np.abs(age[first] - age[second]) < NEAR_YEARS
    alike &= (gender[first] == gender[second]) & (ethnicity[first] == ethnicity[second])
    return {
        "n_pairs": len(first),
        "share": float(close.mean()) if len(close) else 0.0,
        "n_alike": int(alike.sum()),
        "share_alike": float(close[alike].mean()) if alike.any() else 0.0,
    }
