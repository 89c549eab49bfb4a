"""Ids of persons before a camera, on tracklets whose looks are given: two people with directions at right angles."""

import numpy as np
import pytest

from femo.faces import ids as ids_module
from femo.faces import reidentification as identity
from femo.faces.ids import StableIds
from femo.faces.reidentification import Tracklet
from femo.types import Floats, Ints

ANN, BOB = np.eye(2, dtype=np.float32)
UNCLEAR = np.array([0.6, 0.8], np.float32)
"""Its cosines with Ann and Bob are 0.6 and 0.8: like neither, who would be alike from 0.85 on."""


class Scripted:
    """What ``StableIds`` asks of a tracker; persons are those of ``reidentification``."""

    def __init__(self) -> None:
        self.known: dict[int, Tracklet] = {}
        self.n_asked = 0

    def see(self, time_s: float, looks: dict[int, Floats]) -> Ints:
        """Follow tracklets, each at a place of its own, and add their looks."""
        for track, look in looks.items():
            box = np.array([200 * track, 0, 200 * track + 50, 50], np.float32)
            tracklet = self.known.setdefault(track, Tracklet(track, 0, time_s, time_s, box, box))
            tracklet.last_s = time_s
            identity.add_embeddings(self.known, np.array([track]), look[None])
        return np.array(list(looks), np.int64)

    def tracklets(self) -> list[Tracklet]:
        return list(self.known.values())

    def stable(self, track: Ints) -> Ints:
        self.n_asked += 1
        persons = identity.persons(self.tracklets())
        return np.array([persons[int(one)] for one in track], np.int64)

    def adopt(self, tracklets: list[Tracklet]) -> None:
        self.known = {tracklet.track: tracklet for tracklet in tracklets}


@pytest.fixture
def tracker() -> Scripted:
    return Scripted()


def told(tracker: Scripted, ids: StableIds, time_s: float, looks: dict[int, Floats]) -> list[int]:
    return ids.of(tracker.see(time_s, looks)).tolist()


def test_ids_count_in_the_order_of_first_appearance_and_a_return_has_its_own(tracker: Scripted) -> None:
    ids = StableIds(tracker)  # type: ignore[arg-type]
    assert told(tracker, ids, 0, {2: BOB, 1: ANN}) == [2, 1]
    assert told(tracker, ids, 1, {1: ANN}) == [1]
    assert told(tracker, ids, 60, {4: BOB, 3: ANN}) == [2, 1]


def test_whom_later_looks_join_to_somebody_is_not_told_anew(tracker: Scripted) -> None:
    """Ann comes back unclear, is told 2, and turns out to be Ann while Bob, told 3, is there: nobody's id moves."""
    ids = StableIds(tracker)  # type: ignore[arg-type]
    assert told(tracker, ids, 0, {1: ANN}) == [1]
    assert told(tracker, ids, 60, {2: UNCLEAR}) == [2]
    assert told(tracker, ids, 61, {2: UNCLEAR, 3: BOB}) == [2, 3]
    for time_s in range(62, 92):
        assert told(tracker, ids, time_s, {2: ANN, 3: BOB}) == [2, 3]
    assert tracker.stable(np.array([1, 2, 3])).tolist() == [
        1,
        1,
        2,
    ]  # what was told before: Bob as Ann was a moment ago
    # gone and back: the id that was told last
    assert told(tracker, ids, 200, {4: ANN, 3: BOB}) == [2, 3]


def test_an_id_that_is_in_the_frame_is_not_told_again(tracker: Scripted) -> None:
    """A face that looks like nobody yet is Ann's by its place; when Ann herself comes, her id is on that face already."""
    ids = StableIds(tracker)  # type: ignore[arg-type]
    nothing = np.full(2, np.nan, np.float32)
    told(tracker, ids, 0, {1: ANN})
    tracker.known[2] = Tracklet(2, 0, 1.0, 1.0, tracker.known[1].last_xyxy, tracker.known[1].last_xyxy)
    assert told(tracker, ids, 1, {2: nothing}) == [1]
    assert told(tracker, ids, 2, {2: BOB, 3: ANN}) == [1, 2]
    assert tracker.stable(np.array([1, 2, 3])).tolist() == [1, 2, 1]


def test_who_is_who_is_asked_for_newcomers_alone_and_who_left_long_ago_is_forgotten(
    tracker: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ids_module, "MOST_GONE", 3)
    ids = StableIds(tracker)  # type: ignore[arg-type]
    assert told(tracker, ids, 0, {1: ANN, 2: BOB}) == [1, 2]
    assert told(tracker, ids, 1, {2: BOB}) == [2]
    assert tracker.n_asked == 1
    for track in range(3, 13):  # Ann again and again; Bob stays
        assert told(tracker, ids, 10.0 * track, {2: BOB, track: ANN}) == [2, 1]
    assert list(tracker.known) == [2, 9, 10, 11, 12]
    assert tracker.n_asked == 11
    for track in range(13, 17):
        told(tracker, ids, 10.0 * track, {track: ANN})
    assert 2 not in tracker.known
    assert told(tracker, ids, 200, {17: BOB, 18: ANN}) == [3, 1]  # Bob is forgotten, and 2 is nobody else's
