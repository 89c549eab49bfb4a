"""``femo group`` on photos and clips: a verdict each, a bad one named, and the same in JSON, CSV and the table."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

import femo
from femo.cli.main import main
from tests import clips


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        main(["group", *map(str, arguments)])
    assert isinstance(done.value.code, int)
    return done.value.code


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    picture = clips.canvas(360, 180)
    clips.paste(picture, clips.portrait(), 10, 20, 150)
    clips.paste(picture, clips.second_face(), 190, 20, 150)
    Image.fromarray(picture).save(tmp_path / "two.png")
    return tmp_path / "two.png"


def test_the_verdict_is_that_of_the_pipeline_everywhere(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert run(photo, "--json", tmp_path / "g.json", "--csv", tmp_path / "g.csv") == 0
    verdict = femo.load().group(photo).to_dict()["verdict"]
    document = json.loads((tmp_path / "g.json").read_text())
    assert document["file"] == str(photo)
    assert document["verdict"] == pytest.approx(verdict)
    with (tmp_path / "g.csv").open() as file:
        [row] = csv.DictReader(file)
    assert float(row["group_positive"]) == pytest.approx(verdict["positive"], abs=1e-4)
    [line] = [line for line in capsys.readouterr().out.splitlines() if "two.png" in line]
    cells = [cell.strip() for cell in line.split("│")[1:-1]]
    top = max(("positive", "neutral", "negative"), key=lambda label: verdict[label])
    assert cells[:2] == ["two.png", top]
    assert cells[2:5] == [f"{verdict[label]:.2f}" for label in ("positive", "neutral", "negative")]
    assert cells[5:] == ["prior", "2", "2"]


def test_a_bad_file_is_named_and_the_others_go_on(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    nobody = clips.write_clip(tmp_path / "nobody.mp4", clips.no_face(3))
    assert run(tmp_path / "bad.mp4", nobody, photo, "--json", tmp_path / "g.json", "--smooth", "none") == 1
    documents = json.loads((tmp_path / "g.json").read_text())
    assert [Path(document["file"]).name for document in documents] == ["bad.mp4", "nobody.mp4", "two.png"]
    assert "no readable video" in documents[0]["error"]
    assert documents[1]["verdict"]["positive"] is None
    said = capsys.readouterr()
    assert "1 of 3 files failed" in said.err
    [line] = [line for line in said.out.splitlines() if "nobody.mp4" in line]
    assert [cell.strip() for cell in line.split("│")[1:-1]] == [
        "nobody.mp4", "no face found", "-", "-", "-", "prior", "0", "0",
    ]  # fmt: skip


def test_wrong_options_are_told_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, status, message in (
        (["--smooth", "gauss"], 2, "Smoothing is 'gauss'"),
        (["--prior", "sunny"], 2, "sunny"),
        (["--json", "-", "--csv", "-"], 2, "cannot both be stdout"),
    ):
        (tmp_path / "x.mp4").write_bytes(b"no video")
        assert run(tmp_path / "x.mp4", *options) == status
        error = capsys.readouterr().err
        assert message in error
        assert "no readable video" not in error
    assert run(tmp_path / "*.mov") == 1
    assert "no file matches" in capsys.readouterr().err


def test_faces_that_are_all_blurred_were_found(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    Image.open(photo).filter(ImageFilter.GaussianBlur(4)).save(tmp_path / "soft.png")
    assert run(tmp_path / "soft.png") == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if "soft.png" in line]
    assert [cell.strip() for cell in line.split("│")[1:-1]] == [
        "soft.png", "every face is a blur", "-", "-", "-", "prior", "2", "2",
    ]  # fmt: skip
