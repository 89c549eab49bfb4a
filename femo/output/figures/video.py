"""Plotly figures of one clip: the timeline of a person, and the summary.

Conventions: those of ``figures.photo``; time runs in seconds from left to right on one axis that all parts of the timeline
share, so that one cursor and one click serve them all. A long clip is drawn at ``MAX_POINTS`` moments; the result and the
files keep every frame. Where a person was not in view nothing is drawn; brief faces have no strip of their own. What two models
say of the same faces stands one above the other, under the name of each.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from femo.clips import summaries
from femo.documents import known_units
from femo.output.draw import EXPRESSION_COLOURS, INK, PALETTE, rgba
from femo.output.figures import beside_clip, gaps, measures, presence
from femo.output.figures.photo import AU_NAMES, GRID, axis, empty_figure, moments, new_figure
from femo.results import Timeline, VideoResult
from femo.types import Floats, Ints, Scores

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

VALENCE, AROUSAL = PALETTE[5], PALETTE[0]
EXPRESSION_PX, AFFECT_PX, UNIT_PX, GAP_PX = 210, 130, 15, 34
"""Heights of the parts: expression, valence and arousal, one action unit, a title's gap."""
PAIRED: Final = {"expression": 110, "valence_arousal": 90, "action_units": 11, **dict.fromkeys(measures.PARTS, 54)}
"""Heights where two models read, of one action unit too: twice the parts must not be twice the way down a phone."""
COMPARED: Final = ("expression", "valence_arousal", "action_units")
"""What a second model may say otherwise; all else is measured by the mesh, which both share."""


class _Part(NamedTuple):
    """One part of a timeline: what it shows of whom, and the model's name where two read."""

    name: str
    height_px: int
    line: Timeline
    model: str = ""


def timeline(
    result: VideoResult, track: int, names: Mapping[int, str] | None = None, second: VideoResult | None = None
) -> "Figure":
    """Draw one person over time: expressions as stacked areas, valence and arousal, action units, and who is there.

    Args:
        result: The clip.
        track: Id of the person.
        names: Id to the name that a person was given.
        second: The same persons as another model reads them; what it says stands below what the first says.

    Raises:
        ValueError: Nobody has this id.
    """
    line = summaries.find(result, track)
    index = moments(len(result.time_s))
    parts = list(_parts(result, line, second))
    height = sum(part.height_px + GAP_PX for part in parts)
    figure = new_figure(height + 44, hovermode="x unified", legend=_legend(), showlegend=True)
    top = 1.0
    for number, part in enumerate(parts, 1):
        top -= GAP_PX / height
        bottom = max(0.0, top - part.height_px / height)
        which = "" if number == 1 else str(number)
        figure.update_layout(
            {f"yaxis{which}": axis(domain=[bottom, top], anchor="x", **_scale(part, result, line, names or {}))}
        )
        before = len(figure.data)
        _draw(part, figure, result, line, index, f"y{which}")
        if part.model:
            _tell_apart(figure.data[before:], figure.data[:before], part.model)
        _title(figure, part, top)
        top = bottom
    end = max(result.duration_s, float(result.time_s[-1]) if len(result.time_s) else 0.0, 1e-3)
    last = "" if len(parts) == 1 else str(len(parts))
    figure.update_layout(xaxis=axis(range=[0, end], ticksuffix=" s", anchor=f"y{last}", hoverformat=".2f"))
    return figure


BAR_PX, LINE_PX, NAMES_IN_A_LINE = 92, 20, 2
"""Height of the bar with its axis, of one line of its names, and how many of them the narrowest column has room for."""


