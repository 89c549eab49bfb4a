"""An organiser's own challenge: a folder of labels and a declaration of some ten lines, served beside the built-in tasks.

Layout: ``<challenges>/<name>/challenge.toml``, ``labels`` (a file or folder in any form that reference labels may have)
and ``.salt`` (random bytes, see ``standings.shown``). ``<challenges>`` is ``FEMO_CHALLENGES`` or ``~/.femo/challenges``.
"""

import os
import re
import secrets
import shutil
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from leaderboard.errors import LeaderboardError
from leaderboard.labels import AROUSAL, VALENCE, class_column
from leaderboard.reading.reference import SALT, load_reference
from leaderboard.schema import Column, Family, Task
from leaderboard.tasks import TASKS, register

DECLARATION = "challenge.toml"
Metric = Literal["accuracy", "macro-f1", "ccc", "binary-f1"]
_FAMILIES: Mapping[Metric, tuple[Family, str]] = {
    "accuracy": ("accuracy", "accuracy"),
    "macro-f1": ("classes", "macro F1"),
    "ccc": ("valence-arousal", "mean CCC"),
    "binary-f1": ("action-units", "mean F1"),
}
_KEYS = {"frame": "image_location", "image": "image", "clip": "clip"}
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Word = Annotated[str, Field(min_length=1, max_length=24, pattern=r"^[^,\"\n]+$")]


class ChallengeInvalid(LeaderboardError):
    """A challenge's declaration or its labels cannot be used."""


class Declaration(BaseModel):
    """What ``challenge.toml`` says.

    Attributes:
        title: Short human name.
        metric: ``accuracy``, ``macro-f1`` (over all classes), ``ccc`` (valence and arousal) or ``binary-f1`` (mean
            over the columns of ``classes``, each 0 or 1).
        classes: Class names in the order of their ids from 0; for ``binary-f1`` the columns; none for ``ccc``.
        key: What a row is: ``clip``, ``image`` or ``frame`` of a video.
        about: One line on what is measured.
        split: What the labels are.
        licence: Under which they were given.
        per_day: Scored submissions per user and day.
        in_all: Scored submissions per user altogether.
        opens: First day of submissions.
        closes: Last day of submissions, after which the table is frozen.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Annotated[str, Field(min_length=1, max_length=80)]
    metric: Metric
    classes: tuple[Word, ...] = ()
    key: Literal["frame", "image", "clip"] = "clip"
    about: Annotated[str, Field(max_length=300)] = ""
    split: Word = "test"
    licence: Annotated[str, Field(max_length=300)] = ""
    per_day: Annotated[int, Field(ge=1, le=1000)] = 5
    in_all: Annotated[int, Field(ge=1)] = 100
    opens: date | None = None
    closes: date | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Declaration":
        if (self.metric == "ccc") == bool(self.classes):
            raise ValueError("classes must be given, except for ccc, which has valence and arousal")
        if self.metric in ("accuracy", "macro-f1") and len(self.classes) < 2:
            raise ValueError("classes must be two or more")
        return self


def challenges_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where challenges are kept."""
    return Path(environment.get("FEMO_CHALLENGES") or Path.home() / ".femo" / "challenges")


def open_challenges(environment: Mapping[str, str] = os.environ) -> list[Task]:
    """Serve every challenge beside the built-in tasks and return them.

    Raises:
        ChallengeInvalid: A declaration is wrong; the message names its file and field.
    """
    tasks = [
        read_challenge(path.parent) for path in sorted(challenges_folder(environment).glob(f"*/{DECLARATION}"))
    ]
    for task in tasks:
        register(task)
    return tasks


def read_challenge(folder: Path, name: str = "") -> Task:
    """Return the task that ``folder/challenge.toml`` declares.

    Args:
        folder: Holds the declaration and the labels.
        name: Task name, or empty for the folder's.

    Raises:
        ChallengeInvalid: The declaration is wrong.
    """
    path = folder / DECLARATION
    try:
        declared = Declaration.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the declaration"
        raise ChallengeInvalid(f"{path}: {field}: {first['msg'].removeprefix('Value error, ')}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ChallengeInvalid(f"{path}: expected a TOML file ({error})") from error
    return _task(name or folder.name, declared, folder)


def new_challenge(name: str, source: Path, environment: Mapping[str, str] = os.environ) -> Task:
    """Take a folder with ``challenge.toml`` and labels, check both, keep a copy and serve it.

    Args:
        name: Name of the new task: lower-case letters, digits and hyphens.
        source: Folder with the declaration, and beside it the labels: one file, or a folder.
        environment: Says where challenges are kept.

    Raises:
        ChallengeInvalid: The name is taken or no name, or declaration or labels cannot be used.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name) or name.startswith("sandbox-"):
        raise ChallengeInvalid(
            f"{name!r} is no task name, expected up to 40 lower-case letters, digits and hyphens"
        )
    target = challenges_folder(environment) / name
    if name in TASKS or target.exists():
        raise ChallengeInvalid(f"a task is called {name} already")
    task = read_challenge(source, name)
    labels = [path for path in sorted(source.iterdir()) if path.name != DECLARATION and path.name[:1] != "."]
    if not labels:
        raise ChallengeInvalid(f"{source}: expected the labels beside {DECLARATION}, a file or a folder")
    load_reference(task, labels[0] if len(labels) == 1 else source)
    part = target.with_name(f".{name}.part")
    shutil.rmtree(part, ignore_errors=True)
    (part / "labels").mkdir(parents=True)
    for path in labels:
        (shutil.copytree if path.is_dir() else shutil.copy)(path, part / "labels" / path.name)
    shutil.copy(source / DECLARATION, part / DECLARATION)
    (part / "labels" / SALT).write_bytes(secrets.token_bytes(32))
    part.rename(target)
    task = read_challenge(target)
    register(task)
    return task


def _task(name: str, declared: Declaration, folder: Path) -> Task:
    family, main = _FAMILIES[declared.metric]
    columns: tuple[Column, ...]
    if declared.metric == "ccc":
        columns = (VALENCE, AROUSAL)
    elif declared.metric == "binary-f1":
        columns = tuple(Column(label, "binary") for label in declared.classes)
    else:
        columns = (class_column("label", tuple(label.lower() for label in declared.classes)),)
    header = ",".join([_KEYS[declared.key], *(column.name for column in columns)])
    key = "video/00001.jpg" if declared.key == "frame" else f"the {declared.key}'s name"
    values = "one of " + ", ".join(declared.classes) if family in ("accuracy", "classes") else "the values"
    labels = folder / "labels"
    inside = list(labels.iterdir()) if labels.is_dir() else []
    single = [path for path in inside if not path.name.startswith(".")]
    return Task(
        name=name,
        title=declared.title,
        about=declared.about or f"{declared.title}: {main}.",
        family=family,
        metric=declared.metric,
        main=main,
        parts=("ccc_valence", "ccc_arousal") if declared.metric == "ccc" else (),
        columns=columns,
        key=declared.key,
        headers=(header,),
        split=declared.split,
        quota_per_day=declared.per_day,
        quota_in_all=declared.in_all,
        opens=str(declared.opens or ""),
        closes=str(declared.closes or ""),
        licence=declared.licence,
        labels=single[0] if len(single) == 1 and single[0].is_dir() else labels,
        format=f"One CSV with the header `{header}`: {key}, then {values}.",
    )
