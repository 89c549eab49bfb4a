"""What a task and its columns are made of; the rows themselves stand in tasks.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy.typing as npt

Kind = Literal["class", "binary", "real"]
KeyKind = Literal["frame", "image", "clip"]
Family = Literal["classes", "valence-arousal", "action-units", "multi-task", "accuracy", "faces", "published"]
Fill = Literal["none", "edge-1"]


FLOAT32_STEP = 2.0**-23
"""A network's float32 output may exceed a limit by one rounding step; such a number is taken as it is, and said."""


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

    def limits(self, labels: bool) -> tuple[float, float]:
        """Return the smallest and largest number that is taken, for a label or else for a prediction."""
        step = 0.0 if labels else FLOAT32_STEP
        return self.low - abs(self.low) * step, self.high + abs(self.high) * step


def step_notes(columns: Sequence[Column], values: npt.NDArray[Any]) -> list[str]:
    """Return what a score says of predictions (R, C) that exceed a limit by a rounding step, nothing where none does."""
    n_beyond = sum(
        int(((values[:, index] < column.low) | (values[:, index] > column.high)).sum())
        for index, column in enumerate(columns)
        if column.kind == "real"
    )
    return (
        [f"up to one float32 rounding step out of range, and taken as they are: {n_beyond} values"]
        if n_beyond
        else []
    )


@dataclass(frozen=True, slots=True)
class Task:
    """All that sets one task apart from another.

    Attributes:
        name: Fixed name, also in URLs and on the command line.
        title: Short human name.
        about: One line on what the task measures.
        family: Which scorer runs.
        metric: Metric id in the signature.
        main: What the main score is called.
        parts: Components shown as table columns.
        columns: Predicted quantities, in file order.
        key: What a row is.
        headers: Header lines accepted above keyed rows, the template's first.
        file_header: Header line of a file per video, or None.
        folders: Names of the official annotation folders or files.
        split: Split that the reference holds.
        version: Metric version; scores of two versions never mix.
        higher_is_better: Direction of the main score.
        precision: Decimals shown where labels are hidden.
        hidden: Whether labels may not be redistributed, so that reports are limited to ``precision``.
        ladder: Whether the public score follows the ladder rule (Blum & Hardt 2015).
        fill: ``edge-1``: a video one row short repeats its last row, one row long loses it; shown with the score.
        quota_per_day: Scored submissions per user and day.
        quota_in_all: Scored submissions per user altogether.
        comparisons_per_day: Comparisons of entries per user and day, where labels are hidden.
        opens: First day (UTC, ISO 8601) of submissions, or empty.
        closes: Last day of submissions, after which the table is frozen, or empty.
        licence: Under which the labels were given, or empty.
        phase: Which phase of a challenge this is, or empty where there is one only.
        phases: Names of the challenge's tasks, one for each phase in their order; empty where there is one only.
        labels: Folder of an organiser's own challenge, or None for the tasks that ship with the project.
        format: The exact format in words, shown beside the upload.
    """

    name: str
    title: str
    about: str
    family: Family
    metric: str
    main: str
    columns: tuple[Column, ...]
    key: KeyKind
    headers: tuple[str, ...]
    format: str
    parts: tuple[str, ...] = ()
    file_header: str | None = None
    folders: tuple[str, ...] = ()
    split: str = "val"
    version: str = "v1.0"
    higher_is_better: bool = True
    precision: int = 4
    hidden: bool = True
    ladder: bool = False
    fill: Fill = "none"
    quota_per_day: int = 5
    quota_in_all: int = 100
    comparisons_per_day: int = 20
    opens: str = ""
    closes: str = ""
    licence: str = ""
    phase: str = ""
    phases: tuple[str, ...] = ()
    labels: Path | None = None

    @property
    def scorable(self) -> bool:
        """Whether files can be submitted; otherwise the task only shows published rows."""
        return bool(self.columns)

    @property
    def sandbox(self) -> bool:
        """Whether the reference is the synthetic one that ships with the project."""
        return self.name.startswith("sandbox-")
