"""Finding the parts of an Aff-Wild2 folder."""

import shutil
from pathlib import Path

import pytest

from femo.training.abaw.dataset.layout import find_layout
from femo.training.abaw.dataset.tasks import TASKS, AbawError
from tests.affwild2 import SMALL, write_affwild2


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_affwild2(tmp_path / "data", SMALL)
    return tmp_path / "data"


def test_names_of_later_editions(data: Path) -> None:
    old = data / "Third ABAW Annotations"
    new = data / "6th_ABAW_Annotations" / "EXPR_Recognition_Challenge"
    new.parent.mkdir()
    (old / "EXPR_Classification_Challenge").rename(new)
    (new / "Train_Set").rename(new / "Training_Set")
    layout = find_layout(data, TASKS["expr"], splits=("train", "val"))
    assert [item.video for item in layout.read("train")] == SMALL.train


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