def share_bar(line: Timeline, duration_s: float = math.inf) -> "Figure":
    """Show the share of time per expression as one bar, of a clip of this length."""
    found = summaries.shares(line, duration_s)
    if not found:
        return empty_figure("no expression was read", 96)
    n_lines = -(-len(found) // NAMES_IN_A_LINE)
    figure = new_figure(
        BAR_PX + LINE_PX * n_lines,
        barmode="stack",
        xaxis=axis(range=[0, 1], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1]),
        yaxis=axis(visible=False),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        showlegend=True,
    )
    for label, share in found.items():
        figure.add_bar(
            x=[share],
            y=[""],
            orientation="h",
            name=f"{label} {100 * share:.0f} %",
            marker={"color": _colour(label)},
            hovertemplate=f"{label}: {share:.1%} of the time in view<extra></extra>",
        )
    return figure


def _parts(result: VideoResult, line: Timeline, second: VideoResult | None) -> Iterator[_Part]:
    """Yield the parts of the timeline: what was learnt or measured, by one model or by two."""
    other = None if second is None else summaries.find(second, line.track)
    also = {} if other is None else _heights(other, paired=True)
    for name, height in _heights(line, paired=other is not None).items():
        if height:
            yield _Part(name, height, line, result.model if also and _is_learnt(line, name) else "")
        if second is None or other is None or not also[name] or not _is_learnt(other, name):
            continue
        yield _Part(name, also[name], other, second.model)
        if name == "expression" and height:
            yield _Part("differ", presence.STRIP_PX, other)
    yield _Part("presence", presence.STRIP_PX * len(presence.strips(result, line)), line)


def _heights(line: Timeline, *, paired: bool) -> dict[str, int]:
    """Return the height of every part, 0 where there is nothing to show."""
    affect, units = line.scores.get("valence_arousal"), _known_units(line)
    alone = {"expression": EXPRESSION_PX, "valence_arousal": AFFECT_PX, "action_units": UNIT_PX}
    px = PAIRED if paired else alone | dict.fromkeys(measures.PARTS, measures.HEIGHT_PX)
    return {
        "expression": px["expression"] if "expression" in line.scores else 0,
        "valence_arousal": px["valence_arousal"] if affect is not None and affect.source == "trained" else 0,
        "action_units": px["action_units"] * len(units.labels) if units else 0,
        **{name: px[name] if name in measures.parts_of(line) else 0 for name in measures.PARTS},
    }


def _is_learnt(line: Timeline, name: str) -> bool:
    """Whether a model says it; all else is measured by the mesh, which two models share."""
    return name in line.scores and line.scores[name].source == "trained"


def _tell_apart(drawn: Iterable[Any], before: Iterable[Any], model: str) -> None:
    """Give curves of the same name one place in the legend, and the model's name where the mouse is."""
    known = {trace.name for trace in before}
    for trace in drawn:
        said = trace.hovertemplate
        said = f"{said} ({model})" if isinstance(said, str) else [f"{one} ({model})" for one in said]
        shown = bool(trace.name) and trace.name not in known
        trace.update(hovertemplate=said, legendgroup=trace.name, showlegend=shown, meta=model)


def _known_units(line: Timeline) -> Scores | None:
    """Return the action units that were learnt, or measured at least once."""
    head = known_units(line.scores, None if line.mesh is None else line.mesh.units)
    if head is None or not np.isfinite(head.values).any():
        return None
    known = np.flatnonzero(np.isfinite(head.values).any(axis=0))
    labels = tuple(head.labels[number] for number in known)
    return Scores(head.name, labels, head.values[:, known], head.kind, head.source)


def _scale(part: _Part, result: VideoResult, line: Timeline, names: Mapping[int, str]) -> dict[str, Any]:
    if part.name in measures.PARTS:
        return measures.scale(line, part.name)
    return presence.scale(result, line, names) if part.name == "presence" else _SCALES[part.name]


def _draw(part: _Part, figure: "Figure", result: VideoResult, line: Timeline, index: Ints, yaxis: str) -> None:
    if part.name in measures.PARTS:
        measures.draw_part(part.name, figure, line, index, yaxis)
    elif part.name == "presence":
        presence.draw(figure, result, line, yaxis)
    elif part.name == "differ":
        beside_clip.draw(figure, result, line, part.line, yaxis)
    else:
        _DRAW[part.name](figure, part.line, index, yaxis)


