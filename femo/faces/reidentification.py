"""Who is who: joins tracklets of one person across gaps, by place and by embedding together.

Conventions: a tracklet is one face followed without a gap; a person is one or more tracklets. People seen at the
same time are different people. Ids count from 1 in the order of first appearance. What is compared are the mean directions of
identities (``PhotoResult.identity``), or of embeddings without what the expression changes in them where a model has none.
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
MAX_JOINED = 200
"""Persons among whom pairs are looked for that turned out to be one: the work grows with the square of their number."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike faces of one person are; the defaults are those of an emotion network's embedding.

    Attributes:
        same: Least cosine of a face that came back elsewhere, or after a cut.
        same_place: Least cosine of a face that came back to its place.
    """

    same: float = SAME_COSINE
    same_place: float = SAME_PLACE_COSINE


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
        embedding: Weighted sum of unit embeddings, or None before the first.
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
    """One or more tracklets, with what is asked of all of them for each tracklet to come."""

    tracklets: list[Tracklet] = field(default_factory=list)
    direction: Floats | None = None
    last_s: float = float("-inf")
    _total: Floats | None = None

    def add(self, tracklet: Tracklet) -> None:
        self.tracklets.append(tracklet)
        self.last_s = max(self.last_s, tracklet.last_s)
        if tracklet.embedding is not None:
            self._total = tracklet.embedding if self._total is None else self._total + tracklet.embedding
            self.direction = _unit(self._total)


def persons(tracklets: list[Tracklet], likeness: Likeness | None = None) -> dict[int, int]:
    """Return the person of every tracklet, by ids.

    Tracklets are taken in order of time. Each joins the person it resembles most, provided that this person is not
    in the picture at the same time, and either left the same place shortly before in the same scene (cosine of the
    mean directions at least ``same_place``, or none known) or resembles it beyond doubt (at least ``same``, and clearly
    more than anyone else). Then persons that turned out alike beyond doubt, though their first tracklets were not, are joined,
    the most alike first.
    """
    found: list[_Person] = []
    known = likeness or Likeness()
    for tracklet in sorted(tracklets, key=lambda item: (item.first_s, item.track)):
        person = _best(tracklet, found, known)
        if person is None:
            person = _Person()
            found.append(person)
        person.add(tracklet)
    found = _joined(found, known)
    found.sort(key=lambda person: min((item.first_s, item.track) for item in person.tracklets))
    return {item.track: number for number, person in enumerate(found, 1) for item in person.tracklets}


def _joined(found: list[_Person], likeness: Likeness) -> list[_Person]:
    """Join persons who are one: never seen together, alike, and clearly more than with somebody who is another."""
    told = [person for person in found if person.direction is not None][:MAX_JOINED]
    alone = [person for person in found if not any(person is other for other in told)]
    apart = np.array([[one is other or _ever_together(one, other) for other in told] for one in told], np.bool_)
    open_pairs = ~apart
    while len(told) > 1:
        directions = np.stack([person.direction for person in told])  # type: ignore[misc]
        alike = directions @ directions.T
        ranked = np.where(open_pairs, alike, -2)
        one, other = divmod(int(ranked.argmax()), len(told))
        best = float(ranked[one, other])
        if best < likeness.same:
            break
        different, near = apart | (alike < likeness.same), alike > best - MARGIN
        rivals = (different[one] & near[other]) | (different[other] & near[one])
        rivals[[one, other]] = False
        if rivals.any():
            open_pairs[one, other] = open_pairs[other, one] = False
            continue
        for tracklet in told[other].tracklets:
            told[one].add(tracklet)
        apart[one] |= apart[other]
        apart[:, one] |= apart[:, other]
        open_pairs[one] &= open_pairs[other]
        open_pairs[:, one] &= open_pairs[:, other]
        del told[other]
        apart, open_pairs = (np.delete(np.delete(pairs, other, 0), other, 1) for pairs in (apart, open_pairs))
    return told + alone


def _ever_together(one: _Person, other: _Person) -> bool:
    """Walk along both in time: the tracklets of a person follow one another."""
    first = second = 0
    while first < len(one.tracklets) and second < len(other.tracklets):
        mine, its = one.tracklets[first], other.tracklets[second]
        if _together(mine, its):
            return True
        first, second = (first + 1, second) if mine.last_s < its.first_s else (first, second + 1)
    return False


def add_embeddings(
    tracklets: dict[int, Tracklet], track: Ints, embedding: Floats, weight: Floats | None = None
) -> None:
    """Add embeddings of faces to the tracklets they belong to.

    Args:
        tracklets: By id.
        track: int64 (N,).
        embedding: float32 (N, D); rows that are not finite are left out.
        weight: float32 (N,), above 0: how much each says of a person; all alike by default.
    """
    for row in np.flatnonzero(np.isfinite(embedding).all(axis=1)):
        tracklet = tracklets[int(track[row])]
        unit = _unit(embedding[row]) * np.float32(1 if weight is None else weight[row])
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


def _best(tracklet: Tracklet, found: list[_Person], likeness: Likeness) -> _Person | None:
    """The person that a tracklet continues, or None; everyone in ``found`` began no later."""
    absent = [person for person in found if person.last_s < tracklet.first_s]
    direction = tracklet.direction()
    cosines = [_cosine(direction, person.direction) for person in absent]
    at_place = []
    for alike, person in zip(cosines, absent, strict=True):
        moved = _moved_sizes(person.tracklets[-1], tracklet)
        if np.isfinite(moved) and not alike < likeness.same_place:
            at_place.append((alike if np.isfinite(alike) else likeness.same_place, -moved, person))
    if at_place:
        return max(at_place, key=lambda entry: entry[:2])[2]
    ranked = sorted((-alike, row) for row, alike in enumerate(cosines) if np.isfinite(alike))
    if not ranked or -ranked[0][0] < likeness.same:
        return None
    if len(ranked) > 1 and ranked[1][0] - ranked[0][0] < MARGIN:
        return None
    return absent[ranked[0][1]]


def _together(first: Tracklet, second: Tracklet) -> bool:
    return first.first_s <= second.last_s and second.first_s <= first.last_s


def _moved_sizes(gone: Tracklet, new: Tracklet) -> float:
    """How far from where a face left another appeared, in face sizes; infinite if it cannot be the same by place."""
    absent_s = new.first_s - gone.last_s
    if gone.shot != new.shot or absent_s > NEAR_S:
        return float("inf")
    was, now = gone.last_xyxy, new.first_xyxy
    sizes = np.array([np.max(box[2:] - box[:2]) for box in (was, now)])
    if sizes.max() > 2 * sizes.min():
        return float("inf")
    moved = float(np.hypot(*((now[:2] + now[2:]) / 2 - (was[:2] + was[2:]) / 2)) / sizes.max())
    return moved if moved <= NEAR_SIZES * max(1.0, absent_s) else float("inf")


def _cosine(first: Floats | None, second: Floats | None) -> float:
    return float("nan") if first is None or second is None else float(first @ second)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
