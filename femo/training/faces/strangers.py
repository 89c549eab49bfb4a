"""How often strangers look like one person to the embedding that follows people through a clip.

Conventions: everybody in the set is somebody else, so every pair is a pair of strangers. A pair is alike if gender and
ethnicity are the same and the ages differ by less than ``NEAR_YEARS``.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from femo.types import Floats

NEAR_YEARS = 8.0
ADULT_YEARS = 16.0


def measure_strangers(
    unit: Floats,
    same_cosine: float,
    age_years: Floats,
    gender: npt.NDArray[Any],
    ethnicity: npt.NDArray[Any],
) -> dict[str, float]:
    """Count pairs of adult strangers that the tracker would take for one person, were place and time no help.

    Args:
        unit: (N, D), what says who someone is, at unit length.
        same_cosine: From this cosine on two faces are taken for one person.
        age_years: (N,).
        gender: (N,) classes.
        ethnicity: (N,) classes.

    Returns:
        ``same_cosine``, ``n_pairs`` and ``share`` of them above it, and both for alike pairs.
    """
    adult = age_years >= ADULT_YEARS
    unit = unit[adult]
    first, second = np.triu_indices(len(unit), 1)
    close = (unit @ unit.T)[first, second] > same_cosine
    age, gender, ethnicity = age_years[adult], gender[adult], ethnicity[adult]
    alike = np.abs(age[first] - age[second]) < NEAR_YEARS
    alike &= (gender[first] == gender[second]) & (ethnicity[first] == ethnicity[second])
    return {
        "same_cosine": same_cosine,
        "n_pairs": len(first),
        "share": float(close.mean()) if len(close) else 0.0,
        "n_alike": int(alike.sum()),
        "share_alike": float(close[alike].mean()) if alike.any() else 0.0,
    }
