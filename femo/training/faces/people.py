"""Whether the embedding that follows people through a clip tells them apart.

Conventions: only adults count, since children look too alike. A pair of pictures is alike if gender and ethnicity are the same
and the ages differ by less than ``NEAR_YEARS``. UTKFace has no names. Nearly everybody in it is somebody else, so its pairs stand
for strangers (``measure_strangers``). The few people who come twice are found by a network that knows people far better, the one
training starts from (``measure_acquainted``): what it takes for one person is right by eye in most of the pairs, not in all.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from femo.types import Bools, Floats

NEAR_YEARS = 8.0
ADULT_YEARS = 16.0
SAME, DIFFERENT = 0.5, 0.25
"""Cosines of that network: above the first two pictures show one person, below the second two people. In between neither is
counted; of pairs of strangers 0.5 % lie above 0.3."""
COPY = 0.8
"""Two pictures correlate like this at 24 x 24 greys if they are one, cut or coloured in another way."""
FALSE_SHARE = 0.01


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
    close = paired(unit[adult]) > same_cosine
    alike = _alike(age_years[adult], gender[adult], ethnicity[adult])
    return {
        "same_cosine": same_cosine,
        "n_pairs": len(close),
        "share": float(close.mean()) if len(close) else 0.0,
        "n_alike": int(alike.sum()),
        "share_alike": float(close[alike].mean()) if alike.any() else 0.0,
    }


def measure_acquainted(
    unit: Floats,
    known: Floats,
    images: npt.NDArray[np.uint8],
    age_years: Floats,
    gender: npt.NDArray[Any],
    ethnicity: npt.NDArray[Any],
) -> dict[str, float]:
    """Tell pairs of pictures of one adult from pairs of two, by the cosines of ``unit``.

    Args:
        unit: (N, D), what says who someone is, at unit length.
        known: (N, E), what a better network says of it, at unit length; NaN rows where it cannot say.
        images: (N, C, S, S), to leave copies of one picture out.
        age_years: (N,).
        gender: (N,) classes.
        ethnicity: (N,) classes.

    Returns:
        ``n_same`` pairs of one person; ``auc`` of the cosines and ``found``, the share of these pairs above all but 1 % of
        the others; ``auc_alike`` and ``found_alike`` beside others who are alike. NaN where there are no pairs.
    """
    adult = (age_years >= ADULT_YEARS) & np.isfinite(known).all(axis=1)
    cosine, judged, copies = paired(unit[adult]), paired(known[adult]), paired(_greys(images[adult])) >= COPY
    same = cosine[(judged > SAME) & ~copies]
    different = judged < DIFFERENT
    alike = _alike(age_years[adult], gender[adult], ethnicity[adult])
    out: dict[str, float] = {"n_same": len(same)}
    for name, others in (("", cosine[different]), ("_alike", cosine[different & alike])):
        enough = len(same) and len(others)
        target = np.repeat([1, 0], [len(same), len(others)])
        out[f"auc{name}"] = float(roc_auc_score(target, np.concatenate([same, others]))) if enough else np.nan
        out[f"found{name}"] = float((same > np.quantile(others, 1 - FALSE_SHARE)).mean()) if enough else np.nan
    return out


def paired(rows: Floats) -> Floats:
    """Return the products of all pairs of rows (N, D), N (N - 1) / 2 of them, row by row: cosines if their length is one."""
    first, second = np.triu_indices(len(rows), 1)
    return np.asarray((rows @ rows.T)[first, second], np.float32)


def _alike(age_years: Floats, gender: npt.NDArray[Any], ethnicity: npt.NDArray[Any]) -> Bools:
    """In the order of ``paired``."""
    first, second = np.triu_indices(len(age_years), 1)
    near = np.abs(age_years[first] - age_years[second]) < NEAR_YEARS
    return np.asarray(near & (gender[first] == gender[second]) & (ethnicity[first] == ethnicity[second]))


def _greys(images: npt.NDArray[np.uint8]) -> Floats:
    """Pictures as rows whose products are correlations (N, 576)."""
    small = [cv2.resize(image.mean(axis=0), (24, 24), interpolation=cv2.INTER_AREA).ravel() for image in images]
    rows = np.stack(small) if small else np.empty((0, 576))
    rows = rows - rows.mean(axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), np.float32)
