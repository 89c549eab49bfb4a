"""What an organiser's ``challenge.toml`` says of a challenge, checked as it is read.

Conventions: days are those of UTC. Classes that a file could not name are refused in a new challenge alone; one that was kept
before is served as it is.
"""

import re
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from leaderboard.errors import LeaderboardError
from leaderboard.labels import AROUSAL, VALENCE, class_column
from leaderboard.reading.cells import NUMBER
from leaderboard.reading.forms import MAX_HEADER_CHARS
from leaderboard.schema import Column

DECLARATION = "challenge.toml"
MAX_CLASSES = 127
"""Ids are kept in eight bits."""
Metric = Literal["accuracy", "macro-f1", "ccc", "binary-f1"]
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_KEYS = {"frame": "image_location", "image": "image", "clip": "clip"}
Word = Annotated[str, Field(min_length=1, max_length=24, pattern=r"^[^,\"\n]+$")]


def _day(value: Any) -> Any:
    """Refuse a moment: pydantic would drop the offset of midnight in another zone, and so move the day."""
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    if is_day or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("expected a day such as 2027-03-31, without time and zone (days are those of UTC)")


Day = Annotated[date, BeforeValidator(_day)]


class ChallengeInvalid(LeaderboardError):
    """A challenge's declaration or its labels cannot be used."""


class Window(BaseModel):
    """When and how often one may submit, and what the labels are.

    Attributes:
        split: What the labels are.
        per_day: Scored submissions per user and day.
        in_all: Scored submissions per user altogether.
        opens: First day of submissions.
        closes: Last day of submissions, after which the table is frozen.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    split: Word = "test"
    per_day: Annotated[int, Field(ge=1, le=1000)] = 5
    in_all: Annotated[int, Field(ge=1)] = 100
    opens: Day | None = None
    closes: Day | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Window":
        if self.opens and self.closes and self.closes < self.opens:
            raise ValueError(f"closes on {self.closes}, which is before it opens on {self.opens}")
        return self


class PhaseDeclared(Window):
    """One ``[[phases]]`` of a challenge that has several.

    Attributes:
        name: Lower-case letters and digits; ends the task's name.
        labels: Name of the file or folder with its labels, beside ``challenge.toml``.
        split: What the labels are; the phase's name if it is not said.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9]{1,16}$")]
    labels: Annotated[str, Field(pattern=r"^[^./\\][^/\\]*$")]
    split: Word = ""


class Declaration(Window):
    """What ``challenge.toml`` says.

    Attributes:
        title: Short human name.
        metric: ``accuracy``, ``macro-f1`` (over all classes), ``ccc`` (valence and arousal) or ``binary-f1`` (mean
            over the columns of ``classes``, each 0 or 1).
        classes: Class names in the order of their ids from 0; for ``binary-f1`` the columns; none for ``ccc``.
        key: What a row is: ``clip``, ``image`` or ``frame`` of a video.
        about: One line on what is measured.
        licence: Under which the labels were given.
        phases: None where split, days and limits stand in the declaration itself; else each has its own.
    """

    title: Annotated[str, Field(min_length=1, max_length=80)]
    metric: Metric
    classes: tuple[Word, ...] = ()
    key: Literal["frame", "image", "clip"] = "clip"
    about: Annotated[str, Field(max_length=300)] = ""
    licence: Annotated[str, Field(max_length=300)] = ""
    phases: tuple[PhaseDeclared, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> "Declaration":
        if (self.metric == "ccc") == bool(self.classes):
            raise ValueError("classes must be given, except for ccc, which has valence and arousal")
        if self.metric in ("accuracy", "macro-f1") and len(self.classes) < 2:
            raise ValueError("classes must be two or more")
        if self.phases and (own := self.model_fields_set & set(Window.model_fields)):
            raise ValueError(f"{', '.join(sorted(own))} must stand in each of the phases")
        if len({phase.name for phase in self.phases}) < len(self.phases):
            raise ValueError("two phases have the same name")
        return self

    @property
    def columns(self) -> tuple[Column, ...]:
        """What a row of a file predicts."""
        if self.metric == "ccc":
            return VALENCE, AROUSAL
        if self.metric == "binary-f1":
            return tuple(Column(label, "binary") for label in self.classes)
        return (class_column("label", tuple(label.lower() for label in self.classes)),)

    @property
    def header(self) -> str:
        """First line of a file."""
        return ",".join([_KEYS[self.key], *(column.name for column in self.columns)])


def read_declaration(path: Path) -> Declaration:
    """Return what a ``challenge.toml`` says.

    Raises:
        ChallengeInvalid: It cannot be read, or says what it must not; the message names its file and field.
    """
    try:
        return Declaration.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the declaration"
        raise ChallengeInvalid(f"{path}: {field}: {first['msg'].removeprefix('Value error, ')}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ChallengeInvalid(f"{path}: expected a TOML file ({error})") from error


def wrong_classes(declared: Declaration) -> str:
    """Return why a file could not name the classes, or only with another meaning; what was kept before is served as it is."""
    by_id = declared.metric != "binary-f1"
    for index, name in enumerate(declared.classes):
        if name != name.strip():
            return f"{name!r} begins or ends with a blank; write it without"
        if name.lower() in (earlier.lower() for earlier in declared.classes[:index]):
            return f"{name!r} stands twice; names must differ in more than capitals"
        if by_id and NUMBER.fullmatch(name):
            return f"{name!r} reads as a number, so it would be taken for the id of a class; write a word"
    if by_id and len(declared.classes) > MAX_CLASSES:
        return f"{len(declared.classes)} classes, expected at most {MAX_CLASSES}"
    if (size := len(declared.header.encode())) > MAX_HEADER_CHARS:
        most = f"expected at most {MAX_HEADER_CHARS}; write fewer or shorter names"
        return f"the header of a file would have {size} bytes, {most}"
    return ""
