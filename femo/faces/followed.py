"""A face while it is followed from frame to frame: where it is, how it moves, and which tracklet it belongs to."""

from dataclasses import dataclass, field

import numpy as np

from femo.faces.reidentification import Tracklet
from femo.types import Faces, Floats

SHORTEST_S = 1e-3
"""Steps below are no time between two pictures: readers set frames that share a time stamp 1e-6 s apart."""


@dataclass(slots=True, eq=False)
class Followed:
    """A face that is in the picture now.

    Attributes:
        tracklet: What it is part of.
        xyxy: float32 (4,), its last box.
        score: Of the last network that saw it, 0-1.
        points: float32 (5, 2), keypoints.
        look: Its thumbnail, see ``femo.faces.views``.
        confirmed_s: When the whole cascade saw it last.
        velocity: float32 (2,), pixels per second.
        missed: Key frames that overlooked it in a row.
        n_followed: Frames in which it was known again.
    """

    tracklet: Tracklet
    xyxy: Floats
    score: float
    points: Floats
    look: Floats
    confirmed_s: float
    velocity: Floats = field(default_factory=lambda: np.zeros(2, np.float32))
    missed: int = 0
    n_followed: int = 0


def move(face: Followed, found: Faces, row: int, elapsed: float) -> None:
    """Take the refined box, and half of the new velocity: boxes tremble by a few hundredths of a face."""
    box = found.xyxy[row]
    if elapsed >= SHORTEST_S:
        step = ((box[:2] + box[2:]) - (face.xyxy[:2] + face.xyxy[2:])) / 2
        face.velocity = np.asarray(0.5 * face.velocity + 0.5 * step / elapsed, np.float32)
    face.xyxy, face.score, face.points = box, float(found.score[row]), found.keypoints[row]


def faces_of(followed: list[Followed]) -> Faces:
    """Followed faces as rows."""
    empty = Faces.empty()
    if not followed:
        return Faces(empty.xyxy, empty.score, empty.keypoints, np.zeros(0, np.int64))
    return Faces(
        np.stack([face.xyxy for face in followed]).astype(np.float32),
        np.array([face.score for face in followed], np.float32),
        np.stack([face.points for face in followed]).astype(np.float32),
        np.array([face.tracklet.track for face in followed], np.int64),
    )
