"""Each family's scores against tables worked out by hand, against scikit-learn, and from sums as from rows."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from leaderboard.scoring.families import tally
from leaderboard.scoring.reports import score
from leaderboard.scoring.tally import Pairs
from leaderboard.tasks import get_task
from tests.leaderboard.writing import (
    AU_HEADER,
    EXPR_HEADER,
    VA_HEADER,
    reference,
    score_files,
    synthetic,
    text,
    videos,
)


def test_expression_by_hand(tmp_path: Path) -> None:
    labels = videos(tmp_path / "ref", EXPR_HEADER, {"a": ["0", "0", "1", "-1"], "b": ["1", "2"]})
    guesses = videos(tmp_path / "sub", EXPR_HEADER, {"a": ["0", "1", "1", "7"], "b": ["1", "0"]})
    report = score_files("abaw-expr", labels, guesses)
    # over five valid frames: F1 neutral 1/2, anger 4/5, disgust 0, five absent classes 0
    assert report.main == pytest.approx(1.3 / 8)
    assert report.components["accuracy"] == pytest.approx(3 / 5)
    assert report.components["f1_anger"] == pytest.approx(0.8)
    assert report.variants == pytest.approx({"f1_macro_fixed8": 1.3 / 8, "f1_macro_present_classes": 1.3 / 3})
    assert (report.n_scored, report.n_excluded) == (5, 1)
    digest = reference("abaw-expr", labels).digest
    assert report.signature == f"abaw-expr|val|ref:{digest}|n:6|f1-macro-fixed8|v1.0"
    assert report.confusion is not None
    assert report.confusion["counts"][0][:3] == [1, 1, 0]
    assert [(row["video"], row["n"]) for row in report.per_video] == [("a", 3), ("b", 2)]
    assert report.per_video[0]["accuracy"] == pytest.approx(2 / 3)


def test_valence_arousal_by_hand(tmp_path: Path) -> None:
    labels = videos(tmp_path / "ref", VA_HEADER, {"a": ["0.1,0", "0.2,0.5"], "b": ["0.3,-5", "-5,-5"]})
    guesses = videos(tmp_path / "sub", VA_HEADER, {"a": ["0.1,0.5", "0.2,1"], "b": ["0.4,-1", "1,1"]})
    report = score_files("abaw-va", labels, guesses)
    # valence: the (1,2,3) and (1,2,4) of test_metrics divided by ten: 6/7.
    # arousal: variances 1/16, covariance 1/16, means 1/2 apart: (1/8) / (1/8 + 1/4) = 1/3
    assert report.components == pytest.approx({"ccc_valence": 6 / 7, "ccc_arousal": 1 / 3})
    assert report.main == pytest.approx((6 / 7 + 1 / 3) / 2)
    assert (report.n_scored, report.n_excluded) == (3, 1)
    # under the row mask frame b/1 goes too, and valence of a alone is exact
    rowwise = score_files("abaw-va", labels, guesses, mask="row")
    assert rowwise.components["ccc_valence"] == pytest.approx(1.0)
    assert rowwise.signature.split("|")[3:5] == ["n:4", "ccc-pooled-mean-rowmask"]
    assert report.variants["ccc_row_masked"] == pytest.approx(rowwise.main)
    assert rowwise.variants["ccc_cell_masked"] == pytest.approx(report.main)


def test_action_units_drop_cells_not_rows(tmp_path: Path) -> None:
    ones, zeros = ",1" * 11, ",0" * 11
    labels = videos(tmp_path / "ref", AU_HEADER, {"a": [f"1{ones}", f"0{ones}", f"-1{ones}"]})
    guesses = videos(tmp_path / "sub", AU_HEADER, {"a": [f"1{ones}", f"1{ones}", f"1{zeros}"]})
    report = score_files("abaw-au", labels, guesses)
    # AU1 counts two rows: TP 1, FP 1 -> 2/3. The other eleven count three: TP 2, FN 1 -> 4/5
    assert report.components["f1_AU1"] == pytest.approx(2 / 3)
    assert report.components["f1_AU2"] == pytest.approx(0.8)
    assert report.main == pytest.approx((2 / 3 + 11 * 0.8) / 12)
    assert report.variants["f1_positive_row_masked"] == pytest.approx((2 / 3 + 11) / 12)
    assert score_files("abaw-au", labels, guesses, mask="row").main == pytest.approx((2 / 3 + 11) / 12)
    assert report.interval is None  # one video: nothing to draw


def test_action_units_that_never_occur_score_zero(tmp_path: Path) -> None:
    labels = videos(tmp_path / "ref", AU_HEADER, {"a": [",".join("0" * 12), "1" + ",0" * 11]})
    report = score_files("abaw-au", labels, labels)
    assert report.main == pytest.approx(1 / 12)
    assert report.variants["f1_positive_empty_is_1"] == 1.0


def test_multi_task_is_the_sum_of_its_parts(tmp_path: Path) -> None:
    units = ",".join("1" * 12)
    head = "image,valence,arousal,expression," + AU_HEADER
    labels = text(
        tmp_path / "ref.txt", head,
        f"a/00001.jpg,0.1,0.0,0,{units}", f"a/00002.jpg,0.2,0.5,1,{','.join(['-1'] * 12)}",
        f"b/00001.jpg,0.3,-5,-1,{units}", f"b/00002.jpg,-5,-5,1,{units}",
    )  # fmt: skip
    guesses = text(
        tmp_path / "sub.txt", "image,valence,arousal,expression,aus",
        f"a/00001.jpg,0.1,0.5,0,{units}", f"a/00002.jpg,0.2,1,1,{units}",
        f"b/00001.jpg,0.4,-1,3,{units}", f"b/00002.jpg,1,1,1,{',0' * 12}"[: -2 * 12] + ",".join("0" * 12),
    )  # fmt: skip
    report = score_files("abaw-mtl", labels, guesses)
    # the valence and arousal of the test above; expression: two classes of eight perfect; AU: TP 2, FN 1 each
    assert report.components == pytest.approx({"p_va": (6 / 7 + 1 / 3) / 2, "p_expr": 2 / 8, "p_au": 0.8})
    assert report.main == pytest.approx(sum(report.components.values()))
    assert (report.n_scored, report.n_excluded) == (4, 0)
    assert {row["name"] for row in report.per_class} >= {"valence", "neutral", "AU26"}


def test_faces_by_hand(tmp_path: Path) -> None:
    names = ("20_0_0_20170101.jpg", "30_1_3_20170102.jpg", "40_1_4_20170103.jpg", "61_1_20170104.jpg")
    labels = text(tmp_path / "names.txt", *names)
    guesses = text(
        tmp_path / "sub.csv", "image,age,gender,ethnicity",
        f"{names[0]},25,male,white", f"{names[1]},30.0,0,indian", f"{names[2]},46,1,0",
    )  # fmt: skip
    report = score_files("utkface", labels, guesses)  # the fourth name lacks a field: no label, may be left out
    expected = {"age_mae": 11 / 3, "age_cs5": 2 / 3, "gender_accuracy": 2 / 3, "ethnicity_accuracy": 2 / 3}
    assert report.components == pytest.approx(expected)
    assert report.main == pytest.approx(11 / 3)
    assert (report.n_scored, report.n_excluded) == (3, 1)


@pytest.mark.parametrize("task", ["abaw-expr", "abaw-au", "abaw-va", "abaw-mtl"])
def test_sums_per_video_score_any_draw_as_its_frames_do(task: str) -> None:
    """The bootstrap's shortcut against drawing the frames themselves."""
    truth, guess = synthetic(task, [30, 1, 50, 20, 44])
    row = get_task(task)
    pairs = Pairs(truth.labels, guess.values, truth.valid, truth.keys.group, 5)
    result = tally(row, pairs)
    for weights in ([1, 1, 1, 1, 1], [0, 2, 1, 2, 0], [3, 0, 0, 1, 1]):
        rows = np.concatenate(
            [np.flatnonzero(truth.keys.group == g) for g, w in enumerate(weights) for _ in range(w)]
        )
        drawn = Pairs(truth.labels[rows], guess.values[rows], truth.valid[rows], np.zeros(len(rows), np.int32), 1)
        by_sums = float(result.measure(np.array(weights, float) @ result.stats))
        assert by_sums == pytest.approx(tally(row, drawn).main, abs=1e-9)


def test_expression_report_agrees_with_scikit_learn() -> None:
    truth, guess = synthetic("abaw-expr", [300, 200, 100])
    rows = truth.valid[:, 0]
    expected = f1_score(
        truth.labels[rows, 0], guess.values[rows, 0], average="macro", labels=range(8), zero_division=0
    )
    assert score(get_task("abaw-expr"), guess, truth).main == pytest.approx(expected, abs=1e-12)


def test_action_unit_report_agrees_with_scikit_learn() -> None:
    truth, guess = synthetic("abaw-au", [300, 200, 100])
    expected = [
        f1_score(truth.labels[rows, unit], guess.values[rows, unit]) for unit, rows in enumerate(truth.valid.T)
    ]
    assert score(get_task("abaw-au"), guess, truth).main == pytest.approx(np.mean(expected), abs=1e-12)
