"""What of a clip is handed to the scorer, and what is said of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from femo.clips.timelines import RawPerson, RawVideo
from femo.demo.watch.files import AskedClip, KeptClip
from femo.demo.watch.persons import Said
from femo.demo.watch.score import ScorePart, not_learnt
from femo.labels import ABAW_AU, AFFECTNET_8
from femo.output.export.abaw import AU_FOLDER, EXPR_FOLDER, EXPR_HEADER, VA_FOLDER
from femo.types import ClipInfo, Scores
from tests.femo.results_by_hand import one_hot, timeline

SHOWN = ("none", 15, 0, "natural")


def person(track: int, names: list[str], rows: list[int], left: float = 0) -> RawPerson:
    expression = Scores("expression", AFFECTNET_8, one_hot(names), "distribution", "trained")
    boxes = np.tile(np.array([[left, 0, left + 50, 60]], np.float32), (len(rows), 1))
    return RawPerson(track, np.array(rows), boxes, {"expression": expression})


@pytest.fixture
def clip(tmp_path: Path) -> KeptClip:
    """Two persons; every second of six frames was read."""
    read = np.arange(3) / 5
    first = person(1, ["anger", "anger", "fear"], [0, 1, 2])
    second = person(2, ["happiness", "neutral"], [1, 2], left=100)
    raw = RawVideo(
        read, np.arange(6) / 10, (first, second), ClipInfo(0, "test", 0.6, 320, 240), np.array([0, 2, 4])
    )
    path = tmp_path / "a, call.mp4"
    return KeptClip(AskedClip(path), path, raw, {}, Said().name(2, "Ann"))


@pytest.fixture
def seen() -> dict[str, Any]:
    return {}


@pytest.fixture
def part(seen: dict[str, Any]) -> ScorePart:
    def score(folder: Path, labels: Path, who: str, notes: Mapping[str, str]) -> str:
        files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.txt")}
        seen.update(files=files, labels=labels, who=who, notes=notes)
        return "the report"

    with gr.Blocks():
        return ScorePart(score)


@pytest.fixture
def labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    (tmp_path / "labels.txt").write_text("x")
    return {"path": str(tmp_path / "labels.txt")}


def test_the_chosen_person_becomes_a_line_for_every_frame(
    part: ScorePart, clip: KeptClip, labels: dict[str, str], seen: dict[str, Any]
) -> None:
    assert part.show(labels, clip, 2, *SHOWN) == "the report"
    # seen in frames 2 and 4; the others take their neighbours' class, frame 3 the mean of happiness and neutral, a tie
    lines = seen["files"][f"{EXPR_FOLDER}/a_ call.txt"].splitlines()
    assert list(seen["files"]) == [f"{EXPR_FOLDER}/a_ call.txt"]
    assert lines[0] == EXPR_HEADER
    assert [lines[1], lines[2], lines[3], lines[5], lines[6]] == ["4", "4", "4", "0", "0"]
    assert seen["who"] == "2 Ann of a, call.mp4, smoothing none"
    assert seen["labels"].name == "labels.txt"
    part.show(labels, clip, 99, *SHOWN)  # who is not there any more: the first
    assert seen["files"][f"{EXPR_FOLDER}/a_ call.txt"].splitlines()[1:] == ["1", "1", "1", "1", "3", "3"]


def test_units_are_decided_by_the_models_thresholds(
    part: ScorePart, clip: KeptClip, labels: dict[str, str], seen: dict[str, Any]
) -> None:
    values = np.full((2, 12), 0.4, np.float32)
    units = Scores("action_units", ABAW_AU, values, "independent", "trained", (0.3,) * 6 + (0.5,) * 6)
    second = clip.raw.persons[1]
    persons = (replace(second, scores={**second.scores, "action_units": units}),)
    part.show(labels, replace(clip, raw=replace(clip.raw, persons=persons)), 2, *SHOWN)
    lines = seen["files"][f"{AU_FOLDER}/a_ call.txt"].splitlines()
    assert lines[1:] == [",".join(["1"] * 6 + ["0"] * 6)] * 6


def test_without_a_clip_a_file_or_anyone_there_is_a_sentence(
    part: ScorePart, clip: KeptClip, labels: dict[str, str]
) -> None:
    assert "There is no clip yet" in part.show(labels, None, None, *SHOWN)
    with pytest.raises(gr.Error, match="There is no label file: upload a file first"):
        part.show(None, clip, 1, *SHOWN)
    with pytest.raises(gr.Error, match="must be uploaded: a path on the server is not read"):
        part.show({"path": "/etc/hostname"}, clip, 1, *SHOWN)
    with pytest.raises(gr.Error, match="Nobody's face is that large"):
        part.show(labels, clip, 1, "none", 15, 200, "natural")


def test_what_is_not_learnt_is_said_by_the_folder_of_its_task() -> None:
    line = timeline(1, [0, 0.1], ["fear", "fear"])
    assert list(not_learnt(line)) == [VA_FOLDER, AU_FOLDER]
    line.scores.pop("action_units")  # type: ignore[attr-defined]
    assert list(not_learnt(line)) == [VA_FOLDER]
