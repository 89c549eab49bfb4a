"""An organiser's challenge in one command."""

from pathlib import Path

import pytest

from leaderboard.cli.main import main
from tests.leaderboard.writing import text


def test_new_serves_a_challenge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    text(folder / "challenge.toml", 'title = "Smiles"', 'metric = "macro-f1"', 'classes = ["no", "yes"]')
    labels = text(folder / "labels.csv", "clip,label", "a,no", "b,yes")
    assert main(["new", "smiles", str(folder)]) == 0
    assert main(["submit", "smiles", str(labels), "--system", "net"]) == 0
    assert "net: macro F1 1.0000, rank 1" in capsys.readouterr().out
    from leaderboard.tasks import TASKS

    TASKS.pop("smiles")
