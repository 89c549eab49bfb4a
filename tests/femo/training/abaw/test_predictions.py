"""Prediction files in the official form, letter by letter, and the lists that say which frames they want."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.labels import ABAW_AU, ABAW_MTL_HEADER
from femo.training.abaw.dataset.crops import read_crops
from femo.training.abaw.dataset.layout import find_layout
from femo.training.abaw.dataset.split import AnnotatedClip
from femo.training.abaw.dataset.tasks import TASKS, AbawError
from femo.training.abaw.predictions import (
    _number,
    container_frames,
    expected_frames,
    remove_earlier,
    write_predictions,
)
from femo.training.abaw.predictions import test_clips as clips_to_predict
from femo.training.abaw.scoring import ClipValues
from tests import clips
from tests.affwild2 import SMALL, write_affwild2

FIXED = (0.5,) * 12


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_affwild2(tmp_path / "data", SMALL)
    return tmp_path / "data"


def values(frames: list[int] | None = None) -> ClipValues:
    """Three frames, the middle one without a crop: halfway between its neighbours."""
    nan = np.nan
    expr = np.full((3, 8), 0.0, np.float32)
    expr[0, 3] = expr[2, 4] = 1
    expr[1] = nan
    units = np.zeros((3, 12), np.float32)
    units[0, 0], units[2, 1], units[1] = 1, 0.5, nan
    plane = np.array([[0.5, -1], [nan, nan], [0.25, 1]], np.float32)
    numbers = np.array(frames or [1, 2, 3], np.int32)
    clip = AnnotatedClip("v_left", numbers, np.zeros((3, 0), np.float32), np.array([0, -1, 1]))
    return ClipValues(clip, {"expr": expr, "va": plane, "au": units})


def test_an_expression_file_has_one_class_per_frame(tmp_path: Path) -> None:
    assert write_predictions(tmp_path, [values()], TASKS["expr"], "none", FIXED) == tmp_path
    assert (tmp_path / "v_left.txt").read_text() == (
        "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n3\n3\n4\n"  # halfway the first of equals
    )


def test_valence_and_arousal_are_written_with_as_many_digits_as_they_have(tmp_path: Path) -> None:
    write_predictions(tmp_path, [values()], TASKS["va"], "none", FIXED)
    assert (tmp_path / "v_left.txt").read_text() == "valence,arousal\n0.5,-1\n0.375,0\n0.25,1\n"


def test_what_earlier_runs_predicted_goes_and_nothing_else_does(tmp_path: Path) -> None:
    """Files that begin as those of a task do, of clips that are not predicted now; not a user's own, and no folder."""
    write_predictions(tmp_path, [values()], TASKS["expr"], "none", FIXED)
    header = (tmp_path / "v_left.txt").read_text().splitlines()[0]
    for name, text in (
        ("gone.txt", f"{header}\n3\n"),
        ("plane.txt", "valence,arousal\n0,0\n"),
        ("MTL_predictions.txt", f"{ABAW_MTL_HEADER}\n"),
        ("notes.txt", "what I changed\n"),
        ("bytes.txt", "\udcff\udcff"),
        ("gone.csv", f"{header}\n"),
    ):
        (tmp_path / name).write_text(text, errors="surrogateescape")
    (tmp_path / "folder.txt").mkdir()
    remove_earlier(tmp_path, [values()], TASKS["expr"])
    left = {"v_left.txt", "notes.txt", "bytes.txt", "gone.csv", "folder.txt"}
    assert {path.name for path in tmp_path.iterdir()} == left
    write_predictions(tmp_path, [values()], TASKS["mtl"], "none", FIXED)
    remove_earlier(tmp_path, [values()], TASKS["mtl"])
    assert {path.name for path in tmp_path.iterdir()} == left - {"v_left.txt"} | {"MTL_predictions.txt"}
    remove_earlier(tmp_path, [], TASKS["mtl"])
    assert {path.name for path in tmp_path.iterdir()} == left - {"v_left.txt"}
    remove_earlier(tmp_path / "nowhere", [], TASKS["au"])


def test_units_are_active_from_their_threshold_on(tmp_path: Path) -> None:
    thresholds = (0.9, 0.5, *[0.5] * 10)
    write_predictions(tmp_path, [values()], TASKS["au"], "none", thresholds)
    rest = ",0" * 10
    assert (tmp_path / "v_left.txt").read_text() == f"{','.join(ABAW_AU)}\n1,0{rest}\n0,0{rest}\n0,1{rest}\n"


def test_the_multi_task_file_has_a_line_per_image(tmp_path: Path) -> None:
    path = write_predictions(tmp_path, [values([1, 3, 5])], TASKS["mtl"], "none", FIXED)
    assert path == tmp_path / "MTL_predictions.txt"
    rest = ",0" * 10
    assert path.read_text().splitlines() == [
        ABAW_MTL_HEADER,
        f"v_left/00001.jpg,0.5,-1,3,1,0{rest}",
        f"v_left/00003.jpg,0.375,0,3,1,0{rest}",
        f"v_left/00005.jpg,0.25,1,4,0,1{rest}",
    ]


