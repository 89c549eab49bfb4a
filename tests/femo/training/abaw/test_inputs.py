"""From a folder to clips with features: counted, said beforehand, and counted again without what cannot be decoded."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from femo.models.config import read_spec
from femo.training.abaw.dataset.tasks import TASKS, AbawError
from femo.training.abaw.extract import ExtractionState
from femo.training.abaw.inputs import AbawRun, Data, Inputs, read_data
from tests.affwild2 import SMALL, SquareNetwork, write_affwild2, write_square_model

VIDEO = SMALL.val[0]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_affwild2(tmp_path / "data", SMALL)
    write_square_model(tmp_path / "squares")
    return tmp_path


def crops_of(root: Path, video: str) -> list[Path]:
    return sorted((root / "data" / "cropped" / video).glob("*.jpg"))


def read(
    root: Path, said: list[str] | None = None, splits: tuple[str, ...] = ("train", "val"), **source: object
) -> Data:
    inputs = replace(Inputs(root / "data", root / "features"), **source)  # type: ignore[arg-type]
    say = said.append if said is not None else lambda text: None
    run = AbawRun(inputs, read_spec(root / "squares"), say, network=SquareNetwork())
    return read_data(TASKS["expr"], run, splits)  # type: ignore[arg-type]


def test_training_asks_for_the_features_of_all_and_validation_for_its_own(root: Path) -> None:
    said: list[str] = []
    data = read(root, said)
    n_crops = sum(len(crops_of(root, video)) for video in (*SMALL.train, *SMALL.val, *SMALL.test))
    assert said[1].startswith(f"{n_crops} crops, 44 bytes each; 0.00 GB more are needed in {root / 'features'}")
    assert said[0] == data.table
    assert sorted(data.cache.digests) == sorted([*SMALL.train, *SMALL.val, *SMALL.test])
    assert [clip.video for clip in data.test] == SMALL.test
    alone = read(root, splits=("val",), features=root / "other")
    assert (list(alone.cache.digests), list(alone.clips), list(alone.test)) == ([VIDEO], ["val"], [])


def test_crops_that_cannot_be_decoded_count_as_missing(root: Path) -> None:
    before = read(root).clips["val"][0]
    first, second, *_ = crops_of(root, VIDEO)
    first.write_bytes(b"no picture")
    second.write_bytes(b"")
    data = read(root, features=root / "other")
    [clip] = data.clips["val"]
    lost = np.isin(clip.frames, [int(first.stem), int(second.stem)])
    assert (clip.row[lost] == -1).all()
    np.testing.assert_array_equal(clip.row[~lost], before.row[~lost])
    assert data.notes[-1] == f"2 crops cannot be decoded and count as missing, in {VIDEO}"
    n_used = int(clip.used.sum())
    assert f"| {n_used} | 280,532 |" in data.table
    assert n_used < int(before.used.sum())


def annotations(root: Path) -> dict[str, Path]:
    base = root / "data" / "Third ABAW Annotations" / "EXPR_Classification_Challenge"
    return {"train": base / "Train_Set", "val": base / "Validation_Set"}


def test_a_clip_to_learn_from_and_to_be_scored_by_is_refused(root: Path) -> None:
    folders = annotations(root)
    name = SMALL.train[0]
    shutil.copy(folders["train"] / f"{name}.txt", folders["val"])
    wrong = rf"data has 1 \({name}\) annotated for training and for validation; keep each in one of the two"
    with pytest.raises(AbawError, match=wrong):
        read(root)
    assert read(root, splits=("val",)).notes == ()
    assert not (root / "features" / "never").exists()


def test_a_video_with_one_person_to_learn_from_and_another_to_be_scored_by_is_said(root: Path) -> None:
    folders, name = annotations(root), SMALL.train[0]
    for part in (folders["val"] / f"{VIDEO}.txt", root / "data" / "cropped" / VIDEO):
        part.rename(part.with_name(part.name.replace(VIDEO, f"{name}_left")))
    said: list[str] = []
    data = read(root, said)
    told = (
        "videos in training and in validation, with other subjects: the scores are not of unseen videos alone: "
        f"1 ({name})"
    )
    assert told in data.notes
    assert f"- {told}" in data.table.splitlines()
    assert f"- {told}" in said[0].splitlines()


def test_a_cache_of_scores_alone_is_enough_for_its_columns(root: Path) -> None:
    data = read(root, store="scores")
    assert (data.cache.columns.embedding, data.cache.columns.scores) == (0, 8)


def test_progress_reaches_the_last_crop(root: Path) -> None:
    states: list[ExtractionState] = []
    run = AbawRun(
        Inputs(root / "data", root / "features"), read_spec(root / "squares"), progress=states.append, network=SquareNetwork()
    )  # fmt: skip
    read_data(TASKS["expr"], run, ("val",))
    assert (states[-1].done, states[-1].total) == (len(crops_of(root, VIDEO)),) * 2


def test_what_is_missing_is_said_before_anything_is_made(root: Path) -> None:
    with pytest.raises(AbawError, match=r"elsewhere does not exist; --crops names"):
        read(root, crops=root / "elsewhere")
    assert not (root / "features").exists()
