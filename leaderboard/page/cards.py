"""The cards of the Leaderboard tab: what a task is, a row with its report, a refusal, a comparison, one's own entries.

Conventions: those of ``leaderboard.page.markup``. Links were checked when they were submitted and open without telling where
the reader came from.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from leaderboard.page.markup import render
from leaderboard.schema import Task
from leaderboard.standings.export import rank_text, score_text
from leaderboard.standings.overview import Best
from leaderboard.standings.table import Row
from leaderboard.store.entries import PUBLISHED, RESCORED, SELF_REPORTED, Badge, Entry
from leaderboard.store.phases import phase
from leaderboard.tasks import TASKS

SURE: Final = 0.975
"""Probability from which one of two systems is called better: outside the 95 % interval on one side."""
SAVING: Final = render(
    "quiet",
    sentence="Saving: the entry is on the board, and its lasting copy waits for the Hub to answer. "
    "It is sent as soon as that works.",
)
OBTAINED: Final[Mapping[Badge, str]] = {
    PUBLISHED: "published by its authors; not scored again here",
    RESCORED: "computed here from the submitted predictions",
    SELF_REPORTED: "reported by whoever made the system; not checked by others",
}
REPORT: Final = ("components", "variants", "per_class", "per_video", "confusion", "notes")
"""Parts of a report that a card may show; most have some of them."""


def about(task: Task, signature: str | None, day: str = "") -> str:
    """Return what a task measures and what its scores are compared under.

    Args:
        task: The task.
        signature: What a score is compared under today, or None without labels.
        day: Today, for the phases of a challenge.
    """
    phases = [(TASKS[name].title, phase(TASKS[name], day), TASKS[name]) for name in task.phases if name in TASKS]
    return render("about", task=task, signature=signature, phases=phases)


def overview(bests: Sequence[Best], chosen: str) -> str:
    """Return one button per task with its best score."""
    cells = [
        {
            "task": best.task,
            "chosen": best.task.name == chosen,
            "score": "" if best.row is None or best.row.main is None else score_text(best.row.main, best.task),
            "row": best.row,
            "n": best.n_systems,
        }
        for best in bests
    ]
    return render("overview", cells=cells)


def row_card(task: Task, row: Row, report: Mapping[str, Any] | None, peers: Sequence[Row] = ()) -> str:
    """Return everything known about one row.

    Args:
        task: Its task.
        row: The row.
        report: What may be shown of its report, or None for a published row.
        peers: Rows of the task, of which those of its group say how far it is from the best.
    """
    per_class = [{"name": name, "f1": value} for name, value in row.per_class.items()]
    shown = report or {"components": row.parts, "per_class": per_class}
    return render(
        "row",
        row=row,
        who=" · ".join(dict.fromkeys(part for part in (row.team, row.user) if part and part != row.system)),
        score="" if row.main is None else score_text(row.main, task),
        main=task.main,
        interval=f"95 % {score_text(row.interval[0], task)} to {score_text(row.interval[1], task)}"
        if row.interval
        else "",
        facts=[(name, said) for name, said in _facts(task, row, report, peers) if said],
        report={name: shown.get(name) for name in REPORT},
    )


def _facts(
    task: Task, row: Row, report: Mapping[str, Any] | None, peers: Sequence[Row]
) -> Iterator[tuple[str, str]]:
    """Yield (what, what is known of it), "" where nothing is."""
    yield "Rank", _place(task, row, peers)
    yield "Task", f"{task.about}{'' if task.higher_is_better else ' Lower is better.'}"
    yield "Data", " · ".join(part for part in (f"{row.split} {row.edition}".strip(), row.subset) if part)
    yield "Items", _items(row, report)
    yield "Interval", row.interval_source or ("none is published" if row.badge == PUBLISHED else "")
    yield "How obtained", OBTAINED[row.badge]
    yield "Year", str(row.year or "")
    yield "Submitted", row.created[:10]


def _place(task: Task, row: Row, peers: Sequence[Row]) -> str:
    """Return the rank among the rows of its group, and how far the best one is."""
    if row.rank is None or row.main is None:
        return "not ranked"
    ranked = [one for one in peers if one.group == row.group and one.rank is not None and one.main is not None]
    said = f"{rank_text(row.rank)} of {len(ranked)}" if len(ranked) > 1 else rank_text(row.rank)
    best = ranked[0] if ranked else row
    if best.id == row.id or best.main is None:
        return said
    apart = f"{abs(best.main - row.main):.{min(task.precision, 4)}f}"
    return f"{said}, {apart} behind the best, {best.system} ({score_text(best.main, task)})"


def _items(row: Row, report: Mapping[str, Any] | None) -> str:
    out = report.get("n_excluded") if report else 0
    left_out = f"{out:,} left out by the labels" if out else ""
    return ", ".join(part for part in ("" if row.n is None else f"{row.n:,} scored", left_out) if part)


def refusal_card(refusal: Mapping[str, Any], title: str = "Nothing was scored") -> str:
    """Return what is wrong, with a line for each problem that is shown; the title says what was not done."""
    problems = refusal["problems"]
    return render(
        "refusal",
        title=title,
        summary=f"The file is refused: {refusal['n_problems']:,} problems." if problems else refusal["error"],
        columns=("file", "line", "column", "expected", "found"),
        problems=problems,
        n_more=refusal["n_problems"] - len(problems),
    )


def valid_card(n_rows: int, keys_checked: bool, notes: Sequence[str]) -> str:
    """Return that a file could be scored."""
    keys = "" if keys_checked else " Its keys were not compared with labels, because none are connected."
    return render("done", title="The file is valid", sentence=f"{n_rows:,} rows.{keys}", notes=notes)


def own_card(task: Task, entries: Sequence[Entry], signature: str | None) -> str:
    """Return one's own entries, private and withdrawn ones included, with their scores under today's signature."""
    if not entries:
        return render("quiet", sentence="You have no entries of this task.")
    scored = [(entry, score_text(entry.current(signature).shown, task)) for entry in entries]
    return render("own", main=task.main, entries=scored)


def done_card(title: str, sentence: str) -> str:
    """Return that something was done."""
    return render("done", title=title, sentence=sentence, notes=())


def withdrawn(entry: Entry, before: Collection[str], after: Collection[str]) -> str:
    """Return what became of the table; ``before`` and ``after`` are the ids of its rows of the entry's system."""
    if entry.id not in before:
        return "The entry is withdrawn; it was not in the table."
    if set(after) <= set(before):
        return "The entry has left the table."
    return f"The entry has left the table; another one of {entry.system} stands in its place."


