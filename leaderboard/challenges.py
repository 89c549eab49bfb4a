"""An organiser's own challenge: a folder of labels and a declaration of some ten lines, served beside the built-in tasks.

Layout: ``<challenges>/<name>/challenge.toml`` and ``labels``, in which lie the labels (a file or folder in any form that
reference labels may have) and ``.salt`` (random bytes, see ``standings.shown``). A challenge of several phases has
``labels/<phase>`` instead, and each phase is a task of its own, ``<name>-<phase>``: it has its labels, days, limits and
table. ``<challenges>`` is ``FEMO_CHALLENGES``, else ``challenges`` in the folder that ``FEMO_STORE`` names, else
``~/.femo/challenges``, in which earlier ones of a board elsewhere may lie and are served too.
"""

import logging
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from leaderboard.declaration import (
    DECLARATION,
    ChallengeInvalid,
    Declaration,
    Metric,
    Window,
    read_declaration,
    wrong_classes,
)
from leaderboard.errors import LeaderboardError
from leaderboard.reading.reference import SALT, load_reference
from leaderboard.schema import Family, Task
from leaderboard.store.hub import SCHEME
from leaderboard.tasks import TASKS, UNSERVED, register

_LOG = logging.getLogger(__name__)
_FAMILIES: Mapping[Metric, tuple[Family, str]] = {
    "accuracy": ("accuracy", "accuracy"),
    "macro-f1": ("classes", "macro F1"),
    "ccc": ("valence-arousal", "mean CCC"),
    "binary-f1": ("action-units", "mean F1"),
}


def challenges_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where new challenges are kept."""
    return _folders(environment)[0]


def _folders(environment: Mapping[str, str]) -> list[Path]:
    """Return where challenges are looked for; of two with one name the first is served."""
    if said := environment.get("FEMO_CHALLENGES"):
        return [Path(said)]
    at_home = [Path.home() / ".femo" / "challenges"]
    store = environment.get("FEMO_STORE") or ""
    return at_home if not store or store.startswith(SCHEME) else [Path(store) / "challenges", *at_home]


def open_challenges(environment: Mapping[str, str] = os.environ) -> list[Task]:
    """Serve every challenge beside the built-in tasks and return them.

    One that cannot be served takes no other away: the host's log names it, and so does whoever asks for it.
    """
    served: list[Task] = []
    told = dict(UNSERVED)
    UNSERVED.clear()
    # what begins with a dot is a copy that ``new_challenge`` has not finished, or never will
    found = [path for folder in _folders(environment) for path in folder.glob(f"[!.]*/{DECLARATION}")]
    for name, path in sorted({path.parent.name: path for path in reversed(found)}.items()):
        try:
            tasks = _tasks(name, read_declaration(path), path.parent)
            _refuse_taken(tasks, served)
            register(*tasks)
        except LeaderboardError as error:
            # visitors see no folder of the host
            UNSERVED[name] = str(error).replace(str(path), f"{name}/{DECLARATION}")
            if told.get(name) != UNSERVED[name]:
                _LOG.error("%s; the challenge %s is not served", error, name)
        else:
            served += tasks
    return served


def _refuse_taken(tasks: list[Task], served: list[Task]) -> None:
    """Raise ChallengeInvalid if a challenge before this one has one of the names: ``x`` with a phase ``dev``, and ``x-dev``."""
    taken = {task.name for task in served}
    for task in tasks:
        if task.name in taken:
            raise ChallengeInvalid(
                f"a task of another challenge is called {task.name} already; rename one of their folders"
            )


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
    declared = read_declaration(source / DECLARATION)
    if wrong := wrong_classes(declared):
        raise ChallengeInvalid(f"{source / DECLARATION}: classes: {wrong}")
    tasks = _tasks(name, declared, target)
    kept = any((folder / name).exists() for folder in _folders(environment))
    if kept or any(task.name in TASKS for task in tasks):
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
    register(*tasks)
    return tasks


def _copy(paths: list[Path], folder: Path) -> None:
    """Copy what holds the labels into ``folder``; of a single folder what is in it."""
    if len(paths) == 1 and paths[0].is_dir():
        shutil.copytree(paths[0], folder)
        return
    folder.mkdir(parents=True)
    for path in paths:
        (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)


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
