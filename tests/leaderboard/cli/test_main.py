"""The command line as a user meets it: exit status, one line on stderr, JSON in the shapes of the contract."""

import subprocess
import sys
from pathlib import Path

import pytest

from leaderboard.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["score", "abaw-expr", "none.txt"], "no reference labels for abaw-expr"),
        (["score", "nonsense", "none.txt"], "no task is called 'nonsense'"),
        (["score", "sandbox-afew", "none.txt"], "none.txt is refused"),
        (["score", "lfw", "none.txt"], "published results only"),
        (["validate", "lfw", "none.txt"], "published results only"),
        (["validate", "abaw-expr", "none.txt", "--reference", "/nonexistent"], "in nonexistent"),
    ],
)
def test_named_problems_end_with_status_1_and_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["score"], ["score", "afew", "x", "--draws", "-1"], ["score", "afew", "x", "--draws", "abc"], ["dance"]],
)
def test_wrong_usage_ends_with_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_it_runs_as_a_module_and_stops_quietly_when_its_reader_does(tmp_path: Path) -> None:
    command = f"{sys.executable} -m leaderboard template sandbox-abaw-mtl | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "image,valence,arousal,expression,aus\n"
    assert done.stderr == ""


def test_version_and_help_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("leaderboard 0.")
    for name in ("validate", "score", "submit", "board", "mine", "new"):
        assert main([name, "--help"]) == 0
        assert f"Example: python -m leaderboard {name}" in capsys.readouterr().out
