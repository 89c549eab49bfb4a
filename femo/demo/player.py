"""The player of the Video tab: the clip with live boxes, tied to the timeline under it.

Conventions: the browser draws the boxes over the clip from the same rows that the charts show, so no copy of the clip is
made to look at it. The script is loaded with the page and finds player, boxes and timeline by their ids: a cursor on the
timeline follows the player, and a press on the timeline seeks it.
"""

import html
import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np

from femo.output.draw import colour, ink_on
from femo.results import VideoResult

PLAYER_ID: Final = "femo-player"
BOXES_ID: Final = "femo-boxes"
TIMELINE_ID: Final = "femo-timeline"
MAX_BOXES: Final = 30_000
"""Boxes sent to the page, at some 25 bytes each: 160 s of seven people at 25 frames per second lose none."""


def player(path: Path, width: int, height: int) -> str:
    """Return the player of a clip in Gradio's cache or upload folder."""
    source = html.escape(f"gradio_api/file={quote(str(path))}", quote=True)
    return (
        f'<div class="femo-stage" style="aspect-ratio:{width}/{height}">'
        f'<video src="{source}" controls playsinline preload="auto"></video><canvas></canvas></div>'
        '<label class="femo-toggle"><input type="checkbox" checked> boxes</label>'
    )


def boxes(result: VideoResult) -> str:
    """Return what the script draws: times, and per person the boxes and captions of these moments."""
    room = MAX_BOXES // max(len(result.timelines), 1)
    index = np.arange(len(result.time_s))[:: max(1, -(-len(result.time_s) // max(room, 1)))]
    persons = []
    for line in result.timelines:
        top = line.scores["expression"].top() if "expression" in line.scores else [None] * len(result.time_s)
        doubt = line.reading.unsure if line.reading is not None else np.zeros(len(top), np.bool_)
        said = [f"{label}?" if label and unsure else label or "" for label, unsure in zip(top, doubt, strict=True)]
        rows: list[Any] = [
            [*(round(float(value)) for value in line.xyxy[row]), said[row]] if line.present[row] else 0
            for row in index
        ]
        fill = colour(line.track)
        persons.append({"id": line.track, "colour": fill, "ink": ink_on(fill), "rows": rows})
    times = [round(float(result.time_s[row]), 3) for row in index]
    document = {"width": result.width, "height": result.height, "times": times, "persons": persons}
    data = html.escape(json.dumps(document, separators=(",", ":")), quote=True)
    return f'<div id="{BOXES_ID}" data-boxes="{data}" hidden></div>'


def chooser(result: VideoResult, chosen: int, pictures: dict[int, str]) -> str:
    """Return one button per person, with the face."""
    buttons = []
    for line in result.timelines:
        face = colour(line.track)
        pressed = "true" if line.track == chosen else "false"
        seen = 100 * float(line.present.mean())
        picture = f'<img src="{pictures[line.track]}" alt="">' if line.track in pictures else ""
        buttons.append(
            f'<button type="button" class="femo-person" data-track="{line.track}" aria-pressed="{pressed}" '
            f'style="--face:{face};--face-ink:{ink_on(face)}">{picture}<b>{line.track}</b>'
            f"<span>seen {seen:.0f} %</span></button>"
        )
    return f'<div class="femo-persons" role="group" aria-label="Person">{"".join(buttons)}</div>'


CHOOSE_JS: Final = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-track]");
  if (button) trigger("select", { index: Number(button.dataset.track), value: Number(button.dataset.track) });
});
"""

FOLDER: Final = Path(__file__).parent


def css() -> str:
    """Return the style of the Video tab."""
    return (FOLDER / "player.css").read_text(encoding="utf-8")


def script() -> str:
    """Return the script that ties player and timeline together, for the page's head."""
    return f"<script>{(FOLDER / 'player.js').read_text(encoding='utf-8')}</script>"
