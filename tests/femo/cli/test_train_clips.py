"""``femo train clips`` from a folder in the official layout to the leaderboard."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import femo
from femo.cli.main import main
from femo.cli.train_clips import evaluate_clips
from femo.models.config import read_spec
from tests.clip_sets import write_vgaf

WORDS = ("Positive", "Neutral", "Negative")


@pytest.fixture(scope="module")
def vgaf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vgaf(tmp_path_factory.mktemp("vgaf"))


def test_vgaf_from_training_to_the_leaderboard(
    vgaf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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

    monkeypatch.setenv("FEMO_MODEL", str(out))
    scores = evaluate_clips("vgaf", vgaf, None)  # of the folder just trained, a clip without a face as well
    assert (scores["model"], scores["source"], "prior" in scores) == ("my-vgaf", "trained", False)
    for key in ("accuracy", "accuracy_with_faces", "confusion"):
        assert scores[key] == head.scores[key]

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


def test_a_folder_that_was_not_trained_is_scored_by_its_prior(vgaf: Path) -> None:
    scores = evaluate_clips("vgaf", vgaf, None)
    assert (scores["protocol"], scores["model"], scores["source"]) == ("vgaf", "femo-base", "prior")
    assert scores["prior"] == "natural"
    assert (scores["accuracy"]["n"], scores["accuracy_with_faces"]["n"]) == (7, 6)
    pipeline = femo.load()
    names = pipeline.readers[0].spec.clip_head("group").labels
    hits = sum(
        names.index(str(pipeline.group(vgaf / "Val" / f"val_{k}.mp4", smooth="none").verdict.top()[0])) == k % 3
        for k in range(6)
    )
    assert scores["accuracy_with_faces"]["value"] == pytest.approx(hits / 6, abs=1e-4)
    assert sum(map(sum, scores["confusion"]["rows_are_target"])) == 7
