"""The standings as an HTML table that sorts and searches in the browser, with each interval drawn to one scale.

Conventions: cells carry their sort key in ``data-sort``; an empty one (a missing score) stays last in both directions.
A click on a row sends its id. Narrow screens see rank, system and score; the rest is in the row's report.
"""

from collections.abc import Sequence

from leaderboard.page.cards import BADGE_CLASS, links, text
from leaderboard.schema import Task
from leaderboard.standings.export import rank_text
from leaderboard.standings.ranking import Interval
from leaderboard.standings.table import Row

SHORT_BADGE = {"published, not re-scored": "published", "re-scored here": "re-scored here"}
NOTHING = '<div class="board-card board-empty">No rows yet. Be the first: submit below.</div>'

STYLE = """<style>
.board-tools { display: flex; gap: 12px; align-items: center; justify-content: space-between; margin-bottom: 8px; }
.board-tools input.board-search { flex: 0 1 260px; min-width: 0; padding: 8px 12px; border-radius: 8px;
  font-size: 14px; border: 1px solid var(--border-color-primary) !important; color: var(--body-text-color) !important;
  background: var(--block-background-fill) !important; }
.board-frame { overflow: auto; max-height: 480px; width: 0; min-width: 100%; border-radius: 12px;
  border: 1px solid var(--border-color-primary); background: var(--block-background-fill); }
table.board-rows { border-collapse: separate; border-spacing: 0; width: 100%; font-size: 14px; margin: 0; padding: 0;
  font-variant-numeric: tabular-nums; }
.board-rows th, .board-rows td { padding: 9px 12px; text-align: left; border: 0; vertical-align: middle;
  border-bottom: 1px solid var(--border-color-primary); color: var(--body-text-color); }
.board-rows th { position: sticky; top: 0; z-index: 1; background: var(--block-background-fill); padding: 0; }
.board-rows th button { all: unset; box-sizing: border-box; width: 100%; padding: 10px 12px; cursor: pointer;
  font-weight: 600; font-size: 12.5px; color: var(--body-text-color-subdued); white-space: nowrap; }
.board-rows th button:focus-visible, .board-rows tr:focus-visible { outline: 2px solid #1c7ed6; outline-offset: -2px; }
.board-rows th[aria-sort=ascending] button::after { content: " ↑"; }
.board-rows th[aria-sort=descending] button::after { content: " ↓"; }
.board-rows tbody tr { cursor: pointer; background: transparent; }
.board-rows tbody tr:hover { background: color-mix(in srgb, #1c7ed6 8%, transparent); }
.board-rows tbody tr.chosen { background: color-mix(in srgb, #1c7ed6 16%, transparent); }
.board-rows tbody tr:last-child td { border-bottom: 0; }
.board-rows td.tight, .board-count { white-space: nowrap; }
.board-rows .name { min-width: 230px; line-height: 1.35; overflow-wrap: anywhere; }
.board-rows .name small { display: block; color: var(--body-text-color-subdued); font-size: 12.5px; }
.board-rows .main { font-weight: 600; }
.board-span { position: relative; display: block; width: 120px; height: 14px; }
.board-span i { position: absolute; top: 6px; height: 2px; border-radius: 1px; background: #868e96; }
.board-span b { position: absolute; top: 3px; width: 8px; height: 8px; margin-left: -4px; border-radius: 50%;
  background: #868e96; }
.board-rows tr.here .board-span i, .board-rows tr.here .board-span b { background: #1c7ed6; }
@media (max-width: 700px) {
  .board-rows .wide { display: none; }
  .board-rows th button, .board-rows td { padding: 9px 7px; }
  .board-rows th button { white-space: normal; }
  .board-rows .name { min-width: 110px; }
  .board-span { width: 48px; }
}
</style>"""

SCRIPT = """
const rowsOf = () => [...element.querySelectorAll('tbody tr')];
const search = () => {
  const words = (element.querySelector('input')?.value || '').toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rowsOf()) {
    const text = row.dataset.text;
    row.hidden = !words.every(word => text.includes(word));
    shown += !row.hidden;
  }
  const count = element.querySelector('.board-count');
  if (count) count.textContent = shown + (shown === 1 ? ' row' : ' rows');
};
const sort = (head) => {
  const column = [...head.parentElement.children].indexOf(head);
  const number = head.dataset.kind === 'number';
  const first = head.dataset.first;
  const was = head.getAttribute('aria-sort');
  const order = !was ? first : was === 'ascending' ? 'descending' : 'ascending';
  for (const other of head.parentElement.children) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', order);
  const sign = order === 'ascending' ? 1 : -1;
  const key = row => row.children[column].dataset.sort;
  const rows = rowsOf().sort((a, b) => {
    const x = key(a), y = key(b);
    if (x === '' || y === '') return (x === '') - (y === '');
    return sign * (number ? x - y : x.localeCompare(y));
  });
  rows.forEach(row => row.parentElement.append(row));
};
const choose = (row) => {
  rowsOf().forEach(other => other.classList.toggle('chosen', other === row));
  trigger('click', {id: row.dataset.id});
};
element.addEventListener('input', search);
element.addEventListener('click', event => {
  const head = event.target.closest('th'), row = event.target.closest('tbody tr');
  if (head) sort(head);
  else if (row && !event.target.closest('a')) choose(row);
});
element.addEventListener('keydown', event => {
  if (event.key === 'Enter' && event.target.matches('tbody tr')) choose(event.target);
});
"""


