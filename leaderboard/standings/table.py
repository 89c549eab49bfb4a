"""The table of one task: published, re-scored and self-reported rows side by side, ranked where they are comparable.

Conventions: only rows of one *group* are ranked against each other: the same split (and the same edition of a test set, whose
labels change with each edition) and the same subset of items. Ranks are ranges, see ``ranking`` and ``certainty``. Self-reported
and removed scores and those of an older metric or reference have no rank. Missing scores sort last, equal ones by age.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from leaderboard.errors import LeaderboardError
from leaderboard.schema import Task
from leaderboard.scoring.reports import item_interval
from leaderboard.scoring.uncertainty import Interval
from leaderboard.standings.certainty import interval_source, part_interval
from leaderboard.standings.citing import cite_entry, cite_work
from leaderboard.standings.publications import PublishedRow
from leaderboard.standings.ranking import better, rank_ranges
from leaderboard.standings.shown import shown_report
from leaderboard.store.entries import PUBLISHED, SELF_REPORTED, Badge, Entry, StoredScore

COMPLETE = "complete"
OUTDATED = "scored with an older metric version or other labels, so not ranked; it will be once it is re-scored"
UNCONNECTED = "no labels of the task can be read here to tell which scores this one compares with, so not ranked"
OWN_SOURCE = "femo"
"""Key of the citation under which this project's own figures stand."""
OWN = "measured by femo's developers and not checked by others, so not ranked"
UNVERIFIED = "reported by the submitter and not checked, so not ranked"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        id: Entry id, or ``published-<number>`` within its task.
        badge: Where the figure comes from.
        system: Name of the system.
        main: Main score as shown, or None.
        group: Rows of one group are comparable.
        split: Split of the data set.
        subset: Which items were counted.
        rank: Best and worst rank within the group, or None where the row is not ranked.
        team: Team, or empty.
        user: Submitter, or empty for a published row.
        interval: 95 % interval, or None where it is not known.
        interval_source: How the interval came about.
        parts: Components by name.
        n: Items counted, or None.
        edition: Edition of the challenge, or empty.
        year: Year, or None.
        links: Addresses.
        note: What a reader must know before comparing, or the submitter's remark.
        caveat: Why the row has no rank, or empty.
        citation: Where a published figure comes from.
        signature: Signature of a re-scored row.
        created: When it was submitted, or empty.
        per_class: F1 by class that a published row's source prints, or empty.
        cite: BibTeX entry.
    """

    id: str
    badge: Badge
    system: str
    main: float | None
    group: str
    split: str
    subset: str
    rank: tuple[int, int] | None = None
    team: str = ""
    user: str = ""
    interval: Interval | None = None
    interval_source: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    n: int | None = None
    edition: str = ""
    year: int | None = None
    links: tuple[str, ...] = ()
    note: str = ""
    caveat: str = ""
    citation: str = ""
    signature: str = ""
    created: str = ""
    per_class: Mapping[str, float] = field(default_factory=dict)
    cite: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return data | {
            "rank": None if self.rank is None else list(self.rank),
            "interval": None if self.interval is None else list(self.interval),
            "parts": dict(self.parts),
            "per_class": dict(self.per_class),
            "links": list(self.links),
        }


def group_name(split: str, edition: str, subset: str) -> str:
    """Return the name of the rows that may be ranked together.

    Validation labels were given out once and stayed, so editions share them; each edition has its own test set.
    """
    return " · ".join(part for part in (split, "" if split == "val" else edition, subset) if part)


def standings(
    task: Task,
    published: Sequence[PublishedRow],
    entries: Iterable[Entry],
    signature: str | None,
    by: str | None = None,
) -> list[Row]:
    """Return the rows of a task, the task's own split first, best first within each group, ties by age.

    Args:
        task: The task.
        published: Its published rows.
        entries: Its entries that are neither withdrawn nor private.
        signature: What a score is compared under today, or None without reference labels.
        by: Part of the score to rank by, or None for the main score.

    Raises:
        LeaderboardError: The task has no such part.
    """
    if by is not None and by not in task.parts:
        raise LeaderboardError(
            f"{task.name} cannot be ranked by {by!r}, expected one of {', '.join(task.parts) or 'none'}"
        )
    rows = [_from_published(task, row, number) for number, row in enumerate(published, start=1)]
    known = {entry.id: entry for entry in entries}
    rows += _best_of_each(task, _with_twins(task, list(known.values()), signature))
    current = {name: entry.score(signature) for name, entry in known.items()} if signature else {}
    higher = task.higher_is_better if by is None else True
    ranked: list[Row] = []
    for group in dict.fromkeys(row.group for row in rows):
        members = [row for row in rows if row.group == group]
        scores = [None if row.caveat else _value(row, by) for row in members]
        intervals = [_interval(task, row, by, current.get(row.id)) for row in members]
        ranks = rank_ranges(scores, intervals, higher)
        ranked += [replace(row, rank=rank) for row, rank in zip(members, ranks, strict=True)]
    home = group_name(task.split, "", COMPLETE)
    return sorted(ranked, key=lambda row: _order(row, home, by, higher))


def _value(row: Row, by: str | None) -> float | None:
    return row.main if by is None else row.parts.get(by)


def _interval(task: Task, row: Row, by: str | None, scored: StoredScore | None) -> Interval | None:
    if by is None:
        return row.interval
    value = row.parts.get(by)
    return None if value is None else part_interval(task, by, value, row.n, scored)


def _with_twins(task: Task, entries: list[Entry], signature: str | None) -> list[Row]:
    """Return the rows of entries; one whose predictions an earlier entry had says so."""
    first: dict[str, Entry] = {}
    rows = []
    for entry in entries:
        row = _from_entry(task, entry, signature)
        known = first.setdefault(entry.content, entry) if entry.content else entry
        if known.user != entry.user:
            same = f"same predictions as {known.system} of {known.user}, {known.created[:10]}"
            row = replace(row, note="; ".join(part for part in (same, row.note) if part))
        rows.append(row)
    return rows


def groups(rows: Iterable[Row]) -> list[str]:
    """Return the groups in the order of the table."""
    return list(dict.fromkeys(row.group for row in rows))


def chosen_rows(rows: list[Row], group: str | None) -> list[Row]:
    """Return the rows of one group, or all.

    Raises:
        LeaderboardError: No such group; the message lists them.
    """
    if not group:
        return rows
    if group not in groups(rows):
        raise LeaderboardError(f"no group is called {group!r}; the groups are {', '.join(groups(rows)) or 'none'}")
    return [row for row in rows if row.group == group]


def _order(row: Row, home: str, by: str | None, higher: bool) -> tuple[Any, ...]:
    edition = int("".join(filter(str.isdigit, row.edition)) or 0)
    value = _value(row, by)
    score = 0.0 if value is None else -value if higher else value
    age = row.created or str(row.year or "")
    return (
        row.group != home,
        -edition if row.split != "val" else 0,
        row.group,
        value is None,
        score,
        age,
        row.system,
    )


def _from_published(task: Task, row: PublishedRow, number: int) -> Row:
    interval = None if row.main is None or row.n is None else item_interval(task, row.main, row.n)
    citation = (
        str(row.source) + (f". Read in: {row.via}" if row.via else "") + (f", {row.where}" if row.where else "")
    )
    own = row.source.key == OWN_SOURCE
    return Row(
        id=f"published-{number}",
        badge=SELF_REPORTED if own else PUBLISHED,
        system=row.system,
        main=row.main,
        group=group_name(row.split, row.edition, row.subset),
        split=row.split,
        subset=row.subset,
        team=row.team,
        interval=interval,
        interval_source=interval_source(task) if interval else "",
        parts=row.parts,
        n=row.n,
        edition=row.edition,
        year=row.year,
        links=tuple(dict.fromkeys(work.url for work in (row.source, row.via) if work and work.url)),
        caveat=OWN if own else "",
        note="; ".join(part for part in (*_official(row), row.note) if part),
        citation=citation,
        per_class=row.per_class,
        cite=cite_work(row.source),
    )


def _official(row: PublishedRow) -> tuple[str, str]:
    """Return what the source prints beside the score: the challenge's own rank, and the spread."""
    rank = "" if row.challenge_rank is None else f"official rank {row.challenge_rank}"
    spread = "" if row.spread is None else f"standard deviation {row.spread:.4f}"
    return rank, spread


