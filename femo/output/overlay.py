"""Draws a clip's persons on its frames: numbered boxes with the dominant expression."""

from collections.abc import Callable, Mapping

import numpy as np

from femo.output import draw
from femo.results import Timeline, VideoResult
from femo.types import RGB, Frame

NEAR_S = 0.25
"""A frame further from the nearest analysed one gets no box."""


def painter(result: VideoResult, names: Mapping[int, str] | None = None) -> Callable[[Frame], RGB]:
    """Return what draws on a frame the persons in view at its time, for ``export.video.write_annotated``.

    Args:
        result: The clip.
        names: Id to the name that a person was given, which stands before the expression.
    """
    known = names or {}
    captions = {line.track: _captions(line, known.get(line.track, "")) for line in result.timelines}
    steps = np.diff(result.time_s)
    near_s = max(NEAR_S, float(steps.max()) if len(steps) else 0.0)

    def paint(frame: Frame) -> RGB:
        if not len(result.time_s):
            return frame.rgb
        row = int(np.abs(result.time_s - frame.time_s).argmin())
        if abs(float(result.time_s[row]) - frame.time_s) > near_s:
            return frame.rgb
        seen = [line for line in result.timelines if line.present[row]]
        if not seen:
            return frame.rgb
        xyxy = np.stack([line.xyxy[row] for line in seen])
        numbers = [line.track for line in seen]
        unsure = [line.reading is not None and bool(line.reading.unsure[row]) for line in seen]
        said = [captions[number][row] for number in numbers]
        return draw.annotate(frame.rgb, xyxy, numbers=numbers, captions=said, unsure=unsure)

    return paint


def _captions(line: Timeline, name: str) -> list[str]:
    """Return what stands at a person's box in each row: the name alone where no expression is known."""
    head = line.scores.get("expression")
    labels = [None] * len(line.time_s) if head is None else head.top()
    return [f"{name} {label or ''}".strip() for label in labels]
