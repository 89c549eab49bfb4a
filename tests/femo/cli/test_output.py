"""What commands write to stdout for ``-``: one document or table, alone, and never a file of that name."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from PIL import Image

from femo.cli.main import main
from femo.cli.output import print_table, say
from tests import clips

TABLES = [
    ("photo", "--csv"),
    ("photo", "--openface"),
    ("photo", "--pyfeat"),
    ("video", "--csv"),
    ("group", "--csv"),
]
DOCUMENTS = [("photo", "--json"), ("video", "--json"), ("group", "--json")]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def source(command: str) -> str:
    """Make what a command reads: one face."""
    if command == "video":
        return str(clips.write_clip(Path("face.mp4"), clips.moving_face(10)[0]))
    Image.fromarray(skimage.data.astronaut()[:256, 96:352]).save("face.png")
    return "face.png"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as done:
        main(arguments)
    assert isinstance(done.value.code, int)
    return done.value.code


@pytest.mark.parametrize(("command", "option"), TABLES)
def test_a_table_on_stdout_is_the_file(command: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = source(command)
    assert run(command, path, option, "./-") == 0  # the file of that name
    written = Path("-").read_text(encoding="utf-8")
    Path("-").unlink()
    capsys.readouterr()
    assert run(command, path, option, "-") == 0
    out = capsys.readouterr().out
    assert out == written
    assert len(list(csv.DictReader(io.StringIO(out)))) == (10 if command == "video" else 1)
    assert not Path("-").exists()


@pytest.mark.parametrize(("command", "option"), DOCUMENTS)
def test_a_document_on_stdout_is_alone(command: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = source(command)
    assert run(command, path, option, "-") == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert document["file"] == path
    assert not Path("-").exists()


def test_a_message_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("\x1b[2J\rclip\x9b1m.mp4: é…\n\tnext")
    assert capsys.readouterr().err == "\\x1b[2J\\x0dclip\\x9b1m.mp4: é…\n\tnext\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["photo", "a.png", "--json", "-", "--csv", "-"], "--json and --csv cannot both be stdout"),
        (["photo", "a.png", "--openface", "-", "--pyfeat", "-"], "--openface and --pyfeat cannot both"),
        (["video", "a.mp4", "--json", "-", "--csv", "-"], "--json and --csv cannot both be stdout"),
        (["group", "a.png", "--json", "-", "--csv", "-"], "--json and --csv cannot both be stdout"),
        (["photo", "a.png", "--annotate", "-"], "--annotate cannot be stdout"),
        (["video", "a.mp4", "--annotate", "-"], "--annotate cannot be stdout"),
        (["video", "a.mp4", "--out", "-"], "--out cannot be stdout"),
        (["video", "a.mp4", "--abaw", "-"], "--abaw cannot be stdout"),
        (["corpus", "clips", "--out", "-"], "--out cannot be stdout"),
        (["corpus", "clips", "--out", "o", "--prometheus", "-"], "--prometheus cannot be stdout"),
    ],
)
def test_what_stdout_cannot_take_is_refused_before_anything_is_read(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(*arguments) == 2
    assert sentence in capsys.readouterr().err
    assert list(Path().iterdir()) == []


def test_a_table_shows_names_as_they_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    names = ["clip[bold].mp4", "[/x].mp4", ":cat:.jpg", "[link=http://a.b]c.png"]
    print_table(("file", "face"), [*((name, "1") for name in names), ("a\x1b[31m.mp4",)])
    cells = [line.split("│")[1].strip() for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert cells == [*names, "a\\x1b[31m.mp4"]
