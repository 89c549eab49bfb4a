"""``femo train units`` on faces whose movements are known: what is fitted, what stays a prior, and what is written."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from femo.cli.main import main
from femo.models.find import find_model
from femo.models.weights import file_sha256
from tests.face_files import write_ferplus, write_utkface
from tests.moving_faces import sets_of


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        main(["train", "units", *map(str, arguments)])
    assert isinstance(done.value.code, int)
    return done.value.code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_model("face-mesh").folder, tmp_path / "face-mesh"))


def test_a_unit_that_the_points_tell_apart_is_written_and_the_rest_of_the_folder_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[object, ...]] = []

    def read_sets(data: Path, reader: object, limit: int, faces: int, say: object) -> object:
        asked.append((data, limit, faces))
        return sets_of()

    monkeypatch.setattr("femo.training.units.recipe.read_sets", read_sets)
    before = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert run("--data", folder, "--out", folder, "--limit", 500, "--faces", 50) == 0
    assert asked == [(folder, 500, 50)]
    after = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert after["mesh"]["units"]["AU26"]["held_out"]["unseen"]["auc"] > 0.95
    assert "AU10" not in after["mesh"]["units"]
    assert after["mesh"]["least_logit"] == before["mesh"]["least_logit"]
    assert after["files"][0]["sha256"] == file_sha256(folder / "weights.safetensors")
    assert after["files"] != before["files"]
    assert {**after, "mesh": 0, "files": 0} == {**before, "mesh": 0, "files": 0}
    said = capsys.readouterr().err
    assert "AU26  measured" in said
    assert "AU10  stays prior" in said


@pytest.mark.parametrize("content", [None, b"", b"no npz", b"PK\x03\x04 half"])
def test_data_that_is_none_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    write_utkface(tmp_path / "utkface.zip", {"30_0_0_1.jpg.chip.jpg": 128})
    if content is not None:
        (tmp_path / "ferplus_train.npz").write_bytes(content)
    assert run("--data", tmp_path, "--out", folder) == 1
    why = "does not exist; expected a FER+ file" if content is None else "is not a FER+ file"
    assert f"ferplus_train.npz {why}" in capsys.readouterr().err


def test_without_neutral_faces_to_move_it_says_so(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ferplus(tmp_path / "ferplus_train.npz", np.eye(10, dtype=int).tolist())
    assert run("--data", tmp_path, "--out", folder) == 1
    assert "has no utkface*.zip, whose neutral faces are moved" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "{", "[1]"])
def test_a_folder_that_is_none_is_said_before_anything_is_measured(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    config = folder / "config.json"
    config.unlink()
    if content is not None:
        config.write_text(content)
    assert run("--data", tmp_path / "none", "--out", folder) == 1
    assert "is no folder of face-mesh" in capsys.readouterr().err
