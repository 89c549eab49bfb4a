"""Published results, read from ``published/``: one JSON file per task, one file per row in a folder of the task's name
(which a pull request adds), and ``sources.json`` with the citations.

Conventions: scores are fractions (years for UTKFace) as in the reports; ``main`` is None where a rank is known but
no score was found. ``subset`` names the items that the figure was computed on: ``complete``, or what was left out.
``source`` is the work that the system comes from, ``via`` the work that its figure was read in, if another.
Nothing here was scored by this project, and every row says so.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leaderboard.errors import LeaderboardError
from leaderboard.schema import Task
from leaderboard.tasks import TASKS

FOLDER = Path(__file__).parents[1] / "published"
_LIMITS = {"multi-task": (0.0, 3.0), "valence-arousal": (-1.0, 1.0), "faces": (0.0, 120.0)}
"""Range of the main score by task family; every other family has a fraction."""


class PublishedInvalid(LeaderboardError):
    """A file of published results breaks its own rules."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A work that a figure comes from.

    Attributes:
        key: Name in ``sources.json``.
        title: Title of the paper, repository or notebook.
        authors: As printed, or empty where the source does not say.
        venue: Where it appeared, or empty.
        year: Year, or None where the source does not say.
        url: Page to open (``https``), or empty.
        note: How the work was read, if not directly.
    """

    key: str
    title: str
    authors: str = ""
    venue: str = ""
    year: int | None = None
    url: str = ""
    note: str = ""

    def __str__(self) -> str:
        parts = (self.authors, self.title, self.venue, str(self.year or ""), self.note)
        return ". ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One published figure.

    Attributes:
        task: Task name.
        system: What was scored.
        main: Main score, or None where no source gives it.
        split: Split of the data set.
        subset: ``complete``, or which items were counted.
        n: Items counted, or None where the source does not say.
        year: Year of the system, or None.
        source: Work that the system comes from.
        team: Who, or empty where the source names only the method.
        parts: Components by the task's names.
        edition: Edition of the challenge (``ABAW3``), or empty.
        via: Work in which the figure was read, if another one.
        where: Table or section.
        note: What a reader must know before comparing.
        challenge_rank: Official rank, or None.
        spread: Standard deviation printed beside the score, or None.
        printed: The figure as printed, where rounding matters.
        per_class: F1 by class or unit, in the task's order; empty where the source has none.
    """

    task: str
    system: str
    main: float | None
    split: str
    subset: str
    n: int | None
    year: int | None
    source: Citation
    team: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    edition: str = ""
    via: Citation | None = None
    where: str = ""
    note: str = ""
    challenge_rank: int | None = None
    spread: float | None = None
    printed: str = ""
    per_class: Mapping[str, float] = field(default_factory=dict)


