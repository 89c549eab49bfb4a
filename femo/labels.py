"""Class orders, each written in this one place.

Conventions: labels are lower-case; the position of a label is its class index in every array of femo. A
model folder names one of these orders (see ``ORDERS``), so weights and label order travel together.
"""

from typing import Final

AFFECTNET_8: Final = (
    "anger",
    "contempt",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
)
"""AffectNet's eight classes in alphabetical order (EmotiEffLib and the SISY 2021 networks)."""

AFFECTNET_7: Final = tuple(label for label in AFFECTNET_8 if label != "contempt")
"""AffectNet's seven classes: the eight without contempt."""

ABAW_EXPR: Final = (
    "neutral",
    "anger",
    "disgust",
    "fear",
    "happiness",
    "sadness",
    "surprise",
    "other",
)
"""ABAW3 and later, expression classes 0-7."""

ABAW_AU: Final = ("AU1", "AU2", "AU4", "AU6", "AU7", "AU10", "AU12", "AU15", "AU23", "AU24", "AU25", "AU26")
"""The twelve action units of ABAW3 and later."""

ABAW_EXPR_HEADER: Final = tuple(label.capitalize() for label in ABAW_EXPR)
ABAW_MTL_HEADER: Final = "image,valence,arousal,expression,aus"
"""First lines of ABAW's files; those of valence and arousal and of action units are their labels."""

VALENCE_AROUSAL: Final = ("valence", "arousal")

AFEW_7: Final = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
"""AFEW's folder names Angry 0, Disgust 1, Fear 2, Happy 3, Neutral 4, Sad 5, Surprise 6."""

VGAF_3: Final = ("positive", "neutral", "negative")
"""VGAF's file labels 1 Positive, 2 Neutral, 3 Negative, minus one."""

GENDER: Final = ("female", "male")

ETHNICITY_5: Final = ("white", "black", "asian", "indian", "other")
"""UTKFace's classes 0-4; "other" holds Latino and Middle Eastern among others."""

AGE_MAX_YEARS: Final = 101
AGE: Final = tuple(str(years) for years in range(1, AGE_MAX_YEARS + 1))
"""One class per year of age, 1 ... 101 (SISY 2021, section 3.1: 1, 2, ... C_a years old)."""

ORDERS: Final[dict[str, tuple[str, ...]]] = {
    "affectnet-8": AFFECTNET_8,
    "affectnet-7": AFFECTNET_7,
    "abaw-expr": ABAW_EXPR,
    "abaw-au": ABAW_AU,
    "valence-arousal": VALENCE_AROUSAL,
    "afew-7": AFEW_7,
    "vgaf-3": VGAF_3,
    "gender": GENDER,
    "ethnicity-5": ETHNICITY_5,
    "age": AGE,
    "age-100": AGE[:100],
}
"""Every order by the name that a model folder's config uses."""
