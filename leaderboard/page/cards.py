"""Small pieces of HTML for the Leaderboard tab: what a task is, a report, a refusal, a comparison.

Conventions: names, notes and file contents are text that someone else wrote; everything is escaped here, at the last
moment. Links were checked when they were submitted and open without telling where the reader came from.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import urlsplit

from leaderboard.schema import Task
from leaderboard.standings.export import rank_text
from leaderboard.standings.table import Row
from leaderboard.store.entries import Entry

BADGE_CLASS = {"published, not re-scored": "paper", "re-scored here": "here", "self-reported": "claim"}

STYLE = """<style>
.board-quiet { color: var(--body-text-color-subdued); font-size: 13.5px; line-height: 1.55; }
.board-card { border: 1px solid var(--border-color-primary); border-radius: 12px; padding: 16px 18px;
  background: var(--block-background-fill); color: var(--body-text-color); font-size: 14px; line-height: 1.5;
  overflow-wrap: break-word; }
.board-card a { color: var(--link-text-color); text-decoration: underline; }
.board-card h3 { margin: 0 0 2px; font-size: 18px; line-height: 1.25; }
.board-card h4 { margin: 16px 0 4px; font-size: 13px; color: var(--body-text-color-subdued); font-weight: 600; }
.board-card p { margin: 6px 0; }
.board-card .board-score { font-size: 30px; line-height: 1.2; font-weight: 600; letter-spacing: -0.02em;
  font-variant-numeric: tabular-nums; }
.board-score small { font-size: 14px; font-weight: 400; letter-spacing: 0; color: var(--body-text-color-subdued); }
.board-badge { display: inline-block; padding: 1px 9px; border-radius: 99px; font-size: 11.5px; font-weight: 600;
  line-height: 1.7; white-space: nowrap; }
