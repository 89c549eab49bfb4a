"""``femo train look`` on faces whose units are known: what is fitted, what stays a prior, and what is written."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from femo.cli.main import main
from femo.models.find import find_model
from femo.models.weights import file_sha256
from femo.training.look.fit import Sample
from femo.training.look.recipe import Sets
from femo.training.look.views import Views
from tests.looking import looked_sets


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        main(["train", "look", *map(str, arguments)])
    assert isinstance(done.value.code, int)
    return done.value.code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_model("femo-base").folder, tmp_path / "femo-base"))


def wide(sample: Sample) -> Sample:
    """The same with the embedding as wide as the shipped network's."""
    views = sample.views
    seen = tuple(np.pad(view, ((0, 0), (0, 1024 - view.shape[1]))) for view in views.seen)
    return Sample(Views(views.points, views.measured, seen), sample.shown, sample.say)


def test_units_that_can_be_seen_are_written_and_the_rest_of_the_folder_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[object, ...]] = []

    def read_sets(data: Path, network: object, mesh: object, faces: int, say: object, generator: object) -> Sets:
        asked.append((data, faces, generator))
        sets = looked_sets()
        return Sets(*(wide(one) for one in (sets.coded, sets.made, sets.made_unseen, sets.chosen_by, sets.unseen)))

    monkeypatch.setattr("femo.training.look.recipe.read_sets", read_sets)
    before = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert run("--data", folder, "--model", folder, "--faces", 50) == 0
    assert asked == [(folder, 50, None)]
    after = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert set(after["units"]) == {"AU10", "AU12"}
    assert after["units"]["AU12"]["held_out"]["unseen"]["auc"] > 0.9
    assert after["files"][0]["sha256"] == file_sha256(folder / "weights.safetensors")
    assert after["files"][1:] == before["files"][1:]
    assert {**after, "units": 0, "files": 0} == {**before, "units": 0, "files": 0}
    said = capsys.readouterr().err
    assert "AU12  measured" in said
    assert "AU4   stays prior" in said


def test_a_folder_that_is_none_is_said_before_minutes_are_spent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--data", tmp_path, "--model", tmp_path / "none") != 0
    assert "is no model folder" in capsys.readouterr().err


def test_data_that_is_missing_is_said(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--data", tmp_path, "--model", folder) != 0
    assert "ferplus_train.npz" in capsys.readouterr().err


def test_drawn_faces_are_learnt_from_where_a_generator_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []

    def read_sets(*arguments: object) -> Sets:
        asked.append(arguments[-1])
        sets = [wide(one) for one in (*(looked_sets().beside * 2), looked_sets().coded)]
        return Sets(sets[2], sets[0], sets[0], sets[2], sets[2], sets[2], sets[2])

    monkeypatch.setattr("femo.training.generated.generator.Generator", lambda path: f"draws {path}")
    monkeypatch.setattr("femo.training.look.recipe.read_sets", read_sets)
    assert run("--data", folder, "--model", folder, "--generator", "there") == 0
    assert asked == ["draws there"]
    assert "AU12  drawn" in capsys.readouterr().err
    assert "faces that a generator drew" in (folder / "README.md").read_text(encoding="utf-8")
