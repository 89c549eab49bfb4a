"""Class orders of the challenges, and the columns that a prediction file holds.

Conventions: names are lower case and stand in the order of their ids, which start at 0 except where ``Column.low``
says otherwise. Orders follow the headers of the ABAW annotation files, AFEW's folders in alphabetical order,
VGAF's label files, AffectNet's and UTKFace's own codes.
"""

from typing import Final

from leaderboard.schema import Column

EXPRESSIONS: Final = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "other")
ACTION_UNITS: Final = ("AU1", "AU2", "AU4", "AU6", "AU7", "AU10", "AU12", "AU15", "AU23", "AU24", "AU25", "AU26")
COMPOUND: Final = (
    "fearfully_surprised",
    "happily_surprised",
    "sadly_surprised",
    "disgustedly_surprised",
    "angrily_surprised",
    "sadly_fearful",
    "sadly_angry",
)
LSD: Final = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
AFEW: Final = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
VGAF: Final = ("positive", "neutral", "negative")
AFFECTNET: Final = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
GENDERS: Final = ("male", "female")
ETHNICITIES: Final = ("white", "black", "asian", "indian", "other")


def class_column(
    name: str, names: tuple[str, ...], aliases: tuple[tuple[str, int], ...] = (), low: int = 0
) -> Column:
    """Return a column of class ids that start at ``low``."""
    return Column(name, "class", low, low + len(names) - 1, names, aliases)


VALENCE, AROUSAL = (Column(name, "real", -1, 1, invalid=-5) for name in ("valence", "arousal"))
UNIT_COLUMNS: Final = tuple(Column(name, "binary") for name in ACTION_UNITS)
EXPR_HEADER = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
AU_HEADER = ",".join(ACTION_UNITS)
CE_HEADER = (
    "Fearfully_Surprised,Happily_Surprised,Sadly_Surprised,Disgustedly_Surprised,"
    "Angrily_Surprised,Sadly_Fearful,Sadly_Angry"
)
