"""Weak labels of action units: what a face whose expression ten annotators agree on should show.

Conventions: shares (N, 8) are FER+ votes in the order ``FERPLUS``; a class with one vote counts as none (Barsoum et al. 2016). A
face counts for a unit if most annotators saw an expression that more than 70 % of people show with that unit (Du, Tao & Martinez
2014, Compound facial expressions of emotion, PNAS 111(15), Table 1), and against it if they saw one for which the table does not
list it. AU6 has 51 % in happiness, the most it has. Faces of other expressions, and those on which annotators disagree, are
left out.
That is what maps are judged by. They are fitted to ``often``, which knows every expression and disagreement.
"""

import numpy as np
import numpy.typing as npt

from femo.labels import ABAW_AU
from femo.training.priors import ACTION_UNITS
from femo.types import Bools, Floats

FERPLUS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
AGREE = 0.6
"""Least share of the votes of the expression that a face is taken for."""
NEUTRAL_SHARE = 0.8
"""Least share of neutral votes of a face that stands for the population's neutral."""

SHOWN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "AU1": (("fear", "surprise"), ("neutral", "happiness", "anger", "disgust")),
    "AU2": (("surprise",), ("neutral", "happiness", "sadness", "anger", "disgust")),
    "AU4": (("sadness", "fear", "anger"), ("neutral", "happiness", "surprise")),
    "AU6": (("happiness",), ("neutral", "surprise", "fear", "anger", "disgust")),
    "AU7": (("anger",), ("neutral", "surprise", "fear", "sadness")),
    "AU10": (("disgust",), ("neutral", "surprise", "sadness", "fear")),
    "AU12": (("happiness",), ("neutral", "surprise", "sadness", "anger", "fear", "disgust")),
    "AU15": (("sadness",), ("neutral", "happiness", "surprise", "fear")),
    "AU24": (("anger",), ("neutral", "happiness", "surprise", "fear", "sadness")),
    "AU25": (("happiness", "fear", "surprise"), ("neutral", "sadness")),
    "AU26": (("surprise",), ("neutral", "sadness")),
}
"""Expressions that show a unit, and expressions that do not."""


def vote_shares(votes: npt.NDArray[np.uint8]) -> Floats:
    """Return the share of each expression (N, 8); a row of zeros where most votes say unknown or no face."""
    counts = votes[:, : len(FERPLUS)].astype(np.float32)
    counts[counts == 1] = 0
    counts[votes.argmax(axis=1) >= len(FERPLUS)] = 0
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), np.float32)


def often(shares: Floats) -> Floats:
    """Return how likely a face shows each unit by its votes (N, 12): how often people do with each expression (``priors``)."""
    table = [[ACTION_UNITS[name].get(unit, 0.0) for unit in ABAW_AU] for name in FERPLUS]
    return np.asarray(shares @ np.array(table, np.float32), np.float32)


def neutral(shares: Floats) -> Bools:
    """Return which faces stand for the population's neutral."""
    return np.asarray(shares[:, FERPLUS.index("neutral")] >= NEUTRAL_SHARE)


def labels(shares: Floats, unit: str) -> Floats:
    """Return 1 for faces that should show the unit, 0 for those that should not, NaN for the others, (N,)."""
    top, sure = shares.argmax(axis=1), shares.max(axis=1) >= AGREE
    out = np.full(len(shares), np.nan, np.float32)
    for value, group in ((1, SHOWN[unit][0]), (0, SHOWN[unit][1])):
        out[sure & np.isin(top, [FERPLUS.index(name) for name in group])] = value
    return out
