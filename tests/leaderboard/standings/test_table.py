"""The table: what is ranked with what, what sorts where, and how it leaves the house."""

from dataclasses import replace
from pathlib import Path

import pytest

from leaderboard.errors import LeaderboardError
from leaderboard.page.history import history
from leaderboard.page.table import board_table
from leaderboard.scoring.uncertainty import wilson
from leaderboard.standings.export import rank_text
from leaderboard.standings.publications import published
from leaderboard.standings.table import Row, chosen_rows, group_name, groups, standings
from leaderboard.store.entries import SELF_REPORTED, Entry, StoredScore
from leaderboard.tasks import TASKS
from tests.leaderboard.rows_by_hand import SIGNATURE, entry, paper

EXPR, AFEW, FACES = TASKS["abaw-expr"], TASKS["afew"], TASKS["utkface"]


def summary(rows: list[Row]) -> list[tuple[str, float | None, str]]:
    return [(row.system, row.main, rank_text(row.rank)) for row in rows]


def test_published_and_rescored_rows_share_one_ranking() -> None:
    rows = standings(AFEW, [paper(0.7, "a"), paper(0.4, "b")], [entry(0.55)], SIGNATURE)
    assert summary(rows) == [("a", 0.7, "1–2"), ("net", 0.55, "1–3"), ("b", 0.4, "2–3")], (
        "no N: as uncertain as net"
    )


def test_overlapping_intervals_share_a_range() -> None:
    """Wilson's interval of 55 of 100, 0.452 to 0.644, overlaps 0.6 and not 0.7."""
    rows = standings(AFEW, [paper(0.7, "a", n=10_000), paper(0.6, "b", n=10_000)], [entry(0.55)], SIGNATURE)
    assert summary(rows) == [("a", 0.7, "1"), ("b", 0.6, "2–3"), ("net", 0.55, "2–3")]


def test_zero_is_a_score_and_a_missing_one_sorts_last() -> None:
    """codabench #1284 and #2337: n/a rows above 100 %, and 0 shown as n/a."""
    rows = standings(AFEW, [paper(None, "none", note="rank known"), paper(0.0, "zero")], [], SIGNATURE)
    assert summary(rows) == [("zero", 0.0, "1"), ("none", None, "–")]
    assert ">0.0000</td>" in board_table(rows, AFEW)


def test_subsets_and_test_editions_are_ranked_apart_validation_editions_together() -> None:
    rows = standings(
        AFEW,
        [
            paper(0.6, "faces", subset="faces-only"),
            paper(0.5, "all"),
            paper(0.3, "test3", split="test", edition="ABAW3"),
            paper(0.2, "test5", split="test", edition="ABAW5"),
            paper(0.4, "val7", edition="ABAW7"),
        ],
        [],
        SIGNATURE,
    )
    assert [(row.system, rank_text(row.rank)) for row in rows] == [
        ("all", "1–2"), ("val7", "1–2"), ("test5", "1"), ("test3", "1"), ("faces", "1"),
    ]  # fmt: skip
    assert groups(rows) == [
        "val · complete", "test · ABAW5 · complete", "test · ABAW3 · complete", "val · faces-only",
    ]  # fmt: skip
    assert group_name("test", "", "complete") == "test · complete"


def test_years_of_error_rank_upwards() -> None:
    rows = standings(
        FACES, [replace(paper(value, str(value)), split="all") for value in (8.5, 5.7, 7.3)], [], None
    )
    assert summary(rows) == [("5.7", 5.7, "1–3"), ("7.3", 7.3, "1–3"), ("8.5", 8.5, "1–3")], "no spread is known"


def test_a_published_accuracy_with_n_gets_its_interval() -> None:
    (row,) = standings(AFEW, [paper(0.5, n=383)], [], SIGNATURE)
    assert row.interval == wilson(0.5, 383)
    (row,) = standings(EXPR, [paper(0.5, n=383)], [], SIGNATURE)
    assert row.interval is None, "an F1 over frames is no share of independent items"


def test_one_row_per_submitter_and_system() -> None:
    entries = [entry(0.4), entry(0.6), entry(0.5), entry(0.3, system="other"), entry(0.2, user="bob")]
    rows = standings(AFEW, [], entries, SIGNATURE)
    assert [(row.user, row.system, row.main) for row in rows] == [
        ("ada", "net", 0.6), ("ada", "other", 0.3), ("bob", "net", 0.2),
    ]  # fmt: skip


def test_an_older_signature_is_listed_only_until_there_is_a_current_one() -> None:
    old = entry(0.9, signature="afew|val|ref:0|n:10|accuracy|v0.9")
    assert summary(standings(AFEW, [], [old], SIGNATURE)) == [("net", 0.9, "–")]
    assert summary(standings(AFEW, [], [old, entry(0.5)], SIGNATURE)) == [("net", 0.5, "1")]


