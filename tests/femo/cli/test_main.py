"""The command itself: what stands before its subcommands."""

import errno
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from femo.cli.main import main

ROOT = Path(__file__).resolve().parents[3]


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--version"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (done.value.code, capsys.readouterr().out) == (0, f"femo {project['version']}\n")


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "femo", "--version"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout[:5]) == (0, "femo ")


def test_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(**arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "out.json")

    monkeypatch.setattr("femo.cli.main.app", fail)
    with pytest.raises(SystemExit) as done:
        main([])
    assert done.value.code == 1
    assert capsys.readouterr().err == "femo: out.json cannot be written: the disk is full\n"


@pytest.mark.parametrize("option", ["--csv", "--json", "--saliency", "--annotate"])
def test_a_name_that_is_too_long_is_one_line(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = tmp_path / f"{'x' * 256}.png"
    with pytest.raises(SystemExit) as done:
        main(["photo", str(tmp_path / "a.jpg"), option, str(long)])
    assert done.value.code == 1
    told = long / "a.png" if option == "--annotate" else long
    assert capsys.readouterr().err == f"femo: {told} cannot be read or written: its name is too long\n"


def test_help_says_what_femo_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "Reads emotion from faces" in capsys.readouterr().out
