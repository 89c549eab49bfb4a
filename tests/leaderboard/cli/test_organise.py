"""An organiser's challenge in one command."""

import tomllib
from pathlib import Path

import pytest

from leaderboard.cli.main import main
from leaderboard.declaration import Window, read_declaration
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


def test_the_challenge_that_the_help_shows_can_be_pasted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["new", "--help"]) == 0
    shown = capsys.readouterr().out
    declared = shown.split("must be there:")[1].split("Of several phases")[0]
    phases = shown[shown.index("[[phases]]") :].split("Example:")[0]
    one = tomllib.loads(declared)
    assert (one["metric"], one["classes"], str(one["opens"])) == ("accuracy", ["none", "smile"], "2026-01-01")
    assert [phase["name"] for phase in tomllib.loads(phases)["phases"]] == ["dev", "test"]
    read_declaration(text(tmp_path / "one" / "challenge.toml", declared))
    above = [line for line in declared.splitlines() if line.split("=")[0].strip() not in Window.model_fields]
    assert len(read_declaration(text(tmp_path / "two" / "challenge.toml", *above, phases)).phases) == 2
