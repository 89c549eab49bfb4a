"""Clips whose truth is known go in, timelines come out."""

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from femo import Pipeline
from femo.clips import meshed
from femo.clips.timelines import Collector, RawPerson, RawVideo
from femo.clips.well_seen import lasts
from femo.errors import Cancelled, FemoError, MediaError
from femo.faces.tracker import KEY_FRAMES
from femo.media.containers import VideoLimits
from femo.media.streaming import Progress
from femo.mesh.units import UnitMap
from femo.meshes import MEASURED, Meshes
from femo.results import Timeline, VideoResult
from femo.types import ClipInfo, Faces, Frame, Quality, Scores
from tests import clips, shipped


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return shipped.pipeline()


def _centre(xyxy: np.ndarray) -> np.ndarray:
    return (xyxy[:, :2] + xyxy[:, 2:]) / 2


def _only(result: VideoResult) -> Timeline:
    [line] = result.timelines
    return line


def test_a_face_is_followed_along_its_path(pipeline: Pipeline, tmp_path: Path) -> None:
    frames, boxes = clips.moving_face(50)
    line = _only(pipeline.video(clips.write_clip(tmp_path / "clip.mp4", frames), smooth="none"))
    assert line.present.all()
    way = _centre(line.xyxy) - _centre(np.array(boxes, np.float32))
    # the detector's idea of a face lies a few pixels beside the one in FACE_IN_CROP, always on the same side
    assert np.abs(way - way.mean(axis=0)).max() < 6
    assert np.abs(way.mean(axis=0)).max() < 10
    assert line.scores["expression"].top().count("happiness") >= 45  # she smiles


@pytest.mark.parametrize("measure", [True, False])
def test_a_clip_without_persons_has_the_columns_of_one_with(
    pipeline: Pipeline, tmp_path: Path, measure: bool
) -> None:
    pictures = {"some.mp4": clips.moving_face(11)[0], "none.mp4": clips.no_face(4)}
    paths = [clips.write_clip(tmp_path / name, frames) for name, frames in pictures.items()]
    some, none = (pipeline.video(path, measure=measure).to_frame() for path in paths)
    assert (len(some), len(none)) == (11, 0)
    assert list(none) == list(some)
    assert {"expression_fear", "AU12"} <= set(none)
    assert ("yaw" in none) == measure


def test_who_leaves_and_returns_stays_one_person_with_a_bridged_gap(pipeline: Pipeline, tmp_path: Path) -> None:
    frames, _ = clips.moving_face(75, absent=[range(25, 50)])
    result = pipeline.video(clips.write_clip(tmp_path / "clip.mp4", frames), smooth="none")
    line = _only(result)
    absent = np.flatnonzero(~line.present)
    back = int(absent[-1]) + 1
    assert absent.tolist() == list(range(25, back))
    assert 50 <= back <= 50 + KEY_FRAMES  # who returns is found by the next key frame
    values = line.scores["age"].values
    share = np.float32((30 - 24) / (back - 24))  # linear between the frames on either side
    assert values[30] == pytest.approx(values[24] * (1 - share) + values[back] * share, abs=1e-5)
    assert line.xyxy[30] == pytest.approx(line.xyxy[24] * (1 - share) + line.xyxy[back] * share, abs=1e-3)
    assert not np.allclose(values[24], values[back], atol=1e-4)  # else the gap would prove nothing


