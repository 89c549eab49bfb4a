"""Whole reports against tables worked out by hand, and against scikit-learn on the same rows."""

from pathlib import Path

import pytest

from leaderboard.errors import NotComparable
from leaderboard.reading.submission import read_submission
from leaderboard.scoring.reports import compare, score
from leaderboard.tasks import get_task
from leaderboard.types import ScoreReport, Submission
from tests.leaderboard.writing import reference, synthetic, text


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
