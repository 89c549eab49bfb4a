"""Camera frames: scores are means over the last second of each person, ids are stable."""

from collections.abc import Iterable

import numpy as np
import pytest

from femo.clips.batches import Read
from femo.clips.live import Live, known_mean
from femo.faces.reidentification import Tracklet
from femo.labels import ABAW_AU
from femo.mesh.units import UnitMap
from femo.meshes import MEASURED, Meshes
from femo.types import RGB, Faces, Floats, Frame, Ints, Scores


class Two:
    """A tracker whose tracklets are given: two persons, then one, then none.

    Who is who is given too, as it is known in each frame: tracklet to person, each a person of its own by default.
    """

    def __init__(self, tracks: list[list[int]], persons: Iterable[dict[int, int]] = ()) -> None:
        self.tracks, self.persons = iter(tracks), iter(persons)
        self.known: dict[int, Tracklet] = {}
        self.who: dict[int, int] = {}

    def update(self, frame: Frame) -> Faces:
        track = next(self.tracks)
        n = len(track)
        self.who = next(self.persons, {})
        for one in track:
            box = np.zeros(4, np.float32)
            self.known.setdefault(
                one, Tracklet(one, 0, frame.time_s, frame.time_s, box, box)
            ).last_s = frame.time_s
        xyxy = np.tile(np.array([[0, 0, 10, 10]], np.float32), (n, 1))
        return Faces(xyxy, np.ones(n, np.float32), np.zeros((n, 5, 2), np.float32), np.array(track, np.int64))

    def add_embeddings(self, track: Ints, embedding: Floats) -> None:
        assert len(track) == len(embedding)

    def stable(self, track: Ints) -> Ints:
        return np.array([self.who.get(int(one), int(one)) for one in track], np.int64)

    def tracklets(self) -> list[Tracklet]:
        return list(self.known.values())


def test_scores_are_means_over_the_window_of_each_person() -> None:
    given = iter([[[1, 0], [0, 1]], [[0, 1]], [[0, 1]], np.zeros((0, 2))])

    def read(rgb: RGB, faces: Faces, measure: bool) -> Read:
        values = np.array(next(given), np.float32).reshape(len(faces), 2)
        scores = {"expression": Scores("expression", ("a", "b"), values, "distribution", "trained")}
        return Read(scores, np.zeros((len(faces), 3), np.float32), np.zeros((len(faces), 0), np.float32))

    live = Live(Two([[11, 12], [11], [11], []]), read, "m", window_s=1.0)  # type: ignore[arg-type]
    rgb = np.zeros((20, 20, 3), np.uint8)
    first = live.frame(rgb, 5.0)
    assert first.faces.track is not None
    assert first.faces.track.tolist() == [1, 2]
    assert first.scores["expression"].values.tolist() == [[1, 0], [0, 1]]
    # 0.5 s later: the mean of two frames
    assert live.frame(rgb, 5.5).scores["expression"].values[0] == pytest.approx([0.5, 0.5])
    # 1.2 s after the first frame only the second and third count
    assert live.frame(rgb, 6.2).scores["expression"].values[0] == pytest.approx([0, 1])
    assert len(live.frame(rgb, 6.3).scores["expression"]) == 0


def test_measured_units_are_means_over_the_window_too() -> None:
    """AU12 at logits 0, ln 3 and ln 3: .5, .75, .75. What the newest frame does not show is not told from those before."""
    high = float(np.log(3))
    given = iter([(0.0, 0.0), (high, None), (high, high), (None, high), (high, high)])

    def read(rgb: RGB, faces: Faces, measure: bool) -> Read:
        meshes = Meshes.unread(1)
        for unit, logit in zip(("AU12", "AU25"), next(given), strict=True):
            meshes.units[0, ABAW_AU.index(unit)] = np.nan if logit is None else logit
        meshes.reason[:] = MEASURED
        prior = Scores("action_units", ABAW_AU, np.full((1, 12), 0.25, np.float32), "independent", "prior")
        return Read({"action_units": prior}, np.zeros((1, 3), np.float32), np.zeros((1, 0), np.float32), meshes)

    flat = np.zeros(12, np.float32)
    unit_map = UnitMap(np.zeros((12, 468, 3), np.float32), flat, flat, flat, flat)
    live = Live(Two([[1]] * 5), read, "m", window_s=1.0, unit_map=unit_map)  # type: ignore[arg-type]
    rgb = np.zeros((20, 20, 3), np.uint8)
    frames = [live.frame(rgb, time_s).scores["action_units"] for time_s in (5.0, 5.4, 5.8, 5.9, 6.5)]
    smile = [float(head.column("AU12")[0]) for head in frames]
    # the fourth was not measured, and its prior stays; a second after the first only those from 5.8 s on count
    assert smile == pytest.approx([0.5, 0.625, 2 / 3, 0.25, 0.75], abs=1e-6)
    lips = [float(head.column("AU25")[0]) for head in frames]
    assert lips == pytest.approx([0.5, 0.25, 0.625, 2 / 3, 0.75], abs=1e-6)
    assert [float(head.column("AU1")[0]) for head in frames] == [0.25] * 5
    assert {head.source for head in frames} == {"mixed"}


