"""Who is who: joins tracklets of one person across gaps, by place and by embedding together.

Conventions: a tracklet is one face followed without a gap; a person is one or more tracklets. People seen at the
same time are different people. Ids count from 1 in the order of first appearance.
"""

from dataclasses import dataclass, field

import numpy as np

from femo.networks.linear import project
from femo.types import Floats, Ints

NEAR_S = 3.0
"""After a longer absence the place of a face says nothing."""
NEAR_SIZES = 1.5
"""A face came back to its place if it moved by at most this many of its own sizes, and as many per second away."""
SAME_PLACE_COSINE = 0.5
"""Least cosine of embeddings of a face that came back to its place."""
SAME_COSINE = 0.85
"""Least cosine of embeddings of a face that came back elsewhere, or after a cut."""
MARGIN = 0.03
"""By so much the best person must beat the next when the place does not decide."""


@dataclass(slots=True)
class Tracklet:
    """One face followed without a gap.

    Attributes:
        track: Id, from 1.
        shot: Number of the scene between two cuts.
        first_s: Time of the first frame.
        last_s: Time of the last frame so far.
        first_xyxy: float32 (4,), the first box.
        last_xyxy: float32 (4,), the last box so far.
        embedding: Sum of unit embeddings, or None before the first.
    """

    track: int
    shot: int
    first_s: float
    last_s: float
    first_xyxy: Floats
    last_xyxy: Floats
    embedding: Floats | None = None

    def direction(self) -> Floats | None:
        """Return the mean embedding at unit length."""
        return None if self.embedding is None else _unit(self.embedding)


@dataclass(slots=True)
class _Person:
    track: int
    tracklets: list[Tracklet] = field(default_factory=list)

    def direction(self) -> Floats | None:
        known = [tracklet.embedding for tracklet in self.tracklets if tracklet.embedding is not None]
        return _unit(np.sum(known, axis=0)) if known else None


def persons(tracklets: list[Tracklet]) -> dict[int, int]:
    """Return the person of every tracklet, by ids.

    Tracklets are taken in order of time. Each joins the person it resembles most, provided that this person is not
    in the picture at the same time, and either left the same place shortly before in the same scene (cosine of the
    mean embeddings at least 0.5, or none known) or resembles it beyond doubt (at least 0.85, and clearly more than
    anyone else).
    """
    found: list[_Person] = []
    for tracklet in sorted(tracklets, key=lambda item: (item.first_s, item.track)):
        person = _best(tracklet, found)
        if person is None:
            person = _Person(len(found) + 1)
            found.append(person)
        person.tracklets.append(tracklet)
    return {tracklet.track: person.track for person in found for tracklet in person.tracklets}


def add_embeddings(tracklets: dict[int, Tracklet], track: Ints, embedding: Floats) -> None:
    """Add embeddings (N, D) of faces to the tracklets (N,) they belong to; rows that are not finite are left out."""
    for row in np.flatnonzero(np.isfinite(embedding).all(axis=1)):
        tracklet = tracklets[int(track[row])]
        unit = _unit(embedding[row])
        tracklet.embedding = unit if tracklet.embedding is None else tracklet.embedding + unit


def basis(directions: Floats) -> Floats:
    """Return orthonormal rows (R, D) that span the rows of ``directions`` (K, D); R is their rank."""
    rows = directions.astype(np.float64)
    # By the small products of the rows: the decomposition of the long rows themselves starts numpy's threads, see linear.
    square, turn = np.linalg.eigh(np.einsum("kd,jd->kj", rows, rows))
    size = np.sqrt(np.maximum(square, 0))
    kept = size > 1e-5 * max(float(size.max(initial=0)), 1e-12)
    return np.asarray(np.einsum("kr,kd->rd", turn[:, kept] / size[kept], rows), np.float32)


def without(embedding: Floats, axes: Floats) -> Floats:
    """Return embeddings (N, D) without what lies along orthonormal axes (R, D), see ``basis``."""
    return np.asarray(embedding - project(project(embedding, axes), axes.T), np.float32)


def _best(tracklet: Tracklet, found: list[_Person]) -> _Person | None:
    """The person that a tracklet continues, or None."""
    absent = [person for person in found if not any(_together(tracklet, other) for other in person.tracklets)]
    direction = tracklet.direction()
    likeness = [_cosine(direction, person.direction()) for person in absent]
    at_place = []
    for alike, person in zip(likeness, absent, strict=True):
        moved = _moved_sizes(person.tracklets[-1], tracklet)
        if np.isfinite(moved) and not alike < SAME_PLACE_COSINE:
            at_place.append((alike if np.isfinite(alike) else SAME_PLACE_COSINE, -moved, -person.track, person))
    if at_place:
        return max(at_place)[3]
    ranked = sorted((-alike, row) for row, alike in enumerate(likeness) if np.isfinite(alike))
    if not ranked or -ranked[0][0] < SAME_COSINE:
        return None
    if len(ranked) > 1 and ranked[1][0] - ranked[0][0] < MARGIN:
        return None
    return absent[ranked[0][1]]


def _together(first: Tracklet, second: Tracklet) -> bool:
    return first.first_s <= second.last_s and second.first_s <= first.last_s


def _moved_sizes(gone: Tracklet, new: Tracklet) -> float:
    """How far from where a face left another appeared, in face sizes; infinite if it cannot be the same by place."""
    absent_s = new.first_s - gone.last_s
    was, now = gone.last_xyxy, new.first_xyxy
    sizes = np.array([np.max(box[2:] - box[:2]) for box in (was, now)])
    if gone.shot != new.shot or absent_s > NEAR_S or sizes.max() > 2 * sizes.min():
        return float("inf")
    moved = float(np.hypot(*((now[:2] + now[2:]) / 2 - (was[:2] + was[2:]) / 2)) / sizes.max())
    return moved if moved <= NEAR_SIZES * max(1.0, absent_s) else float("inf")


def _cosine(first: Floats | None, second: Floats | None) -> float:
    return float("nan") if first is None or second is None else float(first @ second)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
