"""Two readings of one clip by different models: the persons of the first, as the second model reads their faces.

Conventions: each model groups faces by its own idea of who is who, so persons cannot be set side by side, but faces can: both
readings found them in the same frames at the same places. Boxes, quality and meshes stay the first reading's.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from femo.clips.summaries import SAME_PLACE
from femo.clips.timelines import RawPerson, RawVideo
from femo.errors import FemoError
from femo.types import Ints


def reread(first: RawVideo, second: RawVideo) -> RawVideo:
    """Return the persons of ``first`` with what ``second`` says of the same faces; NaN where it has none at that place.

    Args:
        first: The clip as one model reads it.
        second: The same frames as another does.

    Raises:
        FemoError: They are not readings of the same frames, or the second has nobody where the first has somebody.
    """
    if not np.array_equal(first.time_s, second.time_s):
        raise FemoError(
            f"{first.clip.model} and {second.clip.model} read other frames of the clip: they cannot be set side by side."
        )
    if first.persons and not second.persons:
        # each says who is who by itself: of tracklets that are one person to the first, none may be long enough for the second
        raise FemoError(
            f"{second.clip.model} saw nobody in this clip for long enough to be a person; {first.clip.model} alone can read it."
        )
    return replace(second, persons=tuple(_said_of(person, second.persons) for person in first.persons))


def _said_of(person: RawPerson, others: Sequence[RawPerson]) -> RawPerson:
    """One person with the scores of the faces at the same places; of several the nearest."""
    n_rows = len(person.row)
    scores = {
        name: np.full((n_rows, len(head.labels)), np.nan, np.float32) for name, head in others[0].scores.items()
    }
    nearest = SAME_PLACE * person.side()
    for other in others:
        _, ours, theirs = np.intersect1d(person.row, other.row, assume_unique=True, return_indices=True)
        apart = np.abs(person.xyxy[ours] - other.xyxy[theirs]).max(axis=1, initial=0)
        near = apart < nearest[ours]
        mine, its = _picked(ours, near), _picked(theirs, near)
        nearest[mine] = apart[near]
        for name, head in other.scores.items():
            scores[name][mine] = head.values[its]
    heads = {name: head.with_values(scores[name]) for name, head in others[0].scores.items()}
    return replace(person, scores=heads)


def _picked(rows: Ints, near: np.ndarray) -> Ints:
    return np.asarray(rows[near], np.int64)
