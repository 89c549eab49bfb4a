"""How sure a part of a score is, where rows are ranked by it, and how the interval of a whole one came about.

Conventions: photos and clips are independent, so the share of right ones has Wilson's interval. Frames of one video are not:
their share is drawn again with whole videos, from what the report of an entry keeps of each. Of a published one nobody
knows the videos, so it has none.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from leaderboard.schema import Task
from leaderboard.scoring.metrics import ratio
from leaderboard.scoring.reports import counts_items
from leaderboard.scoring.uncertainty import Interval, bootstrap, interval, wilson
from leaderboard.store.entries import StoredScore


def interval_source(task: Task) -> str:
    """Return how the interval of a task's main score came about."""
    return (
        "Wilson interval from the accuracy and N"
        if counts_items(task)
        else "bootstrap over videos, clips or images"
    )


def part_interval(
    task: Task, part: str, value: float, n: int | None, scored: StoredScore | None
) -> Interval | None:
    """Return the 95 % interval of a part of a score, or None where it is not known.

    Args:
        task: The task.
        part: Name of the part.
        value: The part.
        n: Items counted, or None.
        scored: The scoring that the part is of, or None for a published one.
    """
    if not part.endswith("accuracy"):
        return None
    if task.key == "frame":
        return None if scored is None else _of_videos(scored.report, part)
    return None if n is None else wilson(value, n)


def _of_videos(report: Mapping[str, Any], part: str) -> Interval | None:
    rows = [row for row in report.get("per_video", ()) if part in row]
    return _drawn(tuple((round(row[part] * row["n"]), int(row["n"])) for row in rows)) if len(rows) > 1 else None


@lru_cache(maxsize=1024)
def _drawn(videos: tuple[tuple[int, int], ...]) -> Interval:
    """Return the interval of (frames that are right, frames) of each video; a table asks for the same ones each time."""
    stats = np.array(videos, np.float64)
    return interval(bootstrap(stats, lambda sums: ratio(sums[..., 0], sums[..., 1])))