def _legend() -> dict[str, Any]:
    return {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "font": {"size": 12}, "traceorder": "normal"}


def _title(figure: "Figure", part: _Part, top: float) -> None:
    """Write the title of one part above it, with where its figures come from."""
    head, is_measure = part.line.scores.get(part.name), part.name in measures.PARTS
    source = "measured" if is_measure or (head and head.source == "mixed") else head.source if head else ""
    title = measures.title(part.line, part.name) if is_measure else f"<b>{_TITLES[part.name]}</b>"
    said = " ".join(filter(None, [part.model, source]))
    figure.add_annotation(
        text=title + (f"  <span style='font-size:11px'>{said}</span>" if said else ""),
        x=0,
        y=top,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
    )


def _colour(label: str) -> str:
    return EXPRESSION_COLOURS.get(label, INK)


def _draw_expression(figure: "Figure", line: Timeline, index: Ints, yaxis: str) -> None:
    head = line.scores["expression"]
    seen = line.present & np.isfinite(head.values).all(axis=1)
    drawn = gaps.areas(line.time_s[index], head.values[index], seen[index])
    for number, label in enumerate(head.labels):
        figure.add_scatter(
            x=drawn.time_s,
            y=drawn.values[:, number],
            name=label,
            stackgroup="expression",
            mode="lines",
            line={"width": 0.4, "color": _colour(label)},
            fillcolor=rgba(_colour(label), 0.85),
            hovertemplate=["%{y:.0%}" if said else "not in view" for said in drawn.said],
            yaxis=yaxis,
        )


def _draw_affect(figure: "Figure", line: Timeline, index: Ints, yaxis: str) -> None:
    head = line.scores["valence_arousal"]
    for label, hex_colour in (("valence", VALENCE), ("arousal", AROUSAL)):
        figure.add_scatter(
            x=line.time_s[index],
            y=gaps.without_absence(head.column(label), line.present)[index],
            name=label,
            mode="lines",
            connectgaps=False,
            line={"width": 2, "color": hex_colour, "dash": "solid" if label == "valence" else "dot"},
            hovertemplate="%{y:+.2f}",
            yaxis=yaxis,
        )


def _draw_units(figure: "Figure", line: Timeline, index: Ints, yaxis: str) -> None:
    head = _known_units(line)
    if head is None:
        return
    names = [f"{label[:2]} {label[2:]}" for label in head.labels]
    spoken = np.array([[AU_NAMES.get(label, label)] * len(index) for label in head.labels])
    figure.add_heatmap(
        x=line.time_s[index],
        y=names,
        z=_transposed(gaps.without_absence(head.values, line.present)[index]),
        customdata=spoken,
        zmin=0,
        zmax=1,
        colorscale=[[0, rgba(PALETTE[2], 0.04)], [0.5, rgba(PALETTE[2], 0.5)], [1, PALETTE[2]]],
        showscale=False,
        hovertemplate="%{customdata}: %{z:.0%}<extra></extra>",
        yaxis=yaxis,
        ygap=1,
    )


def _transposed(values: Floats) -> Floats:
    return np.ascontiguousarray(values.T)


_TITLES: Final = {
    "expression": "Expression",
    "valence_arousal": "Valence and arousal",
    "action_units": "Action units",
    "presence": "In view",
    "differ": "Where they name different expressions",
}
_SCALES: Final[dict[str, dict[str, Any]]] = {
    "expression": {"range": [0, 1], "tickformat": ".0%", "tickvals": [0, 0.5, 1]},
    "valence_arousal": {
        "range": [-1.05, 1.05],
        "tickvals": [-1, 0, 1],
        "zeroline": True,
        "zerolinecolor": GRID,
    },
    "action_units": {"autorange": "reversed", "tickfont": {"size": 10}, "dtick": 1, "ticklabelstandoff": 3},
    "differ": {"type": "category", "visible": False, "range": [0.6, -0.6]},
}
_DRAW: Final = {
    "expression": _draw_expression,
    "valence_arousal": _draw_affect,
    "action_units": _draw_units,
}
