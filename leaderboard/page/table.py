"""The standings as an HTML table that sorts and searches in the browser, with each interval drawn to one scale.

Conventions: cells carry their sort key in ``data-sort``; an empty one (a missing score) stays last in both directions.
A click on a row sends its id. Narrow screens see rank, system and score; the rest is in the row's report.
Columns in which no row has anything are left out.
Of a team's rows the first is shown, and the others at a click on "variants".
"""

from collections.abc import Sequence
from typing import Any, Final

from leaderboard.page.markup import render
from leaderboard.schema import Task
from leaderboard.scoring.uncertainty import Interval
from leaderboard.standings.export import rank_text
from leaderboard.standings.table import Row

RANKS: Final = (
    "A range such as 2–5 holds every rank that the row may have: rows whose 95 % intervals overlap cannot be told apart, "
    "and a score without a known spread counts as uncertain as the least certain one."
)
FRAMES: Final = (
    " Frames of one video depend on each other, so an accuracy over frames has a known spread only where the videos "
    "were scored here."
)
INTERVALS: Final = (
    "Of accuracies over clips and images Wilson's, from accuracy and N; else a bootstrap over videos or images."
)
TO_SCALE: Final = "The scores on one scale; none of them has a published interval."
SHORT_BADGE: Final = {"published, not re-scored": "published"}


def board_table(rows: Sequence[Row], task: Task) -> str:
    """Return the table of ``rows``."""
    if not rows:
        return render("empty", sentence="No rows yet. Be the first: submit yours.")
    best_first = "descending" if task.higher_is_better else "ascending"
    parts = [part for part in task.parts if any(part in row.parts for row in rows)]
    ranks = RANKS + FRAMES if task.key == "frame" and "accuracy" in parts else RANKS
    counted, spread = any(row.n is not None for row in rows), any(row.interval for row in rows)
    heads = [
        _head("Rank", "ascending", remark=ranks),
        _head("System", "ascending", "text"),
        _head(task.main, best_first),
        _head("95 % interval", best_first, wide=True, remark=INTERVALS)
        if spread
        else _head("To scale", best_first, wide=True, remark=TO_SCALE),
        *(_head(part.replace("_", " "), "descending", wide=True) for part in parts),
        *([_head("N", "descending", wide=True)] if counted else []),
        _head("Split", "ascending", "text", wide=True),
        _head("Year", "descending", wide=True),
        _head("Source", "ascending", "text", wide=True),
        _head("Links", "ascending", "text", wide=True),
    ]
    scale = _scale(rows)
    lines = [_line(row, task, parts, scale) for row in rows]
    _fold(rows, lines)
    return render("table", heads=heads, lines=lines, counted=counted, ranks=ranks)


def _fold(rows: Sequence[Row], lines: list[dict[str, Any]]) -> None:
    """Mark the first row of each team in each group with how many more there are, and those as its variants."""
    first: dict[tuple[str, str], int] = {}
    for index, row in enumerate(rows):
        leader = first.setdefault((row.group, row.team), index) if row.team else index
        lines[index] |= {"team": f"team-{leader}", "variant": leader != index, "n_variants": 0}
        if leader != index:
            lines[leader]["n_variants"] += 1


def _head(name: str, first: str, kind: str = "number", wide: bool = False, remark: str = "") -> dict[str, Any]:
    return {"name": name, "first": first, "kind": kind, "wide": wide, "remark": remark}


def _line(row: Row, task: Task, part_names: Sequence[str], scale: Interval) -> dict[str, Any]:
    digits = min(task.precision, 4)
    who = " · ".join(part for part in (row.team, row.user) if part and part != row.system)
    split = " ".join(part for part in (row.split, row.edition) if part)
    parts = [row.parts.get(part) for part in part_names]
    return {
        "row": row,
        "here": row.badge == "re-scored here",
        "words": f"{row.system} {who} {split} {row.subset} {row.year or ''} {row.badge}".lower(),
        "remark": f"{row.caveat} {row.note}".strip(),
        "rank": rank_text(row.rank),
        "rank_key": "" if row.rank is None else f"{row.rank[0]}.{row.rank[1]:04d}",
        "who": who,
        "main": _shown(row.main, digits),
        "span": _span(row, scale, digits),
        "parts": [(value, _shown(value, digits)) for value in parts],
        "split": split,
        "badge": SHORT_BADGE.get(row.badge, row.badge),
    }


def _shown(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:z.{digits}f}"


def _scale(rows: Sequence[Row]) -> Interval:
    """Return the range that every interval is drawn in."""
    ends = [end for row in rows if row.main is not None for end in (row.interval or (row.main, row.main))]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _span(row: Row, scale: Interval, digits: int) -> dict[str, str] | None:
    """Return the interval as a line and the score as a dot on it, in percent of the scale; None without a score."""
    if row.main is None:
        return None
    low, high = row.interval or (row.main, row.main)
    left, right, at = (100 * (value - scale[0]) / (scale[1] - scale[0]) for value in (low, high, row.main))
    said = f"{_shown(low, digits)} to {_shown(high, digits)}" if row.interval else "no interval published"
    return {"left": f"{left:.1f}", "width": f"{right - left:.1f}", "at": f"{at:.1f}", "said": said}
