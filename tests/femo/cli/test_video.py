"""``femo video`` as a user meets it: many clips, patterns, what is done already, files that are whole."""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import femo
from femo.cli.main import main
from femo.cli.video import _recorded
from femo.models.find import find_model
from tests import clips
from tests.femo.results_by_hand import SHARES
from tests.small_models import write_small


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    clips.write_clip(folder / "one.mp4", clips.moving_face(10)[0])
    (folder / "two.mp4").write_bytes(b"no video at all")
    clips.write_clip(folder / "three.mp4", clips.no_face(8))
    return folder


def _run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        main([str(argument) for argument in arguments])
    assert isinstance(done.value.code, int)
    return done.value.code


def test_a_bad_clip_is_named_and_the_others_go_on(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = _run("video", f"{folder}/*.mp4", "--json", tmp_path / "a.json", "--csv", tmp_path / "a.csv")
    assert status == 1
    documents = json.loads((tmp_path / "a.json").read_text())
    assert [Path(document["file"]).name for document in documents] == ["one.mp4", "three.mp4", "two.mp4"]
    assert [document.get("n_frames") for document in documents] == [10, 8, None]
    assert "no readable video" in documents[2]["error"]
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(Path(row["file"]).name, row["frame"]) for row in rows] == [("one.mp4", str(n)) for n in range(1, 11)]
    probability = documents[0]["persons"][0]["expression"]["happiness"][4]
    assert float(rows[4]["expression_happiness"]) == pytest.approx(probability, abs=1e-4)
    error = capsys.readouterr().err
    assert "1 of 3 files failed" in error
    assert "Traceback" not in error


def test_a_second_run_reads_only_what_is_missing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, abaw = tmp_path / "out", tmp_path / "abaw"
    good = [folder / "one.mp4", folder / "three.mp4"]
    also = ["--also", "openface", "--also", "pyfeat", "--also", "elan"]
    assert (
        _run("video", *good, "--out", out, "--abaw", abaw, "--every", "3", "--annotate", tmp_path / "mp4", *also)
        == 0
    )
    assert sorted(path.name for path in out.iterdir()) == sorted(
        f"{stem}{suffix}"
        for stem in ("one", "three")
        for suffix in (".json", ".csv", ".srt", "-openface.csv", "-pyfeat.csv", ".eaf")
    )
    with (out / "one-openface.csv").open() as file:  # the person was well seen for too short a time
        assert next(csv.reader(file))[:5] == ["frame", "face_id", "timestamp", "confidence", "success"]
    for name, frames in (("one", ["0", "3", "6", "9"]), ("three", ["0", "3", "6"])):
        with (out / f"{name}-pyfeat.csv").open() as file:  # nobody: an empty row for each frame that was read
            rows = list(csv.DictReader(file))
        assert [(row["frame"], row["FaceScore"]) for row in rows] == [(number, "") for number in frames]
    # every frame has its line, though each third one was analysed; the header comes on top
    lengths = {path.name: len(path.read_text().splitlines()) for path in abaw.glob("EXPR*/*.txt")}
    assert lengths == {"one.txt": 11, "three.txt": 9}
    keys = [line.split(",")[0] for line in (abaw / "EXPR.txt").read_text().splitlines()[1:]]
    assert keys == [
        f"{stem}/{n:05d}.jpg" for stem, count in (("one", 10), ("three", 8)) for n in range(1, count + 1)
    ]
    assert len((abaw / "MTL_predictions.txt").read_text().splitlines()) == 1 + 18
    first = (out / "one.json").stat().st_mtime_ns
    (out / "three.srt").unlink()
    capsys.readouterr()
    assert (
        _run("video", *good, "--out", out, "--abaw", abaw, "--every", "3", "--annotate", tmp_path / "mp4", *also)
        == 0
    )
    assert f"{folder / 'one.mp4'}: done already" in capsys.readouterr().err
    assert (out / "one.json").stat().st_mtime_ns == first
    assert (out / "three.srt").read_text() == ""  # nobody, so no cue


def test_auto_says_what_share_it_looked_at_and_how_often_it_agrees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = clips.write_clip(tmp_path / "clip.mp4", clips.moving_face(40)[0])
    assert _run("video", clip, "--every", "auto", "--agreement", "--smooth", "none") == 0
    said = capsys.readouterr().err
    [(share, same, of)] = re.findall(
        r"looked at ([\d.]+) % of the frames with faces; ([\d.]+) % of (\d+) decisions as on every frame, in \d+ %",
        said,
    )
    raw = femo.load().raw_video(clip, every="auto")
    read = np.isfinite(raw.persons[0].scores["expression"].values).all(axis=1)
    assert float(share) == pytest.approx(100 * read.mean(), abs=0.05)
    assert 0 < float(share) < 50
    assert int(of) == len(read)
    assert float(same) >= 90
    assert _run("video", clip, "--every", "2", "--fpr", "0.1") == 2
    assert _run("video", clip, "--every", "auto", "--fpr", "1.5") == 2


