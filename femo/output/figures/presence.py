"""The strip of a timeline that says who is in view when."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from femo.clips import summaries
from femo.output.draw import colour, rgba
from femo.results import Timeline, VideoResult

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MAX_STRIPS: Final = 12
"""Persons in the strip: the chosen one and those seen longest."""
STRIP_PX: Final = 22
"""Height of one person."""


def strips(result: VideoResult, line: Timeline) -> list[Timeline]:
    """Return who has a strip: the chosen person, then those seen longest, without brief faces."""
    lasting, _ = summaries.split_brief(result)
    return [line, *(other for other in lasting if other is not line)][:MAX_STRIPS]


def scale(result: VideoResult, line: Timeline, names: Mapping[int, str]) -> dict[str, Any]:
    """Return the axis: one place for each person, by name where one was given."""
    tracks = [other.track for other in strips(result, line)]
    words = [f"{track} {names[track]}" if track in names else strip_of(track) for track in tracks]
    ticks = {"tickvals": [strip_of(track) for track in tracks], "ticktext": words}
    return {"type": "category", "tickfont": {"size": 11}, **ticks, "range": [len(tracks) - 0.4, -0.6]}


def strip_of(track: int) -> str:
    """Return the place of a person on the axis."""
    return f"person {track}"


def draw(figure: "Figure", result: VideoResult, line: Timeline, yaxis: str) -> None:
    """Draw when each of them is in view, the chosen person in full colour."""
    for other in strips(result, line):
        seen = summaries.spans(other.time_s, other.present, result.duration_s)
        shade = rgba(colour(other.track), 1 if other is line else 0.45)
        add_strip(figure, seen, strip_of(other.track), shade, yaxis)


def add_strip(
    figure: "Figure", stretches: Iterable[tuple[float, float]], place: str, shade: str, yaxis: str
) -> None:
    """Draw stretches of time, in seconds, as one broken bar at its place on the axis."""
    xs = [edge for start, end in stretches for edge in (start, end, None)]
    figure.add_scatter(
        x=xs,
        y=[None if x is None else place for x in xs],
        mode="lines",
        line={"width": 9, "color": shade},
        name=place,
        showlegend=False,
        hoverinfo="skip",
        yaxis=yaxis,
    )
