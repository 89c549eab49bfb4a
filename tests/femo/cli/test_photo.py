"""The command as a user meets it: exit statuses, one line per problem, files that are whole."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data as skimage_data

from femo.cli.main import main
from femo.output.names import place_of


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    Image.fromarray(skimage_data.astronaut()).save(path)
    return path


def _run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        main([str(argument) for argument in arguments])
    assert isinstance(done.value.code, int)
    return done.value.code


def test_photo_writes_json_csv_and_picture(portrait: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    status = _run(
        *("photo", portrait, "--json", out / "p.json", "--csv", out / "p.csv", "--annotate", out / "pictures"),
        *("--openface", out / "of.csv", "--pyfeat", out / "pf.csv"),
    )
    assert status == 0
    document = json.loads((out / "p.json").read_text())
    assert (document["width"], document["height"], len(document["faces"])) == (512, 512, 1)
    with (out / "p.csv").open() as file:
        [row] = csv.DictReader(file)
    assert row["file"] == str(portrait)
    assert float(row["x1"]) == pytest.approx(document["faces"][0]["box"][0], abs=1e-3)
    assert float(row["expression_happiness"]) == pytest.approx(
        document["faces"][0]["expression"]["happiness"], abs=1e-4
    )
    assert Image.open(out / "pictures" / "portrait.png").size == (512, 512)
    assert sorted(path.name for path in out.iterdir()) == ["of.csv", "p.csv", "p.json", "pf.csv", "pictures"]
    face = document["faces"][0]
    with (out / "of.csv").open() as file:
        [row] = csv.DictReader(file)
    assert float(row["AU12_r"]) == pytest.approx(5 * face["action_units"]["AU12"], abs=0.006)
    assert [float(row[f"{axis}_30"]) for axis in "xy"] == pytest.approx(face["landmarks_68"][30], abs=0.051)
    with (out / "pf.csv").open() as file:
        [row] = csv.DictReader(file)
    assert float(row["Pitch"]) == pytest.approx(-np.radians(face["pose"]["pitch"]), abs=1e-4)
    assert (row["input"], row["AU23"]) == (str(portrait), "")


def test_where_nothing_could_be_read_there_is_no_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("photo", tmp_path / "gone.jpg") == 1
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"{tmp_path}/gone.jpg does not exist.\n")


def test_photo_writes_what_the_expression_hangs_on(portrait: Path, tmp_path: Path) -> None:
    assert _run("photo", portrait, "--saliency", tmp_path / "seen.png") == 0
    drawn, plain = (
        np.asarray(Image.open(path).convert("RGB")).astype(int) for path in (tmp_path / "seen.png", portrait)
    )
    changed = np.argwhere(np.abs(drawn - plain).max(axis=2) > 30)
    assert drawn.shape == plain.shape
    assert len(changed) > 1000
    assert changed[:, 0].max() < 200  # rows; the face ends there
    assert _run("photo", portrait, portrait, "--saliency", tmp_path / "two.png") == 2
    assert _run("photo", portrait, "--saliency", portrait) == 1
    assert not (tmp_path / "two.png").exists()


@pytest.mark.parametrize("name", ["seen.jpg", "seen", "png"])
def test_the_picture_of_what_it_hangs_on_has_the_name_of_a_png(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("photo", tmp_path / "gone.jpg", "--saliency", tmp_path / name) == 2
    said = "".join(capsys.readouterr().err.replace("│", "").split())
    assert f"{tmp_path / name}isnonameofaPNGfile;thepictureof--saliencyendsin.png" in said
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_ones_own_are_not_drawn_over(tmp_path: Path) -> None:
    photo, own = tmp_path / "x.jpg", tmp_path / "x.png"
    Image.new("RGB", (40, 30), "grey").save(photo)
    Image.new("RGB", (8, 8), "red").save(own)
    before = own.read_bytes()
    drawn = tmp_path / f"x-{place_of(photo)[:8]}.png"
    for _ in range(2):  # the second time it is its own again
        assert _run("photo", photo, "--annotate", tmp_path) == 0
        assert own.read_bytes() == before
        assert Image.open(drawn).size == (40, 30)
        assert len(list(tmp_path.iterdir())) == 3
    own.write_bytes(drawn.read_bytes())
    drawn.write_bytes(before)
    assert _run("photo", photo, "--annotate", tmp_path) == 0  # what was drawn of this photo may be drawn again
    assert drawn.read_bytes() == before


def test_photo_goes_on_after_a_bad_file(
    portrait: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"")
    status = _run("photo", bad, portrait, tmp_path / "missing.jpg", "--json", tmp_path / "all.json")
    assert status == 1
    documents = json.loads((tmp_path / "all.json").read_text())
    assert [Path(document["file"]).name for document in documents] == ["bad.jpg", "portrait.png", "missing.jpg"]
    assert ["error" in document for document in documents] == [True, False, True]
    error = capsys.readouterr().err
    assert "2 of 3 files failed" in error
    assert "Traceback" not in error


def test_one_problem_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("photo", tmp_path / "missing.jpg") == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_json_to_stdout_is_nothing_but_json(portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("photo", portrait, "--json", "-") == 0
    assert len(json.loads(capsys.readouterr().out)["faces"]) == 1


@pytest.mark.parametrize(
    "arguments", [["photo"], ["photo", "x.jpg", "--nope"], ["nope"], ["evaluate"], ["train", "nope"]]
)
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    assert _run(*arguments) == 2


def test_unknown_model_is_one_line(portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("photo", portrait, "--model", "nope") == 1
    error = capsys.readouterr().err
    assert error.startswith("femo: no model named 'nope'")
    assert len(error.strip().splitlines()) == 1


def test_train_help_names_its_data_layout(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("train", "faces", "--help") == 0
    assert "utkface*.zip" in capsys.readouterr().out


def test_the_table_has_the_name_that_the_file_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    name = "photo[bold]:cat:.png"
    Image.new("RGB", (40, 30), "grey").save(tmp_path / name)
    assert _run("photo", tmp_path / name, "--no-mesh") == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if "no face found" in line]
    assert line.split("│")[1].strip() == name
