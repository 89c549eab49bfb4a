"""The way of one person through the valence-arousal circle, where both were learnt.

Conventions: those of ``figures.photo``.
"""

from typing import TYPE_CHECKING

import numpy as np

from femo.clips import temporal
from femo.output.draw import colour, rgba
from femo.output.figures.photo import affect_circle, empty_figure, moments
from femo.results import Timeline

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def trajectory(line: Timeline) -> "Figure":
    """Draw the way of one person through the valence-arousal circle; it darkens with time."""
    head = line.scores.get("valence_arousal")
    seen = np.flatnonzero(line.present & temporal.measured(head.values)) if head is not None else np.zeros(0, int)
    if head is None or not len(seen):
        return empty_figure("valence and arousal were not measured")
    index = seen[moments(len(seen))]
    figure = affect_circle(head.with_values(np.zeros((0, 2), np.float32)))
    hex_colour = colour(line.track)
    valence, arousal, time_s = head.column("valence")[index], head.column("arousal")[index], line.time_s[index]
    figure.add_scatter(
        x=valence, y=arousal, mode="lines", line={"color": rgba(hex_colour, 0.35), "width": 1.5}, hoverinfo="skip"
    )
    figure.add_scatter(
        x=valence,
        y=arousal,
        mode="markers",
        marker={
            "size": 6,
            "color": time_s,
            "colorscale": [[0, rgba(hex_colour, 0.15)], [1, hex_colour]],
            "showscale": False,
        },
        customdata=time_s,
        hovertemplate="%{customdata:.2f} s: valence %{x:.2f}, arousal %{y:.2f}<extra></extra>",
    )
    mean = [float(head.column(label)[seen].mean()) for label in ("valence", "arousal")]
    figure.add_scatter(
        x=mean[:1],
        y=mean[1:],
        mode="markers",
        marker={"size": 17, "color": hex_colour, "line": {"color": "#FFFFFF", "width": 2}},
        hovertemplate=f"mean: valence {mean[0]:.2f}, arousal {mean[1]:.2f}<extra></extra>",
    )
    return figure
