"""AFEW and VGAF end to end on synthetic folders in the official layout: a class is how the one face is coloured."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import femo
from femo.cli.main import main
from femo.errors import FemoError
from femo.models.config import read_spec
from femo.training.clips.features import Extraction, extract
from femo.training.clips.layout import LabelledClip, read_layout
from femo.training.clips.recipe import predict_clips, report, train_classifier
from tests.clips import canvas, no_face, paste, portrait, second_face, write_clip

WORDS = ("Positive", "Neutral", "Negative")


def _face(target: int) -> np.ndarray:
    grey = portrait().mean(axis=2, keepdims=True).repeat(3, axis=2).astype(np.uint8)
    return (portrait(), second_face(), grey)[target]


def _clip(path: Path, target: int, seed: int) -> Path:
    frames = []
    for k in range(3):
        picture = canvas(160, 120, seed)
        paste(picture, _face(target), 20 + 3 * k + seed % 5, 4, 112)
        frames.append(picture)
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_clip(path, frames)


@pytest.fixture(scope="module")
def vgaf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine training clips and six validation clips with a face, one of each without."""
    data = tmp_path_factory.mktemp("vgaf")
    for part, n in (("Train", 9), ("Val", 6)):
        lines = ["videoname label"]
        for k in range(n):
            _clip(data / part / f"{part.lower()}_{k}.mp4", k % 3, k + (0 if part == "Train" else 50))
            lines.append(f"{part.lower()}_{k} {k % 3 + 1}")
        write_clip(data / part / f"{part.lower()}_empty.mp4", no_face(2, 160, 120))
        (data / f"{part}_labels.txt").write_text("\n".join([*lines, f"{part.lower()}_empty 2", ""]))
    return data


def test_vgaf_from_training_to_the_leaderboard(vgaf: Path, tmp_path: Path) -> None:
    out = tmp_path / "my-vgaf"
    arguments = [
        "--recipe",
        "vgaf",
        "--data",
        vgaf,
        "--out",
        out,
        "--cache",
        tmp_path / "cache",
        "--processes",
        "1",
    ]
    with pytest.raises(SystemExit) as done:
        main(["train", "clips", *map(str, arguments)])
    assert done.value.code == 0
    head = read_spec(out).clip_head("group")
    assert head.source == "trained"
    assert head.scores is not None
    assert head.scores["accuracy"]["n"] == 7
    assert head.scores["accuracy_with_faces"]["n"] == 6
    assert head.scores["accuracy_with_faces"]["value"] >= 5 / 6

    group = femo.load(str(out)).group(vgaf / "Val" / "val_2.mp4")
    assert group.verdict.source == "trained"
    assert group.verdict.top() == ["negative"]

    predictions = out / "predictions_val.zip"
    with zipfile.ZipFile(predictions) as archive:
        assert sorted(archive.namelist())[0] == "val_0.txt"
        words = {name.removesuffix(".txt"): archive.read(name).decode().strip() for name in archive.namelist()}
    hits = sum(words[f"val_{k}"] == WORDS[k % 3] for k in range(6))
    assert hits / 6 == pytest.approx(head.scores["accuracy_with_faces"]["value"], abs=1e-4)
    scored = tmp_path / "score.json"
    reference = tmp_path / "reference"
    reference.mkdir()
    (reference / "Val_labels.txt").write_text((vgaf / "Val_labels.txt").read_text())
    command = [sys.executable, "-m", "leaderboard", "score", "vgaf", predictions, "--reference", reference]
    subprocess.run([*map(str, command), "--json", str(scored)], check=True, capture_output=True)
    assert json.loads(scored.read_text())["main"] == pytest.approx(head.scores["accuracy"]["value"], abs=1e-4)


