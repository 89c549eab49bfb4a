"""An organiser's own challenge: a folder of labels and a declaration of some ten lines, served beside the built-in tasks.

Layout: ``<challenges>/<name>/challenge.toml`` and ``labels``, in which lie the labels (a file or folder in any form that
reference labels may have) and ``.salt`` (random bytes, see ``standings.shown``). A challenge of several phases has
``labels/<phase>`` instead, and each phase is a task of its own, ``<name>-<phase>``: it has its labels, days, limits and
table. ``<challenges>`` is ``FEMO_CHALLENGES`` or ``~/.femo/challenges``.
"""

import os
import re
import secrets
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from leaderboard.errors import LeaderboardError
from leaderboard.labels import AROUSAL, VALENCE, class_column
from leaderboard.reading.cells import NUMBER
from leaderboard.reading.forms import MAX_HEADER_CHARS
from leaderboard.reading.reference import SALT, load_reference
from leaderboard.schema import Column, Family, Task
from leaderboard.tasks import TASKS, register

DECLARATION = "challenge.toml"
MAX_CLASSES = 127
"""Ids are kept in eight bits."""
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
    opens: date | None = None
    closes: date | None = None

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


def challenges_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where challenges are kept."""
    return Path(environment.get("FEMO_CHALLENGES") or Path.home() / ".femo" / "challenges")


def open_challenges(environment: Mapping[str, str] = os.environ) -> list[Task]:
    """Serve every challenge beside the built-in tasks and return them.

    Raises:
        ChallengeInvalid: A declaration is wrong; the message names its file and field.
    """
    declarations = sorted(challenges_folder(environment).glob(f"*/{DECLARATION}"))
    tasks = [task for path in declarations for task in _tasks(path.parent.name, _declared(path), path.parent)]
    for task in tasks:
        register(task)
    return tasks


def new_challenge(name: str, source: Path, environment: Mapping[str, str] = os.environ) -> list[Task]:
    """Take a folder with ``challenge.toml`` and labels, check both, keep a copy and serve it.

    Args:
        name: Name of the new task: lower-case letters, digits and hyphens.
        source: Folder with the declaration, and beside it the labels: one file, or a folder; of several phases those
            that each phase names.
        environment: Says where challenges are kept.

    Returns:
        One task, or one for each phase.

    Raises:
        ChallengeInvalid: The name is taken or no name, or declaration or labels cannot be used.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name) or name.startswith("sandbox-"):
        raise ChallengeInvalid(
            f"{name!r} is no task name, expected up to 40 lower-case letters, digits and hyphens"
        )
    target = challenges_folder(environment) / name
    declared = _declared(source / DECLARATION)
    if wrong := _wrong_classes(declared):
        raise ChallengeInvalid(f"{source / DECLARATION}: classes: {wrong}")
    tasks = _tasks(name, declared, target)
    if target.exists() or any(task.name in TASKS for task in tasks):
        raise ChallengeInvalid(f"a task is called {name} already")
    part = target.with_name(f".{name}.part")
    shutil.rmtree(part, ignore_errors=True)
    for task, paths in zip(tasks, _labels_of(declared, source), strict=True):
        folder = part / "labels" / task.phase
        _copy(paths, folder)
        (folder / SALT).write_bytes(secrets.token_bytes(32))
        try:
            load_reference(task, folder)
        except LeaderboardError:
            shutil.rmtree(part)
            raise
    shutil.copy(source / DECLARATION, part / DECLARATION)
    part.rename(target)
    for task in tasks:
        register(task)
    return tasks


def _copy(paths: list[Path], folder: Path) -> None:
    """Copy what holds the labels into ``folder``; of a single folder what is in it."""
    if len(paths) == 1 and paths[0].is_dir():
        shutil.copytree(paths[0], folder)
        return
    folder.mkdir(parents=True)
    for path in paths:
        (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)


def _declared(path: Path) -> Declaration:
    try:
        return Declaration.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the declaration"
        raise ChallengeInvalid(f"{path}: {field}: {first['msg'].removeprefix('Value error, ')}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ChallengeInvalid(f"{path}: expected a TOML file ({error})") from error


def _wrong_classes(declared: Declaration) -> str:
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


def _labels_of(declared: Declaration, source: Path) -> list[list[Path]]:
    """Return the label files or folders of each phase, or of the one that there is."""
    if declared.phases:
        paths = [[source / phase.labels] for phase in declared.phases]
    else:
        paths = [[path for path in sorted(source.iterdir()) if path.name != DECLARATION and path.name[:1] != "."]]
    for (path, *_), phase in zip((found or [source / "labels"] for found in paths), paths, strict=True):
        if not phase or not path.exists():
            raise ChallengeInvalid(f"{path}: expected the labels beside {DECLARATION}, a file or a folder")
    return paths


def _tasks(name: str, declared: Declaration, folder: Path) -> list[Task]:
    """Return the challenge's task, or those of its phases."""
    if not declared.phases:
        return [_task(name, declared, declared, folder / "labels")]
    tasks = [
        _task(f"{name}-{phase.name}", declared, phase, folder / "labels" / phase.name) for phase in declared.phases
    ]
    names = tuple(task.name for task in tasks)
    return [
        replace(
            task,
            title=f"{declared.title}: {phase.name}",
            split=phase.split or phase.name,
            phase=phase.name,
            phases=names,
        )
        for task, phase in zip(tasks, declared.phases, strict=True)
    ]


def _task(name: str, declared: Declaration, window: Window, labels: Path) -> Task:
    family, main = _FAMILIES[declared.metric]
    key = "video/00001.jpg" if declared.key == "frame" else f"the {declared.key}'s name"
    values = "one of " + ", ".join(declared.classes) if family in ("accuracy", "classes") else "the values"
    return Task(
        name=name,
        title=declared.title,
        about=declared.about or f"{declared.title}: {main}.",
        family=family,
        metric=declared.metric,
        main=main,
        parts=("ccc_valence", "ccc_arousal") if declared.metric == "ccc" else (),
        columns=declared.columns,
        key=declared.key,
        headers=(declared.header,),
        split=window.split,
        quota_per_day=window.per_day,
        quota_in_all=window.in_all,
        opens=str(window.opens or ""),
        closes=str(window.closes or ""),
        licence=declared.licence,
        labels=labels,
        format=f"One CSV with the header `{declared.header}`: {key}, then {values}.",
    )