def test_who_is_joined_later_keeps_the_id_and_nobody_is_told_with_what_another_showed() -> None:
    """Tracklet 1 left, 2 came back unclear, 3 is somebody else; then 2 turns out to be the person of 1."""
    apart, joined = {1: 1, 2: 2, 3: 3}, {1: 1, 2: 1, 3: 2}
    tracker = Two([[1], [2], [2, 3], [2, 3], [3, 2]], [apart, apart, apart, joined, joined])
    shown = {1: [1, 0, 0], 2: [0, 1, 0], 3: [0, 0, 1]}

    def read(rgb: RGB, faces: Faces, measure: bool) -> Read:
        values = np.array([shown[int(one)] for one in faces.track], np.float32)
        scores = {"expression": Scores("expression", ("a", "b", "c"), values, "distribution", "trained")}
        return Read(scores, np.zeros((len(faces), 3), np.float32), np.zeros((len(faces), 0), np.float32))

    live = Live(tracker, read, "m", window_s=1.0)  # type: ignore[arg-type]
    frames = [live.frame(np.zeros((20, 20, 3), np.uint8), 5 + index / 10) for index in range(5)]
    assert [frame.faces.track.tolist() for frame in frames] == [[1], [2], [2, 3], [2, 3], [3, 2]]
    told = [frame.scores["expression"].values.tolist() for frame in frames]
    assert told == [[shown[1]], [shown[2]], [shown[2], shown[3]], [shown[2], shown[3]], [shown[3], shown[2]]]


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


def test_a_reading_is_unsure_as_a_photos_is_over_the_window() -> None:
    """32 pixels are wanted: of 10, 24 and 64 the mean is 32.7. The first two frames name the one expression, then the other."""

    class Growing(Two):
        sides = iter([10, 24, 64, 64])

        def update(self, frame: Frame) -> Faces:
            found, side = super().update(frame), next(self.sides)
            return Faces(found.xyxy / 10 * np.float32(side), found.score, found.keypoints, found.track)

    def read(rgb: RGB, faces: Faces, measure: bool) -> Read:
        values = np.array([[0.9, 0.1] if next(first) else [0.1, 0.9]], np.float32)
        scores = {"expression": Scores("expression", ("a", "b"), values, "distribution", "trained")}
        return Read(scores, np.zeros((len(faces), 3), np.float32), np.zeros((len(faces), 0), np.float32))

    first = iter([True, True, False, False])
    live = Live(Growing([[1]] * 4), read, "m", window_s=1.0)  # type: ignore[arg-type]
    rgb = np.random.default_rng(3).integers(0, 256, (80, 80, 3)).astype(np.uint8)
    results = [live.frame(rgb, time_s) for time_s in (1.0, 1.4, 1.8, 2.5)]
    sizes = [float(one.quality.column("size_px")[0]) for one in results if one.quality is not None]
    assert sizes == pytest.approx([10, 17, 98 / 3, 64])  # at 2.5 s only what came since 1.5 s counts
    named = [one.reading.names()[0] for one in results if one.reading is not None]
    assert ["small" in reasons for reasons in named] == [True, True, False, False]
    # 0.9 + 0.9 + 0.1 and 0.1 + 0.1 + 0.9, over 3: a margin of 0.27; then of two frames, 0.8
    assert ["close" in reasons for reasons in named] == [False] * 4


def test_what_is_not_known_of_a_frame_is_no_part_of_the_mean() -> None:
    nan = np.nan
    seen = known_mean(np.array([[1, nan, nan], [3, 5, nan]], np.float32))
    assert seen.tolist()[:2] == [2, 5]
    assert np.isnan(seen[2])
