"""A board of its own for each test of the command line."""

from pathlib import Path

import pytest

from leaderboard.cli.main import main
from tests.leaderboard.writing import text


@pytest.fixture(autouse=True)
def _nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FEMO_REFERENCE", raising=False)
    monkeypatch.setenv("FEMO_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("FEMO_CHALLENGES", str(tmp_path / "challenges"))
    monkeypatch.setenv("LOGNAME", "ada")


@pytest.fixture
def sandbox_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["template", "sandbox-abaw-expr"]) == 0
    return text(tmp_path / "pred.txt", capsys.readouterr().out.rstrip("\n"))
