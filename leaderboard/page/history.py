"""Score over the years with the record line, as Papers with Code drew it.

Conventions: Plotly reads a few HTML tags in hover text and labels, so every name is escaped. Colours are readable on light and
dark pages alike; the background is the page's own.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

from leaderboard.schema import Task
from leaderboard.standings.ranking import better
from leaderboard.standings.table import Row
from leaderboard.store.entries import PUBLISHED

RECORD = "#e8590c"
OTHER = "#868e96"
RESCORED_HERE = "#1c7ed6"
FONT_FAMILY = "IBM Plex Sans, ui-sans-serif, system-ui, sans-serif"
MAX_LABEL_CHARS = 26
_GRID = "rgba(134, 142, 150, 0.25)"


def record_line(rows: Sequence[Row], higher: bool) -> list[Row]:
    """Return the rows that were the best when they came, oldest first; of one year's records the best only.

    Args:
        rows: Of one group; rows without year or score are left out.
        higher: Whether more is better.
    """
    dated = [row for row in rows if row.year is not None and row.main is not None]
    records: list[Row] = []
    for row in sorted(dated, key=lambda row: (row.year, -_main(row) if higher else _main(row))):
        if not records or better(_main(row), _main(records[-1]), higher):
            records.append(row)
    return records


def _main(row: Row) -> float:
    if row.main is None:
        raise ValueError(f"{row.system} has no score")
    return row.main


def has_course(rows: Sequence[Row]) -> bool:
    """Tell whether the ranked rows come from more than one year: scores of one year are a column that the table shows better."""
    return len({row.year for row in _dated(rows)}) > 1


def _dated(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.year is not None and row.main is not None and row.rank is not None]


def history(rows: Sequence[Row], task: Task) -> Any:
    """Return a Plotly figure of one group's scores by year.

    Args:
        rows: Of one group.
        task: Their task.

    Returns:
        ``plotly.graph_objects.Figure``.
    """
    import plotly.graph_objects as go

    dated = _dated(rows)
    records = record_line(dated, task.higher_is_better)
    figure = go.Figure()
    for name, colour, chosen in (
        ("published", OTHER, [row for row in dated if row.badge == PUBLISHED]),
        ("re-scored here", RESCORED_HERE, [row for row in dated if row.badge != PUBLISHED]),
    ):
        if chosen:
            figure.add_scatter(
                x=[row.year for row in chosen],
                y=[row.main for row in chosen],
                mode="markers",
                name=name,
                marker={"color": colour, "size": 9, "opacity": 0.75},
                text=[_hover(row) for row in chosen],
                hovertemplate="%{text}<extra></extra>",
            )
    if records:
        _draw_record(figure, records, last_year=max(row.year or 0 for row in dated))
    _style(figure, dated, task)
    return figure


def _draw_record(figure: Any, records: Sequence[Row], last_year: int) -> None:
    """Draw the record as steps: it stands until a better one comes."""
    figure.add_scatter(
        x=[*(row.year for row in records), last_year],
        y=[*(row.main for row in records), records[-1].main],
        mode="lines",
        name="record",
        line={"color": RECORD, "width": 2.5, "shape": "hv"},
        hoverinfo="skip",
    )
    for row in records:
        figure.add_annotation(x=row.year, y=row.main, text=_linked(row), showarrow=False, xanchor="left", yanchor="top",
                              xshift=7, yshift=-3, font={"size": 11.5})  # fmt: skip
    figure.add_scatter(
        x=[row.year for row in records],
        y=[row.main for row in records],
        mode="markers",
        name="record",
        showlegend=False,
        marker={"size": 10, "color": RECORD},
        text=[_hover(row) for row in records],
        hovertemplate="%{text}<extra></extra>",
    )


def _hover(row: Row) -> str:
    who = f"<br>{escape(row.team)}" if row.team else ""
    return f"<b>{escape(row.system)}</b>{who}<br>{row.main:.4g} ({row.year})"


def _linked(row: Row) -> str:
    """Return the name of the team or system, which leads to its first link."""
    name = row.team or row.system
    shown = escape(name if len(name) <= MAX_LABEL_CHARS else name[: MAX_LABEL_CHARS - 1] + "…")
    return f'<a href="{escape(row.links[0])}" target="_blank">{shown}</a>' if row.links else shown


def _style(figure: Any, dated: Sequence[Row], task: Task) -> None:
    title = task.main if task.higher_is_better else f"{task.main}, lower is better"
    figure.update_layout(
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": OTHER, "family": FONT_FAMILY},
        margin={"l": 56, "r": 16, "t": 72, "b": 40},
        height=360,
        title={"text": "Score over the years", "font": {"size": 14}, "x": 0.02, "y": 0.96},
        yaxis_title=escape(title),
        legend={"orientation": "h", "y": 1.14, "x": 0},
        hoverlabel={"align": "left"},
    )
    years = sorted({row.year for row in dated if row.year is not None})
    span = (
        [years[0] - 0.5, years[-1] + 0.95] if years else None
    )  # the last label needs room, and the next year no tick
    figure.update_xaxes(dtick=1, tickformat="d", gridcolor=_GRID, zeroline=False, range=span)
    figure.update_yaxes(gridcolor=_GRID, zeroline=False)
    if not dated:
        figure.add_annotation(text="No dated score in this group yet", showarrow=False, font={"size": 14})
