"""What travels between the steps of the leaderboard: keys, submissions, references and reports.

Conventions: R rows, C columns, G groups. A *group* is what the bootstrap draws: a video (ABAW, one per annotated
subject), a clip (AFEW, VGAF) or an image. Frames count from 1; frame 0 means that the group itself is the item.
Scores are fractions (0-1) except sums and years. Every array is checked here, once, and trusted everywhere else.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]
"""int8 (R, C) where every column is a class, else float64 (R, C)."""

Mask = Literal["cell", "row"]
"""``cell``: each column drops its own invalid labels; ``row``: one invalid label drops the whole row."""


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """Names of R rows, as integers.

    Attributes:
        groups: G distinct names: videos, clips or images.
        group: int32 (R,), index into ``groups``.
        frame: int32 (R,), frame number from 1, or 0 where the group itself is the item.
    """

    groups: tuple[str, ...]
    group: Indices
    frame: Indices

    def __post_init__(self) -> None:
        if self.group.shape != self.frame.shape or self.group.ndim != 1:
            raise ValueError(f"group {self.group.shape} and frame {self.frame.shape} must both be (R,)")

    def __len__(self) -> int:
        return int(self.group.shape[0])

    def name(self, row: int) -> str:
        """Return the key of one row as it stands in a file, for example ``video/00001.jpg``."""
        group = self.groups[int(self.group[row])]
        return f"{group}/{int(self.frame[row]):05d}.jpg" if self.frame[row] else group

    @classmethod
    def items(cls, names: Iterable[str]) -> "Keys":
        """Return keys for whole clips or images, one group each."""
        groups = tuple(names)
        return cls(groups, np.arange(len(groups), dtype=np.int32), np.zeros(len(groups), np.int32))


@dataclass(frozen=True, slots=True, eq=False)
class KeyList:
    """Which rows a submission must hold. It knows no label, so whatever is answered from it tells nothing about them.

    Attributes:
        keys: R row names, sorted by group name and frame.
        optional: bool (R,); rows that may be left out.
    """

    keys: Keys
    optional: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Submission:
    """A prediction file that passed its format check.

    Attributes:
        task: Task name.
        keys: R row names; unique once ``complete`` has been checked against a reference.
        values: (R, C) in the range of each column.
        files: How many files it came from.
        notes: What a reader or a fill policy did that the score must show, one sentence each.
    """

    task: str
    keys: Keys
    values: Values
    files: int = 1
    notes: tuple[str, ...] = ()

    def digest(self) -> str:
        """Return the SHA-256 of what was predicted, whatever file it came in."""
        digest = hashlib.sha256("\n".join(self.keys.groups).encode("utf-8", "surrogateescape"))
        for array in (self.keys.group, self.keys.frame, self.values + 0):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[0] != len(self.keys):
            raise ValueError(f"values has shape {self.values.shape}, expected ({len(self.keys)}, C)")


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Reference labels of one task. Never printed, never serialised.

    Attributes:
        task: Task name.
        keys: R row names, sorted by group name and frame.
        labels: (R, C); an invalid cell holds any value.
        valid: bool (R, C); False cells are excluded from the score.
        optional: bool (R,); rows without a valid label that a submission may leave out where labels are one's own.
        digest: First 8 hex digits of the SHA-256 of keys and labels.
    """

    task: str
    keys: Keys
    labels: Values
    valid: Bools
    optional: Bools
    digest: str

    def __post_init__(self) -> None:
        if self.labels.shape != self.valid.shape or self.labels.shape[0] != len(self.keys):
            raise ValueError(f"labels {self.labels.shape} and valid {self.valid.shape} must be (R, C)")

    def key_list(self, demand_all: bool = False) -> KeyList:
        """Return the rows that a submission must hold.

        Args:
            demand_all: Whether no row is optional: where labels are hidden, which rows may miss would tell labels.
        """
        return KeyList(self.keys, self.optional & (not demand_all))

    def __repr__(self) -> str:
        return f"Reference({self.task}, {len(self.keys)} rows, {self.digest})"


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What a submission scored, and how sure that is.

    Attributes:
        task: Task name.
        main: The score that ranks.
        components: Named parts: per class F1, CCC of valence and arousal, the three terms of MTL, ...
        interval: 95 %: Wilson's of an accuracy over clips or images, else percentile bootstrap over groups; None with fewer
            than two groups.
        std_error: Standard deviation of the bootstrap draws, or None likewise.
        n_scored: Rows with at least one valid label; in a public report all rows that had to be there.
        n_excluded: Rows without any; None in a public report.
        signature: Equal signatures mean comparable scores.
        variants: The same predictions under other definitions in use, by name.
        per_class: Rows of the per class (or per AU) table.
        per_video: Rows of the per video table; empty where a group is a single item.
        confusion: ``{"labels": [...], "counts": [[...]]}``, reference in rows, or None.
        notes: Sentences that belong beside the score, such as a fill policy.
    """

    task: str
    main: float
    components: Mapping[str, float]
    interval: tuple[float, float] | None
    n_scored: int
    n_excluded: int | None
    signature: str
    std_error: float | None = None
    variants: Mapping[str, float] = field(default_factory=dict)
    per_class: tuple[Mapping[str, Any], ...] = ()
    per_video: tuple[Mapping[str, Any], ...] = ()
    confusion: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the ``score`` shape in plain JSON types; tables follow the contract's fields."""
        return {
            "task": self.task,
            "main": self.main,
            "components": dict(self.components),
            "interval": None if self.interval is None else list(self.interval),
            "n_scored": self.n_scored,
            "n_excluded": self.n_excluded,
            "signature": self.signature,
            "std_error": self.std_error,
            "variants": dict(self.variants),
            "per_class": [dict(row) for row in self.per_class],
            "per_video": [dict(row) for row in self.per_video],
            "confusion": None if self.confusion is None else dict(self.confusion),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ScoreReport":
        """Return the report that ``to_dict`` wrote."""
        tables = {name: tuple(data[name]) for name in ("per_class", "per_video", "notes")}
        interval = data["interval"] and (float(data["interval"][0]), float(data["interval"][1]))
        return cls(**{**data, **tables, "interval": interval})


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two submissions on the same labels, by paired bootstrap over groups.

    Attributes:
        task: Task name.
        first: Main score of the first.
        second: Main score of the second.
        difference: ``first - second``.
        interval: 95 % percentile interval of the difference.
        p_first_better: Share of draws in which the first is better, ties counted half.
        n_draws: Bootstrap draws.
        n_groups: Videos, clips or images drawn each time.
        signature: The signature that both share.
    """

    task: str
    first: float
    second: float
    difference: float
    interval: tuple[float, float]
    p_first_better: float
    n_draws: int
    n_groups: int
    signature: str

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Comparison":
        """Return the comparison that ``to_dict`` wrote."""
        return cls(**{**data, "interval": tuple(data["interval"])})

    def mirrored(self) -> "Comparison":
        """Return the same comparison with the other one named first."""
        low, high = self.interval
        return replace(
            self,
            first=self.second,
            second=self.first,
            difference=0.0 - self.difference,
            interval=(0.0 - high, 0.0 - low),
            p_first_better=round(1 - self.p_first_better, 12),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "task": self.task,
            "first": self.first,
            "second": self.second,
            "difference": self.difference,
            "interval": list(self.interval),
            "p_first_better": self.p_first_better,
            "n_draws": self.n_draws,
            "n_groups": self.n_groups,
            "signature": self.signature,
        }