class _CitationJson(BaseModel):
    """A citation as it stands in ``sources.json``."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Annotated[str, Field(min_length=1)]
    authors: str = ""
    venue: str = ""
    year: int | None = None
    url: Annotated[str, Field(pattern="^(https://|$)")] = ""
    doi: str = ""
    arxiv: str = ""
    note: str = ""


class _RowJson(BaseModel):
    """A row as it stands in a file; ``_problem`` checks what depends on the task."""

    model_config = ConfigDict(extra="forbid", strict=True)

    system: Annotated[str, Field(min_length=1)]
    main: float | None
    split: Annotated[str, Field(min_length=1)]
    subset: Annotated[str, Field(min_length=1)]
    n: float | None
    year: int | None
    source: str
    team: str = ""
    parts: dict[str, float] = {}
    edition: str = ""
    via: str | None = None
    where: str = ""
    note: str = ""
    challenge_rank: int | None = None
    spread: float | None = None
    printed: str = ""
    per_class: dict[str, float] = {}


@cache
def published(task: str) -> tuple[PublishedRow, ...]:
    """Return the published rows of a task; empty where there are none. Read once per process.

    Raises:
        PublishedInvalid: A row breaks a rule; the message names file, row and rule.
    """
    if task not in TASKS or TASKS[task].labels is not None:
        return ()
    paths = [path for path in (FOLDER / f"{task}.json",) if path.is_file()]
    return read_rows([*paths, *sorted((FOLDER / task).glob("*.json"))], TASKS[task], citations())


@cache
def citations() -> Mapping[str, Citation]:
    """Return every citation by its key. Read once per process."""
    data = json.loads((FOLDER / "sources.json").read_text(encoding="utf-8"))
    return {key: _citation(key, entry) for key, entry in data.items()}


def _citation(key: str, entry: Any) -> Citation:
    try:
        given = _CitationJson.model_validate(entry)
    except ValidationError as error:
        raise PublishedInvalid(f"sources.json, {key}: {_shape_problem(error)}") from error
    doi, arxiv = (
        given.doi and f"https://doi.org/{given.doi}",
        given.arxiv and f"https://arxiv.org/abs/{given.arxiv}",
    )
    return Citation(key, **given.model_dump(exclude={"doi", "arxiv", "url"}), url=given.url or doi or arxiv)


def read_rows(paths: Sequence[Path], task: Task, sources: Mapping[str, Citation]) -> tuple[PublishedRow, ...]:
    """Return the rows of some files, checked.

    Args:
        paths: JSON files, each with a list of rows or with one row.
        task: The task that they belong to.
        sources: Citations by key.

    Raises:
        PublishedInvalid: A row breaks a rule; the message names file, row and rule.
    """
    rows: list[PublishedRow] = []
    seen: set[tuple[object, ...]] = set()
    for place, data in _places(paths):
        row = _checked_row(data, task, sources, place)
        identity = (row.system, row.team, row.split, row.edition, row.subset, row.source.key, row.where)
        if identity in seen:
            raise PublishedInvalid(f"{place}: {row.system!r} stands there twice")
        seen.add(identity)
        rows.append(row)
    return tuple(rows)


def _places(paths: Sequence[Path]) -> Iterator[tuple[str, Any]]:
    """Yield (file and row, its JSON)."""
    for path in paths:
        data = json.loads(path.read_text(encoding="utf-8"))
        for number, row in enumerate(data if isinstance(data, list) else [data], start=1):
            yield f"{path.name}, row {number}", row


def _checked_row(data: Any, task: Task, sources: Mapping[str, Citation], place: str) -> PublishedRow:
    try:
        row = _RowJson.model_validate(data)
    except ValidationError as error:
        raise PublishedInvalid(f"{place}: {_shape_problem(error)}") from error
    if problem := _problem(row, task, sources):
        raise PublishedInvalid(f"{place}: {problem}")
    fields = row.model_dump() | {"n": None if row.n is None else int(row.n)}
    via = None if row.via is None else sources[row.via]
    return PublishedRow(**{**fields, "task": task.name, "source": sources[row.source], "via": via})


def _shape_problem(error: ValidationError) -> str:
    kinds: dict[str, list[str]] = {"extra_forbidden": [], "missing": []}
    for problem in error.errors():
        kinds.setdefault(problem["type"], []).append(".".join(map(str, problem["loc"])))
    if kinds["extra_forbidden"] or kinds["missing"]:
        return f"unknown fields {sorted(kinds['extra_forbidden'])}, missing fields {sorted(kinds['missing'])}"
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the row'}: {first['msg']}, found {first['input']!r}"


def _problem(row: _RowJson, task: Task, sources: Mapping[str, Citation]) -> str:
    """Return what is wrong with one row, or an empty string."""
    low, high = score_limits(task)
    if row.main is not None and not low <= row.main <= high:
        return f"main is {row.main}, expected {low:g} to {high:g}"
    if row.main is None and not row.note and not row.parts:
        return "a row without a score needs a note that says why"
    if unknown := set(row.parts) - set(task.parts):
        return f"parts {sorted(unknown)} are not among {list(task.parts)}"
    if row.per_class and (order := _classes(task)) != tuple(row.per_class):
        return f"per_class has {list(row.per_class)}, expected {list(order)}"
    if missing := {row.source, row.via or row.source} - set(sources):
        return f"sources.json has no {sorted(missing)}"
    if row.n is not None and not (row.n > 0 and row.n == int(row.n)):
        return f"n is {row.n:g}, expected a positive whole number or null"
    if row.year is not None and not 1990 <= row.year <= 2100:
        return f"year is {row.year}, expected four digits or null"
    return ""


def score_limits(task: Task) -> tuple[float, float]:
    """Return the smallest and the largest main score that a task can give."""
    return _LIMITS.get(task.family, (0.0, 1.0))


def _classes(task: Task) -> tuple[str, ...]:
    """Return the names that a table per class has: the classes of a task's only column, or its columns."""
    return task.columns[0].names if len(task.columns) == 1 else tuple(column.name for column in task.columns)
