"""Class orders of the challenges, and the columns that a prediction file holds.

Conventions: names are lower case and stand in the order of their ids, which start at 0 except where ``Column.low``
says otherwise. Orders follow the headers of the ABAW annotation files, AFEW's folders in alphabetical order, VGAF's
label files, AffectNet's and UTKFace's own codes.
"""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["class", "binary", "real"]


@dataclass(frozen=True, slots=True)
class Column:
    """One predicted quantity.

    Attributes:
        name: Column name in tables and messages.
        kind: ``class`` (an id or a name), ``binary`` (0 or 1) or ``real``.
        low: Smallest allowed value.
        high: Largest allowed value; ids lie in low ... high.
        names: Class names by id, lower case.
        aliases: Other spellings in use, to their id.
        invalid: Label that marks a row as not annotated, in the reference only.
    """

    name: str
    kind: Kind
    low: float = 0
    high: float = 1
    names: tuple[str, ...] = ()
    aliases: tuple[tuple[str, int], ...] = ()
    invalid: float = -1

    @property
    def expected(self) -> str:
        """What a cell may hold, for a message."""
        if self.kind == "real":
            return f"a number in [{self.low:g}, {self.high:g}]"
        if self.kind == "binary":
            return "0 or 1"
        return f"a class id {self.low:g}-{self.high:g} or one of {', '.join(self.names)}"


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