def test_a_claim_has_no_rank_and_takes_none_away() -> None:
    claim = Entry(
        "afew", "bob", "claim", SELF_REPORTED, (StoredScore("self-reported", 0.99, {"split": "val"}, "t"),)
    )
    rows = standings(AFEW, [paper(0.5)], [claim], SIGNATURE)
    assert {(row.system, rank_text(row.rank)) for row in rows} == {("theirs", "1"), ("claim", "–")}


def test_choosing_a_group() -> None:
    rows = standings(AFEW, published("afew"), [], None)
    assert {row.subset for row in chosen_rows(rows, "val · faces-only")} == {"faces-only"}
    assert chosen_rows(rows, None) == rows
    with pytest.raises(LeaderboardError, match="no group is called 'x'; the groups are val · complete"):
        chosen_rows(rows, "x")


@pytest.mark.parametrize("name", list(TASKS))
def test_every_task_has_a_table_and_a_figure(name: str) -> None:
    task = TASKS[name]
    rows = standings(task, published(name), [], None)
    assert len(rows) == len(published(name))
    assert board_table(rows, task).count("<tr") == (len(rows) + 1 if rows else 0)
    for group in groups(rows) or [""]:
        chosen = chosen_rows(rows, group)
        figure = history(chosen, task)
        drawn = sum(len(trace.x) for trace in figure.data if trace.name != "record")
        assert drawn == sum(row.year is not None and row.rank is not None for row in chosen)


def test_the_official_rank_and_the_spread_stand_in_the_note() -> None:
    (row,) = standings(AFEW, [paper(None, challenge_rank=3, note="score not found")], [], None)
    assert row.note == "official rank 3; score not found"
    (row,) = standings(AFEW, [paper(0.9, spread=0.0419)], [], None)
    assert row.note == "standard deviation 0.0419"


def test_femos_own_figures_are_self_reported_and_take_no_rank_away() -> None:
    rows = standings(TASKS["utkface"], published("utkface"), (), None, "ethnicity_accuracy")
    own = next(row for row in rows if row.system.startswith("femo-base"))
    assert (own.badge, own.rank, own.n) == ("self-reported", None, 1415)
    card = (Path(__file__).resolve().parents[3] / "models/femo-base/README.md").read_text(encoding="utf-8")
    told = {
        "age, mean absolute error in years": f"{own.main:.2f}",
        "gender, accuracy": f"{own.parts['gender_accuracy']:.1%}",
        "ethnicity, accuracy over 5 classes": f"{own.parts['ethnicity_accuracy']:.1%}",
    }
    for name, figure in told.items():
        assert f"| {name} | UTKFace, kept out of training | {figure} (" in card
    assert own.caveat == "measured by femo's developers and not checked by others, so not ranked"
    ranked = [row for row in rows if row.group == own.group and row.rank is not None]
    assert next(row for row in ranked if row.rank[0] == 1).parts["ethnicity_accuracy"] == 0.877


def test_a_perfect_score_of_few_clips_shares_the_ranks_that_it_may_not_hold() -> None:
    """Wilson's intervals of 10 of 10 and of 7 of 10 overlap; a bootstrap of 10 equal clips had no width."""
    kept = [entry(1.0, n=10), entry(0.7, system="other", n=10)]
    rows = standings(AFEW, [], [replace(one, scores=(spanless(one.scores[0]),)) for one in kept], SIGNATURE)
    assert summary(rows) == [("net", 1.0, "1–2"), ("other", 0.7, "1–2")]
    assert {row.interval_source for row in rows} == {"Wilson interval from the accuracy and N"}
    assert rows[0].interval == (0.7225, 1.0)


def spanless(score: StoredScore) -> StoredScore:
    return replace(score, report={**score.report, "interval": [score.shown, score.shown]})


def claim(main: float, split: str) -> Entry:
    score = StoredScore("self-reported", main, {"split": split}, "t")
    return Entry("afew", "bob", "claim", SELF_REPORTED, (score,))


def test_of_one_system_each_split_that_is_reported_is_listed() -> None:
    rows = standings(AFEW, [], [claim(0.7, "test"), claim(0.65, "val"), claim(0.6, "val")], SIGNATURE)
    assert {(row.main, row.group) for row in rows} == {(0.7, "test · as reported"), (0.65, "val · as reported")}


def test_without_labels_nobody_says_that_scores_are_outdated() -> None:
    (row,) = standings(AFEW, [], [entry(0.5)], None)
    assert (row.rank, row.main) == (None, 0.5)
    assert row.caveat == (
        "no labels of the task can be read here to tell which scores this one compares with, so not ranked"
    )
    (old,) = standings(AFEW, [], [entry(0.5)], "afew|val|ref:1|n:10|accuracy|v1.0")
    assert old.caveat.startswith("scored with an older metric version or other labels")