.board-paper { background: color-mix(in srgb, #868e96 22%, transparent); }
.board-here { background: color-mix(in srgb, #1c7ed6 22%, transparent); }
.board-claim { background: color-mix(in srgb, #e8590c 20%, transparent); }
.board-scroll { overflow-x: auto; max-height: 340px; overflow-y: auto; }
.board-card table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
.board-card th, .board-card td { padding: 4px 14px 4px 0; text-align: right; white-space: nowrap;
  border: 0; border-bottom: 1px solid var(--border-color-primary); }
.board-card th:first-child, .board-card td:first-child, .board-card td.text, .board-card th.text { text-align: left; }
.board-card td.text { white-space: normal; overflow-wrap: break-word; }
.board-card td.text:first-child { min-width: 6em; }
.board-card th { font-weight: 600; color: var(--body-text-color-subdued); }
.board-card td.cell { text-align: center; padding: 4px 8px; min-width: 34px; }
.board-card code { font-size: 12px; }
.board-good { border-left: 4px solid #2b8a3e; }
.board-bad { border-left: 4px solid #e03131; }
.board-empty { border-style: dashed; color: var(--body-text-color-subdued); text-align: center; padding: 40px 18px; }
</style>"""

SURE = 0.975
"""Probability from which one of two systems is called better: outside the 95 % interval on one side."""
EMPTY_REPORT = '<div class="board-card board-empty">Click a row to see where its score comes from.</div>'


SAVING = (
    '<p class="board-quiet">Saving: the entry is on the board, and its lasting copy waits for the Hub to answer. '
    "It is sent as soon as that works.</p>"
)


def text(value: str) -> str:
    """Return text that no reader of it takes for markup: neither HTML nor the template language of ``gr.HTML``."""
    return escape(value, quote=True).replace("{", "&#123;").replace("$", "&#36;")


def about(task: Task, signature: str | None) -> str:
    """Return what a task measures and what its scores are compared under."""
    direction = "" if task.higher_is_better else " (lower is better)"
    state = "Published results only."
    if signature:
        state = f"Files are scored here, as <code>{text(signature)}</code>."
    elif task.scorable:
        layout = f" in its official layout, {task.folders[0]}" if task.folders else ""
        state = (
            "Published results only, because no labels are connected. To score files here, set "
            f"<code>FEMO_REFERENCE</code> to a folder with your own licensed copy{text(layout)}."
        )
    return f'<div class="board-quiet">{text(task.about)} Ranked by {text(task.main)}{direction}. {state}</div>'


def badge(kind: str) -> str:
    """Return the badge that says where a figure comes from."""
    return f'<span class="board-badge board-{BADGE_CLASS[kind]}">{text(kind)}</span>'


def links(addresses: Sequence[str], short: bool = False) -> str:
    """Return addresses as links, each with its host only where space is ``short``."""
    shown = [urlsplit(address).hostname or address if short else address for address in addresses]
    return "<br>".join(
        f'<a href="{text(address)}" target="_blank" rel="noopener noreferrer nofollow">{text(name)}</a>'
        for address, name in zip(addresses, shown, strict=True)
    )


def row_card(task: Task, row: Row, report: Mapping[str, Any] | None) -> str:
    """Return everything known about one row.

    Args:
        task: Its task.
        row: The row.
        report: What may be shown of its report, or None for a published row.
    """
    who = " · ".join(text(part) for part in (row.team, row.user) if part)
    parts = [
        f"<h3>{text(row.system)}</h3>{badge(row.badge)} <span class='board-quiet'>{who}</span>",
        _score(task, row),
        _facts(row, report),
        f"<p>{text(row.caveat)}.</p>" if row.caveat else "",
        f"<p>{text(row.note)}</p>" if row.note else "",
        f"<h4>Source</h4>{text(row.citation)}" if row.citation else "",
        f"<h4>Links</h4>{links(row.links)}" if row.links else "",
    ]
    return f'<div class="board-card">{"".join(parts)}{_tables(report or {"components": row.parts})}</div>'


def _score(task: Task, row: Row) -> str:
    if row.main is None:
        return '<p class="board-score">–</p>'
    digits = min(task.precision, 4)
    interval = (
        "" if row.interval is None else f" 95 % {row.interval[0]:z.{digits}f} to {row.interval[1]:z.{digits}f}"
    )
    rank = "not ranked" if row.rank is None else f"rank {rank_text(row.rank)}"
    return (
        f'<p class="board-score">{row.main:z.{digits}f} <small>{text(task.main)},{interval or " no interval"}; '
        f"{rank}</small></p>"
    )


def _facts(row: Row, report: Mapping[str, Any] | None) -> str:
    facts = [f"{row.split} {row.edition}".strip(), row.subset]
    if row.n is not None:
        facts.append(f"{row.n:,} items scored")
    if report and report.get("n_excluded"):
        facts.append(f"{report['n_excluded']:,} left out by the labels")
    if row.interval_source:
        facts.append(f"interval: {row.interval_source}")
    if row.created:
        facts.append(f"submitted {row.created[:10]}")
    signature = f"<br><code>{text(row.signature)}</code>" if row.signature else ""
    return f'<p class="board-quiet">{text(" · ".join(facts))}{signature}</p>'


def _tables(report: Mapping[str, Any]) -> str:
    blocks = []
    if report.get("components"):
        blocks.append(_pairs("Parts", report["components"]))
    if report.get("variants"):
        blocks.append(_pairs("Under other definitions in use", report["variants"]))
    for title, name in (("Per class", "per_class"), ("Per video", "per_video")):
        if report.get(name):
            blocks.append(f'<h4>{title}</h4><div class="board-scroll">{_records(report[name])}</div>')
    if report.get("confusion"):
        blocks.append(_confusion(report["confusion"]))
    blocks += [f"<p>{text(str(note))}</p>" for note in report.get("notes", ())]
    return "".join(blocks)


def _pairs(title: str, values: Mapping[str, float]) -> str:
    lines = "".join(f"<tr><td>{text(name)}</td><td>{value:.4g}</td></tr>" for name, value in values.items())
    return f'<h4>{text(title)}</h4><div class="board-scroll"><table>{lines}</table></div>'


def _records(records: Sequence[Mapping[str, Any]]) -> str:
    heads = "".join(f"<th>{text(name)}</th>" for name in records[0])
    lines = "".join(
        "<tr>" + "".join(f"<td>{text(_cell(value))}</td>" for value in record.values()) + "</tr>"
        for record in records
    )
    return f"<table><tr>{heads}</tr>{lines}</table>"


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _confusion(table: Mapping[str, Any]) -> str:
    """Return the confusion matrix, each reference class shaded by its share."""
    heads = "".join(f"<th>{text(str(label))}</th>" for label in table["labels"])
    lines = []
    for label, counts in zip(table["labels"], table["counts"], strict=True):
        total = sum(counts) or 1
        cells = "".join(
            f'<td class="cell" style="background:color-mix(in srgb, #1c7ed6 {75 * count / total:.0f}%, transparent)">'
            f"{count:,}</td>"
            for count in counts
        )
        lines.append(f"<tr><td>{text(str(label))}</td>{cells}</tr>")
    title = "<h4>Confusion: reference in rows, prediction in columns</h4>"
    return f'{title}<div class="board-scroll"><table><tr><th></th>{heads}</tr>{"".join(lines)}</table></div>'


def refusal_card(refusal: Mapping[str, Any]) -> str:
    """Return what is wrong, with a line for each problem that is shown."""
    problems = refusal["problems"]
    more = refusal["n_problems"] - len(problems)
    lines = "".join(
        "<tr>"
        + "".join(
            f'<td class="text">{text("" if problem[name] is None else str(problem[name]))}</td>'
            for name in ("file", "line", "column", "expected", "found")
        )
        + "</tr>"
        for problem in problems
    )
    heads = "".join(f'<th class="text">{name}</th>' for name in ("File", "Line", "Column", "Expected", "Found"))
    table = f'<div class="board-scroll"><table><tr>{heads}</tr>{lines}</table></div>' if problems else ""
    rest = f"<p>… and {more:,} more.</p>" if more > 0 else ""
    summary = f"The file is refused: {refusal['n_problems']:,} problems." if problems else refusal["error"]
    return (
        f'<div class="board-card board-bad"><h3>Nothing was scored</h3><p>{text(summary)}</p>{table}{rest}</div>'
    )


def valid_card(n_rows: int, keys_checked: bool, notes: Sequence[str]) -> str:
    """Return that a file could be scored."""
    keys = "" if keys_checked else " Its keys were not compared with labels, because none are connected."
    more = "".join(f"<p>{text(note)}</p>" for note in notes)
    return (
        f'<div class="board-card board-good"><h3>The file is valid</h3><p>{n_rows:,} rows.{keys}</p>{more}</div>'
    )


def own_card(task: Task, entries: Sequence[Entry]) -> str:
    """Return one's own entries, private and withdrawn ones included."""
    if not entries:
        return '<p class="board-quiet">You have no entries of this task.</p>'
    digits = min(task.precision, 4)
    lines = "".join(
        f"<tr><td>{text(entry.system)}</td><td>{entry.scores[-1].shown:z.{digits}f}</td><td>{entry.created[:10]}</td>"
        f'<td class="text">{text(entry.state)}</td></tr>'
        for entry in entries
    )
    heads = f"<th>System</th><th>{text(task.main)}</th><th>Submitted</th><th class='text'>State</th>"
    table = f'<div class="board-scroll"><table><tr>{heads}</tr>{lines}</table></div>'
    return f'<div class="board-card"><h4>Your submissions</h4>{table}</div>'


def done_card(title: str, sentence: str) -> str:
    """Return that something was done."""
    return f'<div class="board-card board-good"><h3>{text(title)}</h3><p>{text(sentence)}</p></div>'


def comparison_card(task: Task, first: str, second: str, result: Mapping[str, Any]) -> str:
    """Return which of two systems is better, and how sure that is; ``result`` is a comparison in JSON types."""
    digits = min(task.precision, 4)
    p_first = result["p_first_better"]
    leader, name = (p_first, first) if p_first >= 0.5 else (1 - p_first, second)
    low, high = result["interval"]
    verdict = "They cannot be told apart" if leader < SURE else f"{name} is better"
    lines = (
        (first, f"{result['first']:z.{digits}f}"),
        (second, f"{result['second']:z.{digits}f}"),
        ("Difference", f"{result['difference']:+z.{digits}f}"),
        ("95 % interval", f"{low:+z.{digits}f} to {high:+z.{digits}f}"),
    )
    table = "".join(f"<tr><td>{text(what)}</td><td>{value}</td></tr>" for what, value in lines)
    return (
        f'<div class="board-card"><h3>{text(verdict)}</h3><div class="board-scroll"><table>'
        f"<tr><th></th><th>{text(task.main)}</th></tr>{table}</table></div>"
        f"<p>{text(name)} scored better in {leader:.1%} of {result['n_draws']:,} paired draws of "
        f"{result['n_groups']:,} videos, clips or images.</p></div>"
    )
