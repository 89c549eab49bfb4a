"""What is shown where labels are hidden: few digits, and nothing that could be counted back."""

import math
from dataclasses import replace

import pytest

from leaderboard.scoring.reports import score, signature_of
from leaderboard.standings.shown import public_report, rounded, shown_comparison, shown_report
from leaderboard.store.entries import StoredScore
from leaderboard.tasks import TASKS, get_task
from leaderboard.types import Comparison, ScoreReport
from tests.leaderboard.writing import synthetic


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


def report() -> ScoreReport:
    return ScoreReport(
        "afew", 0.123456, {"f1_macro": 0.5, "recall_happy": 0.25}, (0.11111, 0.22222), 50, 10, "sig", 0.045678,
        {"accuracy_mean_of_classes": 0.2}, ({"name": "happy", "n": 3},), ({"video": "a"},), {"labels": ["a"], "counts": [[1]]},
        ("a note",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "digits", "expected"), [(0.12345, 3, 0.123), (-0.00004, 4, 0.0), (7.5, 0, 8.0), (2.675, 2, 2.67)]
)
def test_rounding_leaves_no_minus_zero(value: float, digits: int, expected: float) -> None:
    found = rounded(value, digits)
    assert (found, math.copysign(1, found)) == (expected, 1)


def test_of_single_items_nothing_is_shown_that_counts_them() -> None:
    """Recall per class of 60 clips would be seven exact counts; N is what had to be there, whoever carries a label."""
    public = public_report(replace(TASKS["afew"], parts=("f1_macro",)), report())
    assert (public.main, public.interval) == (0.1235, (0.1111, 0.2222))
    assert (public.components, public.variants, public.std_error) == ({"f1_macro": 0.5}, {}, None)
    assert (public.n_scored, public.n_excluded) == (60, None)
    assert public.notes == ("a note",)


def test_of_frames_parts_and_variants_are_shown_rounded() -> None:
    public = public_report(TASKS["abaw-expr"], replace(report(), components={"f1_fear": 0.33333}))
    assert (public.components, public.std_error) == ({"f1_fear": 0.3333}, 0.0457)
    assert public.variants == {"accuracy_mean_of_classes": 0.2}


def stored() -> StoredScore:
    return StoredScore("sig", 0.9, report().to_dict(), "2026-01-01")


def test_labels_that_are_not_hidden_leave_the_report_whole() -> None:
    assert shown_report(TASKS["utkface"], stored()) == report()


def test_under_the_ladder_rule_nothing_gives_the_exact_score_away() -> None:
    ladder = shown_report(replace(TASKS["abaw-expr"], ladder=True), stored())
    assert ladder.main == 0.9
    assert (ladder.components, ladder.interval, ladder.std_error, ladder.variants) == ({}, None, None, {})
    assert (ladder.per_class, ladder.per_video, ladder.confusion, ladder.notes) == ((), (), None, ())


def test_a_comparison_is_shown_with_the_digits_of_its_task() -> None:
    result = Comparison("t", 0.123456, 0.1, 0.023456, (-0.000041, 0.0512345), 0.87654, 1000, 57, "sig")
    shown = shown_comparison(replace(TASKS["afew"], precision=3), result, 60)
    assert (shown.first, shown.second, shown.difference, shown.interval) == (0.123, 0.1, 0.023, (0.0, 0.051))
    assert (shown.n_groups, shown.p_first_better) == (60, 0.87654)
    assert shown_comparison(TASKS["utkface"], result, 60) is result


def test_a_score_kept_by_an_earlier_version_gets_todays_interval() -> None:
    """Ten clips, all right: the draws of earlier versions had no spread, and re-scoring confirms a score without touching it."""
    kept = replace(report(), main=1.0, interval=(1.0, 1.0), n_scored=10, n_excluded=2).to_dict()
    shown = shown_report(TASKS["afew"], StoredScore("sig", 1.0, kept, "2026-01-01"))
    assert shown.interval == (0.7225, 1.0)
    assert shown_report(TASKS["abaw-lsd"], StoredScore("sig", 1.0, kept, "2026-01-01")).interval == (1.0, 1.0)
    alone = {**kept, "interval": None}
    assert shown_report(TASKS["afew"], StoredScore("sig", 1.0, alone, "2026-01-01")).interval is None
