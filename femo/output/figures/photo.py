"""Plotly figures and tables of one photo, and the layout that every figure of femo shares.

Conventions: a figure has a transparent ground and neutral ink, so that it reads in a light and in a dark theme; no
fixed width, so that it fits a phone; labels lie outside the bars. A face that was not measured (a row of NaN) gives a
figure that says so. Values are shown as they are in the result, never rescaled.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from femo.documents import known_units
from femo.output.draw import INK, colour, rgba
from femo.results import PhotoResult
from femo.types import Ints, Scores

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

FONT_FAMILY: Final = "IBM Plex Sans, ui-sans-serif, system-ui, sans-serif"
GRID: Final = rgba(INK, 0.28)
BAR_HEIGHT_PX: Final = 30
NOT_MEASURED: Final = "not measured"
UNSURE: Final = "unsure"
LEAST: Final = 0.6
"""Least probability of an attribute that has a word, where the result does not say it."""
AGE_YEARS: Final = 10
"""An age is a word for this many years to either side."""
MAX_POINTS: Final = 1500
"""Moments of a clip that are drawn; more than a wide screen has pixels."""

AU_NAMES: Final = {
    "AU1": "inner brow raiser",
    "AU2": "outer brow raiser",
    "AU4": "brow lowerer",
    "AU6": "cheek raiser",
    "AU7": "lid tightener",
    "AU10": "upper lip raiser",
    "AU12": "lip corner puller",
    "AU15": "lip corner depressor",
    "AU23": "lip tightener",
    "AU24": "lip pressor",
    "AU25": "lips part",
    "AU26": "jaw drop",
}
"""Names of the action units (Ekman, Friesen & Hager 2002, Facial Action Coding System)."""

CIRCLE_WORDS: Final = (
    ("excited", 0.6, 0.6),
    ("tense", -0.6, 0.6),
    ("gloomy", -0.6, -0.6),
    ("calm", 0.6, -0.6),
)
"""One word per quadrant of the circumplex (Russell 1980) to find one's way."""
CIRCLE_ENDS: Final = (
    ("high arousal", 0, 1.12, 0),
    ("low arousal", 0, -1.12, 0),
    ("negative", -1.12, 0, -90),
    ("positive", 1.12, 0, 90),
)
"""What the ends of the axes mean: text, x, y, angle in degrees."""


def new_figure(height_px: int, **layout: Any) -> "Figure":
    """Return an empty figure in the shared layout.

    Args:
        height_px: Height; the width follows the page.
        layout: More of Plotly's layout.
    """
    import plotly.graph_objects as go

    base: dict[str, Any] = {
        "height": height_px,
        "autosize": True,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT_FAMILY, "size": 13, "color": INK},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8, "autoexpand": True},
        "showlegend": False,
        "dragmode": False,
        "hoverlabel": {"font": {"family": FONT_FAMILY}},
        "template": None,
    }
    return go.Figure(layout=go.Layout({**base, **layout}))


def axis(**changes: Any) -> dict[str, Any]:
    """Return one axis in the shared style: fixed, so that a finger scrolls the page and not the chart."""
    base = {"fixedrange": True, "showgrid": False, "zeroline": False, "automargin": True, "ticks": ""}
    return base | changes