def board_table(rows: Sequence[Row], task: Task) -> str:
    """Return the table of ``rows``."""
    if not rows:
        return NOTHING
    best_first = "descending" if task.higher_is_better else "ascending"
    heads = [
        _head("Rank", "ascending"),
        _head("System", "ascending", "text"),
        _head(task.main, best_first),
        _head("95 % interval", best_first),
        *(_head(part.replace("_", " "), "descending", wide=True) for part in task.parts),
        _head("N", "descending", wide=True),
        _head("Split", "ascending", "text", wide=True),
        _head("Year", "descending", wide=True),
        _head("Source", "ascending", "text", wide=True),
        _head("Links", "ascending", "text", wide=True),
    ]
    scale = _scale(rows)
    lines = "".join(_line(row, task, scale) for row in rows)
    return (
        f'<div class="board-tools"><input class="board-search" type="search" placeholder="Search" aria-label="Search the table">'
        f'<span class="board-quiet board-count">{len(rows)} {"row" if len(rows) == 1 else "rows"}</span></div>'
        f'<div class="board-frame"><table class="board-rows"><thead><tr>{"".join(heads)}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _head(name: str, first: str, kind: str = "number", wide: bool = False) -> str:
    hidden = ' class="wide"' if wide else ""
    return f'<th{hidden} data-kind="{kind}" data-first="{first}"><button type="button">{text(name)}</button></th>'


def _line(row: Row, task: Task, scale: Interval) -> str:
    digits = min(task.precision, 4)
    who = " · ".join(part for part in (row.team, row.user) if part)
    mark = "<sup>†</sup>" if row.note or row.caveat else ""
    split = " ".join(part for part in (row.split, row.edition) if part)
    words = f"{row.system} {who} {split} {row.subset} {row.year or ''} {row.badge}".lower()
    badge = SHORT_BADGE.get(row.badge, row.badge)
    name = f"{text(row.system)}{mark}<small>{text(who)}</small>"
    cells = [
        _cell("" if row.rank is None else f"{row.rank[0]}.{row.rank[1]:04d}", rank_text(row.rank), "tight"),
        _cell(row.system, name, "name"),
        _number(row.main, digits, "tight main"),
        _cell("" if row.main is None else f"{row.main}", _span(row, scale, digits)),
        *(_number(row.parts.get(part), digits, "tight wide") for part in task.parts),
        _cell("" if row.n is None else f"{row.n}", "" if row.n is None else f"{row.n:,}", "tight wide"),
        _cell(split, f"{text(split)}<br><span class='board-quiet'>{text(row.subset)}</span>", "wide"),
        _cell(f"{row.year or ''}", f"{row.year or ''}", "tight wide"),
        _cell(badge, f'<span class="board-badge board-{BADGE_CLASS[row.badge]}">{badge}</span>', "wide"),
        _cell(" ".join(row.links), links(row.links, short=True), "tight wide"),
    ]
    title = f' title="{text(f"{row.caveat} {row.note}".strip())}"' if mark else ""
    state = "here" if row.badge == "re-scored here" else ""
    return (
        f'<tr class="{state}" tabindex="0" data-id="{text(row.id)}" data-text="{text(words)}"{title}>'
        f"{''.join(cells)}</tr>"
    )


def _cell(key: str, content: str, kind: str = "") -> str:
    return f'<td class="{kind}" data-sort="{text(key)}">{content}</td>'


def _number(value: float | None, digits: int, kind: str) -> str:
    shown = ("–" if "main" in kind else "") if value is None else f"{value:z.{digits}f}"
    return _cell("" if value is None else f"{value}", shown, kind)


def _scale(rows: Sequence[Row]) -> Interval:
    """Return the range that every interval is drawn in."""
    ends = [end for row in rows if row.main is not None for end in (row.interval or (row.main, row.main))]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _span(row: Row, scale: Interval, digits: int) -> str:
    """Return the interval as a line and the score as a dot on it."""
    if row.main is None:
        return ""
    low, high = row.interval or (row.main, row.main)
    left, right, at = (100 * (value - scale[0]) / (scale[1] - scale[0]) for value in (low, high, row.main))
    title = f"{low:z.{digits}f} to {high:z.{digits}f}" if row.interval else "no interval published"
    return (
        f'<span class="board-span" title="{title}" role="img" aria-label="{title}">'
        f'<i style="left:{left:.1f}%;width:{right - left:.1f}%"></i><b style="left:{at:.1f}%"></b></span>'
    )