def test_smoothing_comes_before_the_decision(tmp_path: Path) -> None:
    write_predictions(tmp_path, [values()], TASKS["va"], "mean:3", FIXED)
    assert (tmp_path / "v_left.txt").read_text().splitlines()[2] == "0.375,0"


@given(st.floats(-1, 1, width=32))
def test_a_number_reads_back_as_the_same_float(value: float) -> None:
    text = _number(value)
    assert np.float32(text) == np.float32(value)
    assert "e" not in text


def test_frames_of_the_test_set(data: Path) -> None:
    layout = find_layout(data, TASKS["expr"])
    crops = read_crops(layout.crops)
    [clip], notes = clips_to_predict(layout, crops)
    assert len(clip.frames) == crops["51-30-640x480"].frames[-1]
    assert notes == ["1 test clips have the frame count of the last crop"]
    (data / "EXPR_test_expected_frames.txt").write_text("video,expected_n_frames\n51-30-640x480,15\n")
    [clip], notes = clips_to_predict(find_layout(data, TASKS["expr"]), crops)
    assert clip.frames.tolist() == list(range(1, 16))
    assert (clip.row[12:] == -1).all()


def test_a_container_says_how_many_frames_it_has(data: Path, tmp_path: Path) -> None:
    """The list names the video, with its suffix; both subjects of one video have its length."""
    clips.write_clip(data / "51-30-640x480.mp4", clips.numbered(20))
    (data / "Expression_Classification_Challenge_test_set_release.txt").write_text("51-30-640x480.mp4\n")
    layout = find_layout(data, TASKS["expr"])
    [clip], notes = clips_to_predict(layout, read_crops(layout.crops))
    assert (clip.video, len(clip.frames)) == ("51-30-640x480", 20)
    assert notes == ["1 test clips have the frame count of the video"]
    without = clips.write_clip(
        tmp_path / "a.mkv", clips.numbered(7)
    )  # Matroska states no number: packets are counted
    assert container_frames(without) == 7
    (tmp_path / "b.mp4").write_bytes(b"no video")
    with pytest.raises(AbawError, match=r"b\.mp4 is no readable video"):
        container_frames(tmp_path / "b.mp4")
    with pytest.raises(AbawError, match=r"gone\.mp4 is no readable video"):
        container_frames(tmp_path / "gone.mp4")


def test_a_clip_without_crops_is_neutral_and_said_and_one_without_anything_is_refused(data: Path) -> None:
    release = data / "Expression_Classification_Challenge_test_set_release.txt"
    release.write_text("51-30-640x480\n\n60-1-640x480,\n")
    (data / "EXPR_test_expected_frames.txt").write_text("video,expected_n_frames\n60-1-640x480,4\n")
    layout = find_layout(data, TASKS["expr"])
    crops = read_crops(layout.crops)
    found, notes = clips_to_predict(layout, crops)
    assert [(clip.video, len(clip.frames)) for clip in found][1] == ("60-1-640x480", 4)
    assert notes[-1] == "1 test clips have no crop (60-1-640x480); every frame is written as neutral"
    release.write_text("61-1-640x480\n")
    with pytest.raises(AbawError, match="names 61-1-640x480, which has neither crops nor a video"):
        clips_to_predict(find_layout(data, TASKS["expr"]), crops)


def test_the_multi_task_list_names_images_in_any_order(data: Path) -> None:
    release = data / "MTL_Challenge_test_set_release.txt"
    release.write_text("image\n51-30-640x480/00005.jpg,\n51-30-640x480/00002.jpg\n9-9-640x480/00001.jpg\n")
    layout = find_layout(data, TASKS["mtl"])
    crops = read_crops(layout.crops)
    first, second = clips_to_predict(layout, crops)[0]
    assert (first.video, first.frames.tolist()) == ("51-30-640x480", [2, 5])
    there = crops["51-30-640x480"].frames.tolist()
    assert [there[row] for row in first.row if row >= 0] == [frame for frame in (2, 5) if frame in there]
    assert (second.frames.tolist(), second.row.tolist()) == ([1], [-1])
    release.write_text("image\n51-30-640x480/00005.jpg\n51-30-640x480/first.jpg\n")
    with pytest.raises(AbawError, match=r"line 3 holds '51-30-640x480/first\.jpg', expected video/00001\.jpg"):
        clips_to_predict(find_layout(data, TASKS["mtl"]), crops)


def test_lists_that_are_no_text_or_no_numbers_are_said(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "expected.txt"
    path.write_text("video,expected_n_frames\na,3\n\nb, 12 \n")
    assert expected_frames(path) == {"a": 3, "b": 12}
    path.write_text("video,expected_n_frames\na,three\n")
    with pytest.raises(AbawError, match="line 2 holds 'a,three', expected video,number of frames"):
        expected_frames(path)
    path.write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(AbawError, match=r"expected\.txt cannot be read as text"):
        expected_frames(path)
    (data / "Expression_Classification_Challenge_test_set_release.txt").write_bytes(b"\xff\xfe51")
    layout = find_layout(data, TASKS["expr"])
    with pytest.raises(AbawError, match=r"release\.txt cannot be read as text"):
        clips_to_predict(layout, read_crops(layout.crops))
