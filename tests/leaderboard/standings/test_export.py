"""The table as CSV, JSON and LaTeX, read back; no cell runs as a formula."""

import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.errors import LeaderboardError
from leaderboard.standings.export import (
    FORMULA_STARTS,
    export,
    guarded,
    interval_text,
    latex,
    rank_text,
    score_text,
)
from leaderboard.standings.publications import published
from leaderboard.standings.table import standings
from leaderboard.tasks import TASKS
from tests.leaderboard.rows_by_hand import SIGNATURE, entry, paper

AFEW = TASKS["afew"]


EVIL = '=cmd|" /C calc"!A0'


def test_csv_has_every_field_and_no_formula() -> None:
    row = standings(AFEW, [paper(0.5, EVIL, team="a,b", note='say "x"')], [], None)[0]
    (record,) = csv.DictReader(io.StringIO(export([row], AFEW, None, "csv")))
    assert record["system"] == f"'{EVIL}"
    assert (record["team"], record["note"], record["score"]) == ("a,b", 'say "x"', "0.5")
    assert (record["rank_best"], record["rank_worst"], record["n"]) == ("1", "1", "")


@given(st.text())
def test_no_cell_starts_like_a_formula(text: str) -> None:
    assert not guarded(text).startswith(FORMULA_STARTS)
    assert guarded(text).removeprefix("'") == text.removeprefix("'")


def test_json_holds_the_same_rows() -> None:
    rows = standings(AFEW, published("afew"), [entry(0.5)], SIGNATURE)
    data = json.loads(export(rows, AFEW, SIGNATURE, "json"))
    assert (data["task"], data["signature"], len(data["rows"])) == ("afew", SIGNATURE, 37)
    assert data["ranked_by"] == "accuracy"
    assert data["rows"][0]["rank"] == list(rows[0].rank or ())


def test_latex_is_escaped() -> None:
    assert latex(r"50%_of $x$ & {a}#~^\b") == (
        r"50\%\_of \$x\$ \& \{a\}\#\textasciitilde{}\textasciicircum{}\textbackslash{}b"
    )
    text = export(standings(AFEW, [paper(0.5, "a & b_c")], [], None), AFEW, None, "latex")
    assert r"1 & a \& b\_c &  & 0.5000" in text
    assert text.count(r"\\") == 2
    header, line = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert header.replace(r"\&", "").count("&") == line.replace(r"\&", "").count("&") == 8


def test_an_unknown_export_is_refused() -> None:
    with pytest.raises(LeaderboardError, match="expected csv, json or latex"):
        export([], AFEW, None, "xlsx")


@pytest.mark.parametrize(("rank", "text"), [(None, "–"), ((3, 3), "3"), ((2, 5), "2–5")])
def test_a_rank_is_a_number_a_range_or_a_dash(rank: tuple[int, int] | None, text: str) -> None:
    assert rank_text(rank) == text


@pytest.mark.parametrize(
    ("value", "precision", "text"), [(0.54321, 4, "0.5432"), (0.54321, 9, "0.5432"), (4.567, 2, "4.57"), (-0.00001, 4, "0.0000")]
)  # fmt: skip
def test_a_score_has_four_decimals_or_fewer(value: float, precision: int, text: str) -> None:
    assert score_text(value, replace(AFEW, precision=precision)) == text


def test_an_interval_is_written_with_its_digits_or_not_at_all() -> None:
    (row,) = standings(AFEW, [], [entry(0.1)], SIGNATURE)
    assert interval_text(row, 3) == "0.055 – 0.174", "Wilson's of 10 of 100"
    assert interval_text(replace(row, interval=(-0.0001, 0.25)), 2) == "0.00 – 0.25"
    assert interval_text(replace(row, interval=None), 3) == ""


def test_csv_line_by_line() -> None:
    """Written by hand: numbers stay numbers, what is missing is an empty cell, text that starts like a formula is text."""
    (row,) = standings(AFEW, [], [entry(0.5, system="-net")], SIGNATURE)
    row = replace(
        row, links=("https://a.org", "https://b.org"), parts={"top": -0.25}, note="two\nlines", interval=(0.4, 0.6)
    )
    text = export(
        [row, replace(row, main=None, rank=None, interval=None, parts={})],
        replace(AFEW, parts=("top",)),
        None,
        "csv",
    )
    first, second, third = csv.reader(io.StringIO(text))
    assert first == [
        "rank_best", "rank_worst", "system", "team", "user", "score", "low", "high", "top", "n", "split", "edition", "subset",
        "year", "badge", "signature", "links", "caveat", "note", "citation", "ranked_by",
    ]  # fmt: skip
    assert second[:10] == ["1", "1", "'-net", "", "ada", "0.5", "0.4", "0.6", "-0.25", "100"]
    assert second[14:] == [
        "re-scored here",
        SIGNATURE,
        "https://a.org https://b.org",
        "",
        "two\nlines",
        "",
        "accuracy",
    ]
    assert third[:9] == ["", "", "'-net", "", "ada", "", "", "", ""]


def test_latex_has_a_dash_for_what_is_missing() -> None:
    rows = standings(AFEW, [paper(None, "none"), paper(0.7, "their net", team="T & T", n=1000)], [], SIGNATURE)
    lines = [line for line in export(rows, AFEW, None, "latex").splitlines() if line.endswith("\\\\")][1:]
    low, high = rows[0].interval or (0, 0)
    assert lines == [
        rf"1 & their net & T \& T & 0.7000 & {low:.3f}--{high:.3f} & 1000 & val & complete & published, not re-scored \\",
        r"-- & none &  & -- &  &  & val & complete & published, not re-scored \\",
    ]


def test_a_table_that_is_ranked_by_a_part_shows_that_part() -> None:
    faces, by = TASKS["utkface"], "gender_accuracy"
    given = [
        replace(paper(main, name, n=200, split="all"), parts={by: share})
        for main, name, share in ((4.0, "a", 0.9), (6.0, "b", 0.95))
    ]
    rows = standings(faces, [*given, replace(paper(5.0, "c"), split="all")], [], None, by)
    lines = export(rows, faces, None, "latex", by).splitlines()
    assert lines[0] == r"\begin{tabular}{lllrrlll}"
    assert [line for line in lines if line.endswith(r"\\")] == [
        r"Rank & System & Team & gender accuracy & N & Split & Subset & Source \\",
        r"1--2 & b &  & 0.9500 & 200 & all & complete & published, not re-scored \\",
        r"1--2 & a &  & 0.9000 & 200 & all & complete & published, not re-scored \\",
        r"-- & c &  & -- &  & all & complete & published, not re-scored \\",
    ]
    assert json.loads(export(rows, faces, None, "json", by))["ranked_by"] == by
    records = list(csv.DictReader(io.StringIO(export(rows, faces, None, "csv", by))))
    assert {record["ranked_by"] for record in records} == {by}
    assert [record["system"] for record in records] == ["b", "a", "c"]
