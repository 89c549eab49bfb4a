"""The player of the Video tab: the clip with live boxes, tied to the timeline under it.

Conventions: the browser draws the boxes over the clip from the same rows that the charts show, so no copy of the clip is
made to look at it. The script is loaded with the page and finds player, boxes and timeline by their ids: a cursor on the
timeline and a dot on the valence-arousal circle follow the player, a press on the timeline seeks it, and with the focus on
either the arrow keys step from one analysed frame to the next and space plays.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from femo.demo.markup import address, file, render
from femo.demo.playable import has_sound
from femo.output.draw import colour, ink_on
from femo.results import Timeline, VideoResult
from femo.types import Ints

PLAYER_ID: Final = "femo-player"
BOXES_ID: Final = "femo-boxes"
TIMELINE_ID: Final = "femo-timeline"
CIRCLE_ID: Final = "femo-circle"
MAX_BOXES: Final = 30_000
"""Boxes sent to the page, at some 25 bytes each: 160 s of seven people at 25 frames per second lose none."""


def player(path: Path, width: int, height: int) -> str:
    """Return the player of a clip in Gradio's cache or upload folder."""
    return render("player", source=address(path), width=width, height=height, sound=has_sound(path))


def boxes(result: VideoResult, chosen: int, names: Mapping[int, str]) -> str:
    """Return what the script draws: times, per person the boxes and captions of these moments, and the way of the dot.

    Args:
        result: The clip.
        chosen: Whose valence and arousal the dot on the circle follows, where they were learnt.
        names: Id to the name that a person was given.
    """
    room = MAX_BOXES // max(len(result.timelines), 1)
    index = np.arange(len(result.time_s))[:: max(1, -(-len(result.time_s) // max(room, 1)))]
    persons: list[dict[str, Any]] = []
    way: list[Any] = []
    for line in result.timelines:
        fill, said = colour(line.track), _captions(line)
        rows: list[Any] = [
            [*(round(float(value)) for value in line.xyxy[row]), said[row]] if line.present[row] else 0
            for row in index
        ]
        tints = {"colour": fill, "ink": ink_on(fill)}
        persons.append({"id": line.track, "name": names.get(line.track, ""), **tints, "rows": rows})
        way = _way(line, index) if line.track == chosen else way
    times = [round(float(result.time_s[row]), 3) for row in index]
    size = {"width": result.width, "height": result.height}
    document = {**size, "times": times, "persons": persons, "chosen": chosen, "way": way}
    return render("boxes", id=BOXES_ID, document=json.dumps(document, separators=(",", ":")))


def _captions(line: Timeline) -> list[str]:
    """The dominant expression of each moment, with a question mark where it is not sure."""
    top = line.scores["expression"].top() if "expression" in line.scores else [None] * len(line.time_s)
    doubt = line.reading.unsure if line.reading is not None else np.zeros(len(top), np.bool_)
    return [f"{label}?" if label and unsure else label or "" for label, unsure in zip(top, doubt, strict=True)]


def _way(line: Timeline, index: Ints) -> list[Any]:
    """Valence and arousal of some moments, 0 where the face was not in view; none where they were not learnt."""
    affect = line.scores.get("valence_arousal")
    if affect is None or affect.source != "trained":
        return []
    known = line.present & np.isfinite(affect.values).all(axis=1)
    return [[round(float(value), 3) for value in affect.values[row]] if known[row] else 0 for row in index]


def script() -> str:
    """Return the scripts that tie player and timeline together and work the bar under a clip, for the page's head."""
    return f"<script>{file('player.js')}{file('controls.js')}</script>"