def test_before_the_first_and_after_the_last_view_the_nearest_is_repeated(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    frames, _ = clips.moving_face(40, absent=[range(10), range(30, 40)])
    line = _only(pipeline.video(clips.write_clip(tmp_path / "clip.mp4", frames), smooth="none"))
    seen = np.flatnonzero(line.present)
    assert seen.tolist() == list(range(int(seen[0]), 30))
    assert 10 <= seen[0] <= 10 + KEY_FRAMES
    values = line.scores["valence_arousal"].values
    assert (values[: seen[0]] == values[seen[0]]).all()
    assert (values[30:] == values[29]).all()


def test_two_people_who_pass_each_other_keep_their_ids(pipeline: Pipeline, tmp_path: Path) -> None:
    result = pipeline.video(clips.write_clip(tmp_path / "clip.mp4", clips.two_faces(50)))
    assert len(result.timelines) == 2
    upper, lower = sorted(result.timelines, key=lambda line: float(_centre(line.xyxy)[:, 1].mean()))
    assert upper.present.all()
    assert lower.present.all()
    assert (_centre(upper.xyxy)[:, 1] < 120).all()
    assert (_centre(lower.xyxy)[:, 1] > 120).all()
    assert _centre(upper.xyxy)[-1, 0] - _centre(upper.xyxy)[0, 0] > 300
    assert _centre(lower.xyxy)[-1, 0] - _centre(lower.xyxy)[0, 0] < -300


def test_after_a_cut_the_box_is_where_the_face_now_is(pipeline: Pipeline, tmp_path: Path) -> None:
    result = pipeline.video(clips.write_clip(tmp_path / "clip.mp4", clips.scene_cuts(40, every=10)))
    seen = np.zeros(40, int)
    for line in result.timelines:
        for row in np.flatnonzero(line.present):
            scene = row // 10
            left, top = (10, 190, 100)[scene % 3], (10, 100, 60)[scene % 3]
            centre = _centre(line.xyxy[row : row + 1])[0]
            assert abs(centre[0] - (left + 57)) < 15
            assert abs(centre[1] - (top + 56)) < 15
            seen[row] += 1
    assert (seen == 1).all()


def test_times_are_the_containers_own(pipeline: Pipeline, tmp_path: Path) -> None:
    times_s = np.cumsum([0, *([1 / 25] * 10), *([1 / 10] * 5), *([1 / 50] * 10)])
    frames, _ = clips.moving_face(len(times_s))
    result = pipeline.video(clips.write_clip(tmp_path / "clip.mkv", frames, times_s=times_s.tolist()))
    assert result.time_s == pytest.approx(times_s, abs=2e-3)  # Matroska counts milliseconds


def test_portraits_show_the_face(pipeline: Pipeline, tmp_path: Path) -> None:
    frames, _ = clips.moving_face(12)
    portrait = _only(pipeline.video(clips.write_clip(tmp_path / "clip.mp4", frames))).portrait
    assert portrait is not None
    assert portrait.shape == (112, 112, 3)
    assert len(pipeline.photo(portrait).faces) == 1


@pytest.mark.parametrize(
    ("frames", "n_persons", "n_present"),
    [
        (clips.no_face(12), 0, 0),
        (clips.moving_face(1)[0], 1, 1),
        (clips.moving_face(12, absent=[range(1, 12)])[0], 0, 0),  # who is there for 0.04 s is no person
    ],
    ids=["nobody", "one frame", "in one frame only"],
)
def test_rare_faces(
    pipeline: Pipeline, tmp_path: Path, frames: list[clips.RGB], n_persons: int, n_present: int
) -> None:
    result = pipeline.video(clips.write_clip(tmp_path / "clip.mp4", frames))
    assert len(result.time_s) == len(frames)
    assert len(result.timelines) == n_persons
    assert sum(int(line.present.sum()) for line in result.timelines) == n_present


def test_every_nth_frame_is_read_at_its_own_time(pipeline: Pipeline, tmp_path: Path) -> None:
    frames, _ = clips.moving_face(25)
    path = clips.write_clip(tmp_path / "clip.mp4", frames)
    raw = pipeline.raw_video(path, every=4)
    assert raw.time_s == pytest.approx(np.arange(0, 25, 4) / 25, abs=1e-4)
    assert raw.frame_time_s == pytest.approx(np.arange(25) / 25, abs=1e-4)
    whole = _only(pipeline.video(path, smooth="none"))
    sparse = _only(raw.result("none"))
    agree = np.array(whole.scores["expression"].top())[::4] == np.array(sparse.scores["expression"].top())
    assert agree.mean() >= 0.8


def test_auto_reads_fewer_faces_and_decides_alike(pipeline: Pipeline, tmp_path: Path) -> None:
    frames, _ = clips.moving_face(80)
    path = clips.write_clip(tmp_path / "clip.mp4", frames)
    [person] = pipeline.raw_video(path, every="auto").persons
    read = np.isfinite(person.scores["expression"].values).all(axis=1)
    assert len(person.row) == 80  # followed on every frame
    assert 3 <= read.sum() < 80
    slow = _only(pipeline.video(path)).scores["expression"].top()
    quick = _only(pipeline.video(path, every="auto")).scores["expression"].top()
    assert np.mean(np.array(slow) == np.array(quick)) >= 0.9


def test_bad_input_is_refused_before_any_work(pipeline: Pipeline, tmp_path: Path) -> None:
    sound = clips.write_sound(tmp_path / "sound.m4a")
    with pytest.raises(MediaError, match="sound only"):
        pipeline.video(sound)
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(MediaError, match="empty"):
        pipeline.video(tmp_path / "empty.mp4")
    path = clips.write_clip(tmp_path / "clip.mp4", clips.no_face(25))
    with pytest.raises(MediaError, match=r"limit of 0\.5 s"):
        pipeline.video(path, limits=VideoLimits(max_duration_s=0.5))
    with pytest.raises(FemoError, match="expected none, mean:K or median:K"):
        pipeline.video(path, smooth="gauss:3")
    with pytest.raises(MediaError, match="every is 0"):
        pipeline.video(path, every=0)


def test_progress_ends_with_all_frames(pipeline: Pipeline, tmp_path: Path) -> None:
    frames, _ = clips.moving_face(30)
    told: list[Progress] = []
    pipeline.video(clips.write_clip(tmp_path / "clip.mp4", frames), progress=told.append)
    assert (told[-1].n_done, told[-1].n_frames, told[-1].n_faces, told[-1].left_s) == (30, 30, 30, 0)
    assert [step.n_done for step in told] == sorted(step.n_done for step in told)


def test_a_cancelled_job_stops_and_leaves_nothing(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, _ = clips.moving_face(100)
    path = clips.write_clip(tmp_path / "clip.mp4", frames)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    stop = threading.Event()
    before = {thread.name for thread in threading.enumerate()}
    seen: list[Progress] = []

    def report(progress: Progress) -> None:
        seen.append(progress)
        stop.set()

    with pytest.raises(Cancelled):
        pipeline.video(path, progress=report, cancel=stop)
    assert len(seen) == 1
    assert seen[0].n_done < 100
    assert list(scratch.iterdir()) == []
    assert {thread.name for thread in threading.enumerate()} - before == set()
    path.unlink()  # nothing holds it open on any system


def test_two_clips_at_once_get_what_each_gets_alone(pipeline: Pipeline, tmp_path: Path) -> None:
    first = clips.write_clip(tmp_path / "first.mp4", clips.moving_face(30)[0])
    second = clips.write_clip(tmp_path / "second.mp4", clips.two_faces(30))
    alone = [pipeline.video(path).to_dict() for path in (first, second)]
    together: dict[int, dict[str, object]] = {}

    def read(number: int, path: Path) -> None:
        together[number] = pipeline.video(path).to_dict()

    threads = [threading.Thread(target=read, args=item) for item in enumerate((first, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[0], together[1]] == alone


def test_who_is_in_view_for_most_of_a_clip_of_uneven_rate_is_a_person() -> None:
    """5 s at 60 frames per second without anybody, then 9 s at one frame per second with somebody."""
    collector = Collector()
    times_s = [*(k / 60 for k in range(300)), *(5.0 + k for k in range(9))]
    box, rgb = np.float32([[4, 4, 40, 40]]), np.zeros((48, 64, 3), np.uint8)
    seen = Faces(box, np.ones(1, np.float32), np.tile(box[:, None, :2], (1, 5, 1)), np.ones(1, np.int64))
    head = Scores("expression", ("a", "b"), np.float32([[0.9, 0.1]]), "distribution", "trained")
    for index, time_s in enumerate(times_s):
        faces = seen if time_s >= 5 else seen.select(np.zeros(1, np.bool_))
        rows = collector.frame(Frame(rgb, time_s, index), faces, Quality(np.ones((len(faces), 5), np.float32)))
        collector.add(rows, {"expression": head})
    assert [len(person.row) for person in collector.persons(lambda track: track)] == [9]
    assert collector.notes() == ()


# --- the facts, and what is made of them -------------------------------------------------------------------------


def _raw(rows: Sequence[int], values: Sequence[Sequence[float]], n_frames: int, side: float = 50) -> RawVideo:
    xyxy = np.array([[0, 0, side, side]] * len(rows), np.float32)
    head = Scores("expression", ("a", "b"), np.array(values, np.float32), "distribution", "trained")
    person = RawPerson(1, np.array(rows), xyxy, {"expression": head})
    times = np.arange(n_frames) / 10
    return RawVideo(times, times, (person,), ClipInfo(0, "m", n_frames / 10, 100, 100))


def test_smoothing_comes_after_gaps_are_filled() -> None:
    raw = _raw([0, 2, 3], [[1, 0], [0, 1], [0.4, 0.6]], 4)
    plain = _only(raw.result("none"))
    assert plain.present.tolist() == [True, False, True, True]
    assert plain.scores["expression"].values[:, 0] == pytest.approx([1, 0.5, 0, 0.4])
    # mean of three, cut off at the ends: (1+.5)/2, (1+.5+0)/3, (.5+0+.4)/3, (0+.4)/2
    smooth = _only(raw.result("mean:3"))
    assert smooth.scores["expression"].values[:, 0] == pytest.approx([0.75, 0.5, 0.3, 0.2])


def test_smallest_face_leaves_out_rows_and_then_persons() -> None:
    raw = _raw([0, 1], [[1, 0], [0, 1]], 2)
    raw.persons[0].xyxy[1, 2:] = 20
    line = _only(raw.result("none", smallest=30))
    assert line.present.tolist() == [True, False]
    assert line.scores["expression"].values[:, 0] == pytest.approx([1, 1])
    assert raw.result("none", smallest=51).timelines == ()


def test_persons_are_sorted_by_seconds_and_not_by_frames() -> None:
    """Ten frames in the first second, then one of five: whoever is in the last one is seen for 5 s, the other for 1 s."""
    times = np.array([*np.arange(10) / 10, 1.0, 6.0])
    first, second = _raw(range(10), [[1, 0]] * 10, 12).persons[0], _raw([10], [[1, 0]], 12).persons[0]
    raw = RawVideo(times, times, (first, replace(second, track=2)), ClipInfo(0, "m", 6.1, 100, 100))
    assert [line.track for line in raw.result("none").timelines] == [2, 1]


def test_who_is_seen_in_as_many_frames_as_another_comes_by_id() -> None:
    """Stamps of whole milliseconds give the first 50 frames of 100 1.667 s and the others 1.666 s: they are seen as long."""
    times = np.round(np.arange(100) / 30, 3)
    halves = [_raw(range(first, first + 50), [[1, 0]] * 50, 100).persons[0] for first in (0, 50)]
    assert [float(lasts(times)[half.row].sum()) for half in halves] == pytest.approx([1.667, 1.666])
    for order in (halves, halves[::-1]):
        shown = [replace(line, track=track) for track, line in enumerate(order, start=1)]
        raw = RawVideo(times, times, tuple(shown), ClipInfo(0, "m", 3.4, 100, 100))
        assert [line.track for line in raw.result("none").timelines] == [1, 2]


def test_a_clip_says_of_how_many_measured_faces_it_keeps_no_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Points are kept of three faces, two of five are measured without; one that was not read never had any."""
    monkeypatch.setattr(meshed, "MAX_MESHES", 3)
    collector = meshed.MeshCollector()
    measured = Meshes.unread(6)
    measured.reason[:5], measured.landmarks[:5], measured.values[:5], measured.logit[:5] = MEASURED, 1, 1, 20
    measured.units[:5] = 0
    for row in range(6):
        collector.add(measured.select(np.array([row])))
    raw = _raw(range(6), [[1, 0]] * 6, 6)
    [person] = raw.persons
    meshes, points = collector.join()
    person = replace(person, meshes=meshes, points=points)
    flat = np.zeros(12, np.float32)
    unit_map = UnitMap(np.zeros((12, 468, 3), np.float32), flat, flat, flat, flat)
    said = replace(raw, persons=(person,), unit_map=unit_map).result("none")
    assert said.notes == ("points of the mesh are kept of the first 3 faces alone; 2 of those shown have none",)
    assert said.to_openface()["x_0"].notna().tolist() == [True, True, True, False, False, False]
    few = person.select(np.arange(6) < 3)
    assert replace(raw, persons=(few,), unit_map=unit_map).result("none").notes == ()
    assert raw.result("none").notes == ()


def test_persons_are_sorted_by_presence_and_too_many_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    short, long = _raw([0], [[1, 0]], 3), _raw([0, 1], [[1, 0], [1, 0]], 3)
    second = RawPerson(2, long.persons[0].row, long.persons[0].xyxy, long.persons[0].scores)
    raw = RawVideo(short.time_s, short.time_s, (short.persons[0], second), ClipInfo(0, "m", 0.3, 100, 100))
    assert [line.track for line in raw.result().timelines] == [2, 1]
    monkeypatch.setattr("femo.clips.timelines.MAX_CELLS", 3)
    cut = raw.result()
    assert [line.track for line in cut.timelines] == [2]
    assert cut.notes == ("1 of 2 persons are left out, the least seen ones",)


def test_a_result_knows_how_many_frames_its_clip_has() -> None:
    raw = _raw([0], [[1, 0]], 1)
    assert raw.result("none").n_clip_frames == 1
    assert replace(raw, frame_time_s=np.arange(6) / 10).result("none").n_clip_frames == 6
