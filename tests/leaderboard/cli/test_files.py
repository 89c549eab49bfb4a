"""Files from the command line: scored, validated, compared, refused."""

import json
from pathlib import Path

import pytest

from leaderboard.cli.main import main
from tests.leaderboard.writing import EXPR_HEADER, text, videos

SCORE_KEYS = ["task", "main", "components", "interval", "n_scored", "n_excluded", "signature"]


def test_scoring_the_sandbox_shows_limited_figures(
    sandbox_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "score.json"
    assert main(["score", "sandbox-abaw-expr", str(sandbox_file), "--json", str(out)]) == 0
    report = json.loads(out.read_text())
    assert list(report)[:7] == SCORE_KEYS
    assert report["task"] == "sandbox-abaw-expr"
    assert report["main"] == round(report["main"], 4)
    assert (report["confusion"], report["per_video"]) == (None, [])
    assert report["signature"] in capsys.readouterr().out


def test_scoring_against_ones_own_labels_shows_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = videos(tmp_path / "ref", EXPR_HEADER, {"a": ["0", "0", "1", "-1"], "b": ["1", "2"]})
    guesses = videos(tmp_path / "sub", EXPR_HEADER, {"a": ["0", "1", "1", "7"], "b": ["1", "0"]})
    out = tmp_path / "score.json"
    assert main(["score", "abaw-expr", str(guesses), "--reference", str(labels), "--json", str(out)]) == 0
    report = json.loads(out.read_text())
    assert report["main"] == pytest.approx(1.3 / 8)
    assert [row["video"] for row in report["per_video"]] == ["a", "b"]
    assert (report["n_scored"], report["n_excluded"]) == (5, 1)
    assert "macro F1 0.1625 (95 %" in capsys.readouterr().out


def test_labels_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    videos(tmp_path / "labels" / "abaw-expr", EXPR_HEADER, {"a": ["0"], "b": ["1"]})
    guesses = videos(tmp_path / "sub", EXPR_HEADER, {"a": ["0"], "b": ["1"]})
    monkeypatch.setenv("FEMO_REFERENCE", str(tmp_path / "labels"))
    assert main(["score", "abaw-expr", str(guesses), "--json", str(tmp_path / "s.json")]) == 0
    assert json.loads((tmp_path / "s.json").read_text())["main"] == 2 / 8


def test_a_refused_file_ends_with_status_1_and_its_problems(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = text(tmp_path / "bad.csv", "image,expression", "0.jpg,9", "1.jpg,0.5")
    out = tmp_path / "refusal.json"
    assert main(["validate", "abaw-lsd", str(path), "--json", str(out)]) == 1
    refusal = json.loads(out.read_text())
    assert list(refusal) == ["error", "problems", "n_problems"]
    assert refusal["n_problems"] == 2
    assert refusal["problems"][0] == {
        "file": "bad.csv", "line": 2, "column": "expression", "found": "9, which is out of range",
        "expected": "a class id 0-5 or one of anger, disgust, fear, happiness, sadness, surprise",
    }  # fmt: skip
    assert capsys.readouterr().err == refusal["error"] + "\n"


def test_validating_without_labels_says_what_was_not_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = text(tmp_path / "good.csv", "image,expression", "0.jpg,5")
    out = tmp_path / "ok.json"
    assert main(["validate", "abaw-lsd", str(path), "--json", str(out)]) == 0
    assert json.loads(out.read_text()) == {
        "task": "abaw-lsd", "valid": True, "n_rows": 1, "keys_checked": False, "notes": [],
    }  # fmt: skip
    assert "keys were not checked" in capsys.readouterr().out


def test_compare_two_files(sandbox_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text(sandbox_file.read_text().replace(",0\n", ",1\n"))
    out = tmp_path / "c.json"
    assert main(["compare", "sandbox-abaw-expr", str(sandbox_file), str(other), "--json", str(out)]) == 0
    result = json.loads(out.read_text())
    assert result["difference"] == pytest.approx(result["first"] - result["second"], abs=1e-4)
    assert [result[name] for name in ("first", "second")] == [
        round(result[name], 4) for name in ("first", "second")
    ]
    assert 0 <= result["p_first_better"] <= 1


def test_a_file_is_not_compared_with_itself(
    sandbox_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "link.txt"
    link.symlink_to(sandbox_file)
    for second in (sandbox_file, link):
        assert main(["compare", "sandbox-abaw-expr", str(sandbox_file), str(second)]) == 1
        said = capsys.readouterr().err
        assert f"{sandbox_file.name} cannot be compared with itself: name two files" in said


def test_a_missing_file_is_one_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "sandbox-afew", "/nope"]) == 1
    said = capsys.readouterr()
    assert said.err == "nope is refused: nope: expected a file or folder, found nothing there\n"
    assert said.out.count("\n") == 1


def test_no_score_is_minus_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A CCC of about -4e-6 once printed as -0.0000."""
    header = "valence,arousal"
    labels = videos(tmp_path / "ref", header, {"a": ["0.5,0.5", "-0.5,-0.5"] * 9, "b": ["0.5,0.5", "-0.5,-0.5"]})
    guesses = videos(tmp_path / "sub", header, {"a": ["-0.00001,0", "0.00001,0"] * 9, "b": ["0,0", "0,0"]})
    assert main(["score", "abaw-va", str(guesses), "--reference", str(labels)]) == 0
    out = capsys.readouterr().out
    assert "mean CCC 0.0000" in out
    assert "-0.0000" not in out
