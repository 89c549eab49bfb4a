"""The standings as HTML: what folds, what sorts where, and intervals on one scale."""

import re
from html.parser import HTMLParser
from typing import Any

from leaderboard.page.table import board_table
from leaderboard.standings.publications import published
from leaderboard.standings.table import Row, standings
from leaderboard.tasks import TASKS

EXPR, FACES = TASKS["abaw-expr"], TASKS["utkface"]


class Tags(HTMLParser):
    """Collects the tags and attributes that a browser would see, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_of_a_team_s_rows_the_best_is_shown_and_the_others_at_a_click() -> None:
    """ABAW3's test table: five rows of HSE-NN, four of others."""
    task = TASKS["abaw-expr"]
    rows = [
        one for one in standings(task, published(task.name), [], None) if one.group == "test · ABAW3 · complete"
    ]
    html = board_table(rows, task)
    assert (html.count("<tr class="), html.count("data-variant hidden")) == (9, 4)
    assert Tags(html).text.count("+4 variants") == 1
    assert "5 rows" in Tags(html).text
    assert html.index("mean filter k=15") < html.index("+4 variants") < html.index("median filter k=15")


class Cells(HTMLParser):
    """The sort keys and styles of a table's rows, as a browser sees them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.keys: list[list[str]] = []
        self.styles: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "tr":
            self.keys.append([])
        if tag == "td":
            self.keys[-1].append(given.get("data-sort") or "")
        if given.get("style"):
            self.styles.append(given["style"] or "")


def row(system: str, main: float | None, interval: tuple[float, float] | None, **more: Any) -> Row:
    return Row(system, "re-scored here", system, main, "val", "val", "complete", interval=interval, **more)


def test_cells_sort_by_number_and_missing_ones_have_no_key() -> None:
    task = TASKS["afew"]
    rows = [
        row("Net", 0.5, (0.4, 0.6), rank=(2, 12), n=10, year=2020),
        row("none", None, None),
    ]
    first, second = (keys for keys in Cells(board_table(rows, task)).keys if keys)
    assert first[0] == "2.0012"
    assert "0.5" in first
    assert {"10", "2020"} <= set(first)
    assert second[0] == ""
    assert "0" not in second


def test_intervals_are_drawn_to_one_scale() -> None:
    """From 0.2 to 1.0: the first lies in the left half, the second in the right."""
    html = board_table([row("a", 0.4, (0.2, 0.6)), row("b", 0.8, (0.6, 1.0))], TASKS["afew"])
    drawn = [re.findall(r"([\d.]+)%", style) for style in Cells(html).styles]
    edges = [[float(number) for number in numbers] for numbers in drawn if numbers]
    assert [numbers[:2] for numbers in edges if len(numbers) == 2] == [[0.0, 50.0], [50.0, 50.0]]
    assert [numbers for numbers in edges if len(numbers) == 1] == [[25.0], [75.0]]


def test_without_rows_there_is_a_sentence() -> None:
    assert "No rows yet. Be the first: submit yours." in board_table([], TASKS["afew"])


def test_rows_without_a_team_never_fold() -> None:
    html = board_table([row("a", 0.4, None), row("a", 0.3, None)], TASKS["afew"])
    assert "data-variant hidden" not in html
    folded = board_table([row("a", 0.4, None, team="t"), row("b", 0.3, None, team="t")], TASKS["afew"])
    assert "+1 variant" in folded


def test_columns_in_which_no_row_has_anything_are_left_out() -> None:
    task = TASKS["utkface"]
    bare = [row("a", 5.0, None, team="a"), row("b", 6.0, None)]
    full = [row("a", 5.0, (4.0, 6.0), n=10, parts={"gender_accuracy": 0.9}), row("b", 6.0, None)]
    heads = [
        re.findall(r"<th.*?<button[^>]*>(.*?)</button>", board_table(rows, task), re.DOTALL)
        for rows in (bare, full)
    ]
    assert heads[0] == ["Rank", "System", task.main, "To scale", "Split", "Year", "Source", "Links"]
    assert heads[1] == [*heads[0][:3], "95 % interval", "gender accuracy", "N", *heads[0][4:]]
    for rows, names in zip((bare, full), heads, strict=True):
        assert {len(keys) for keys in Cells(board_table(rows, task)).keys if keys} == {len(names)}
    assert "<small>a" not in board_table(bare, task)  # a team of the system's own name is said once


def test_the_legend_says_when_frames_are_no_items_of_their_own() -> None:
    told = "Frames of one video depend on each other, so an accuracy over frames has a known spread only where"
    expr, faces = (board_table(standings(task, published(task.name), [], None), task) for task in (EXPR, FACES))
    assert (told in Tags(expr).text, told in Tags(faces).text) == (True, False)
