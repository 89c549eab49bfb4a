"""The table as CSV, JSON and LaTeX.

Conventions: numbers stay numbers, a missing one is an empty cell or null. Names and notes are a submitter's text:
cells that a spreadsheet would run as a formula get an apostrophe (OWASP, CSV injection), LaTeX's special characters
are escaped.
"""

import csv
import io
import json
from collections.abc import Sequence

from leaderboard.errors import LeaderboardError
from leaderboard.schema import Task
from leaderboard.standings.table import Row

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "\n": " ",
        "\r": " ",
    }
)


def rank_text(rank: tuple[int, int] | None) -> str:
    """Return ``3``, ``2–5``, or ``–`` for a row without a rank."""
    if rank is None:
        return "–"
    return str(rank[0]) if rank[0] == rank[1] else f"{rank[0]}–{rank[1]}"


def score_text(value: float, task: Task) -> str:
    """Return a score as people read it: four decimals, or fewer where the task has fewer."""
    return f"{value:z.{min(task.precision, 4)}f}"


def interval_text(row: Row, precision: int) -> str:
    """Return ``0.543 – 0.641``, or an empty string."""
    if row.interval is None:
        return ""
    return f"{row.interval[0]:z.{precision}f} – {row.interval[1]:z.{precision}f}"


def guarded(text: str) -> str:
    """Return a text cell that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def export(rows: Sequence[Row], task: Task, signature: str | None, kind: str, by: str | None = None) -> str:
    """Return the table as ``csv``, ``json`` or ``latex``.

    Args:
        rows: In the order of the table.
        task: Their task.
        signature: What a score is compared under today, or None without labels.
        kind: The format.
        by: Part of the score that the rows are ranked by, or None for the main score.

    Raises:
        LeaderboardError: Another kind.
    """
    if kind == "csv":
        return to_csv(rows, task, by)
    if kind == "json":
        return to_json(rows, task, signature, by)
    if kind == "latex":
        return to_latex(rows, task, by)
    raise LeaderboardError(f"cannot export {kind!r}, expected csv, json or latex")


def to_csv(rows: Sequence[Row], task: Task, by: str | None = None) -> str:
    """Return the table with every field as CSV."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    header = [
        "rank_best",
        "rank_worst",
        "system",
        "team",
        "user",
        "score",
        "low",
        "high",
        *task.parts,
        "n",
        "split",
    ]
    writer.writerow(
        [
            *header,
            "edition",
            "subset",
            "year",
            "badge",
            "signature",
            "links",
            "caveat",
            "note",
            "citation",
            "ranked_by",
        ]
    )
    for row in rows:
        low, high = row.interval or (None, None)
        best, worst = row.rank or (None, None)
        cells = [best, worst, row.system, row.team, row.user, row.main, low, high]
        cells += [row.parts.get(part) for part in task.parts]
        cells += [row.n, row.split, row.edition, row.subset, row.year, row.badge, row.signature]
        cells += [" ".join(row.links), row.caveat, row.note, row.citation, by or task.main]
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in cells])
    return target.getvalue()


def to_json(rows: Sequence[Row], task: Task, signature: str | None, by: str | None = None) -> str:
    """Return the table with every field as JSON."""
    data = {
        "task": task.name,
        "main": task.main,
        "higher_is_better": task.higher_is_better,
        "signature": signature,
        "ranked_by": by or task.main,
        "rows": [row.to_dict() for row in rows],
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def to_latex(rows: Sequence[Row], task: Task, by: str | None = None) -> str:
    """Return a booktabs table of rank, system, team, score, interval, N, split and badge.

    Ranked by a part, it has that part in the place of the main score and of its interval.
    """
    measured = [latex(task.main), r"95\,\% interval"] if by is None else [latex(by.replace("_", " "))]
    lines = [
        rf"\begin{{tabular}}{{lllr{'' if by else 'l'}rlll}}",
        r"\toprule",
        " & ".join(["Rank", "System", "Team", *measured, "N", "Split", "Subset", "Source"]) + r" \\",
        r"\midrule",
    ]
    for row in rows:
        cells = [rank_text(row.rank).replace("–", "--"), latex(row.system), latex(row.team or row.user)]
        cells += _measured(row, task, by)
        cells += ["" if row.n is None else str(row.n)]
        cells += [latex(f"{row.split} {row.edition}".strip()), latex(row.subset), row.badge]
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _measured(row: Row, task: Task, by: str | None) -> list[str]:
    """Return the main score and its interval, or the part; a part is a fraction whatever the unit of the score."""
    if by is not None:
        return [f"{row.parts[by]:z.4f}" if by in row.parts else "--"]
    score = "--" if row.main is None else score_text(row.main, task)
    return [score, interval_text(row, 3).replace(" – ", "--")]


def latex(text: str) -> str:
    """Return text with LaTeX's special characters escaped."""
    return text.translate(_LATEX)
