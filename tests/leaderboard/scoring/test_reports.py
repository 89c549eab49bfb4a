"""Whole reports against tables worked out by hand, and against scikit-learn on the same rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import f1_score

from leaderboard.errors import NotComparable
from leaderboard.reading.submission import read_submission
from leaderboard.scoring.families import tally
from leaderboard.scoring.reports import compare, score, signature_of
from leaderboard.scoring.tally import Pairs
from leaderboard.standings.shown import public_report
from leaderboard.tasks import get_task
from leaderboard.types import Keys, Reference, ScoreReport, Submission
from tests.leaderboard.writing import AU_HEADER, EXPR_HEADER, VA_HEADER, reference, score_files, text, videos


def synthetic(task: str, sizes: list[int], seed: int = 0) -> tuple[Reference, Submission]:
    """Random labels and predictions with videos of the given sizes, some labels invalid."""
    rng = np.random.default_rng(seed)
    row = get_task(task)
    n_rows = sum(sizes)
    group = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    frame = np.concatenate([np.arange(1, size + 1) for size in sizes]).astype(np.int32)
    keys = Keys(tuple(f"video{i:02d}" for i in range(len(sizes))), group, frame)

    def draw() -> np.ndarray:
        columns = [
            rng.uniform(-1, 1, n_rows)
            if column.kind == "real"
            else rng.integers(int(column.high) + 1, size=n_rows)
            for column in row.columns
        ]
        return np.stack(columns, axis=1).astype(np.float64)

    labels, values = draw(), draw()
    keep = rng.random(labels.shape) < 0.5
    values[keep] = labels[keep]
    valid = rng.random(labels.shape) < 0.9
    return Reference(task, keys, labels, valid, np.zeros(n_rows, bool), "00000000"), Submission(task, keys, values)


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


def test_accuracy_interval_is_that_of_a_binomial(tmp_path: Path) -> None:
    n, correct = 200, 150
    labels = text(tmp_path / "ref.csv", "clip,emotion", *(f"{i:03d},happy" for i in range(n)))
    words = ["happy"] * correct + ["sad"] * (n - correct)
    guesses = text(tmp_path / "sub.csv", "clip,emotion", *(f"{i:03d},{word}" for i, word in enumerate(words)))
    report = score_files("afew", labels, guesses, n_draws=20_000)
    assert report.main == 0.75
    assert report.interval == pytest.approx(binom.ppf([0.025, 0.975], n, 0.75) / n, abs=0.0051)
    assert report.std_error == pytest.approx(np.sqrt(0.75 * 0.25 / n), rel=0.02)
    assert report.per_video == ()  # a clip is one item; a table of clips would be the labels


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


def test_drawing_videos_gives_a_wider_interval_than_frames_would() -> None:
    """Two good videos and two bad ones: what is uncertain is which videos one happened to film."""
    keys = Keys(
        tuple("abcd"),
        np.repeat(np.arange(4), 500).astype(np.int32),
        np.tile(np.arange(1, 501), 4).astype(np.int32),
    )
    labels = np.tile(np.arange(2000) % 8, (1, 1)).T
    values = np.where(keys.group[:, None] < 2, labels, (labels + 1) % 8)
    truth = Reference("abaw-expr", keys, labels, np.ones(labels.shape, bool), np.zeros(2000, bool), "0" * 8)
    report = score(get_task("abaw-expr"), Submission("abaw-expr", keys, values), truth)
    assert report.interval == pytest.approx((0.0, 1.0), abs=0.01)
    assert report.main == pytest.approx(0.5)


def test_the_same_draws_every_time() -> None:
    truth, guess = synthetic("abaw-expr", [30, 40, 50])
    first, second = (score(get_task("abaw-expr"), guess, truth) for _ in range(2))
    assert first == second
    assert first.interval is not None
    assert first.interval[0] < first.main < first.interval[1]


def test_compare_pairs_the_draws() -> None:
    task = get_task("abaw-expr")
    truth, guess = synthetic("abaw-expr", [60] * 12)
    better = Submission(task.name, guess.keys, guess.values.copy())
    better.values[::5] = truth.labels[::5]
    result = compare(task, better, guess, truth)
    assert result.difference == pytest.approx(score(task, better, truth).main - score(task, guess, truth).main)
    assert result.interval[0] > 0  # every video improves a little, far less than videos differ
    assert result.p_first_better == 1.0
    assert compare(task, guess, better, truth).p_first_better == 0.0
    same = compare(task, guess, guess, truth)
    assert (same.difference, same.p_first_better, same.interval) == (0.0, 0.5, (0.0, 0.0))
    assert result.n_groups == 12


def test_compare_knows_that_fewer_years_are_better(tmp_path: Path) -> None:
    labels = text(tmp_path / "names.txt", *(f"{age}_0_0_2017{age}.jpg" for age in range(20, 60)))
    head = "image,age,gender,ethnicity"
    near, far = (
        text(tmp_path / f"{off}.csv", head, *(f"{age}_0_0_2017{age}.jpg,{age + off},0,0" for age in range(20, 60)))
        for off in (1, 9)
    )
    task, truth = get_task("utkface"), reference("utkface", labels)
    result = compare(task, read_submission(task, near, truth), read_submission(task, far, truth), truth)
    assert (result.first, result.second, result.p_first_better) == (1.0, 9.0, 1.0)


def test_compare_needs_two_videos() -> None:
    truth, guess = synthetic("abaw-expr", [20])
    with pytest.raises(NotComparable, match="at least two"):
        compare(get_task("abaw-expr"), guess, guess, truth)


def test_a_public_report_is_rounded_and_holds_no_tables() -> None:
    truth, guess = synthetic("abaw-expr", [30, 40, 50])
    report = score(get_task("abaw-expr"), guess, truth)
    public = public_report(replace(get_task("abaw-expr"), precision=2), report)
    assert (public.main, public.confusion, public.per_video, public.per_class) == (
        round(report.main, 2),
        None,
        (),
        (),
    )
    assert all(value == round(value, 2) for value in public.components.values())
    assert public.signature == report.signature == signature_of(get_task("abaw-expr"), truth)


def test_a_report_survives_json() -> None:
    import json

    truth, guess = synthetic("abaw-mtl", [30, 40])
    report = score(get_task("abaw-mtl"), guess, truth)
    assert ScoreReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report


def test_misaligned_rows_are_a_mistake_of_the_caller() -> None:
    truth, _ = synthetic("abaw-expr", [30, 40])
    _, other = synthetic("abaw-expr", [30, 41])
    with pytest.raises(ValueError, match="not aligned"):
        score(get_task("abaw-expr"), other, truth)
