"""Coefficients of the prior heads: what the literature says of valence, arousal and action units per expression.

These are no measurements of the face at hand: a prior head only restates the expression probabilities. AU6 of a
real smile, for example, cannot be told from that of a posed one.
"""

from typing import Any, Final

from femo.labels import ABAW_AU

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
