"""Which action units an expression is posed with, and how one face's share of them is drawn.

Conventions: amounts are those of ``femo.training.units.moves``, 1 a strong but ordinary movement; ``strength`` scales all of
them at once. Most units are those of EMFACS and of Du, Tao & Martinez 2014 (Compound facial expressions of emotion, PNAS
111(15), Table 1). Others, how often each comes and how much of it are ours: what a picture shows is what viewers say
(``viewers``), so what is drawn need only be wide enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from femo.labels import AFFECTNET_8

Variant = Sequence[tuple[str, float, float]]
"""Unit, how often it comes (0-1) and its amount."""

EXPRESSIONS: Mapping[str, Sequence[Variant]] = {
    "anger": (
        (
            ("AU4", 1, 1.0),
            ("AU7", 0.7, 0.7),
            ("AU5", 0.3, 0.6),
            ("AU24", 0.5, 0.9),
            ("AU23", 0.5, 0.8),
            ("AU17", 0.4, 0.6),
        ),
        (
            ("AU4", 1, 1.0),
            ("AU7", 0.6, 0.7),
            ("AU5", 0.4, 0.6),
            ("AU10", 0.7, 0.6),
            ("AU25", 1, 0.9),
            ("AU26", 0.3, 0.5),
        ),
    ),
    "contempt": (
        (
            ("AU14", 0.9, 1.0),
            ("AU12", 0.8, 0.9),
            ("AU10", 0.3, 0.5),
            ("AU2", 0.2, 0.5),
            ("AU7", 0.3, 0.5),
        ),
    ),
    "disgust": (
        (
            ("AU9", 1, 1.0),
            ("AU4", 0.4, 0.5),
            ("AU7", 0.4, 0.6),
            ("AU10", 0.5, 0.6),
            ("AU17", 0.4, 0.6),
            ("AU15", 0.3, 0.5),
        ),
        (
            ("AU10", 1, 1.0),
            ("AU9", 0.6, 0.7),
            ("AU7", 0.6, 0.6),
            ("AU4", 0.4, 0.5),
            ("AU25", 0.7, 0.6),
            ("AU20", 0.2, 0.5),
        ),
    ),
    "fear": (
        (
            ("AU1", 1, 0.9),
            ("AU2", 0.6, 0.6),
            ("AU4", 0.7, 0.7),
            ("AU5", 0.8, 1.0),
            ("AU20", 0.8, 0.9),
            ("AU25", 0.9, 0.8),
        ),
        (
            ("AU1", 1, 0.9),
            ("AU2", 0.6, 0.6),
            ("AU4", 0.7, 0.7),
            ("AU5", 0.8, 1.0),
            ("AU20", 0.6, 0.7),
            ("AU26", 1, 0.7),
        ),
    ),
    "happiness": (
        (("AU12", 1, 0.8), ("AU6", 0.7, 0.7)),
        (("AU12", 1, 1.0), ("AU6", 0.7, 0.8), ("AU25", 1, 1.0)),
    ),
    "sadness": (
        (("AU1", 1, 0.8), ("AU4", 0.8, 0.7), ("AU15", 0.9, 0.9), ("AU17", 0.5, 0.6)),
        (("AU15", 1, 1.0), ("AU17", 0.7, 0.7), ("AU4", 0.3, 0.4), ("AU1", 0.3, 0.4)),
    ),
    "surprise": (
        (("AU1", 1, 0.9), ("AU2", 1, 0.9), ("AU5", 0.7, 0.8), ("AU26", 1, 0.9)),
        (("AU1", 1, 0.9), ("AU2", 1, 0.9), ("AU5", 0.7, 0.8), ("AU25", 0.7, 0.7)),
    ),
}
ONE_SIDED = ("contempt",)
WEAKEST, STRONGEST = 0.5, 2.0
"""Of poses below .8 viewers see an expression in 39 %, of those above 1.7 in 93 % (484 pictures, contempt left out, which is
seldom seen). Lips fold or lids close past each other in some 2 % of angry faces, of the strongest."""
NEUTRAL_SHARE = 0.25
"""Share of made pictures that stay neutral, though points were moved a little: that somebody moved points is no expression."""
A_LITTLE = 0.3
UNEVEN = (0.6, 1.25)
"""Units of one face differ from the drawn strength by this factor."""
STRAY = ("AU1", "AU2", "AU4", "AU5", "AU7", "AU12", "AU15", "AU17", "AU20", "AU24", "AU25")
"""Units that move a little in a neutral picture."""
CREASED = 0.75
"""Share of pictures with creases (``creases``)."""
DEEPEST = 1.5
"""Creases grow with the strength up to here: past it they look like soot."""
DEPTH = (0.4, 1.4)
"""How deep they are above and below the middle of the nose, each for itself, at strength 1."""


@dataclass(frozen=True, slots=True)
class Pose:
    """What one picture shows.

    Attributes:
        expression: One of ``AFFECTNET_8``.
        strength: 0-2, how strong; 0 of a neutral face.
        amounts: Unit to amount, strength included.
        side: 0 both halves of the face, -1 or 1 mostly the left or the right one of the picture.
        teeth: A mouth that opens shows them.
        creases: How deep those of the expression are above and below the middle of the nose, 0 none, 1 as deep as those of an
            ordinary face of FER+ that shows it.
    """

    expression: str
    strength: float
    amounts: Mapping[str, float]
    side: int
    teeth: bool
    creases: tuple[float, float] = (0.0, 0.0)


def draw(rng: np.random.Generator) -> Pose:
    """Return what one picture shall show."""
    if rng.random() < NEUTRAL_SHARE:
        names = rng.choice(STRAY, rng.integers(0, 4), replace=False)
        amounts = {str(name): float(rng.uniform(0, A_LITTLE)) for name in names}
        return Pose("neutral", 0.0, amounts, 0, bool(rng.random() < 0.5), _creases(rng, A_LITTLE))
    expression = str(rng.choice([name for name in AFFECTNET_8 if name in EXPRESSIONS]))
    variants = EXPRESSIONS[expression]
    chosen = variants[int(rng.integers(len(variants)))]
    strength = float(rng.uniform(WEAKEST, STRONGEST))
    amounts = {
        unit: strength * amount * float(rng.uniform(*UNEVEN))
        for unit, often, amount in chosen
        if rng.random() < often
    }
    side = int(rng.choice([-1, 1])) if expression in ONE_SIDED else 0
    return Pose(expression, strength, amounts, side, bool(rng.random() < 0.5), _creases(rng, strength))


def _creases(rng: np.random.Generator, strength: float) -> tuple[float, float]:
    if rng.random() >= CREASED:
        return 0.0, 0.0
    upper, lower = min(strength, DEEPEST) * rng.uniform(*DEPTH, 2)
    return float(upper), float(lower)
