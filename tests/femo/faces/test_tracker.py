"""Tracks on clips whose truth is known.

Most tests replace the detector by the truth itself, so that what is tested is the tracker: when it looks, what it
follows, and whom it takes for whom. The last ones run the real cascade.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st

from femo.faces import crowd, geometry
from femo.faces import reidentification as identity
from femo.faces.detector import Detector
from femo.faces.reidentification import Tracklet
from femo.faces.tracker import KEY_FRAMES, Tracker
from femo.types import RGB, Faces, Floats, Frame

FPS = 30
PORTRAIT = np.ascontiguousarray(skimage.data.astronaut()[:330, 60:390])
COARSE = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 3), np.uint8)
SCENES = [cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC) for coarse in COARSE]

Path = Callable[[int], dict[str, tuple[float, float]]]


@dataclass
class Truth:
    """Plays the detector: knows the boxes of the frame that is on; 60 pixels wide, named, some hidden behind."""

    path: Path
    now: int = 0
    looked: int = 0
    blind: bool = False
    known: list[int] = field(default_factory=list)

    def boxes(self) -> Floats:
        centres = np.array(list(self.path(self.now).values()), np.float32).reshape(-1, 2)
        return np.concatenate([centres - 30, centres + 30], axis=1)

    def detect(self, rgb: RGB, min_face: int | None = None, known: Faces | None = None) -> Faces:
        self.looked += 1
        self.known.append(0 if known is None else len(known))
        return self._faces(self.boxes(), np.ones(len(self.boxes()), np.float32))

    def refine(self, rgb: RGB, xyxy: Floats) -> Faces:
        boxes = self.boxes()
        overlap = geometry.iou(xyxy, boxes) if len(boxes) else np.zeros((len(xyxy), 1), np.float32)
        seen = (overlap.max(axis=1) > 0.3) & (not self.blind)
        snapped = boxes[overlap.argmax(axis=1)] if len(boxes) else xyxy
        return self._faces(np.where(seen[:, None], snapped, xyxy), seen.astype(np.float32))

    @staticmethod
    def _faces(xyxy: Floats, score: Floats) -> Faces:
        return Faces(xyxy.astype(np.float32), score, np.zeros((len(xyxy), 5, 2), np.float32))


def follow(path: Path, n_frames: int, *, shot: Callable[[int], int] = lambda index: 0, **options: object):
    """Run a tracker over a scripted clip; returns it and per frame {name: tracklet}."""
    truth = Truth(path)
    tracker = Tracker(truth, **options)  # type: ignore[arg-type]
    seen = []
    for index in range(n_frames):
        truth.now = index
        faces = tracker.update(Frame(SCENES[shot(index)], index / FPS, index))
        names = list(path(index))
        ids = {}
        for row in range(len(faces)):
            overlap = geometry.iou(faces.xyxy[row : row + 1], truth.boxes())[0]
            ids[names[int(overlap.argmax())]] = int(faces.track[row])
        seen.append(ids)
    return tracker, seen


def look(name: str, spread: float = 0.0, seed: int = 0) -> Floats:
    """An embedding of one identity: a fixed direction, with noise."""
    base = np.random.default_rng(sum(map(ord, name))).normal(size=64)
    return np.asarray(base + spread * np.random.default_rng(seed).normal(size=64), np.float32)


def tell(tracker: Tracker, seen: list[dict[str, int]]) -> None:
    for index, ids in enumerate(seen):
        for name, track in ids.items():
            tracker.add_embeddings(np.array([track]), look(name, 0.1, index)[None])


def persons(tracker: Tracker, seen: list[dict[str, int]], name: str) -> set[int]:
    return {int(tracker.stable(np.array([ids[name]]))[0]) for ids in seen if name in ids}


def test_a_moving_face_is_one_track_and_the_cascade_rests() -> None:
    tracker, seen = follow(lambda i: {"ann": (60 + 3 * i, 100 + i)}, 60)
    assert [ids["ann"] for ids in seen] == [1] * 60
    assert tracker.key_count == 60 / KEY_FRAMES


def test_a_sure_face_passes_through_the_cascade_every_two_seconds() -> None:
    truth = Truth(lambda i: {"ann": (100, 100), "bob": (200, 100)})
    tracker = Tracker(truth)  # type: ignore[arg-type]
    for index in range(72):
        tracker.update(Frame(SCENES[index >= 70], index / FPS, index))
    assert truth.known == [0, 2, 2, 2, 2, 0, 0]  # key frames at 0, 0.4, ... 2 s, and at the cut


def test_what_the_next_frame_does_not_know_again_is_not_searched_for() -> None:
    truth = Truth(lambda i: {"shadow": (100, 100)}, blind=True)
    tracker = Tracker(truth)  # type: ignore[arg-type]
    n_faces = [len(tracker.update(Frame(SCENES[0], index / FPS, index))) for index in range(3 * KEY_FRAMES)]
    assert n_faces == ([1] + [0] * (KEY_FRAMES - 1)) * 3
    assert truth.looked == 3


def test_every_frame_is_a_key_frame_on_demand() -> None:
    tracker, _ = follow(lambda i: {"ann": (100, 100)}, 10, key_frames=1)
    assert tracker.key_count == 10


@pytest.mark.parametrize(("key_s", "n_keys"), [(0.5, 9), (2.0, 3)])
def test_the_cascade_runs_at_least_every_so_many_seconds(key_s: float, n_keys: int) -> None:
    """A camera that shares the machine with many gives few frames a second; each would be a key frame."""
    truth = Truth(lambda i: {"ann": (100, 100)})
    tracker = Tracker(truth)  # type: ignore[arg-type]
    tracker.key_s = key_s
    for index in range(17):  # 4 s at 4 frames per second
        tracker.update(Frame(SCENES[0], index / 4, index))
    assert tracker.key_count == n_keys


def test_a_newcomer_is_found_at_the_next_key_frame() -> None:
    _, seen = follow(lambda i: {"ann": (60, 100)} | ({"bob": (200, 100)} if i >= 14 else {}), 40)
    assert next(i for i, ids in enumerate(seen) if "bob" in ids) == 2 * KEY_FRAMES
    assert {ids["bob"] for ids in seen if "bob" in ids} == {2}


def away(start: int, end: int) -> Path:
    return lambda i: {} if start <= i < end else {"ann": (100 + 0.2 * i, 100)}


def test_two_seconds_away_keep_the_id() -> None:
    tracker, seen = follow(away(40, 100), 130)
    assert all(not ids for ids in seen[40:100])
    assert seen[100 + KEY_FRAMES]["ann"] == 2
    assert persons(tracker, seen, "ann") == {1}
    tell(tracker, seen)
    assert persons(tracker, seen, "ann") == {1}


def test_somebody_else_at_the_same_place_is_somebody_else() -> None:
    path = away(40, 100)
    tracker, seen = follow(lambda i: {("ann" if i < 50 else "bob"): at for at in path(i).values()}, 130)
    tell(tracker, seen)
    assert persons(tracker, seen, "ann") == {1}
    assert persons(tracker, seen, "bob") == {2}


def test_after_a_long_absence_only_the_embedding_tells() -> None:
    path: Path = lambda i: {} if 40 <= i < 340 else {"ann": (60, 60) if i < 40 else (250, 180)}  # noqa: E731
    tracker, seen = follow(path, 370)
    assert persons(tracker, seen, "ann") == {1, 2}
    tell(tracker, seen)
    assert persons(tracker, seen, "ann") == {1}


def test_shot_and_reverse_shot() -> None:
    """Two people in turns at the same place, cut to cut."""
    path: Path = lambda i: {"bob" if 30 <= i < 60 else "ann": (100, 100)}  # noqa: E731
    tracker, seen = follow(path, 90, shot=lambda i: int(30 <= i < 60))
    assert [seen[i].get("ann") or seen[i].get("bob") for i in (29, 30, 59, 60)] == [1, 2, 2, 3]
    assert persons(tracker, seen, "ann") == {1, 3}
    tell(tracker, seen)
    assert persons(tracker, seen, "ann") == {1}
    assert persons(tracker, seen, "bob") == {2}


def test_a_flash_is_no_change_of_person() -> None:
    truth = Truth(lambda i: {"ann": (100, 100)})
    tracker = Tracker(truth)  # type: ignore[arg-type]
    view = cv2.resize(SCENES[0], (320, 240))
    tracks = []
    for index in range(30):
        rgb = (view // 2 + 120).astype(np.uint8) if index == 15 else view // 2
        tracks.append(tracker.update(Frame(rgb, index / FPS, index)).track.tolist())
    assert tracks == [[1]] * 30


def crossing(i: int) -> dict[str, tuple[float, float]]:
    """Ann goes right in front, Bob goes left and is hidden while they overlap."""
    ann, bob = 60 + 2.5 * i, 260 - 2.5 * i
    return {"ann": (ann, 100)} | ({"bob": (bob, 104)} if abs(ann - bob) > 40 else {})


def test_two_faces_that_cross_keep_their_ids() -> None:
    tracker, seen = follow(crossing, 80)
    tell(tracker, seen)
    assert persons(tracker, seen, "ann") == {1}
    assert persons(tracker, seen, "bob") == {2}
    assert len({ids["ann"] for ids in seen}) == 1


def test_of_more_faces_than_are_read_the_first_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The detector gives the largest first. Who is left out opens no tracklet, so the next newcomer is number 3."""
    monkeypatch.setattr(crowd, "MAX_FACES", 2)

    def path(i: int) -> dict[str, tuple[float, float]]:
        return ({"a": (50, 60)} if i < 40 else {}) | {"b": (150, 60), "c": (250, 60)}

    tracker, seen = follow(path, 80)
    assert all(ids == {"a": 1, "b": 2} for ids in seen[:40])
    assert seen[-1] == {"b": 2, "c": 3}
    assert tracker.key_count > 4
    assert tracker.most_found == 3