def empty_figure(text: str, height_px: int = 200) -> "Figure":
    """Return a figure that holds one sentence instead of a chart."""
    figure = new_figure(height_px, xaxis=axis(visible=False), yaxis=axis(visible=False))
    figure.add_annotation(text=text, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
    return figure


def moments(n_frames: int) -> Ints:
    """Return the rows that are drawn, first and last among them."""
    return np.unique(np.linspace(0, max(n_frames - 1, 0), min(n_frames, MAX_POINTS)).round().astype(np.int64))


def _measured(scores: Scores, row: int) -> bool:
    return bool(np.isfinite(scores.values[row]).all())


def _bars(
    labels: Sequence[str], values: Sequence[float], hex_colour: str, strong: Sequence[bool], ends: float = 1.3
) -> "Figure":
    """Horizontal bars 0-100 %, first label on top, the value to the right of each bar.

    The axis ``ends`` beyond 1, since a full bar has its value to the right too; long labels leave few pixels for it on a phone.
    """
    figure = new_figure(
        BAR_HEIGHT_PX * len(labels) + 16,
        xaxis=axis(range=[0, ends], visible=False),
        yaxis=axis(autorange="reversed", ticklabelstandoff=6),
        bargap=0.38,
    )
    figure.add_bar(
        x=list(values),
        y=list(labels),
        orientation="h",
        marker={
            "color": [hex_colour if s else rgba(hex_colour, 0.5) for s in strong],
            "cornerradius": 3,
            "line": {"width": 0},
        },
        text=[percent(value) for value in values],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure.add_shape(type="line", x0=0, x1=0, y0=0, y1=1, yref="paper", line={"color": GRID, "width": 1})
    return figure


def percent(value: float) -> str:
    """Return a probability for people: ``<1 %`` where it is not zero but would read so; the space does not break."""
    return "<1\u00a0%" if 0 < value < 0.005 else f"{100 * value:.0f}\u00a0%"


def expression_bars(expression: Scores, row: int, hex_colour: str) -> "Figure":
    """Chart all expressions of one face, most probable first and in full colour."""
    if not _measured(expression, row):
        return empty_figure(NOT_MEASURED)
    values = expression.values[row]
    order = np.argsort(-values, kind="stable")
    strong = [rank == 0 for rank in range(len(order))]
    return _bars([expression.labels[i] for i in order], [float(values[i]) for i in order], hex_colour, strong)


def action_unit_bars(action_units: Scores, row: int, hex_colour: str) -> "Figure":
    """Chart the action units of one face that are known, in anatomical order; those from one half on in full colour."""
    pairs = zip(action_units.labels, action_units.values[row].tolist(), strict=True)
    known = {name: value for name, value in pairs if np.isfinite(value)}
    if not known:
        return empty_figure(NOT_MEASURED)
    labels = [f"{AU_NAMES.get(name, '')} {name[:2]} {name[2:]}".strip() for name in known]
    return _bars(labels, list(known.values()), hex_colour, [value >= 0.5 for value in known.values()], 1.5)


def affect_circle(valence_arousal: Scores, row: int | None = None) -> "Figure":
    """Show faces on the valence-arousal circle (Russell 1980); the chosen ``row`` large, the others small."""
    axes = {"visible": False, "range": [-1.22, 1.22], "constrain": "domain"}
    figure = new_figure(340, xaxis=axis(**axes), yaxis=axis(scaleanchor="x", **axes))
    figure.add_shape(type="circle", x0=-1, y0=-1, x1=1, y1=1, line={"color": GRID, "width": 1.5})
    for ends in ({"x0": -1, "x1": 1, "y0": 0, "y1": 0}, {"x0": 0, "x1": 0, "y0": -1, "y1": 1}):
        figure.add_shape(type="line", line={"color": GRID, "width": 1}, **ends)
    for word, x, y in CIRCLE_WORDS:
        figure.add_annotation(text=word, x=x, y=y, showarrow=False, font={"size": 12, "color": INK}, opacity=0.8)
    for word, x, y, angle in CIRCLE_ENDS:
        figure.add_annotation(text=word, x=x, y=y, textangle=angle, showarrow=False)
    valence, arousal = valence_arousal.column("valence"), valence_arousal.column("arousal")
    for face in sorted(range(len(valence_arousal)), key=lambda face: face == row):  # the chosen one on top
        if np.isfinite(valence[face]):
            _add_point(figure, face + 1, float(valence[face]), float(arousal[face]), chosen=face == row)
    return figure


def _add_point(figure: "Figure", number: int, valence: float, arousal: float, *, chosen: bool) -> None:
    hex_colour = colour(number)
    if chosen:
        figure.add_shape(
            type="line", x0=0, y0=0, x1=valence, y1=arousal, line={"color": hex_colour, "width": 2}, layer="below"
        )
    figure.add_scatter(
        x=[valence],
        y=[arousal],
        mode="markers",
        marker={
            "size": 17 if chosen else 9,
            "color": hex_colour,
            "opacity": 1 if chosen else 0.55,
            "line": {"color": "#FFFFFF", "width": 2 if chosen else 0},
        },
        hovertemplate=f"face {number}: valence %{{x:.2f}}, arousal %{{y:.2f}}<extra></extra>",
    )


def age_spread(age: Scores, row: int, hex_colour: str) -> "Figure":
    """Show the estimated age as a point, with one standard deviation to either side."""
    if not _measured(age, row):
        return empty_figure(NOT_MEASURED, 96)
    years, spread = float(age.column("years")[row]), float(age.column("years_std")[row])
    low, high = max(years - spread, 0), years + spread
    figure = new_figure(
        92,
        margin={"l": 8, "r": 8, "t": 8, "b": 26},
        xaxis=axis(range=[-3, max(103, high + 4)], tickvals=[0, 20, 40, 60, 80, 100]),
        yaxis=axis(visible=False, range=[-1, 1.6]),
    )
    figure.add_shape(type="line", x0=0, x1=100, y0=0, y1=0, line={"color": GRID, "width": 2})
    figure.add_shape(type="line", x0=low, x1=high, y0=0, y1=0, line={"color": rgba(hex_colour, 0.55), "width": 12})
    figure.add_scatter(
        x=[years],
        y=[0],
        mode="markers+text",
        marker={"size": 16, "color": hex_colour, "line": {"color": "#FFFFFF", "width": 2}},
        text=[f"{years:.0f} ± {spread:.0f}"],
        textposition="top center",
        cliponaxis=False,
        hovertemplate=f"{years:.1f} years, standard deviation {spread:.1f}<extra></extra>",
    )
    return figure


def face_table(result: PhotoResult) -> "pd.DataFrame":
    """Return one row per face with what a person wants to read; ``result.to_frame()`` has all numbers.

    Columns: Face, Expression, Valence, Arousal, Age, Gender, Ethnicity, Action units, Reading; an empty text where a head is
    missing or a face was not measured; "unsure" for an age, gender or ethnicity that is not probable enough for a word.
    """
    import pandas as pd

    rows = [_table_row(result, row) for row in range(len(result.faces))]
    columns = ["Face", "Expression", "Valence", "Arousal", "Age", "Gender", "Ethnicity", "Action units", "Reading"]
    return pd.DataFrame(rows, columns=columns)


def _table_row(result: PhotoResult, row: int) -> list[Any]:
    heads = {name: head for name, head in result.scores.items() if _measured(head, row)}
    affect, age = heads.get("valence_arousal"), heads.get("age")
    units = known_units(result.scores, None if result.meshes is None else result.meshes.units)
    least = LEAST if result.reading is None else result.reading.attribute_least
    active = () if units is None else (n for n, p in zip(units.labels, units.values[row], strict=True) if p >= 0.5)
    return [
        row + 1,
        top_text(heads.get("expression"), row),
        "" if affect is None else f"{affect.column('valence')[row]:+.2f}",
        "" if affect is None else f"{affect.column('arousal')[row]:+.2f}",
        age_text(age, row, least),
        attribute_text(heads.get("gender"), row, least),
        attribute_text(heads.get("ethnicity"), row, least),
        " ".join(active),
        reading_text(result, row),
    ]


def reading_text(result: PhotoResult, row: int) -> str:
    """Return "sure", "unsure: small, blurred", or "" where nobody judged."""
    if result.reading is None or not result.reading.measured[row]:
        return ""
    names = result.reading.names()[row]
    return f"{UNSURE}: {', '.join(names)}" if names else "sure"


def attribute_text(head: Scores | None, row: int, least: float) -> str:
    """Return the most probable label with its probability, "unsure" below ``least``, "" where there is none."""
    if head is not None and _measured(head, row) and float(head.values[row].max()) < least:
        return UNSURE
    return top_text(head, row)


def age_text(age: Scores | None, row: int, least: float) -> str:
    """Return years and standard deviation; "unsure" where the true age, taken for normal, lies within ``AGE_YEARS`` of the
    estimate with a probability below ``least``."""
    if age is None or not _measured(age, row):
        return ""
    years, spread = float(age.column("years")[row]), float(age.column("years_std")[row])
    within = math.erf(AGE_YEARS / (spread * math.sqrt(2))) if spread > 0 else 1.0
    return f"{years:.0f} ± {spread:.0f}" if within >= least else UNSURE


def top_text(head: Scores | None, row: int) -> str:
    """Return the most probable label with its probability, "" where there is none."""
    if head is None or not _measured(head, row):
        return ""
    best = int(np.argmax(head.values[row]))
    return f"{head.labels[best]} {percent(float(head.values[row, best]))}"
