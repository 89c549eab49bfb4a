"""The player of the Video tab: the clip with live boxes, tied to the timeline under it.

Conventions: the browser draws the boxes over the clip from the same rows that the charts show, so no copy of the clip is
made to look at it. The script is loaded with the page and finds player, boxes and timeline by their ids: a cursor on the
timeline follows the player, and a press on the timeline seeks it.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from femo.demo.markup import address, file, render
from femo.output.draw import colour, ink_on
from femo.results import VideoResult

PLAYER_ID: Final = "femo-player"
BOXES_ID: Final = "femo-boxes"
TIMELINE_ID: Final = "femo-timeline"
MAX_BOXES: Final = 30_000
"""Boxes sent to the page, at some 25 bytes each: 160 s of seven people at 25 frames per second lose none."""


def player(path: Path, width: int, height: int) -> str:
    """Return the player of a clip in Gradio's cache or upload folder."""
    return render("player", source=address(path), width=width, height=height)


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
    return render("boxes", id=BOXES_ID, document=json.dumps(document, separators=(",", ":")))


def chooser(result: VideoResult, chosen: int, pictures: dict[int, str]) -> str:
    """Return one button per person, with the face."""
    persons = [
        {
            "track": line.track,
            "chosen": line.track == chosen,
            "seen": 100 * float(line.present.mean()),
            "picture": pictures.get(line.track, ""),
        }
        for line in result.timelines
    ]
    return render("chooser", persons=persons)


def script() -> str:
    """Return the script that ties player and timeline together, for the page's head."""
    return f"<script>{file('player.js')}</script>"