def test_a_larger_newcomer_takes_the_place_of_the_smallest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The detector gives the largest first."""
    monkeypatch.setattr(crowd, "MAX_FACES", 2)

    def path(i: int) -> dict[str, tuple[float, float]]:
        return ({"large": (50, 60)} if i >= 20 else {}) | {"b": (150, 60), "c": (250, 60)}

    _, seen = follow(path, 80)
    assert seen[0] == {"b": 1, "c": 2}
    assert seen[-1] == {"large": 3, "b": 1}


def test_whom_one_look_missed_counts_among_those_that_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "MAX_FACES", 2)

    class Distracted(Truth):
        """From the second look on it misses ``a``, whom O-Net still sees, and finds ``b`` and ``c``."""

        def detect(self, rgb: RGB, min_face: int | None = None, known: Faces | None = None) -> Faces:
            found = super().detect(rgb, min_face)
            return found if self.looked == 1 else found.select(np.arange(1, len(found)))

    truth = Distracted(lambda i: {"a": (50, 60), "b": (150, 60)} | ({"c": (250, 60)} if i else {}))
    tracker = Tracker(truth)  # type: ignore[arg-type]
    for truth.now in range(2 * KEY_FRAMES + 2):
        faces = tracker.update(Frame(SCENES[0], truth.now / FPS, truth.now))
        assert len(faces) == 2
    assert tracker.key_count == 3


def test_a_face_in_one_frame_only() -> None:
    _, seen = follow(lambda i: {"ann": (100, 100)} if i == 0 else {}, 20)
    assert seen == [{"ann": 1}] + [{}] * 19


def test_nobody() -> None:
    tracker, seen = follow(lambda i: {}, 25)
    assert seen == [{}] * 25
    assert tracker.key_count == 3
    assert tracker.stable(np.zeros(0, np.int64)).tolist() == []


def test_numbers_go_on_after_something_was_forgotten() -> None:
    truth = Truth(lambda i: {"ann": (100, 100)} | ({"bob": (200, 100)} if i >= 60 else {}))
    tracker = Tracker(truth)  # type: ignore[arg-type]
    for truth.now in range(100):
        if truth.now == 50:  # as if seven had gone and all but the last were forgotten
            tracker.adopt(
                [*tracker.tracklets(), Tracklet(8, 0, 0.1, 0.2, np.zeros(4, np.float32), np.ones(4, np.float32))]
            )
        faces = tracker.update(Frame(SCENES[0], truth.now / FPS, truth.now))
    assert sorted(faces.track.tolist()) == [1, 9]


def test_with_embed_the_ids_are_persons_at_once() -> None:
    path = crossing

    def embed(frame: Frame, faces: Faces) -> Floats:
        centres = (faces.xyxy[:, :2] + faces.xyxy[:, 2:]) / 2
        truth = path(frame.index)
        names = [min(truth, key=lambda name: np.hypot(*(np.array(truth[name]) - centre))) for centre in centres]
        return np.stack([look(name, 0.1, frame.index) for name in names])

    _, seen = follow(path, 80, embed=embed)
    assert {ids["ann"] for ids in seen} == {1}
    assert {ids["bob"] for ids in seen if "bob" in ids} == {2}


def test_time_must_increase() -> None:
    tracker = Tracker(Truth(lambda i: {}))  # type: ignore[arg-type]
    tracker.update(Frame(SCENES[0], 1.0, 0))
    with pytest.raises(ValueError, match="later than 1"):
        tracker.update(Frame(SCENES[0], 1.0, 1))


spans = st.lists(st.tuples(st.floats(0, 20), st.floats(0, 5), st.integers(0, 3), st.integers(0, 200)), max_size=12)


@given(spans)
def test_people_seen_together_are_different_and_numbered_in_order(
    raw: list[tuple[float, float, int, int]],
) -> None:
    tracklets = []
    for track, (start, length, who, x) in enumerate(sorted(raw), start=1):
        box = np.array([x, 0, x + 50, 50], np.float32)
        tracklets.append(Tracklet(track, 0, start, start + length, box, box, look("abcd"[who])))
    person = identity.persons(tracklets)
    assert set(person) == {tracklet.track for tracklet in tracklets}
    for first in tracklets:
        for second in tracklets:
            together = first.first_s <= second.last_s and second.first_s <= first.last_s
            assert first is second or not together or person[first.track] != person[second.track]
    order = list(dict.fromkeys(person[tracklet.track] for tracklet in tracklets))
    assert order == list(range(1, len(order) + 1))


def test_a_change_of_expression_does_not_make_another_person() -> None:
    """The same person comes back elsewhere with another face: only without the head's directions it is the same."""
    directions = np.random.default_rng(5).normal(size=(3, 64)).astype(np.float32)
    neutral, happy = 3 * directions[0], 3 * directions[1] - directions[2]
    path: Path = lambda i: {} if 40 <= i < 340 else {"ann": (60, 60) if i < 40 else (250, 180)}  # noqa: E731
    for changing, n_persons in ((None, 2), (directions, 1)):
        tracker, seen = follow(path, 370, changing=changing)
        for index, ids in enumerate(seen):
            for track in ids.values():
                expression = neutral if index < 40 else happy
                tracker.add_embeddings(np.array([track]), (look("ann", 0.1, index) + expression)[None])
        assert len(persons(tracker, seen, "ann")) == n_persons


