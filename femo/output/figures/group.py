"""Plotly figures of a group: its mood over time with face count and agreement, and the share of each expression.

Conventions: those of ``figures.photo``. Positive, neutral and negative have one colour each wherever they are shown. A long clip
is drawn at ``MAX_POINTS`` moments; the result and the files keep every frame. Where nobody counts the mood has a gap.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from femo.output.draw import EXPRESSION_COLOURS, INK, rgba
from femo.output.figures import gaps
from femo.output.figures.photo import axis, empty_figure, moments, new_figure, percent
from femo.results import GroupResult

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOOD_COLOURS: Final[Mapping[str, str]] = {"positive": "#009E73", "neutral": "#A8A59D", "negative": "#D55E00"}
"""Colour-blind-safe (Okabe & Ito 2008); neutral is grey."""
HEIGHT_PX: Final = 430
LEAST_SHARE: Final = 0.01
"""Shares below this are drawn as one."""
NOBODY: Final = "no face that counts"
"""Said where there are no figures: faces in view may all be blurs."""


def has_course(group: GroupResult) -> bool:
    """Tell whether there is anything to draw over time: more than one moment, and a face that counts."""
    return len(group.over_time.time_s) > 1 and bool(group.over_time.present.any())


def group_timeline(group: GroupResult) -> "Figure":
    """Draw mood (stacked areas), number of faces (steps) and agreement (line) over one time axis.

    Raises:
        ValueError: The group has no course (``has_course``).
    """
    if not has_course(group):
        raise ValueError("a group without a course over time has no timeline")
    curve = group.over_time.scores["group"]
    index = moments(len(group.over_time.time_s))
    time_s = group.over_time.time_s[index]
    figure = _empty_timeline(float(time_s[-1]))
    drawn = gaps.areas(time_s, curve.values[index], group.over_time.present[index])
    for label in ("negative", "neutral", "positive"):
        figure.add_scatter(
            x=drawn.time_s,
            y=drawn.values[:, curve.labels.index(label)],
            name=label,
            stackgroup="mood",
            mode="none",
            fillcolor=rgba(MOOD_COLOURS[label], 0.8),
            hovertemplate=["%{y:.0%}" if said else NOBODY for said in drawn.said],
        )
    count = {"x": time_s, "y": group.face_count[index], "line": {"color": INK, "width": 1.8, "shape": "hv"}}
    figure.add_scatter(**count, mode="lines", name="faces", yaxis="y2", showlegend=False, hovertemplate="%{y}")
    figure.add_scatter(
        x=time_s,
        y=group.agreement[index],
        mode="lines",
        line={"color": "#0072B2", "width": 1.8},
        name="agreement",
        yaxis="y3",
        showlegend=False,
        hovertemplate="%{y:.0%}",
    )
    for text, y in (("faces in view", 0.435), ("agreement of the faces", 0.185)):
        figure.add_annotation(
            text=text, x=0, y=y, xref="paper", yref="paper", xanchor="left", yanchor="bottom", showarrow=False
        )
    return figure


def _empty_timeline(end_s: float) -> "Figure":
    """Three charts above each other over one time axis."""
    return new_figure(
        HEIGHT_PX,
        hovermode="x unified",
        showlegend=True,
        legend={"orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        xaxis=axis(range=[0, end_s], ticksuffix=" s", anchor="y3", hoverformat=".2f"),
        yaxis=axis(domain=[0.52, 1], range=[0, 1], tickformat=".0%", tickvals=[0, 0.5, 1]),
        yaxis2=axis(domain=[0.27, 0.43], rangemode="tozero", nticks=4, tickformat="d"),
        yaxis3=axis(domain=[0, 0.18], range=[0, 1.05], tickformat=".0%", tickvals=[0, 0.5, 1]),
    )


def share_bars(shares: Mapping[str, float]) -> "Figure":
    """Draw the share of each expression across the group, largest on top; those that nobody shows share a last line."""
    if not shares:
        return empty_figure(NOBODY, 90)
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    shown = [item for item in ranked if item[1] >= LEAST_SHARE]
    if len(ranked) - len(shown) > 1:
        ranked = [*shown, (f"{len(ranked) - len(shown)} others", sum(share for _, share in ranked[len(shown) :]))]
    figure = new_figure(
        28 * len(ranked) + 16,
        xaxis=axis(range=[0, 1.3], visible=False),
        yaxis=axis(autorange="reversed", ticklabelstandoff=6),
        bargap=0.38,
    )
    figure.add_bar(
        x=[share for _, share in ranked],
        y=[label for label, _ in ranked],
        orientation="h",
        marker={"color": [EXPRESSION_COLOURS.get(label, INK) for label, _ in ranked]},
        text=[percent(share) for _, share in ranked],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%} of the group<extra></extra>",
    )
    return figure
