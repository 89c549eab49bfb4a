"""Joins two persons of a clip into one, where a viewer knows that they are the same.

Conventions: the facts are joined, not the smoothed curves, so a joined person is laid out like any other.
"""

from dataclasses import replace

import numpy as np

from femo.clips.timelines import RawPerson, RawVideo
from femo.errors import FemoError
from femo.faces import geometry
from femo.meshes import Meshes, PackedPoints

SAME_IOU = 0.3
"""Two boxes of one frame that overlap by so much are two finds of one face."""


def merge(clip: RawVideo, track: int, other: int) -> RawVideo:
    """Return the clip with ``other`` joined to ``track``, who keeps the number and the portrait.

    Raises:
        FemoError: Nobody has one of these ids, or both are seen at different places of one frame, so they are two people.
    """
    persons = {person.track: person for person in clip.persons}
    for wanted in (track, other):
        if wanted not in persons:
            raise FemoError(f"Nobody in this clip is person {wanted}.")
    if track == other:
        return clip
    joined = _join(persons[track], persons[other])
    left = [joined if person.track == track else person for person in clip.persons if person.track != other]
    return replace(clip, persons=tuple(left))


def without(clip: RawVideo, tracks: frozenset[int]) -> RawVideo:
    """Return the clip without some persons."""
    return replace(clip, persons=tuple(person for person in clip.persons if person.track not in tracks))


def _join(first: RawPerson, second: RawPerson) -> RawPerson:
    """Lay two persons into one, frame by frame; of a frame with both the first counts."""
    twice = _seen_apart(first, second)
    if twice:
        frames = "1 frame" if twice == 1 else f"{twice} frames"
        raise FemoError(
            f"Persons {first.track} and {second.track} are seen at different places in {frames}, so they are two people."
        )
    fresh = np.concatenate([np.ones(len(first.row), np.bool_), ~np.isin(second.row, first.row)])
    return _in_time(_stack(first, second).select(fresh))


def _seen_apart(first: RawPerson, second: RawPerson) -> int:
    """In how many frames both are seen, and not at the same place."""
    _, ours, theirs = np.intersect1d(first.row, second.row, assume_unique=True, return_indices=True)
    if not len(ours):
        return 0
    overlaps = [
        geometry.iou(first.xyxy[a][None], second.xyxy[b][None]).item() for a, b in zip(ours, theirs, strict=True)
    ]
    return int((np.array(overlaps) < SAME_IOU).sum())


def _stack(first: RawPerson, second: RawPerson) -> RawPerson:
    """Put one person's rows behind the other's."""
    both = (first, second)
    scores = {
        name: head.with_values(np.concatenate([head.values, second.scores[name].values]))
        for name, head in first.scores.items()
        if name in second.scores
    }
    quality = None
    if first.quality is not None and second.quality is not None:
        quality = np.concatenate([first.quality, second.quality])
    meshes = [person.meshes for person in both if person.meshes is not None]
    shift = (0, len(first.row))
    points = [
        PackedPoints(person.points.row + by, person.points.steps, person.points.step_px)
        for person, by in zip(both, shift, strict=True)
        if person.points is not None
    ]
    return RawPerson(
        first.track,
        np.concatenate([first.row, second.row]),
        np.concatenate([first.xyxy, second.xyxy]),
        scores,
        first.portrait if first.portrait is not None else second.portrait,
        quality,
        Meshes.join(meshes) if len(meshes) == len(both) else None,
        PackedPoints.join(points) if len(points) == len(both) else None,
    )


def _in_time(person: RawPerson) -> RawPerson:
    """Bring a person's rows into the order of time."""
    order = np.argsort(person.row)
    points = person.points
    if points is not None:
        moved = np.argsort(order)[points.row]
        by_time = np.argsort(moved)
        points = PackedPoints(moved[by_time], points.steps[by_time], points.step_px)
    return RawPerson(
        person.track,
        person.row[order],
        person.xyxy[order],
        {name: head.with_values(head.values[order]) for name, head in person.scores.items()},
        person.portrait,
        None if person.quality is None else person.quality[order],
        None if person.meshes is None else person.meshes.select(order),
        points,
    )
