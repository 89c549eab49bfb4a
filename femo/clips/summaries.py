"""What a timeline says in a few numbers: time in view, share of each expression, changes between them.

Conventions: only frames in which the face was seen count; the expression of a frame is the most probable one after
smoothing; a frame lasts until the next one, the last as long as most but not beyond the clip's end.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from femo.clips import temporal
from femo.clips.well_seen import lasts
from femo.results import Timeline, VideoResult
from femo.types import Bools, Doubles

if TYPE_CHECKING:
    import pandas as pd

BRIEF = 0.03
"""A face that is in view for a smaller part of the clip is brief: it passed by, and says little."""
SAME_PLACE = 0.25
"""Boxes whose edges differ by less than this part of the face's side show the same face."""


def find(result: VideoResult, track: int) -> Timeline:
    """Return the timeline of a person.

    Raises:
        ValueError: Nobody has this id.
    """
    for line in result.timelines:
        if line.track == track:
            return line
    raise ValueError(f"nobody in this clip has the id {track}")


def spans(time_s: Doubles, marked: Bools, end_s: float) -> list[tuple[float, float]]:
    """Return the stretches in which a mark holds: from its first frame to the frame after its last, or the end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    after = np.append(time_s, max(end_s, float(time_s[-1]) if len(time_s) else 0.0))
    return [(float(time_s[a]), float(after[b])) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def split_brief(result: VideoResult) -> tuple[list[Timeline], list[Timeline]]:
    """Return who was in view for ``BRIEF`` of the clip or more, and the brief faces; where all are brief, all count."""
    share = {line.track: share_in_view(line, result.duration_s) for line in result.timelines}
    lasting = [line for line in result.timelines if share[line.track] >= BRIEF]
    if not lasting:
        return list(result.timelines), []
    return lasting, [line for line in result.timelines if share[line.track] < BRIEF]


def seconds_in_view(line: Timeline, duration_s: float = math.inf) -> float:
    """Return for how long the person was seen, in seconds, in a clip of this length."""
    return float(_lasts(line, duration_s)[line.present].sum())


def share_in_view(line: Timeline, duration_s: float = math.inf) -> float:
    """Return the part of the clip in which the person was seen, 0-1: of its time, not of its frames."""
    total_s = float(_lasts(line, duration_s).sum())
    return seconds_in_view(line, duration_s) / total_s if total_s else 0.0


def shares(line: Timeline, duration_s: float = math.inf) -> dict[str, float]:
    """Return the part of the time in view that each expression dominates, largest first; {} if nothing was read.

    Args:
        line: The person.
        duration_s: Length of the clip.
    """
    labels, seconds = _dominant(line, duration_s)
    total = float(seconds.sum())
    found = {label: float(seconds[labels == label].sum()) / total for label in sorted({*labels}) if total}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def means(line: Timeline, head: str, duration_s: float = math.inf) -> dict[str, float]:
    """Return the mean of each output of a head over the time in view, as ``shares`` counts it; {} if nothing was read.

    Args:
        line: The person.
        head: Name of the head, such as ``valence_arousal``.
        duration_s: Length of the clip.
    """
    found = line.scores.get(head)
    if found is None or not len(line.time_s):
        return {}
    read = line.present & temporal.measured(found.values)
    seconds = _lasts(line, duration_s)[read]
    if not seconds.sum():
        return {}
    return dict(zip(found.labels, np.average(found.values[read], axis=0, weights=seconds).tolist(), strict=True))


def transitions(line: Timeline) -> "pd.DataFrame":
    """Count how often one dominant expression follows another, while the person stays in view.

    Returns:
        Columns from, to, count; most frequent first.
    """
    import pandas as pd

    head = line.scores.get("expression")
    columns = ["from", "to", "count"]
    if head is None:
        return pd.DataFrame(columns=columns)
    top = np.where(line.present, temporal.decide_class(head.values), -1)
    change = (top[1:] != top[:-1]) & (top[1:] >= 0) & (top[:-1] >= 0)
    pairs = [(head.labels[a], head.labels[b]) for a, b in zip(top[:-1][change], top[1:][change], strict=True)]
    counted = pd.Series(pairs, dtype=object).value_counts()
    return pd.DataFrame([(*pair, int(n)) for pair, n in counted.items()], columns=columns)  # type: ignore[misc]


def count_alike(first: VideoResult, second: VideoResult) -> tuple[int, int]:
    """Compare two readings of the same frames of a clip, face by face, where both show a face at the same place.

    Returns:
        How many faces have the same dominant expression in both, and how many were compared.
    """
    same = compared = 0
    for one in first.timelines:
        for other in second.timelines:
            side = (one.xyxy[:, 2:] - one.xyxy[:, :2]).max(axis=1)
            near = np.abs(one.xyxy - other.xyxy).max(axis=1) < SAME_PLACE * side
            tops = [temporal.decide_class(line.scores["expression"].values) for line in (one, other)]
            both = one.present & other.present & near & (tops[1] >= 0)
            same += int((tops[0] == tops[1])[both].sum())
            compared += int(both.sum())
    return same, compared


def _dominant(line: Timeline, duration_s: float) -> tuple[Any, Doubles]:
    """Dominant expression of each frame in view (n,), and how long that frame lasts in seconds (n,)."""
    head = line.scores.get("expression")
    if head is None or not len(line.time_s):
        return np.zeros(0, object), np.zeros(0)
    lasts_s = _lasts(line, duration_s)
    top = temporal.decide_class(head.values)
    keep = line.present & (top >= 0)
    return np.array([head.labels[number] for number in top[keep]], object), lasts_s[keep]


def _lasts(line: Timeline, duration_s: float) -> Doubles:
    """How long each frame lasts, in seconds (T,); the last one as long as most, or until the clip ends."""
    lasts_s = lasts(line.time_s)
    left_s = duration_s - float(line.time_s[-1]) if len(line.time_s) else 0.0
    if left_s > 0:
        lasts_s[-1] = min(lasts_s[-1], left_s)
    return lasts_s
