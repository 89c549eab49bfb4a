"""No command replaces what it reads, no result passes for another's, and every way in ends in a result or a sentence."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data as skimage_data

from femo.cli.main import main
from femo.models.find import find_model
from femo.output.names import place_of
from leaderboard.cli.main import main as leaderboard
from tests import clips


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        main([str(argument) for argument in arguments])
    assert isinstance(done.value.code, int)
    return done.value.code


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two clips and a photo; of each a copy is used."""
    folder = tmp_path_factory.mktemp("made")
    clips.write_clip(folder / "face.mp4", clips.moving_face(11)[0])
    clips.write_clip(folder / "none.mp4", clips.no_face(4))
    Image.fromarray(skimage_data.astronaut()[0:260, 100:360]).save(folder / "face.png")
    return folder


# --- the source stays -------------------------------------------------------------------------------------------


def test_every_command_refuses_to_replace_its_source(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "d"
    shutil.copytree(made, folder)
    (folder / "link.csv").symlink_to(folder / "face.mp4")
    labels = folder / "labels.npz"
    np.savez(labels, images=np.zeros((1, 2, 2), np.uint8))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for arguments in (
        ("photo", folder / "face.png", "--annotate", folder),
        ("photo", folder / "face.png", "--json", folder / "face.png"),
        ("photo", folder / "face.png", "--csv", folder / ".." / "d" / "face.png"),
        ("video", folder / "face.mp4", "--annotate", folder),
        ("video", folder / "face.mp4", "--annotate", folder / "face.mp4"),
        ("video", folder / "none.mp4", folder / "face.mp4", "--csv", folder / "link.csv"),
        ("video", folder / "face.mp4", "--json", folder / "face.mp4"),
        ("group", folder / "face.mp4", "--csv", folder / "face.mp4"),
        ("group", folder / "face.png", "--json", folder / "face.png"),
        ("evaluate", "--ferplus", labels, "--json", labels),
        ("train", "abaw", "--task", "expr", "--data", folder, "--out", folder),
        ("train", "clips", "--recipe", "afew", "--data", folder, "--out", folder),
        ("train", "faces", "--data", folder, "--out", folder),
    ):
        assert run(*arguments) == 1, arguments
        error = capsys.readouterr().err
        assert "is read" in error, arguments
        assert len(error.strip().splitlines()) == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_leaderboard_refuses_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "predictions.txt"
    file.write_text("Neutral\n0\n")
    (tmp_path / "out.json").symlink_to(file)
    for command in ("validate", "score"):
        assert leaderboard([command, "sandbox-abaw-expr", str(file), "--json", str(tmp_path / "out.json")]) == 1
        assert "which is read; write somewhere else." in capsys.readouterr().err
    assert file.read_text() == "Neutral\n0\n"


# --- names and records ------------------------------------------------------------------------------------------


def test_photos_of_one_name_keep_their_pictures(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    photos = [tmp_path / name for name in ("a/img.png", "b/img.png", "img.jpg")]
    for number, photo in enumerate(photos):
        photo.parent.mkdir(exist_ok=True)
        Image.new("RGB", (40 + number, 30), "grey").save(photo)
    assert run("photo", *photos, "--annotate", out) == 0
    widths = {f"img-{place_of(photo)[:8]}.png": 40 + number for number, photo in enumerate(photos)}
    assert {path.name: Image.open(path).width for path in out.iterdir()} == widths
    assert run("photo", photos[1], "--annotate", out) == 0  # alone it keeps its name
    assert len(list(out.iterdir())) == 3


def test_a_model_with_other_thresholds_reads_anew(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The weights are the same, and what is called blurred is not."""
    model = Path(shutil.copytree(find_model("femo-base").folder, tmp_path / "models" / "femo-base"))
    monkeypatch.setenv("FEMO_MODELS_DIR", str(model.parent))
    said = []
    for blur in (0.2, 0.2, 0.9):
        config = json.loads((model / "config.json").read_text(encoding="utf-8"))
        config["reading"]["blur"] = blur
        (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
        assert run("video", made / "none.mp4", "--out", tmp_path / "out") == 0
        said.append("done already" in capsys.readouterr().err)
    assert said == [False, True, False]


def test_clips_whose_names_differ_after_a_dot_keep_their_abaw_files(made: Path, tmp_path: Path) -> None:
    pair = [tmp_path / f"talk.v{number}.mp4" for number in (1, 2)]
    for clip, source in zip(pair, ("none.mp4", "face.mp4"), strict=True):
        shutil.copyfile(made / source, clip)
    assert run("video", *pair, "--abaw", tmp_path / "abaw") == 0
    rows = (tmp_path / "abaw" / "EXPR.txt").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == [
        f"talk.v{number}/{frame:05d}.jpg" for number, count in ((1, 4), (2, 11)) for frame in range(1, count + 1)
    ]


def test_done_is_said_of_this_clip_with_these_options_only(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b, out = tmp_path / "a" / "clip.mp4", tmp_path / "b" / "clip.mp4", tmp_path / "out"
    for clip, source in ((a, "none.mp4"), (b, "face.mp4")):
        clip.parent.mkdir()
        shutil.copyfile(made / source, clip)

    def done(*arguments: object) -> bool:
        capsys.readouterr()
        assert run("video", *arguments, "--out", out) == 0
        return "done already" in capsys.readouterr().err

    assert not done(a, "--every", 5)
    assert done(a, "--every", 5)
    assert not done(a)  # other options
    assert done(a)
    document = json.loads((out / "clip.json").read_text())
    assert document["made"]["source"]["size"] == a.stat().st_size
    assert document["made"]["options"]["smooth"] == "mean:15"
    assert document["n_frames"] == 4
    assert not done(b, "--every", 5)  # another clip of this name
    other = json.loads((out / f"clip-{place_of(b)[:8]}.json").read_text())
    assert other["frame"] == [1, 6, 11]
    with (out / f"clip-{place_of(b)[:8]}.csv").open() as file:
        assert [row["frame"] for row in csv.DictReader(file)] == ["1", "6", "11"]
    assert json.loads((out / "clip.json").read_text()) == document
    shutil.copyfile(made / "face.mp4", a)  # the clip itself has changed
    assert not done(a)
    (out / "clip.csv").write_text("somebody wrote here")
    assert not done(a)
    assert done(a)
    os.utime(a, (0, 0))
    assert not done(a)


# --- ways in ----------------------------------------------------------------------------------------------------


def feed(pipe: Path, data: bytes) -> None:
    os.mkfifo(pipe)

    def fill() -> None:
        try:
            pipe.write_bytes(data)
        except BrokenPipeError:
            return  # the reader had enough

    threading.Thread(target=fill, daemon=True).start()


def test_pipes_are_read_by_every_command(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, (command, source, options) in enumerate(
        [("photo", "face.png", ("--annotate", tmp_path / "p")), ("group", "face.png", ()), ("group", "face.mp4", ()),
         ("video", "face.mp4", ("--annotate", tmp_path / "copy.mp4", "--abaw", tmp_path / "abaw"))]
    ):  # fmt: skip
        pipe = tmp_path / f"{number}.pipe"
        feed(pipe, (made / source).read_bytes())
        assert run(command, pipe, "--json", tmp_path / f"{number}.json", *options) == 0, command
    assert len(json.loads((tmp_path / "0.json").read_text())["faces"]) == 1
    assert json.loads((tmp_path / "1.json").read_text())["face_count"] == [1]
    assert json.loads((tmp_path / "2.json").read_text())["face_count"] == [1] * 11
    assert json.loads((tmp_path / "3.json").read_text())["n_frames"] == 11
    assert (tmp_path / "copy.mp4").stat().st_size > 1000
    capsys.readouterr()
    feed(tmp_path / "no.npz", b"no archive")
    assert run("evaluate", "--ferplus", tmp_path / "no.npz") == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    feed(tmp_path / "p.txt", b"Neutral,Anger\n0\n")
    assert leaderboard(["validate", "sandbox-abaw-expr", str(tmp_path / "p.txt")]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_what_a_pipe_held_before_stays(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two commands: the shell calls the pipes of both by one name."""
    out, abaw, copies = (tmp_path / name for name in ("out", "abaw", "copies"))
    copies.mkdir()
    (tmp_path / "63").mkdir()
    pipe = tmp_path / "63" / "63"
    for run_id, source in (("a", "face.mp4"), ("b", "none.mp4")):
        monkeypatch.setattr("femo.output.names.RUN", run_id)
        feed(pipe, (made / source).read_bytes())
        assert run("video", pipe, "--out", out, "--abaw", abaw, "--annotate", copies, "--no-mesh") == 0
        pipe.unlink()
    lengths = {path.stem: json.loads(path.read_text())["n_frames"] for path in out.glob("*.json")}
    second = next(name for name in lengths if name != "63")
    assert lengths == {"63": 11, second: 4}
    assert {path.stem for path in copies.iterdir()} == set(lengths)
    for name, n_frames in lengths.items():
        [expressions] = abaw.glob(f"EXPR*/{name}.txt")
        assert len(expressions.read_text().splitlines()) == 1 + n_frames


@pytest.mark.parametrize(
    ("name", "encoding", "options"),
    [("写真🙂.png", "cp1252", ()), ("写真🙂.png", "cp1252", ("--json", "-")),
     (b"\xff\xfe.png".decode("utf-8", "surrogateescape"), "utf-8", ("--json", "-"))],
    ids=["a table", "a document", "no text"],
)  # fmt: skip
def test_streams_of_any_encoding_take_any_name(
    name: str, encoding: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / name
    Image.new("RGB", (24, 24)).save(path)
    done = subprocess.run(
        [sys.executable, "-m", "femo", "photo", path, tmp_path / "no-写.png", *options],
        env={**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "200"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"does not exist" in done.stderr
    if options:
        assert json.loads(done.stdout.decode(encoding))[0]["file"] == str(path)


def test_json_for_a_stream_that_is_not_utf8_holds_escapes(
    made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from femo.cli.output import write_json

    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "cp1252"))
    write_json("-", {"file": "写真🙂"})
    sys.stdout.flush()
    assert json.loads(raw.getvalue().decode("ascii")) == {"file": "写真🙂"}
