"""One clip against a label file of one's own: scores by hand, and a sentence for every file that is not right."""

import tracemalloc
from pathlib import Path

import pytest

from leaderboard.errors import LeaderboardError, ReferenceInvalid
from leaderboard.opening import open_scorer
from leaderboard.reading.one_clip import read_clip_labels
from leaderboard.scorer import Scorer
from leaderboard.tasks import get_task
from tests.leaderboard.writing import AU_HEADER, EXPR_HEADER, VA_HEADER, text, zipped

CLIP_TASKS = [get_task(name) for name in ("abaw-expr", "abaw-va", "abaw-au")]
PREDICTED = ["4", "4", "4", "0", "0", "1"]


@pytest.fixture
def scorer() -> Scorer:
    return open_scorer({})


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    """What a model without action units says of six frames."""
    folder = tmp_path / "predictions"
    text(folder / "EXPR_Classification_Challenge" / "my clip.txt", EXPR_HEADER, *PREDICTED)
    text(folder / "VA_Estimation_Challenge" / "my clip.txt", VA_HEADER, *(f"{k / 10},{-k / 10}" for k in range(6)))
    return folder


def test_expressions_are_scored_by_hand(scorer: Scorer, predictions: Path, tmp_path: Path) -> None:
    labels = text(tmp_path / "of whatever name.txt", EXPR_HEADER, "4", "4", "0", "0", "-1", "1")
    task, report = scorer.score_clip(predictions, labels, CLIP_TASKS)
    assert task.name == "abaw-expr"
    # of five labelled frames: happiness 2 right, 1 false alarm (4/5); neutral 1 right, 1 missed (2/3); anger 1; five are 0
    assert report.main == pytest.approx((4 / 5 + 2 / 3 + 1) / 8, abs=1e-12)
    assert (report.n_scored, report.n_excluded, report.interval) == (5, 1, None)


def test_valence_and_arousal_are_scored_by_hand(scorer: Scorer, predictions: Path, tmp_path: Path) -> None:
    labels = text(tmp_path / "va.csv", VA_HEADER, *(f"{k / 10},{k / 10}" for k in range(6)))
    task, report = scorer.score_clip(predictions, labels, CLIP_TASKS)
    assert task.name == "abaw-va"
    # valence is the same, CCC 1; arousal is its negative: cov -v, means m and -m, 2(-v) / (v + v + (2m)^2), v = 35/1200, m = 1/4
    v = 35 / 1200
    assert report.components["ccc_valence"] == pytest.approx(1, abs=1e-9)
    assert report.components["ccc_arousal"] == pytest.approx(-2 * v / (2 * v + 0.25), abs=1e-9)


def test_rows_with_keys_are_read_too(scorer: Scorer, predictions: Path, tmp_path: Path) -> None:
    rows = [f"another name/{frame:05d}.jpg,{label}" for frame, label in enumerate(PREDICTED, start=1)]
    keyed = text(tmp_path / "keyed.csv", f"image_location,{EXPR_HEADER}", *rows)
    _, report = scorer.score_clip(predictions, keyed, CLIP_TASKS)
    assert report.components["accuracy"] == 1


def keyed(*frames: int, video: str = "v") -> str:
    return "\n".join([f"image_location,{EXPR_HEADER}", *(f"{video}/{frame:05d}.jpg,0" for frame in frames), ""])


WRONG = {
    "another header": ("anger,joy\n1,2\n", r"first line of labels.txt is none of the headers .*: Neutral,Anger"),
    "empty": ("", "first line of labels.txt is none of the headers"),
    "binary": ("a\0b", "expected UTF-8 text, found binary data"),
    "too short": (f"{EXPR_HEADER}\n0\n0\n", "labels for 2 frames and the clip has 6; expected one line for each"),
    "too long": (f"{EXPR_HEADER}\n" + "0\n" * 7, "labels for 7 frames and the clip has 6"),
    "no lines": (f"{EXPR_HEADER}\n", "expected data lines below the header"),
    "a wrong class": (f"{EXPR_HEADER}\n" + "0\n" * 5 + "9\n", "line 7: expected a class id 0-7"),
    "no label": (f"{EXPR_HEADER}\n" + "-1\n" * 6, "expected at least one valid label"),
    "a frame left out": (keyed(1, 2, 3, 5, 6), r"no row for frame 4, 1 of 6 frames are missing; .* -1 where"),
    "the first left out": (keyed(2, 3, 4, 5, 6), "no row for frame 1, 1 of 6"),
    "a frame twice": (keyed(1, 2, 3, 3), "each key once"),
    "two clips": (keyed(1, 2) + "w/00001.jpg,0\n", "labels of 2 clips, v and w among them"),
    "nothing read of it": (f"{AU_HEADER}\n" + ",".join("0" * 12) + "\n", "does not read: ABAW action units"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_one_sentence(scorer: Scorer, predictions: Path, tmp_path: Path, name: str) -> None:
    written, sentence = WRONG[name]
    labels = tmp_path / "labels.txt"
    labels.write_text(written)
    with pytest.raises(LeaderboardError, match=sentence) as caught:
        scorer.score_clip(predictions, labels, CLIP_TASKS)
    assert "\n" not in str(caught.value)


def test_two_files_in_a_zip_are_refused(scorer: Scorer, predictions: Path, tmp_path: Path) -> None:
    (tmp_path / "two.zip").write_bytes(zipped({"a.txt": f"{EXPR_HEADER}\n0\n", "b.txt": f"{EXPR_HEADER}\n0\n"}))
    with pytest.raises(LeaderboardError, match=r"two\.zip holds 2 texts"):
        scorer.score_clip(predictions, tmp_path / "two.zip", CLIP_TASKS)


def test_a_frame_far_away_costs_no_memory(tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text(keyed(1, 2, 3_000_000))
    tracemalloc.start()
    with pytest.raises(ReferenceInvalid, match=r"no row for frame 3, 2999997 of 3000000 frames are missing"):
        read_clip_labels(labels, CLIP_TASKS)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()
