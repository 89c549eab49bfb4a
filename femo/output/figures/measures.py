"""What was measured on a person's face over a clip, as parts of the timeline: head pose, eyes and blinks, mouth and brows.

Conventions: those of ``figures.video``. The curves are those of ``MeshTrack``, which a One-Euro filter has freed of
jitter; where nothing was measured they have a gap. The words of a title have the colours of the curves, so the legend
stays that of the expressions.
"""

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from femo.meshes import MeshTrack
from femo.output.draw import PALETTE, rgba
from femo.results import Timeline
from femo.types import Floats, Ints

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

PARTS: Final = ("pose", "eyes", "mouth_brows")
HEIGHT_PX: Final = 84
MAX_BLINKS: Final = 400
"""Blinks that are drawn; more lie too close to be told apart."""
RED, BLUE, GREEN = PALETTE[0], PALETTE[5], PALETTE[2]

Curve = tuple[str, str, str]
"""Words, colour, and what the cursor says."""
CURVES: Final[dict[str, tuple[Curve, ...]]] = {
    "pose": (
        ("down", RED, "%{y:.0f}° down"),
        ("to the left", BLUE, "%{y:.0f}° to the left"),
        ("clockwise", GREEN, "%{y:.0f}° clockwise"),
    ),
    "eyes": (("opening", BLUE, "eyes %{y:.2f}"),),
    "mouth_brows": (("opening", RED, "mouth %{y:.2f}"), ("height", BLUE, "brows %{y:.2f}")),
}
NAMES: Final = {"pose": "Head turned, °", "eyes": "Eyes", "mouth_brows": "Mouth and brows"}


def parts_of(line: Timeline) -> tuple[str, ...]:
    """Return the parts that this person has."""
    return () if line.mesh is None or not np.isfinite(line.mesh.values).any() else PARTS


def title(line: Timeline, part: str) -> str:
    """Return the title of a part: its name, and its curves in their colours."""
    words = " ".join(f"<span style='color:{tint}'>{word}</span>" for word, tint, _ in CURVES[part])
    return f"<b>{NAMES[part]}</b> <span style='font-size:12px'>{words}{_blinks_text(line, part)}</span>"


def draw_part(part: str, figure: "Figure", line: Timeline, index: Ints, yaxis: str) -> None:
    """Draw the curves of one part; see ``figures.video.timeline``."""
    if line.mesh is None:
        return
    if part == "eyes":
        _draw_blinks(figure, line.mesh, yaxis)
    for values, (word, tint, said) in zip(_values(line.mesh, part), CURVES[part], strict=True):
        seen = np.where(line.present, values, np.nan)[index]
        figure.add_scatter(
            x=line.time_s[index],
            y=seen,
            name=word,
            mode="lines",
            line={"width": 1.6, "color": tint},
            hovertemplate=f"{said}<extra></extra>",
            showlegend=False,
            connectgaps=False,
            yaxis=yaxis,
        )


def scale(line: Timeline, part: str) -> dict[str, Any]:
    """Return the axis of a part: angles about zero, lengths from zero to a little over the largest."""
    if line.mesh is None:
        return {}
    values = np.concatenate([column[np.isfinite(column)] for column in _values(line.mesh, part)])
    if part == "pose":
        reach = max(30.0, 10 * np.ceil(float(np.abs(values).max(initial=0)) / 10))
        return {"range": [-reach, reach], "tickvals": [-reach, 0, reach], "ticksuffix": "°"}
    top = float(values.max(initial=0.1))
    return {"range": [min(0.0, float(values.min(initial=0))), 1.1 * top], "nticks": 3}


def _values(mesh: MeshTrack, part: str) -> tuple[Floats, ...]:
    if part == "pose":
        return tuple(mesh.column(name) for name in ("pitch", "yaw", "roll"))
    if part == "eyes":
        return (_both(mesh, "eye"),)
    return mesh.column("mouth_opening"), _both(mesh, "brow")


def _both(mesh: MeshTrack, what: str) -> Floats:
    mean = (mesh.column(f"{what}_left") + mesh.column(f"{what}_right")) / 2
    return np.asarray(mean, np.float32)


def _blinks_text(line: Timeline, part: str) -> str:
    if part != "eyes" or line.mesh is None or not np.isfinite(line.mesh.blinks_per_minute):
        return ""
    return f" · blinks {line.mesh.blinks_per_minute:.0f} a minute"


def _draw_blinks(figure: "Figure", mesh: MeshTrack, yaxis: str) -> None:
    for begin, end in mesh.blinks[:MAX_BLINKS].tolist():
        shade(figure, begin, end, RED, yref=f"{yaxis} domain", layer="below")


def shade(figure: "Figure", begin_s: float, end_s: float, hex_colour: str, *, yref: str, layer: str) -> None:
    """Tint a stretch of time over the whole height of ``yref``, ``above`` or ``below`` the curves."""
    figure.add_shape(
        type="rect",
        x0=begin_s,
        x1=end_s,
        y0=0,
        y1=1,
        yref=yref,
        line={"width": 0},
        fillcolor=rgba(hex_colour, 0.35),
        layer=layer,
    )
