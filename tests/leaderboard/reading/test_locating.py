"""Where labels of the built-in tasks are looked for, and that those of one data set never stand in for another's."""

import gzip
from pathlib import Path

import pytest

from leaderboard.errors import ReferenceMissing
from leaderboard.reading.locating import locate
from leaderboard.tasks import TASKS, get_task
from tests.leaderboard.writing import EXPR_HEADER, reference, text, videos, zipped

BUILT_IN = sorted(name for name, task in TASKS.items() if task.scorable and not task.sandbox)


def found(root: Path) -> list[str]:
    """Return the tasks for which something is found in a folder."""
    return [name for name in BUILT_IN if locate(get_task(name), root) is not None]


@pytest.mark.parametrize(
    ("file", "lines", "tasks"),
    [
        ("Val_labels.txt", ["Vid_name Label", "Val_1 1"], ["vgaf"]),
        ("names.txt", ["1_0_0_2016.jpg"], ["utkface"]),
        ("validation_set.txt", ["image,valence,arousal,expression,aus"], ["abaw-mtl"]),
        ("validation.csv", ["subDirectory_filePath,expression", "1/a.jpg,1"], ["affectnet-7", "affectnet-8"]),
        ("labels.csv", ["image,age,gender,ethnicity", "a.jpg,20,0,1"], ["utkface"]),
        ("labels.csv", ["image,valence,arousal", "v/00001.jpg,0,0"], ["abaw-va"]),
        ("labels.csv", ['"image","age","gender","race"', '"a.jpg",20,0,1'], ["utkface"]),
        ("labels.CSV", [",image,age,gender,race", "0,a.jpg,20,0,1"], ["utkface"]),
        ("labels.csv", ["image,expression", "0.jpg,3"], []),
        ("labels.csv", ["clip,emotion", "a,1"], []),
        ("labels.csv", ["image_location,expression", "v/00001.jpg,0"], []),
        ("labels.csv", ["image,other", "a,1"], []),
        ("photo.jpg", [""], []),
        ("20_0_1_2017.jpg", [""], ["utkface"]),
    ],
)
def test_a_file_in_a_shared_folder_is_of_one_data_set_or_of_none(
    file: str, lines: list[str], tasks: list[str], tmp_path: Path
) -> None:
    """A header that several data sets share says nothing of whose labels these are."""
    text(tmp_path / file, *lines)
    text(tmp_path / "README.txt", "about")
    assert found(tmp_path) == tasks


@pytest.mark.parametrize("place", ["abaw-lsd/labels.csv", "abaw-lsd.csv", "LSD_Challenge/labels.csv"])
def test_the_name_of_the_task_or_of_its_folder_says_whose_they_are(place: str, tmp_path: Path) -> None:
    text(tmp_path / "root" / place, "image,expression", "0.jpg,3")
    assert found(tmp_path / "root") == ["abaw-lsd"]
    folder = (tmp_path / "root" / place).parent
    assert found(folder) == ["abaw-lsd"]
    assert reference("abaw-lsd", tmp_path / "root").keys.groups == ("0",)


@pytest.mark.parametrize(
    ("folders", "tasks"),
    [
        (["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"], ["afew"]),
        (["ANGRER", "DISGUST", "FEAR", "HAPPINESS", "SADNESS", "SURPRISE"], ["abaw-lsd"]),
        (["Neutral", "Happiness", "Sadness", "Surprise", "Fear", "Disgust", "Anger", "Contempt"],
         ["affectnet-7", "affectnet-8"]),
        (["Positive", "Neutral", "Negative"], ["vgaf"]),
        (["Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise"], []),
    ],
)  # fmt: skip
def test_folders_of_classes_are_of_the_one_task_that_knows_the_most_of_them(
    folders: list[str], tasks: list[str], tmp_path: Path
) -> None:
    for folder in folders:
        text(tmp_path / "root" / folder / "a.jpg", "")
    assert found(tmp_path / "root") == tasks
    (tmp_path / "root").rename(tmp_path / "AFEW")
    assert ("afew" in found(tmp_path / "AFEW")) == ("afew" in tasks or not tasks)


def test_a_file_per_task_serves_each_its_own(tmp_path: Path) -> None:
    text(tmp_path / "afew.csv", "clip,emotion", "a,1")
    text(tmp_path / "abaw-lsd.csv", "image,expression", "a,1")
    assert found(tmp_path) == ["abaw-lsd", "afew"]


@pytest.mark.parametrize("split", ["Train_Set", "train", "Training", "Test_Set"])
def test_another_split_is_never_read_as_validation(split: str, tmp_path: Path) -> None:
    folder = tmp_path / "EXPR_Recognition_Challenge"
    videos(folder / split, EXPR_HEADER, {"a": ["1"]})
    with pytest.raises(
        ReferenceMissing, match="EXPR_Recognition_Challenge, of which the validation split is read"
    ):
        reference("abaw-expr", tmp_path)
    videos(folder / "Validation_Set", EXPR_HEADER, {"b": ["1"]})
    assert reference("abaw-expr", tmp_path).keys.groups == ("b",)


@pytest.mark.parametrize(("task", "file"), [("vgaf", "Train_labels.txt"), ("affectnet-8", "training.csv")])
def test_nor_is_a_file_of_another_split(task: str, file: str, tmp_path: Path) -> None:
    text(tmp_path / task / file, "clip,emotion" if task == "vgaf" else "image,expression", "a,1")
    with pytest.raises(ReferenceMissing):
        reference(task, tmp_path)


@pytest.mark.parametrize("name", ["labels.csv", "labels.csv.gz", "labels.zip", "LABELS.CSV"])
def test_the_only_file_of_a_folder_may_be_packed_and_described(name: str, tmp_path: Path) -> None:
    lines = "image,age,gender,ethnicity\na.jpg,20,0,1\n"
    packed = {"labels.csv.gz": gzip.compress(lines.encode()), "labels.zip": zipped({"labels.csv": lines})}
    for root in (tmp_path / "named" / "utkface", tmp_path / "plain"):
        text(root / "README.md", "# about")
        (root / name).write_bytes(packed.get(name, lines.encode()))
        truth = reference("utkface", tmp_path / "named" if root.name == "utkface" else root)
        assert (truth.keys.groups, truth.labels.tolist()) == (("a",), [[20, 0, 1]])
