"""The one bridge between the two packages is a prediction file: what femo writes is what the leaderboard reads."""

from pathlib import Path

import numpy as np
import pytest

from femo.output.export.abaw import AU_FOLDER, EXPR_FOLDER, VA_FOLDER, join_abaw, write_abaw
from leaderboard.opening import open_scorer
from leaderboard.reading.submission import read_submission
from leaderboard.tasks import get_task
from tests.femo import results_by_hand as by_hand

TIMES = [index / 25 for index in range(30)]
NAMES = ["happiness", "contempt", "neutral", "surprise", "anger"] * 6
CLASSES = [4, 7, 0, 6, 1] * 6
"""ABAW's numbers of these names; contempt, which ABAW lacks, is Other."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    first = by_hand.timeline(1, TIMES, NAMES, seed=1)
    second = by_hand.timeline(2, TIMES, NAMES[::-1], left=200, seed=2)
    write_abaw(tmp_path, "10-60-1280x720", by_hand.video(first, second), subjects="sides")
    write_abaw(tmp_path, "no_one", by_hand.video(time_s=TIMES[:7]))
    join_abaw(tmp_path)
    return tmp_path


EXPECTED_ROWS = {"10-60-1280x720_left": 30, "10-60-1280x720_right": 30, "no_one": 7}


@pytest.mark.parametrize("source", [EXPR_FOLDER, "EXPR.txt"])
def test_expression(folder: Path, source: str) -> None:
    read = read_submission(get_task("abaw-expr"), folder / source)
    assert {name: int((read.keys.group == i).sum()) for i, name in enumerate(read.keys.groups)} == EXPECTED_ROWS
    left = read.keys.group == read.keys.groups.index("10-60-1280x720_left")
    assert read.values[left, 0].tolist() == CLASSES
    assert read.keys.frame[left].tolist() == [*range(1, 31)]


@pytest.mark.parametrize("source", [VA_FOLDER, "VA.txt"])
def test_valence_and_arousal(folder: Path, source: str) -> None:
    read = read_submission(get_task("abaw-va"), folder / source)
    right = read.keys.group == read.keys.groups.index("10-60-1280x720_right")
    line = by_hand.timeline(2, TIMES, NAMES, seed=2)
    np.testing.assert_array_equal(read.values[right].astype(np.float32), line.scores["valence_arousal"].values)


@pytest.mark.parametrize("source", [AU_FOLDER, "AU.txt"])
def test_action_units(folder: Path, source: str) -> None:
    read = read_submission(get_task("abaw-au"), folder / source)
    left = read.keys.group == read.keys.groups.index("10-60-1280x720_left")
    line = by_hand.timeline(1, TIMES, NAMES, seed=1)
    np.testing.assert_array_equal(read.values[left], line.scores["action_units"].values >= 0.5)


def test_multi_task(folder: Path) -> None:
    read = read_submission(get_task("abaw-mtl"), folder / "MTL_predictions.txt")
    assert read.values.shape == (67, 15)
    left = read.keys.group == read.keys.groups.index("10-60-1280x720_left")
    line = by_hand.timeline(1, TIMES, NAMES, seed=1)
    np.testing.assert_array_equal(read.values[left, :2].astype(np.float32), line.scores["valence_arousal"].values)
    assert read.values[left, 2].tolist() == CLASSES
    np.testing.assert_array_equal(read.values[left, 3:], line.scores["action_units"].values >= 0.5)


@pytest.mark.parametrize("head", ["expression", "valence_arousal", "action_units"])
def test_one_clip_scores_whole_against_what_was_written_of_it(tmp_path: Path, head: str) -> None:
    line = by_hand.timeline(7, TIMES, NAMES, seed=1)
    write_abaw(tmp_path / "read", "call", by_hand.video(line), subjects={"call": 7})
    task = {"expression": "abaw-expr", "valence_arousal": "abaw-va", "action_units": "abaw-au"}[head]
    folder = {"abaw-expr": EXPR_FOLDER, "abaw-va": VA_FOLDER, "abaw-au": AU_FOLDER}[task]
    labels = tmp_path / "read" / folder / "call.txt"
    tasks = [get_task(name) for name in ("abaw-expr", "abaw-va", "abaw-au")]
    found, report = open_scorer({}).score_clip(tmp_path / "read", labels, tasks)
    assert found.name == task
    assert report.n_scored == len(TIMES)
    perfect = len(set(CLASSES)) / 8 if head == "expression" else 1  # classes that never occur count 0
    assert report.main == pytest.approx(perfect)