def test_basis_of_dependent_directions() -> None:
    rows = identity.basis(np.array([[0, 2, 0], [0, -4, 0], [3, 0, 0]], np.float32))
    np.testing.assert_allclose(rows.T @ rows, np.diag([1, 1, 0]), atol=1e-6)


def test_rows_that_are_not_finite_teach_nothing() -> None:
    box = np.array([0, 0, 9, 9], np.float32)
    tracklets = {1: Tracklet(1, 0, 0, 1, box, box)}
    identity.add_embeddings(tracklets, np.array([1, 1]), np.array([[3, 4], [np.nan, 1]], np.float32))
    np.testing.assert_allclose(tracklets[1].embedding, [0.6, 0.8])


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(device="cpu")


def walking(n_frames: int, gone: range = range(0)) -> list[Frame]:
    """The portrait on a known path over grey, 640 x 360, growing and shrinking."""
    frames = []
    for index in range(n_frames):
        rgb = np.full((360, 640, 3), 100, np.uint8)
        if index not in gone:
            side = round(200 + 30 * np.sin(index / 10))
            x, y = round(200 + 120 * np.sin(index / 15)), round(60 + 40 * np.cos(index / 12))
            rgb[y : y + side, x : x + side] = cv2.resize(PORTRAIT, (side, side), interpolation=cv2.INTER_AREA)
        frames.append(Frame(rgb, index / FPS, index))
    return frames


def test_following_agrees_with_the_whole_cascade(detector: Detector) -> None:
    tracker = Tracker(detector, min_face=40)
    overlaps = []
    for frame in walking(48):
        got, want = tracker.update(frame), detector.detect(frame.rgb, 40)
        assert len(got) == len(want) == 1
        assert got.track is not None
        assert got.track.tolist() == [1]
        overlaps.append(float(geometry.iou(got.xyxy, want.xyxy)[0, 0]))
    assert np.mean(overlaps) >= 0.9
    assert min(overlaps) >= 0.75
    assert tracker.key_count == 4


def test_a_face_that_leaves_is_lost_at_once_and_comes_back_as_the_same(detector: Detector) -> None:
    tracker = Tracker(detector, min_face=40)
    tracks = [tracker.update(frame).track for frame in walking(50, range(20, 36))]
    assert [len(track) for track in tracks[:36]] == [1] * 20 + [0] * 16
    assert len(tracks[36]) + len(tracks[37]) + len(tracks[38]) + len(tracks[39]) >= 1
    assert set(tracker.stable(np.concatenate(tracks)).tolist()) == {1}
