"""Two readings of the same clip by different models: how far they agree on a person, and where they cannot.

Conventions: those of ``figures.beside``; both readings are of the same persons (``femo.clips.reread``) and frames. What is
compared is what is shown: smoothed, and decided under each reading's own prior.
"""

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from femo.clips import summaries
from femo.output.draw import INK
from femo.output.figures import presence
from femo.output.figures.beside import Pair, points
from femo.results import Timeline, VideoResult
from femo.types import Bools

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

NAMED_OTHERWISE: Final = "named otherwise"


def shares(first: Timeline, second: Timeline, duration_s: float = math.inf) -> list[Pair]:
    """Return the share of the time in view of every expression that one of them names; None where a model does not know it.

    Args:
        first: A person.
        second: The same, read by another model.
        duration_s: Length of the clip.
    """
    times = [summaries.shares(line, duration_s) for line in (first, second)]
    known = [_labels(line) for line in (first, second)]
    pairs = []
    for label in dict.fromkeys([*times[0], *times[1]]):
        one, two = (
            time.get(label, 0.0) if label in labels else None for time, labels in zip(times, known, strict=True)
        )
        pairs.append(Pair(label, one, two, "" if one is None or two is None else points(one, two)))
    return pairs


def agreement(first: VideoResult, second: VideoResult, track: int) -> str:
    """Return in one or two sentences in how many frames the two name the same expression, of one person and of all.

    Raises:
        ValueError: Nobody has this id.
    """
    same, both = _counted(summaries.find(first, track), summaries.find(second, track))
    if not both:
        return f"There is no frame in which both name an expression of person {track}."
    said = f"They name the same expression in {_share(same, both)} of the {both} frames in which both read person {track}"
    if len(first.timelines) > 1:
        counts = [_counted(line, summaries.find(second, line.track)) for line in first.timelines]
        same, both = (sum(column) for column in zip(*counts, strict=True))
        said += f", and in {_share(same, both)} of those of all {len(counts)} persons"
    return f"{said}."


def unknown(first: VideoResult, second: VideoResult, track: int) -> list[str]:
    """Return a sentence for each model whose labels the other lacks: there they cannot agree.

    Raises:
        ValueError: Nobody has this id.
    """
    lines = [summaries.find(result, track) for result in (first, second)]
    models = [result.model for result in (first, second)]
    sentences = []
    for mine, its in ((0, 1), (1, 0)):
        only = [label for label in _labels(lines[mine]) if label not in _labels(lines[its])]
        if not only:
            continue
        _, tops = named(lines[mine])
        n_frames = int(np.isin(tops, only).sum())
        when = f"in {n_frames} frames" if n_frames != 1 else "in 1 frame"
        sentences.append(
            f"{models[its]} does not know {' or '.join(only)}, which {models[mine]} names {when} of person {track}."
        )
    return sentences


def named(line: Timeline) -> tuple[Bools, Any]:
    """Return in which frames a person has a dominant expression, bool (T,), and its name in each, "" elsewhere."""
    head = line.scores.get("expression")
    if head is None:
        return np.zeros(len(line.time_s), np.bool_), np.full(len(line.time_s), "", object)
    tops = np.array([label or "" for label in head.top()], object)
    known = line.present & (tops != "")
    return known, np.where(known, tops, "")


def differ(first: Timeline, second: Timeline) -> Bools:
    """Return in which frames the two name different expressions, bool (T,)."""
    (known, one), (also, two) = named(first), named(second)
    return np.asarray(known & also & (one != two), np.bool_)


def draw(figure: "Figure", result: VideoResult, first: Timeline, second: Timeline, yaxis: str) -> None:
    """Draw a strip where the two name different expressions."""
    apart = summaries.spans(first.time_s, differ(first, second), result.duration_s)
    presence.add_strip(figure, apart, NAMED_OTHERWISE, INK, yaxis)


def _labels(line: Timeline) -> tuple[str, ...]:
    return line.scores["expression"].labels if "expression" in line.scores else ()


def _counted(first: Timeline, second: Timeline) -> tuple[int, int]:
    """In how many frames both name the same expression, and in how many both name one."""
    both = named(first)[0] & named(second)[0]
    return int((both & ~differ(first, second)).sum()), int(both.sum())


def _share(same: int, both: int) -> str:
    """A share that is not rounded to all or none where it is neither."""
    percent = round(100 * same / both) if both else 0
    if same not in (0, both):
        percent = min(max(percent, 1), 99)
    return f"{percent} %"
