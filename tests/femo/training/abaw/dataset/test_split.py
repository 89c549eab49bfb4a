"""Joining annotations and crops: every frame is counted once, and what is left out is named."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.training.abaw.dataset.crops import read_crops
from femo.training.abaw.dataset.labels import Annotation
from femo.training.abaw.dataset.layout import find_layout
from femo.training.abaw.dataset.split import Found, counts_table, join, join_split, media_name
from femo.training.abaw.dataset.tasks import TASKS, AbawError
from tests.affwild2 import SMALL, write_affwild2, zip_crops


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


@given(st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)))
def test_a_row_is_the_place_of_the_frames_own_crop(annotated: set[int], cropped: set[int]) -> None:
    frames, crops = (np.array(sorted(numbers), np.int32) for numbers in (annotated, cropped))
    clip = join(Annotation("v", frames, np.zeros((len(frames), 1), np.float32)), crops)
    for frame, row in zip(frames.tolist(), clip.row.tolist(), strict=True):
        assert (crops[row] == frame) if frame in cropped else row == -1


def test_the_table_names_five_and_counts_the_rest() -> None:
    found = Found(
        videos=1_234, clips=7, annotated=12_345, invalid=1, no_crop=2, used=3,
        without_crops=tuple("abcdefg"), longer={"x": 3}, notes=("a note",),
    )  # fmt: skip
    table = counts_table({"val": found}, TASKS["va"]).splitlines()
    assert table[2:] == [
        "| val | 1,234 | 7 | 12,345 | 1 | 2 | 3 | 338,755 | 5,959 |",
        "",
        "- val: 7 (a, b, c, d, e and 2 others) annotated but without any crop, left out",
        "- val: 1 (x (+3)) more crops than annotation lines, the overlap is used",
        "- val: a note",
    ]
    assert counts_table({"train": found}, TASKS["va"]).splitlines()[2].endswith("| 1,555,919 |  |")