def published(entry: Entry, rows: Collection[str]) -> str:
    """Return whether the table has the entry; ``rows`` are the ids of its rows of the entry's system."""
    if entry.id in rows:
        return "The entry is in the table."
    return f"The entry is not in the table, because another one of {entry.system} is as good or better."


def comparison_card(task: Task, first: str, second: str, result: Mapping[str, Any]) -> str:
    """Return which of two systems is better, and how sure that is; ``result`` is a comparison in JSON types."""
    digits = min(task.precision, 4)
    p_first = result["p_first_better"]
    leader, name = (p_first, first) if p_first >= 0.5 else (1 - p_first, second)
    low, high = result["interval"]
    figures = (
        (first, f"{result['first']:z.{digits}f}"),
        (second, f"{result['second']:z.{digits}f}"),
        ("Difference", f"{result['difference']:+z.{digits}f}"),
        ("95 % interval", f"{low:+z.{digits}f} to {high:+z.{digits}f}"),
    )
    return render(
        "comparison",
        verdict="They cannot be told apart" if leader < SURE else f"{name} is better",
        main=task.main,
        figures=figures,
        sentence=f"{name} scored better in {leader:.1%} of {result['n_draws']:,} paired draws of "
        f"{result['n_groups']:,} videos, clips or images (ties counted half).",
    )
