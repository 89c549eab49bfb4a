"""Ids of persons before a camera, which are told at once and never taken back.

Conventions: who is who (``reidentification``) gets clearer with every look, and is numbered anew each time; a camera's ids are on
the screen and in recordings by then. So each tracklet is told one id for good: that of the person it continues when it begins.
"""

from typing import Final

import numpy as np

from femo.faces.tracker import Tracker
from femo.types import Ints

MOST_GONE: Final = 100
"""Tracklets that are no longer in the picture and by which somebody who comes back is known. Whoever left before so many others
gets a new id; the work for a newcomer grows with the square of their number."""


class StableIds:
    """The ids of one camera.

    Args:
        tracker: Follows its faces; what it knows of those who left long ago is forgotten.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._told: dict[int, int] = {}
        self._n_told = 0

    def of(self, track: Ints) -> Ints:
        """Return the ids of all tracklets of a frame (N,), from 1 in the order of first appearance, each at most once.

        Args:
            track: int64 (N,), as ``Tracker.update`` returned them; ask for every frame, and after its embeddings were added.
        """
        new = sorted(set(track.tolist()) - self._told.keys())
        if new:
            self._forget(set(track.tolist()))
            self._tell(new, {self._told[one] for one in track.tolist() if one in self._told})
        return np.array([self._told[one] for one in track.tolist()], np.int64)

    def _tell(self, new: list[int], taken: set[int]) -> None:
        """Give new tracklets the id last told of the person they continue, if it is free, else the next one."""
        known = sorted(self._tracker.tracklets(), key=lambda tracklet: -tracklet.last_s)
        persons = self._tracker.stable(np.array([tracklet.track for tracklet in known], np.int64)).tolist()
        person_of = {tracklet.track: person for tracklet, person in zip(known, persons, strict=True)}
        for track in new:
            same = [one for one, person in person_of.items() if person == person_of[track] and one in self._told]
            number = next((self._told[one] for one in same if self._told[one] not in taken), self._n_told + 1)
            self._told[track] = number
            self._n_told = max(self._n_told, number)
            taken.add(number)

    def _forget(self, now: set[int]) -> None:
        """Keep of the tracklets that have gone the last ones."""
        # but for the very last, from which the tracker counts on
        gone = [tracklet for tracklet in self._tracker.tracklets()[:-1] if tracklet.track not in now]
        if len(gone) <= MOST_GONE:
            return
        gone.sort(key=lambda tracklet: tracklet.last_s)
        left = {tracklet.track for tracklet in gone[:-MOST_GONE]}
        self._tracker.adopt([one for one in self._tracker.tracklets() if one.track not in left])
        self._told = {track: number for track, number in self._told.items() if track not in left}