def test_extraction_goes_on_from_its_cache(vgaf: Path, tmp_path: Path) -> None:
    clips = read_layout("vgaf", vgaf, "val")[:3]
    what = Extraction(None, "vgaf-mean-std", tmp_path)
    seen: list[int] = []
    first = extract(what, clips[:2], 1, lambda done, of: None)
    again = extract(what, clips, 1, lambda done, of: seen.append(done))
    assert seen == [2, 3]
    np.testing.assert_array_equal(again[:2], first)


def test_two_processes_find_what_one_finds(vgaf: Path, tmp_path: Path) -> None:
    clips = read_layout("vgaf", vgaf, "val")[:3]
    one, two = (
        extract(Extraction(None, "vgaf-mean-std", tmp_path / str(n)), clips, n, lambda done, of: None)
        for n in (1, 2)
    )
    assert np.ptp(one, axis=0).max() > 0.05
    np.testing.assert_allclose(two, one, atol=0.01)  # vectors of length 1; sums in another order, in bfloat16


def test_unreadable_clips_are_named_together(vgaf: Path, tmp_path: Path) -> None:
    clips = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(b"broken")
        clips.append(LabelledClip(name, path, 0))
    with pytest.raises(FemoError, match=r"2 of 3 clips cannot be read: .*one\.mp4.*two\.mp4"):
        extract(
            Extraction(None, "vgaf-mean-std", tmp_path / "c"),
            [*clips, read_layout("vgaf", vgaf, "val")[0]],
            1,
            lambda done, of: None,
        )


def test_afew_layout_reads_class_folders(tmp_path: Path) -> None:
    for part, folder in (("Train_AFEW", "Angry"), ("Train_AFEW", "Surprise"), ("Val_AFEW", "Happy")):
        path = tmp_path / part / folder / f"{part}{folder}.avi"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    got = [(clip.name, clip.target) for clip in read_layout("afew", tmp_path, "train")]
    assert got == [("Train_AFEWAngry", 0), ("Train_AFEWSurprise", 6)]
    assert [clip.target for clip in read_layout("afew", tmp_path, "val")] == [3]


def _vgaf_labels(tmp_path: Path, text: str) -> Path:
    (tmp_path / "Train").mkdir()
    (tmp_path / "Train" / "a.mp4").write_bytes(b"")
    (tmp_path / "Train_labels.txt").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("h l\na 4\n", r"Train_labels\.txt, line 2: found 'a 4', expected '<clip> <1\|2\|3>'"),
        ("h l\na 1\na 2\n", "line 3: a was named before"),
        ("h l\na 1\nb 2\n", "names 1 clips that are not there: b"),
        ("h l\n", "has 1 clips that Train_labels.txt does not name: a"),
    ],
)
def test_label_files_that_do_not_fit_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FemoError, match=message):
        read_layout("vgaf", _vgaf_labels(tmp_path, text), "train")


def test_unknown_class_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "Train" / "Bored").mkdir(parents=True)
    with pytest.raises(FemoError, match="class folders Bored, expected Angry, Disgust"):
        read_layout("afew", tmp_path, "train")


def test_training_leaves_out_clips_without_faces_and_validation_keeps_them() -> None:
    rng = np.random.default_rng(0)
    target = np.arange(30) % 3
    vectors = (np.eye(4)[target] + rng.normal(0, 0.1, (30, 4))).astype(np.float32)
    vectors[:6] = 0
    trained = train_classifier("linear-svc", vectors, target)
    assert (trained.n_train, trained.n_left_out) == (24, 6)
    scores = report("vgaf", predict_clips(trained.classifier, vectors, 3), target, vectors)
    assert scores["accuracy"]["n"] == 30
    assert scores["accuracy_with_faces"] == {
        "value": 1.0,
        "interval": pytest.approx([0.862, 1.0], abs=1e-3),
        "n": 24,
    }


def test_too_few_classes_are_named() -> None:
    with pytest.raises(FemoError, match="0 of 2 training clips have a face"):
        train_classifier("linear-svc", np.zeros((2, 4), np.float32), np.array([0, 1]))
