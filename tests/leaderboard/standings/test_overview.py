"""The board at a glance: which rows come first, and whose score is the best of them."""

from leaderboard.standings.overview import best_of, first_group
from leaderboard.standings.publications import published
from leaderboard.standings.table import standings
from leaderboard.tasks import TASKS

VA = TASKS["abaw-va"]


def test_the_newest_test_edition_comes_first_where_nothing_is_scored() -> None:
    rows = standings(VA, published(VA.name), [], None)
    assert first_group(rows, scored_here=False) == "test · ABAW10 · complete"
    assert first_group(rows, scored_here=True) == "val · complete", "where a submission would stand"
    best = best_of(VA, rows, scored_here=False)
    assert best.row is not None
    assert (best.row.team, best.row.main, best.n_systems) == ("RAS", 0.62, 4)


def test_an_edition_without_a_score_is_passed_over() -> None:
    task = TASKS["abaw-expr"]
    rows = [row for row in standings(task, published(task.name), [], None) if row.edition == "ABAW8"]
    tested = [row for row in rows if row.split == "test"]
    assert [row.main for row in tested] == [None]
    assert first_group(tested, scored_here=False) == tested[0].group
    assert best_of(task, tested, scored_here=False).row is None


def test_a_task_without_rows_has_no_best() -> None:
    assert first_group([], scored_here=False) is None
    assert best_of(VA, [], scored_here=False).row is None
