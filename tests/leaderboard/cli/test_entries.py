"""Entries from the command line: submitted, seen, published, withdrawn, removed, claimed."""

from dataclasses import replace
from pathlib import Path

import pytest

from leaderboard.cli.main import main
from leaderboard.store.database import Store
from tests.leaderboard.full_disk import full


def entry_id(out: str) -> str:
    (line,) = [line for line in out.splitlines() if line.startswith("entry ")]
    return line.split()[1].rstrip(",")


def test_submit_privately_publish_see_remove(sandbox_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = "sandbox-abaw-expr"
    assert main(["submit", task, str(sandbox_file), "--system", "net", "--private"]) == 0
    out = capsys.readouterr().out
    assert "4 submissions left today (UTC), 99 in all" in out
    name = entry_id(out)
    assert main(["board", task]) == 0
    assert "net" not in capsys.readouterr().out
    assert main(["mine", task]) == 0
    assert f"{name}  " in (mine := capsys.readouterr().out)
    assert "private  net" in mine
    assert main(["publish", task, name]) == 0
    assert main(["withdraw", "sandbox-afew", name]) == 1
    capsys.readouterr()
    assert main(["remove", task, name, "--reason", "a test"]) == 0
    assert main(["board", task]) == 0
    assert "removed by the organiser" in capsys.readouterr().out
    assert main(["withdraw", task, name]) == 0
    assert main(["withdraw", task, name]) == 1
    assert "withdrawn already" in capsys.readouterr().err


def test_a_claim_is_listed_with_its_badge(capsys: pytest.CaptureFixture[str]) -> None:
    link = "https://example.org/paper"
    assert main(["claim", "afew", "0.5", "--system", "theirs", "--link", link, "--split", "test"]) == 0
    assert main(["board", "afew"]) == 0
    assert "0.5000" in (out := capsys.readouterr().out)
    assert "theirs [self-reported]" in out


def test_on_a_full_disk_the_board_is_read_and_what_would_write_says_why(
    sandbox_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = "sandbox-abaw-expr"
    assert main(["submit", task, str(sandbox_file), "--system", "net"]) == 0
    name = entry_id(capsys.readouterr().out)
    reading = (["board", task], ["board", task, "--format", "csv"], ["mine", task], ["board", task, "--json", "-"])
    for arguments in reading:
        assert main(arguments) == 0
        before = capsys.readouterr().out
        with full():
            assert main(arguments) == 0
        after = capsys.readouterr()
        assert after.out == before
        why = "nothing was stored: attempt to write a readonly database"  # a small disk that is full says so
        assert after.err == f"the board is shown as it was last kept ({why})\n"
    assert "net" in before
    for arguments in (["withdraw", task, name], ["submit", task, str(sandbox_file), "--system", "another"]):
        with full():
            assert main(arguments) == 1
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1)
        assert said.err.startswith("nothing was stored: ")


def test_mine_shows_the_score_that_ranks_not_the_newest(
    sandbox_file: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["submit", "sandbox-abaw-expr", str(sandbox_file), "--system", "net"]) == 0
    store, name = Store(tmp_path / "store"), entry_id(capsys.readouterr().out)
    (score,) = store.entry(name).scores
    store.add_score(name, replace(score, signature="other labels", shown=0.9876))
    assert main(["mine", "sandbox-abaw-expr"]) == 0
    assert f"  {score.shown:.4f}  " in capsys.readouterr().out


def test_a_table_in_latex_is_of_the_part_that_it_is_ranked_by(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["board", "utkface", "--by", "gender_accuracy", "--format", "latex"]) == 0
    out = capsys.readouterr().out
    assert "& gender accuracy &" in out
    assert "& 0.9190 &" in out
    assert "age MAE" not in out
