"""What goes into a scorer and what comes out of it.

Conventions: R rows, C columns, G groups (videos, or single clips or images). Sums per group are additive: the sums
of any set of groups give the score of that set.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from leaderboard.scoring.uncertainty import Measure
from leaderboard.types import Bools, Doubles, Indices, Mask, Values


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Labels and predictions in the same order.

    Attributes:
        labels: (R, C).
        values: (R, C).
        valid: bool (R, C), cells that count.
        group: int32 (R,).
        n_groups: G.
    """

    labels: Values
    values: Values
    valid: Bools
    group: Indices
    n_groups: int

    def columns(self, start: int, stop: int) -> "Pairs":
        """Return the columns ``start`` ... ``stop - 1``."""
        part = slice(start, stop)
        return replace(self, labels=self.labels[:, part], values=self.values[:, part], valid=self.valid[:, part])

    def masked(self, mask: Mask) -> "Pairs":
        """Return the pairs with whole rows dropped that have any invalid cell, if ``mask`` is ``row``."""
        if mask == "cell" or self.valid.shape[1] == 1:
            return self
        return replace(self, valid=np.broadcast_to(self.valid.all(axis=1, keepdims=True), self.valid.shape))

    @property
    def partial(self) -> bool:
        """Whether some row is valid in part, so that cell and row masks differ."""
        return bool((self.valid.any(axis=1) != self.valid.all(axis=1)).any())


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What a scorer found.

    Attributes:
        main: Score on all rows.
        stats: (G, S) sums per group.
        measure: Score of summed ``stats``.
        components: Parts of the score.
        variants: The score under other definitions.
        per_class: Rows of the per class table.
        by_group: Columns (G,) of the per video table.
        confusion: Labels and counts, or None.
    """

    main: float
    stats: Doubles
    measure: Measure
    components: dict[str, float]
    variants: dict[str, float] = field(default_factory=dict)
    per_class: tuple[dict[str, Any], ...] = ()
    by_group: dict[str, Doubles] = field(default_factory=dict)
    confusion: dict[str, Any] | None = None
