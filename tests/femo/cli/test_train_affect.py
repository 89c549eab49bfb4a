"""``femo train affect``: what is written, and what is said of a folder or of data that is none."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from femo.cli.main import main
from femo.models.find import find_model
from femo.training.look.affect import AffectHead


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        main(["train", "affect", *map(str, arguments)])
    assert isinstance(done.value.code, int)
    return done.value.code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_model("femo-base").folder, tmp_path / "femo-base"))


def test_the_head_is_trained_and_the_rest_of_the_folder_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[Path, str, object]] = []

    def train_affect(data: Path, network: object, mesh: object, say: object, generator: object) -> object:
        asked.append((data, network.spec.name, generator))  # type: ignore[attr-defined]
        figures = {"held_out": {"valence": {"ccc": 0.91}}}
        return (
            AffectHead(np.zeros((2, 1024), np.float32), np.zeros(2, np.float32)),
            figures,
            "## Valence and arousal",
        )

    monkeypatch.setattr("femo.training.look.affect.train_affect", train_affect)
    before = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert run("--data", folder, "--model", folder) == 0
    assert asked == [(folder, "femo-base", None)]
    after = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert after["heads"]["valence_arousal"]["source"] == "trained"
    for config in (before, after):
        config["heads"].pop("valence_arousal")
        config.pop("files")
    assert after == before
    assert "0.91" in capsys.readouterr().err
    monkeypatch.setattr("femo.training.generated.generator.Generator", lambda path: f"draws {path}")
    assert run("--data", folder, "--model", folder, "--generator", "there") == 0
    assert asked[1:] == [(folder, "femo-base", "draws there")]


def test_a_folder_or_data_that_is_none_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--data", tmp_path, "--model", tmp_path / "none") != 0
    assert "is no model folder" in capsys.readouterr().err
    assert run("--data", tmp_path, "--model", folder) != 0
    assert "ferplus_train.npz" in capsys.readouterr().err
