"""Camera frames: scores are means over the last second of each person, ids are stable."""

import numpy as np
import pytest

from femo.clips.batches import Read
from femo.clips.live import Live
from femo.types import RGB, Faces, Floats, Frame, Ints, Scores


class Two:
    """A tracker whose tracklets are given: two persons, then one, then none."""

    def __init__(self, tracks: list[list[int]]) -> None:
        self.tracks = iter(tracks)

    def update(self, frame: Frame) -> Faces:
        track = next(self.tracks)
        n = len(track)
        xyxy = np.tile(np.array([[0, 0, 10, 10]], np.float32), (n, 1))
        return Faces(xyxy, np.ones(n, np.float32), np.zeros((n, 5, 2), np.float32), np.array(track, np.int64))

    def add_embeddings(self, track: Ints, embedding: Floats) -> None:
        assert len(track) == len(embedding)

    def stable(self, track: Ints) -> Ints:
        return track + 10


def test_scores_are_means_over_the_window_of_each_person() -> None:
    given = iter([[[1, 0], [0, 1]], [[0, 1]], [[0, 1]], np.zeros((0, 2))])

    def read(rgb: RGB, faces: Faces, measure: bool) -> Read:
        values = np.array(next(given), np.float32).reshape(len(faces), 2)
        scores = {"expression": Scores("expression", ("a", "b"), values, "distribution", "trained")}
        return Read(scores, np.zeros((len(faces), 3), np.float32), np.zeros((len(faces), 0), np.float32))

    live = Live(Two([[1, 2], [1], [1], []]), read, "m", window_s=1.0)  # type: ignore[arg-type]
    rgb = np.zeros((20, 20, 3), np.uint8)
    first = live.frame(rgb, 5.0)
    assert first.faces.track is not None
    assert first.faces.track.tolist() == [11, 12]
    assert first.scores["expression"].values.tolist() == [[1, 0], [0, 1]]
    # 0.5 s later: the mean of two frames
    assert live.frame(rgb, 5.5).scores["expression"].values[0] == pytest.approx([0.5, 0.5])
    # 1.2 s after the first frame only the second and third count
    assert live.frame(rgb, 6.2).scores["expression"].values[0] == pytest.approx([0, 1])
    assert len(live.frame(rgb, 6.3).scores["expression"]) == 0


def test_what_a_frame_asks_for_reaches_tracker_and_networks() -> None:
    asked: list[bool] = []

    def read(rgb: RGB, faces: Faces, measure: bool) -> Read:
        asked.append(measure)
        return Read({}, np.zeros((0, 3), np.float32), np.zeros((0, 0), np.float32))

    tracker = Two([[], []])
    live = Live(tracker, read, "m")  # type: ignore[arg-type]
    rgb = np.zeros((20, 20, 3), np.uint8)
    live.frame(rgb, 1.0)
    assert tracker.key_s == 0.5
    live.frame(rgb, 2.0, measure=False, search_s=2.0)
    assert tracker.key_s == 2.0
    assert asked == [True, False]


def test_a_clock_that_stands_still_is_no_error() -> None:
    def read(rgb: RGB, faces: Faces, measure: bool) -> Read:
        return Read({}, np.zeros((0, 3), np.float32), np.zeros((0, 0), np.float32))

    live = Live(Two([[], []]), read, "m")  # type: ignore[arg-type]
    rgb = np.zeros((20, 20, 3), np.uint8)
    assert len(live.frame(rgb, 1.0).faces) == len(live.frame(rgb, 1.0).faces) == 0
