"""Finding and joining the parts of an Aff-Wild2 folder."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from femo.training.abaw.dataset.crops import read_crops
from femo.training.abaw.dataset.labels import Annotation
from femo.training.abaw.dataset.layout import find_layout
from femo.training.abaw.dataset.split import counts_table, join, join_split, media_name
from femo.training.abaw.dataset.tasks import TASKS, AbawError
from femo.training.abaw.predictions import test_clips as clips_to_predict
from tests.affwild2 import Spec, write_affwild2, zip_crops

SMALL = Spec(
    train=["1-10-640x480", "2-10-640x480", "3-10-640x480_left"],
    val=["31-20-640x480"],
    test=["51-30-640x480"],
    n_frames=12,
    hold=3,
    no_crop=0.2,
    invalid=0.2,
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_affwild2(tmp_path / "data", SMALL)
    return tmp_path / "data"


def counted(data: Path, task: str = "expr") -> tuple[object, str]:
    layout = find_layout(data, TASKS[task], splits=("train", "val"))
    _, found = join_split(layout.read("train"), read_crops(layout.crops), TASKS[task])
    return found, counts_table({"train": found}, TASKS[task])


def test_counts_are_those_of_a_count_by_hand(data: Path) -> None:
    found, table = counted(data)
    annotated = invalid = no_crop = 0
    for name in SMALL.train:
        file = data / "Third ABAW Annotations/EXPR_Classification_Challenge/Train_Set" / f"{name}.txt"
        for i, line in enumerate(file.read_text().splitlines()[1:], start=1):
            annotated += 1
            invalid += line == "-1"
            no_crop += line != "-1" and not (data / "cropped" / name / f"{i:05d}.jpg").exists()
    assert (found.annotated, found.invalid, found.no_crop) == (annotated, invalid, no_crop)
    assert found.used == annotated - invalid - no_crop
    assert min(invalid, no_crop) > 0
    assert found.one_off == ("2-10-640x480",)
    assert f"| train | 3 | 3 | {annotated} | {invalid} | {no_crop} | {found.used} | 585,317 | 12,044 |" in table
    assert "one crop more than annotation lines, the overlap is used" in table


def test_zip_and_folder_give_the_same_counts(data: Path) -> None:
    before = counted(data)
    zip_crops(data)
    assert counted(data) == before


def test_names_of_later_editions(data: Path) -> None:
    old = data / "Third ABAW Annotations"
    new = data / "6th_ABAW_Annotations" / "EXPR_Recognition_Challenge"
    new.parent.mkdir()
    (old / "EXPR_Classification_Challenge").rename(new)
    (new / "Train_Set").rename(new / "Training_Set")
    assert counted(data)[0].clips == 3


def test_two_editions_are_not_mixed(data: Path) -> None:
    source = data / "Third ABAW Annotations" / "EXPR_Classification_Challenge"
    shutil.copytree(source, data / "5th ABAW Annotations" / "EXPR_Classification_Challenge")
    with pytest.raises(AbawError, match=r"twice.*editions must not be mixed"):
        find_layout(data, TASKS["expr"])


def test_what_is_missing_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(AbawError, match="no folder"):
        find_layout(tmp_path / "nowhere", TASKS["expr"])
    shutil.rmtree(data / "Third ABAW Annotations" / "VA_Estimation_Challenge")
    with pytest.raises(AbawError, match="no train annotations of va"):
        find_layout(data, TASKS["va"], splits=("train",))
    shutil.rmtree(data / "cropped")
    with pytest.raises(AbawError, match="--crops"):
        find_layout(data, TASKS["expr"])


def test_annotation_without_video_and_video_without_annotation(data: Path) -> None:
    shutil.rmtree(data / "cropped" / "1-10-640x480")
    layout = find_layout(data, TASKS["expr"], splits=("train",))
    clips, found = join_split(layout.read("train"), read_crops(layout.crops), TASKS["expr"])
    assert found.without_crops == ("1-10-640x480",)
    assert (clips[-1].video, clips[-1].used.any()) == ("1-10-640x480", False)
    assert "1 (1-10-640x480) annotated but without any crop, left out" in counts_table(
        {"train": found}, TASKS["expr"]
    )


def test_no_common_video_is_an_error(data: Path) -> None:
    layout = find_layout(data, TASKS["expr"], splits=("train",))
    with pytest.raises(AbawError, match="no annotated video has crops"):
        join_split(layout.read("train"), {}, TASKS["expr"])


def test_join_by_hand() -> None:
    labels = np.array([[0], [np.nan], [2], [3]], np.float32)
    annotation = Annotation("a", np.array([1, 2, 3, 4], np.int32), labels)
    clip = join(annotation, np.array([1, 2, 4, 5], np.int32), unreadable=[2])
    assert clip.row.tolist() == [0, 1, -1, -1]  # frame 3 has no crop, frame 4's cannot be read, 5 has no label
    assert clip.used.tolist() == [True, False, False, False]


def test_media_file_has_no_side() -> None:
    assert media_name("10-60-1280x720_right") == "10-60-1280x720"
    assert media_name("video_left_behind") == "video_left_behind"


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
