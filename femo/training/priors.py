"""Coefficients of the prior heads: what the literature says of valence, arousal and action units per expression.

These are no measurements of the face at hand: a prior head only restates the expression probabilities. AU6 of a
real smile, for example, cannot be told from that of a posed one.
"""

from typing import Any, Final

from femo.labels import ABAW_AU, AFEW_7

OFTEN: Final = 0.85
"""Stands for "more than 70 % of the subjects" in Du et al., the middle of 70-100 %."""

VALENCE_AROUSAL: Final = {
    "happiness": (0.81, 0.51),
    "surprise": (0.40, 0.67),
    "anger": (-0.51, 0.59),
    "disgust": (-0.60, 0.35),
    "fear": (-0.64, 0.60),
    "sadness": (-0.63, -0.27),
    "contempt": (-0.35, 0.35),
    "neutral": (0.0, 0.0),
}
VALENCE_AROUSAL_CITATION: Final = (
    "Russell & Mehrabian 1977, Evidence for a three-factor theory of emotions, J. Research in Personality 11:273-294, "
    "pleasure and arousal of happy, surprised, angry, disgusted, fearful, sad; contempt is their 'scornful', the "
    "nearest term; neutral is the origin by definition"
)

ACTION_UNITS: Final[dict[str, dict[str, float]]] = {
    "happiness": {"AU12": OFTEN, "AU25": OFTEN, "AU6": 0.51},
    "sadness": {"AU4": OFTEN, "AU15": OFTEN, "AU1": 0.60, "AU6": 0.50},
    "fear": {"AU1": OFTEN, "AU4": OFTEN, "AU25": OFTEN, "AU2": 0.57, "AU26": 0.33},
    "anger": {"AU4": OFTEN, "AU7": OFTEN, "AU24": OFTEN, "AU10": 0.26, "AU23": 0.29},
    "surprise": {"AU1": OFTEN, "AU2": OFTEN, "AU25": OFTEN, "AU26": OFTEN},
    "disgust": {"AU10": OFTEN, "AU4": 0.31, "AU24": 0.26},
    "contempt": {"AU12": OFTEN},
    "neutral": {},
}
ACTION_UNITS_CITATION: Final = (
    "Du, Tao & Martinez 2014, Compound facial expressions of emotion, PNAS 111(15):E1454-E1462, Table 1: share of "
    f"subjects who use the unit; 'more than 70 %' is taken as {OFTEN}; units outside ABAW's twelve are left out; "
    "contempt after EMFACS (AU12 and AU14 on one side)"
)


def prior_heads() -> dict[str, Any]:
    """Return both heads in the form of ``config.json``."""
    units = {label: [row.get(unit, 0.0) for unit in ABAW_AU] for label, row in ACTION_UNITS.items()}
    return {
        "valence_arousal": {
            "labels": "valence-arousal",
            "kind": "regression",
            "source": "prior",
            "coefficients": {label: list(row) for label, row in VALENCE_AROUSAL.items()},
            "citation": VALENCE_AROUSAL_CITATION,
        },
        "action_units": {
            "labels": "abaw-au",
            "kind": "independent",
            "source": "prior",
            "coefficients": units,
            "citation": ACTION_UNITS_CITATION,
        },
    }


GROUP: Final = {
    "happiness": (1.0, 0.0, 0.0),
    "surprise": (0.4, 0.6, 0.0),
    "neutral": (0.0, 1.0, 0.0),
    "anger": (0.0, 0.0, 1.0),
    "contempt": (0.0, 0.0, 1.0),
    "disgust": (0.0, 0.0, 1.0),
    "fear": (0.0, 0.0, 1.0),
    "sadness": (0.0, 0.0, 1.0),
}
"""Positive, neutral, negative (``femo.labels.VGAF_3``)."""
GROUP_CITATION: Final = (
    "mapping by the sign of the pleasure that Russell & Mehrabian 1977 give each emotion: happiness is positive; anger, "
    "contempt, disgust, fear and sadness are negative; neutral is neutral. Surprise has a pleasure of 0.40 and can be "
    "either, so 0.4 of it counts as positive and the rest as neutral. Probabilities are averaged over faces, then moments"
)
AFEW_CITATION: Final = (
    "AFEW's seven classes are AffectNet's eight without contempt, which is left out and the rest renormalised (SISY 2021, "
    "section 3.2, way 2); probabilities are averaged over the frames of the person who is seen longest"
)


def clip_heads() -> dict[str, Any]:
    """Return the prior heads of whole clips in the form of ``config.json``."""
    return {
        "group": {
            "labels": "vgaf-3",
            "kind": "distribution",
            "source": "prior",
            "coefficients": {label: list(row) for label, row in GROUP.items()},
            "citation": GROUP_CITATION,
        },
        "afew": {
            "labels": "afew-7",
            "kind": "distribution",
            "source": "prior",
            "coefficients": {label: [float(label == other) for other in AFEW_7] for label in AFEW_7},
            "citation": AFEW_CITATION,
        },
    }
