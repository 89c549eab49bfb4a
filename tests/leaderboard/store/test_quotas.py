"""Counts by login, task and UTC day, on rows that are written here by hand."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from leaderboard.store.connection import Database
from leaderboard.store.entries import RESCORED, AlreadySubmitted, Entry, QuotaReached
from leaderboard.store.quotas import (
    Quota,
    count_entries,
    find_comparison,
    refuse_beyond,
    refuse_comparison,
    refuse_twice,
)
from leaderboard.types import Comparison


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with Database(tmp_path).reading() as connection:
        yield connection


def add(db: sqlite3.Connection, number: int, created: str, **columns: str | int) -> None:
    row = {
        "id": f"{number:032d}", "task": "afew", "user": "ada", "system": f"net {number}", "team": "", "links": "[]",
        "note": "", "badge": RESCORED, "created": f"{created}T12:00:00+00:00", "sha256": f"sha {number}",
        "content": f"content {number}", "file_name": "p.csv", **columns,
    }  # fmt: skip
    marks = ", ".join("?" * len(row))
    db.execute(f"INSERT INTO entries ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def test_entries_are_counted_by_task_user_and_day(db: sqlite3.Connection) -> None:
    add(db, 1, "2026-03-01")
    add(db, 2, "2026-03-02", withdrawn="2026-03-03")
    add(db, 3, "2026-03-02", private=1)
    add(db, 4, "2026-03-02", removed="2026-03-03")
    add(db, 5, "2026-03-02", user="bob")
    add(db, 6, "2026-03-02", task="vgaf")
    assert count_entries(db, "afew", "ada") == 4
    assert count_entries(db, "afew", "ada", "2026-03-02") == 3
    assert count_entries(db, "afew", "ada", "2026-03-04") == 0
    assert count_entries(db, "afew", "Ada") == 0


def test_the_day_is_used_up_before_the_whole(db: sqlite3.Connection) -> None:
    add(db, 1, "2026-03-01")
    add(db, 2, "2026-03-02")
    refuse_beyond(db, "afew", "ada", "2026-03-02", Quota(2, 3))
    with pytest.raises(
        QuotaReached, match=r"^ada has used 1 of 1 submissions to afew today \(UTC\), try again tomorrow$"
    ):
        refuse_beyond(db, "afew", "ada", "2026-03-02", Quota(1, 2))
    with pytest.raises(QuotaReached, match=r"^ada has used 2 of 2 submissions to afew altogether$"):
        refuse_beyond(db, "afew", "ada", "2026-03-03", Quota(1, 2))
    refuse_beyond(db, "afew", "bob", "2026-03-02", Quota(1, 1))


def test_predictions_and_files_are_known_again_until_they_are_withdrawn(db: sqlite3.Connection) -> None:
    add(db, 1, "2026-03-01")
    fresh = Entry("afew", "ada", "again", RESCORED, (), sha256="sha 9", content="content 9")
    refuse_twice(db, fresh)
    with pytest.raises(
        AlreadySubmitted, match=r"^this very file is on the board already, as 'net 1' of 2026-03-01; "
    ):
        refuse_twice(db, replace(fresh, sha256="sha 1"))
    with pytest.raises(AlreadySubmitted, match=r"^these predictions are on the board already, as 'net 1'"):
        refuse_twice(db, replace(fresh, content="content 1"))
    for other in ({"user": "bob"}, {"task": "vgaf"}):
        refuse_twice(db, replace(fresh, sha256="sha 1", **other))
    db.execute("UPDATE entries SET withdrawn = '2026-03-02'")
    refuse_twice(db, replace(fresh, sha256="sha 1"))


def test_what_has_no_file_is_never_the_same(db: sqlite3.Connection) -> None:
    add(db, 1, "2026-03-01")
    db.execute("UPDATE entries SET sha256 = NULL, content = NULL")
    refuse_twice(db, Entry("afew", "ada", "claim", "self-reported", ()))


def answer(first: float) -> str:
    result = Comparison("afew", first, 0.5, first - 0.5, (first - 0.75, 0.25), 0.125, 1000, 60, "v1")
    return json.dumps(result.to_dict())


def keep(db: sqlite3.Connection, day: str, pair: tuple[str, str], said: str) -> None:
    db.execute("INSERT INTO comparisons VALUES (?, ?, ?, ?, ?, ?, ?)", ("afew", "ada", day, *pair, "v1", said))


def test_comparisons_are_found_by_pair_and_signature_and_counted_by_day(db: sqlite3.Connection) -> None:
    for number, day in ((1, "2026-03-01"), (2, "2026-03-02"), (3, "2026-03-02")):
        keep(db, day, ("a", f"b{number}"), answer(number / 100))
    assert find_comparison(db, "a", "b2", "v1") == answer(0.02)
    assert find_comparison(db, "a", "b2", "v2") is None
    assert find_comparison(db, "a", "b4", "v1") is None
    refuse_comparison(db, "afew", "ada", "2026-03-02", 3)
    refuse_comparison(db, "vgaf", "ada", "2026-03-02", 1)
    refuse_comparison(db, "afew", "bob", "2026-03-02", 1)
    with pytest.raises(QuotaReached, match=r"^ada has used 2 of 2 comparisons of afew today \(UTC\)"):
        refuse_comparison(db, "afew", "ada", "2026-03-02", 2)
    with pytest.raises(QuotaReached, match=r"^a visitor has used 0 of 0 comparisons"):
        refuse_comparison(db, "afew", "", "2026-03-02", 0)


def test_the_answer_for_two_entries_serves_both_orders(db: sqlite3.Connection) -> None:
    keep(db, "2026-03-01", ("b", "a"), answer(0.25))
    assert find_comparison(db, "b", "a", "v1") == answer(0.25)
    assert json.loads(find_comparison(db, "a", "b", "v1") or "") == {
        "task": "afew", "first": 0.5, "second": 0.25, "difference": 0.25, "interval": [-0.25, 0.5],
        "p_first_better": 0.875, "n_draws": 1000, "n_groups": 60, "signature": "v1",
    }  # fmt: skip
    keep(db, "2026-03-02", ("a", "b"), answer(0.75))
    assert find_comparison(db, "b", "a", "v1") == answer(0.25), (
        "earlier versions kept one for each order: the first counts"
    )
    assert json.loads(find_comparison(db, "a", "b", "v1") or "")["second"] == 0.25