def test_folders_that_nothing_was_written_into_go_and_others_stay(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    outs = ("--out", tmp_path / "new" / "out", "--abaw", own, "--annotate", tmp_path / "new" / "copies")
    assert _run("video", tmp_path / "gone.mp4", folder / "two.mp4", *outs) == 1
    assert "gone.mp4" in capsys.readouterr().err
    assert own.is_dir()
    assert not (tmp_path / "new").exists()


def test_the_copy_of_one_clip_has_the_name_of_a_film(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = tmp_path / "copies"
    for wrong in (f"{copies}/", tmp_path / "copy.avi", tmp_path / "mp4"):
        assert _run("video", folder / "three.mp4", "--annotate", wrong) == 2
        said = " ".join(capsys.readouterr().err.replace("│", " ").split())
        assert "is no name of an MP4 file and no folder that is there; the copy of one clip ends in .mp4" in said
        assert not Path(wrong).exists()
    assert _run("video", folder / "three.mp4", "--annotate", tmp_path / "copy.MP4") == 0
    assert (tmp_path / "copy.MP4").is_file()
    assert (
        _run("video", folder / "three.mp4", folder / "two.mp4", "--annotate", f"{copies}/") == 1
    )  # two is no video
    assert [path.name for path in copies.iterdir()] == ["three.mp4"]
    (copies / "three.mp4").unlink()
    assert _run("video", folder / "three.mp4", "--annotate", copies) == 0  # a folder that is there
    assert [path.name for path in copies.iterdir()] == ["three.mp4"]


def test_wrong_usage_is_told_apart_from_bad_input(folder: Path, tmp_path: Path) -> None:
    assert _run("video", folder / "one.mp4", "--out", tmp_path / "o", "--json", "x.json") == 2
    assert _run("video", folder / "one.mp4", "--out", tmp_path / "o", "--also", "excel") == 2
    assert _run("video", folder / "one.mp4", "--also", "elan") == 2
    assert _run("video", folder / "one.mp4", "--every", "some") == 2
    assert _run("video", folder / "one.mp4", "--smooth", "gauss") == 2
    assert _run("video", f"{folder}/*.avi") == 1
    (tmp_path / "one.mp4").write_bytes(b"")
    assert _run("video", folder / "one.mp4", tmp_path / "one.mp4", "--out", tmp_path / "o") == 1


def test_a_clip_is_read_again_when_the_config_of_its_model_says_something_else(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = write_small(tmp_path / "small", expression={"class_shares": SHARES})
    command = ["video", folder / "one.mp4", "--out", tmp_path / "out", "--model", small, "--no-mesh"]

    def again(**changes: object) -> bool:
        """Tell whether the clip was read after a change of the config."""
        config = json.loads((small / "config.json").read_text())
        config["heads"]["expression"] |= changes.pop("expression", {})
        (small / "config.json").write_text(json.dumps(config | changes))
        assert _run(*command) == 0
        return "done already" not in capsys.readouterr().err

    assert again()
    assert not again()
    assert not again(licence="other terms", expression={"scores": {"accuracy": 0.9}})
    sharp = _expression(tmp_path / "out")
    assert again(expression={"temperature": 3.0})
    assert max(_expression(tmp_path / "out")) < max(sharp)
    assert again(default_prior="balanced")
    assert again(crop_margin_px=9)
    assert not again()
    document = tmp_path / "out" / "one.json"
    made = json.loads(document.read_text())
    made["made"]["options"]["model"] = [entry[:2] for entry in made["made"]["options"]["model"]]  # as before
    document.write_text(json.dumps(made))
    assert again()


def _expression(out: Path) -> list[float]:
    with (out / "one.csv").open() as file:
        row = next(csv.DictReader(file))
    return [float(value) for name, value in row.items() if name.startswith("expression_")]


def test_the_record_tells_the_face_mesh_where_faces_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [model, mesh] = _recorded("femo-base", mesh=True)
    assert (model[0], mesh[0]) == ("femo-base", "face-mesh")
    assert mesh[1] == [file.sha256 for file in find_model("face-mesh").files]
    assert _recorded("femo-base", mesh=False) == [model, ["no mesh", [], ""]]
    shutil.copytree(find_model("face-mesh").folder, tmp_path / "face-mesh")
    config = json.loads((tmp_path / "face-mesh" / "config.json").read_text())
    config["mesh"]["least_logit"] += 1
    (tmp_path / "face-mesh" / "config.json").chmod(0o644)
    (tmp_path / "face-mesh" / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("FEMO_MODELS_DIR", str(tmp_path))
    [same, other] = _recorded("femo-base", mesh=True)
    assert (same, other[:2]) == (model, mesh[:2])
    assert other[2] != mesh[2]
