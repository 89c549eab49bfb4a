"""``femo train units`` on faces whose measures are made up: what is fitted, what stays a prior, and what the config keeps."""

import json
from pathlib import Path

import numpy as np
import pytest

from femo.cli.main import main
from femo.mesh.units import read_unit_map
from femo.meshes import COLUMNS
from tests.face_files import FERPLUS_COLUMNS, write_ferplus

CALM, HANGING = 50, 150
"""Levels of the pictures of neutral and of surprised faces: the jaw hangs by a hundredth of it."""


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        main(["train", "units", *map(str, arguments)])
    assert isinstance(done.value.code, int)
    return done.value.code


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Measure what follows from a picture's level, and of every tenth nothing; note how many were asked for and how many hang."""
    asked: list[tuple[int, int]] = []

    def measure(images: np.ndarray, reader: object) -> tuple[np.ndarray, np.ndarray]:
        asked.append((len(images), int((images[:, 0, 0] == HANGING).sum())))
        values = np.random.default_rng(len(images)).normal(0, 1, (len(images), len(COLUMNS))).astype(np.float32)
        values[:, COLUMNS.index("jaw")] = images[:, 0, 0] / 100 + 0.1 * values[:, 0]
        return values, np.arange(len(images)) % 10 > 0

    monkeypatch.setattr("femo.mesh.reader.MeshReader", lambda: None)
    monkeypatch.setattr("femo.training.units.pictures.measure_pictures", measure)
    return asked


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Faces of every class but neutral and surprise are few, so that their units stay priors."""
    for name, n in (("train", 100), ("valid", 80)):
        votes = [[9, *[0] * 9]] * n + [[0, 0, 9, *[0] * 7]] * n
        for label in (1, 3, 4, 5, 6, 7):
            votes += [[9 if k == label else 0 for k in range(10)]] * 10
        levels = [CALM] * n + [HANGING] * n + [CALM] * 60
        write_ferplus(tmp_path / f"ferplus_{name}.npz", votes, levels)
    return tmp_path


def test_a_unit_that_the_measures_tell_apart_is_written_and_the_rest_of_the_config_stays(
    data: Path, measured: list[tuple[int, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    out = data / "config.json"
    out.write_text(json.dumps({"name": "é", "mesh": {"least_logit": 3, "units": {"AU1": "old"}}}))
    assert run("--data", data, "--out", out) == 0
    config = json.loads(out.read_text(encoding="utf-8"))
    assert (config["name"], config["mesh"]["least_logit"]) == ("é", 3)
    units = config["mesh"]["units"]
    assert list(units) == ["AU26"]
    assert units["AU26"]["held_out"]["auc"] > 0.99
    assert units["AU26"]["held_out"]["faces"] == 72  # nine in ten of eighty were measured
    assert read_unit_map(config["mesh"]).measured == ("AU26",)
    said = capsys.readouterr().err
    assert "ferplus_train.npz: 234 of 260 faces measured" in said
    assert "AU26" in said
    assert said.count("stays prior") == 10
    assert measured == [(260, 100), (220, 80)]


def test_a_limit_takes_pictures_evenly(data: Path, measured: list[tuple[int, int]]) -> None:
    out = data / "config.json"
    out.write_text("{}")
    assert run("--data", data, "--out", out, "--limit", 100) == 0
    assert measured == [(100, 38), (100, 36)]  # 100 of 260 and 80 of 220 hang
    assert set(json.loads(out.read_text())["mesh"]["units"]) <= {"AU26"}


def test_votes_are_read_by_the_names_of_their_columns(data: Path, measured: list[tuple[int, int]]) -> None:
    path, out = data / "ferplus_train.npz", data / "config.json"
    out.write_text("{}")
    assert run("--data", data, "--out", out) == 0
    before = out.read_bytes()
    for name in ("train", "valid"):
        path = data / f"ferplus_{name}.npz"
        with np.load(path) as file:
            images, votes = file["images"], file["votes"]
        np.savez(path, images=images, votes=votes[:, ::-1], columns=np.array(FERPLUS_COLUMNS[::-1]))
    out.write_text("{}")
    assert run("--data", data, "--out", out) == 0
    assert out.read_bytes() == before


@pytest.mark.parametrize("content", [None, b"", b"no npz", b"PK\x03\x04 half"])
def test_data_that_is_none_is_said(
    data: Path, measured: list[tuple[int, int]], capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    (data / "config.json").write_text("{}")
    path = data / "ferplus_train.npz"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert run("--data", data, "--out", data / "config.json") == 1
    assert "ferplus_train.npz is not a FER+ file" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "{", "[1]"])
def test_a_config_that_is_none_is_said_before_anything_is_measured(
    data: Path, measured: list[tuple[int, int]], capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    if content is not None:
        (data / "config.json").write_text(content)
    assert run("--data", data, "--out", data / "config.json") == 1
    assert "config.json is no config of a face mesh" in capsys.readouterr().err
    assert measured == []
