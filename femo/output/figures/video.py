"""Plotly figures of one clip: the timeline of a person, and the summary.

Conventions: those of ``figures.photo``; time runs in seconds from left to right on one axis that all parts of the timeline
share, so that one cursor and one click serve them all. A long clip is drawn at ``MAX_POINTS`` moments; the result and the
files keep every frame. Where a person was not in view nothing is drawn; brief faces have no strip of their own.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from femo.clips import summaries
from femo.documents import known_units
from femo.output.draw import EXPRESSION_COLOURS, INK, PALETTE, colour, rgba
from femo.output.figures import gaps, measures
from femo.output.figures.photo import AU_NAMES, GRID, axis, empty_figure, moments, new_figure
from femo.results import Timeline, VideoResult
from femo.types import Floats, Ints, Scores

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MAX_STRIPS: Final = 12
"""Persons in the presence strip: the chosen one and those seen longest."""
VALENCE, AROUSAL = PALETTE[5], PALETTE[0]
EXPRESSION_PX, AFFECT_PX, STRIP_PX, UNIT_PX, GAP_PX = 210, 130, 22, 15, 34
"""Heights of the parts: expression, valence and arousal, one person of the strip, one action unit, a title's gap."""


def timeline(result: VideoResult, track: int, names: Mapping[int, str] | None = None) -> "Figure":
    """Draw one person over time: expressions as stacked areas, valence and arousal, action units, and who is there.

    Args:
        result: The clip.
        track: Id of the person.
        names: Id to the name that a person was given.

    Raises:
        ValueError: Nobody has this id.
    """
    line = find(result, track)
    index = moments(len(result.time_s))
    parts = _parts(result, line)
    height = sum(part_height + GAP_PX for _, part_height in parts)
    figure = new_figure(height + 44, hovermode="x unified", legend=_legend(), showlegend=True)
    top = 1.0
    for number, (name, part_height) in enumerate(parts, 1):
        top -= GAP_PX / height
        bottom = max(0.0, top - part_height / height)
        which = "" if number == 1 else str(number)
        figure.update_layout(
            {f"yaxis{which}": axis(domain=[bottom, top], anchor="x", **_scale(name, result, line, names or {}))}
        )
        _draw(name, figure, result, line, index, f"y{which}")
        _title(figure, name, line, top)
        top = bottom
    end = max(result.duration_s, float(result.time_s[-1]) if len(result.time_s) else 0.0, 1e-3)
    last = "" if len(parts) == 1 else str(len(parts))
    figure.update_layout(xaxis=axis(range=[0, end], ticksuffix=" s", anchor=f"y{last}", hoverformat=".2f"))
    return figure


def find(result: VideoResult, track: int) -> Timeline:
    """Return the timeline of a person.

    Raises:
        ValueError: Nobody has this id.
    """
    for line in result.timelines:
        if line.track == track:
            return line
    raise ValueError(f"nobody in this clip has the id {track}")


def share_bar(line: Timeline) -> "Figure":
    """Show the share of time per expression as one bar."""
    found = summaries.shares(line)
    if not found:
        return empty_figure("no expression was read", 96)
    figure = new_figure(
        112,
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


def _parts(result: VideoResult, line: Timeline) -> list[tuple[str, int]]:
    """Which parts the timeline has, and their heights: what was learnt or measured."""
    affect, units = line.scores.get("valence_arousal"), _known_units(line)
    known = {
        "expression": EXPRESSION_PX if "expression" in line.scores else 0,
        "valence_arousal": AFFECT_PX if affect is not None and affect.source == "trained" else 0,
        "action_units": UNIT_PX * len(units.labels) if units else 0,
        **dict.fromkeys(measures.parts_of(line), measures.HEIGHT_PX),
    }
    return [
        *((name, height) for name, height in known.items() if height),
        ("presence", STRIP_PX * len(_strips(result, line))),
    ]


def _known_units(line: Timeline) -> Scores | None:
    """Return the action units that were learnt, or measured at least once."""
    head = known_units(line.scores, None if line.mesh is None else line.mesh.units)
    if head is None or not np.isfinite(head.values).any():
        return None
    known = np.flatnonzero(np.isfinite(head.values).any(axis=0))
    labels = tuple(head.labels[number] for number in known)
    return Scores(head.name, labels, head.values[:, known], head.kind, head.source)


def _scale(name: str, result: VideoResult, line: Timeline, names: Mapping[int, str]) -> dict[str, Any]:
    if name in measures.PARTS:
        return measures.scale(line, name)
    if name != "presence":
        return _SCALES[name]
    tracks = [other.track for other in _strips(result, line)]
    words = [f"{track} {names[track]}" if track in names else _strip_of(track) for track in tracks]
    ticks = {"tickvals": [_strip_of(track) for track in tracks], "ticktext": words}
    return _SCALES[name] | ticks | {"range": [len(tracks) - 0.4, -0.6]}


def _draw(name: str, figure: "Figure", result: VideoResult, line: Timeline, index: Ints, yaxis: str) -> None:
    if name in measures.PARTS:
        measures.draw_part(name, figure, line, index, yaxis)
    else:
        _DRAW[name](figure, result, line, index, yaxis)


def _strips(result: VideoResult, line: Timeline) -> list[Timeline]:
    """Return who has a strip: the chosen person, then those seen longest, without brief faces."""
    lasting, _ = summaries.split_brief(result)
    return [line, *(other for other in lasting if other is not line)][:MAX_STRIPS]


def _strip_of(track: int) -> str:
    return f"person {track}"


def _legend() -> dict[str, Any]:
    return {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "font": {"size": 12}, "traceorder": "normal"}


def _title(figure: "Figure", name: str, line: Timeline, top: float) -> None:
    """Write the title of one part above it, with where its figures come from."""
    head = line.scores.get(name)
    source = "measured" if name in measures.PARTS or (head and head.source == "mixed") else head and head.source
    title = measures.title(line, name) if name in measures.PARTS else f"<b>{_TITLES[name]}</b>"
    figure.add_annotation(
        text=title + (f"  <span style='font-size:11px'>{source}</span>" if source else ""),
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


def _draw_expression(figure: "Figure", result: VideoResult, line: Timeline, index: Ints, yaxis: str) -> None:
    head = line.scores["expression"]
    drawn = gaps.areas(line.time_s[index], head.values[index], line.present[index])
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


def _draw_affect(figure: "Figure", result: VideoResult, line: Timeline, index: Ints, yaxis: str) -> None:
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


def _draw_units(figure: "Figure", result: VideoResult, line: Timeline, index: Ints, yaxis: str) -> None:
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


def _draw_presence(figure: "Figure", result: VideoResult, line: Timeline, index: Ints, yaxis: str) -> None:
    for other in _strips(result, line):
        xs: list[float | None] = []
        for start, end in summaries.spans(other.time_s, other.present, result.duration_s):
            xs += [start, end, None]
        figure.add_scatter(
            x=xs,
            y=[None if x is None else _strip_of(other.track) for x in xs],
            mode="lines",
            line={"width": 9, "color": rgba(colour(other.track), 1 if other is line else 0.45)},
            name=_strip_of(other.track),
            showlegend=False,
            hoverinfo="skip",
            yaxis=yaxis,
        )


_TITLES: Final = {
    "expression": "Expression",
    "valence_arousal": "Valence and arousal",
    "action_units": "Action units",
    "presence": "In view",
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
    "presence": {"type": "category", "tickfont": {"size": 11}},
}
_DRAW: Final = {
    "expression": _draw_expression,
    "valence_arousal": _draw_affect,
    "action_units": _draw_units,
    "presence": _draw_presence,
}
