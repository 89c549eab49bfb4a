"""JSON on stdout, links and pipes, and what an output must not replace."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import typer

from leaderboard.cli.main import main
from leaderboard.cli.options import Say, finish, opened, own_labels, readable
from leaderboard.errors import Problems
from leaderboard.tasks import get_task
from tests.leaderboard.writing import text


def test_json_on_stdout_is_all_there_is(sandbox_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "sandbox-abaw-expr", str(sandbox_file), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["task"] == "sandbox-abaw-expr"
    assert not Path("-").exists()


def test_links_and_pipes_of_ones_own_are_read(sandbox_file: Path, tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to(sandbox_file)
    assert main(["validate", "sandbox-abaw-expr", str(tmp_path / "link.txt")]) == 0
    for name in ("-", "/dev/stdin"):
        command = f"{sys.executable} -m leaderboard validate sandbox-abaw-expr {name} < {sandbox_file}"
        done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=250, check=True)
        assert "is a valid sandbox-abaw-expr file: 827 rows" in done.stdout


def test_lines_are_for_people_and_json_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def work(say: Say) -> dict[str, Any]:
        say("one")
        say("two")
        return {"task": "ä"}

    with pytest.raises(typer.Exit) as left:
        finish(str(tmp_path / "out.json"), work)
    assert left.value.exit_code == 0
    assert capsys.readouterr() == ("one\ntwo\n", "")
    assert json.loads((tmp_path / "out.json").read_text()) == {"task": "ä"}
    with pytest.raises(typer.Exit):
        finish("-", work)
    assert json.loads(capsys.readouterr().out) == {"task": "ä"}


def test_a_refusal_is_one_line_and_its_problems_and_is_kept_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(say: Say) -> dict[str, Any]:
        say("reading")
        problems = Problems()
        for line in (2, 3):
            problems.add("p.csv", line, None, "x", "y")
        problems.refuse("p.csv")
        raise AssertionError

    with pytest.raises(typer.Exit) as left:
        finish(str(tmp_path / "out.json"), refused)
    said = capsys.readouterr()
    assert left.value.exit_code == 1
    assert said.err == "p.csv is refused: 2 problems, the first: p.csv, line 2: expected x, found y\n"
    assert said.out == "reading\np.csv, line 2: expected x, found y\np.csv, line 3: expected x, found y\n"
    assert json.loads((tmp_path / "out.json").read_text())["n_problems"] == 2


def test_a_json_file_that_cannot_be_written_ends_with_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as left:
        finish(str(tmp_path / "nowhere" / "out.json"), lambda say: say("done") or {})
    said = capsys.readouterr()
    assert left.value.exit_code == 1
    assert said.out == "done\n"
    assert said.err.endswith("out.json: cannot write the JSON file (No such file or directory)\n")


@pytest.mark.parametrize(
    ("out", "reads", "refused"),
    [
        ("p.csv", "p.csv", True),
        ("link.csv", "p.csv", True),
        ("folder/a.txt", "folder", True),
        ("folder/deep/b.txt", "folder", True),
        ("folder/out.json", "folder", False),
        ("other.csv", "p.csv", False),
        ("new.csv", "folder", False),
    ],
)
def test_what_is_read_is_not_replaced(
    out: str, reads: str, refused: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("p.csv", "other.csv", "folder/a.txt", "folder/deep/b.txt", "folder/out.json"):
        text(tmp_path / name, "kept")
    (tmp_path / "link.csv").symlink_to("p.csv")
    ran: list[bool] = []
    with pytest.raises(typer.Exit) as left:
        finish(str(tmp_path / out), lambda say: ran.append(True) or {}, [None, tmp_path / reads])
    assert (left.value.exit_code, ran) == ((1, []) if refused else (0, [True]))
    if refused:
        assert (tmp_path / out).read_text() == "kept\n"
        assert "write somewhere else." in capsys.readouterr().err


def test_a_stream_is_read_into_a_file_of_its_name(tmp_path: Path) -> None:
    pipe = tmp_path / "p.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"clip,emotion\n",))
    writer.start()
    with readable(pipe) as path:
        assert (path.name, path.read_bytes(), path == pipe) == ("p.csv", b"clip,emotion\n", False)
    writer.join()
    assert not path.exists()


def test_what_is_there_is_read_where_it_lies_and_what_is_not_is_named_later(tmp_path: Path) -> None:
    file = text(tmp_path / "p.csv", "x")
    (tmp_path / "link").symlink_to("p.csv")
    for given, found in (
        (file, file),
        (tmp_path, tmp_path),
        (tmp_path / "link", file),
        (tmp_path / "none", tmp_path / "none"),
    ):
        with readable(given) as path:
            assert path == found


def test_the_board_of_the_environment_with_ones_own_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text(tmp_path / "mine" / "afew.csv", "clip,emotion", "1,happy")
    afew = get_task("afew")
    assert opened().labels.find(afew) is None
    assert opened(str(tmp_path / "mine")).labels.of(afew).keys.groups == ("1",)
    labels = own_labels(afew, str(tmp_path / "mine"))
    assert labels is not None
    assert labels.keys.groups == ("1",)
    assert own_labels(afew, None) is None
    assert own_labels(get_task("lfw"), str(tmp_path / "mine")) is None
