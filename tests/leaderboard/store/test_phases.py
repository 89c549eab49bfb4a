"""When a task takes submissions, by hand: its first and its last day are both open."""

from dataclasses import replace

import pytest

from leaderboard.schema import Task
from leaderboard.store.phases import PhaseClosed, phase, refuse_closed, refuse_frozen
from leaderboard.tasks import TASKS

MARCH = replace(TASKS["sandbox-afew"], name="smiles", opens="2026-03-01", closes="2026-03-31")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2025-12-31", "not yet open"),
        ("2026-02-28", "not yet open"),
        ("2026-03-01", "open"),
        ("2026-03-31", "open"),
        ("2026-04-01", "frozen"),
        ("2027-01-01", "frozen"),
    ],
)
def test_the_first_and_the_last_day_are_open(day: str, expected: str) -> None:
    assert phase(MARCH, day) == expected


@pytest.mark.parametrize(
    ("task", "early", "late"),
    [
        (replace(MARCH, opens=""), "open", "frozen"),
        (replace(MARCH, closes=""), "not yet open", "open"),
        (replace(MARCH, opens="", closes=""), "open", "open"),
    ],
)
def test_a_day_that_is_not_given_bounds_nothing(task: Task, early: str, late: str) -> None:
    assert (phase(task, "0001-01-01"), phase(task, "9999-12-31")) == (early, late)


def test_a_closed_task_says_since_when_or_from_when() -> None:
    with pytest.raises(PhaseClosed, match=r"^smiles takes submissions from 2026-03-01 \(UTC\) on$"):
        refuse_closed(MARCH, "2026-02-28")
    refuse_closed(MARCH, "2026-03-31")
    with pytest.raises(
        PhaseClosed, match=r"^smiles took submissions until 2026-03-31 \(UTC\); its table is frozen$"
    ):
        refuse_closed(MARCH, "2026-04-01")


def test_what_was_submitted_may_be_taken_back_until_the_table_is_frozen() -> None:
    for day in ("2026-02-28", "2026-03-31"):
        refuse_frozen(MARCH, day)
    with pytest.raises(PhaseClosed, match=r"^smiles closed on 2026-03-31 \(UTC\); its table is frozen$"):
        refuse_frozen(MARCH, "2026-04-01")