def _from_entry(task: Task, entry: Entry, signature: str | None) -> Row:
    claimed = entry.badge == SELF_REPORTED
    unranked = UNCONNECTED if signature is None else "" if entry.score(signature) else OUTDATED
    score = entry.current(signature)
    split, subset = (str(score.report["split"]), "as reported") if claimed else (task.split, COMPLETE)
    row = Row(
        id=entry.id,
        badge=entry.badge,
        system=entry.system,
        main=score.shown,
        group=group_name(split, "", subset),
        split=split,
        subset=subset,
        team=entry.team,
        user=entry.user,
        year=int(entry.created[:4]),
        links=entry.links,
        note=entry.note,
        caveat=UNVERIFIED if claimed else unranked,
        signature=score.signature,
        created=entry.created,
        cite=cite_entry(entry, score),
    )
    if entry.removed is not None:
        return replace(row, main=None, caveat=f"removed by the organiser on {entry.removed[:10]}: {entry.reason}")
    return row if claimed else _with_report(row, task, score)


def _with_report(row: Row, task: Task, score: StoredScore) -> Row:
    report = shown_report(task, score)
    return replace(
        row,
        main=report.main,
        interval=report.interval,
        interval_source=interval_source(task) if report.interval else "",
        parts={name: value for name, value in report.components.items() if name in task.parts},
        n=report.n_scored,
    )


def _best_of_each(task: Task, rows: list[Row]) -> list[Row]:
    """Return one row per submitter, system, kind and group: the best one; so a withdrawal uncovers the earlier best."""
    best: dict[tuple[object, ...], Row] = {}
    for row in rows:
        key = (row.user, row.system, row.badge, row.group, row.caveat)
        held = best.get(key)
        if (
            held is None
            or held.main is None
            or (row.main is not None and better(row.main, held.main, task.higher_is_better))
        ):
            best[key] = row
    return [row for row in best.values() if not _is_superseded(row, best)]


def _is_superseded(row: Row, best: Mapping[tuple[object, ...], Row]) -> bool:
    """Whether the same system has a current score, so that its older one need not be listed."""
    return row.caveat == OUTDATED and (row.user, row.system, row.badge, row.group, "") in best
