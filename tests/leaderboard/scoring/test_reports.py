"""Whole reports against tables worked out by hand, and against scikit-learn on the same rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import leaderboard
from leaderboard.errors import NotComparable
from leaderboard.reading.submission import read_submission
from leaderboard.scoring.reports import compare, item_interval, score
from leaderboard.scoring.uncertainty import Z95, wilson
from leaderboard.tasks import get_task
from leaderboard.types import Keys, Reference, ScoreReport, Submission
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


def test_a_comparison_is_the_same_whichever_is_named_first() -> None:
    """Of 60 such pairs of 383 clips, two had another verdict the other way round, and shares of draws differed by 0.056."""
    task, rng = get_task("vgaf"), np.random.default_rng(1)
    keys = Keys.items([f"clip{number:03d}" for number in range(60)])
    labels = rng.integers(0, 3, (60, 1))
    truth = Reference(task.name, keys, labels, np.ones((60, 1), bool), np.zeros(60, bool), "00000000")
    one, two = (Submission(task.name, keys, np.where(rng.random((60, 1)) < p, labels, 0)) for p in (0.6, 0.5))
    there, back = compare(task, one, two, truth), compare(task, two, one, truth)
    assert there.mirrored() == back
    assert back.mirrored() == there
    assert there.first == score(task, one, truth).main
    assert back.first == score(task, two, truth).main


@pytest.mark.parametrize(
    ("n_right", "interval"), [(10, (10 / (10 + Z95**2), 1.0)), (0, (0.0, Z95**2 / (10 + Z95**2)))]
)
def test_ten_clips_all_right_or_wrong_are_no_certainty(n_right: int, interval: tuple[float, float]) -> None:
    """By hand: Wilson's interval of n of n is n / (n + z^2) to 1."""
    labels = np.ones(10)
    report = leaderboard.score("vgaf", np.where(np.arange(10) < n_right, 1, 2), labels)
    assert report.interval == pytest.approx(interval, abs=1e-12)
    assert report.interval is not None
    assert report.interval[0] <= report.main <= report.interval[1]


def test_an_accuracy_over_clips_has_the_interval_of_a_published_one() -> None:
    """Newcombe (1998, Stat. Med. 17, table I, method 3): 81 of 263 is 0.2553 to 0.3662."""
    report = leaderboard.score("vgaf", np.where(np.arange(263) < 81, 1, 2), np.ones(263))
    assert report.interval == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert leaderboard.score("vgaf", np.ones(1), np.ones(1)).interval is None


def test_only_shares_of_whole_items_have_wilsons_interval() -> None:
    assert (
        item_interval(get_task("afew"), 0.5, 100)
        == item_interval(get_task("affectnet-8"), 0.5, 100)
        == wilson(0.5, 100)
    )
    frames = replace(get_task("afew"), key="frame")
    for task in (frames, get_task("abaw-lsd"), get_task("utkface")):
        assert item_interval(task, 0.5, 100) is None
