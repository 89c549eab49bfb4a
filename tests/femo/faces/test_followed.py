"""A followed face moves by half of what was seen, in pixels per second."""

import numpy as np
import pytest

from femo.faces.followed import Followed, faces_of, move
from femo.faces.reidentification import Tracklet
from femo.media.frames import SMALLEST_STEP_S
from femo.types import Faces


def face(track: int, box: list[float], velocity: tuple[float, float] = (0, 0)) -> Followed:
    xyxy = np.array(box, np.float32)
    return Followed(
        Tracklet(track, 0, 0.0, 0.0, xyxy, xyxy), xyxy, 0.5, np.full((5, 2), track, np.float32), np.zeros(256, np.float32), 0.0,
        np.array(velocity, np.float32),
    )  # fmt: skip


def found(*boxes: list[float]) -> Faces:
    n = len(boxes)
    points = np.arange(n * 10, dtype=np.float32).reshape(n, 5, 2)
    return Faces(np.array(boxes, np.float32), np.linspace(0.6, 0.9, n, dtype=np.float32), points)


def test_a_velocity_is_half_old_and_half_new() -> None:
    one = face(1, [0, 0, 10, 20], velocity=(8, -4))
    # the middle goes from (5, 10) to (9, 16) in 0.2 s: 20 and 30 pixels per second
    move(one, found([50, 50, 60, 60], [4, 6, 14, 26]), 1, 0.2)
    assert one.velocity.tolist() == pytest.approx([14, 13])
    assert one.xyxy.tolist() == [4, 6, 14, 26]
    assert one.score == pytest.approx(0.9)
    assert one.points[0].tolist() == [10, 11]


def test_frames_that_share_a_time_stamp_say_nothing_of_the_velocity() -> None:
    """Readers set them a millionth of a second apart: 4 pixels would be 4 million per second."""
    one = face(1, [0, 0, 10, 20], velocity=(8, -4))
    move(one, found([4, 6, 14, 26]), 0, SMALLEST_STEP_S)
    assert one.velocity.tolist() == [8, -4]
    assert one.xyxy.tolist() == [4, 6, 14, 26]


def test_a_face_that_grows_in_place_does_not_move() -> None:
    one = face(1, [10, 10, 20, 20])
    move(one, found([5, 5, 25, 25]), 0, 0.04)
    assert one.velocity.tolist() == [0, 0]


def test_faces_bear_the_number_of_their_tracklet() -> None:
    faces = faces_of([face(7, [0, 0, 1, 1]), face(3, [2, 2, 3, 3])])
    assert faces.track is not None
    assert faces.track.tolist() == [7, 3]
    assert faces.xyxy[:, 0].tolist() == [0, 2]
    assert faces.keypoints[:, 0, 0].tolist() == [7, 3]
    nobody = faces_of([])
    assert nobody.track is not None
    assert (len(nobody), nobody.track.dtype) == (0, np.int64)
