"""HTML of the tab: whatever a submitter wrote stays text, and the figures in a card are those of the report."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from leaderboard.errors import Problems, SubmissionRefused
from leaderboard.page import cards
from leaderboard.page.markup import text
from leaderboard.page.table import board_table
from leaderboard.standings.overview import Best
from leaderboard.standings.publications import published
from leaderboard.standings.table import Row, standings
from leaderboard.tasks import TASKS

AFEW = TASKS["afew"]
EVIL = "</h3><script>alert(1)</script><img src=x onerror='alert(1)'> \"${1+1}\" {{value}}"
REPORT = {
    "n_excluded": 7,
    "components": {EVIL: 0.5},
    "variants": {"other": 0.25},
    "per_class": [{"class": "angry", "f1": 0.123456, "n": 64}],
    "per_video": [{"video": EVIL, "n": 12, "f1": 0.5}],
    "confusion": {"labels": ["a", "b"], "counts": [[3, 1], [0, 1234]]},
    "notes": [EVIL],
}


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


def row() -> Row:
    (first, *_) = standings(AFEW, published("afew"), [], None)
    return replace(first, system=EVIL, team=EVIL, user=EVIL, note=EVIL, caveat=EVIL, citation=EVIL, signature=EVIL)


@given(st.text())
def test_text_survives_and_markup_does_not(value: str) -> None:
    safe = text(value)
    assert unescape(safe) == value
    assert not set(safe) & set("<>\"'{$")


def test_every_card_shows_evil_text_as_text() -> None:
    problems = Problems()
    problems.add(EVIL, 3, EVIL, EVIL, EVIL)
    refusal = SubmissionRefused(EVIL, problems.first, 1).to_dict()
    comparison = {"first": 0.5, "second": 0.4, "difference": 0.1, "interval": [0.0, 0.2], "p_first_better": 0.99}
    comparison |= {"n_draws": 1000, "n_groups": 60}
    pages = (
        cards.row_card(AFEW, row(), REPORT),
        cards.refusal_card(refusal),
        cards.refusal_card({"error": EVIL, "problems": [], "n_problems": 0}, EVIL),
        cards.done_card(EVIL, EVIL),
        cards.valid_card(3, False, [EVIL]),
        cards.comparison_card(AFEW, EVIL, EVIL, comparison),
        cards.about(replace(AFEW, about=EVIL, main=EVIL), EVIL),
        cards.overview([Best(replace(AFEW, title=EVIL), row(), 1)], "afew"),
        board_table([row()], AFEW),
    )
    for page in pages:
        seen = Tags(page)
        assert not seen.tags & {"script", "img"}
        assert not {name for name in seen.attributes if name.startswith("on")}
        assert "<script>alert(1)</script>" in seen.text or "<script>alert(1)" in seen.text
        assert "${" not in page
        assert "{{" not in page


def test_without_labels_a_visitor_reads_what_he_can_do_and_nothing_for_hosts() -> None:
    said = Tags(cards.about(AFEW, None)).text
    assert "FEMO_REFERENCE" not in said
    assert "every score below is published, or reported by whoever made the system" in said
    assert "python -m leaderboard score afew FILE --reference FOLDER" in said
    assert "this task takes no files" in cards.about(TASKS["lfw"], None)
    assert "cannot score" not in cards.about(AFEW, "afew|sandbox|ref:1")


def test_the_printed_figures_per_class_stand_in_the_details() -> None:
    (expr,) = [one for one in standings(TASKS["abaw-expr"], published("abaw-expr"), [], None) if one.per_class]
    assert "fear0.016happiness0.477" in Tags(cards.row_card(TASKS["abaw-expr"], expr, None)).text.replace("\n", "")


def facts(card: str) -> dict[str, str]:
    """The list of facts of a row's card."""
    cells = [" ".join(Tags(part).text.split()) for part in re.findall(r"<d[td]>(.*?)</d[td]>", card, re.DOTALL)]
    return dict(zip(cells[::2], cells[1::2], strict=True))


def test_a_published_row_tells_all_that_is_known_of_it() -> None:
    task = TASKS["abaw-va"]
    rows = standings(task, published("abaw-va"), [], None)
    best, second = [one for one in rows if one.group == "test · ABAW10 · complete"][:2]
    assert best.main is not None
    assert second.main is not None
    said = facts(cards.row_card(task, second, None, rows))
    assert (
        said["Rank"] == f"1–4 of 4, {best.main - second.main:.4f} behind the best, {best.system} ({best.main:.4f})"
    )
    assert said["Task"] == task.about
    assert said["Data"] == "test ABAW10 · complete"
    assert said["How obtained"] == cards.OBTAINED[second.badge]
    assert (said["Year"], said["Interval"]) == ("2026", "none is published")
    assert (said["Source"], said["Paper"]) == (second.citation, second.links[0])
    assert {"Items", "Submitted", "Signature"} & set(said) == set()  # nothing is known, so nothing is said
    assert facts(cards.row_card(task, best, None, rows))["Rank"] == "1–4 of 4"


def test_a_report_card_holds_the_figures() -> None:
    seen = Tags(cards.row_card(AFEW, replace(row(), main=0.5927, interval=(0.543, 0.641)), REPORT)).text
    for shown in ("0.5927", "0.5430 to 0.6410", "7 left out by the labels", "0.1235", "1,234", "0.25"):
        assert shown in seen


def test_the_better_of_two_is_named_and_a_draw_is_not() -> None:
    result = {"first": 0.4, "second": 0.5, "difference": -0.1, "interval": [-0.2, -0.01], "p_first_better": 0.001}
    result |= {"n_draws": 1000, "n_groups": 60}
    seen = Tags(cards.comparison_card(AFEW, "old", "new", result)).text
    assert "new is better" in seen
    assert (
        "new scored better in 99.9% of 1,000 paired draws of 60 videos, clips or images (ties counted half)."
        in seen
    )
    near = Tags(cards.comparison_card(AFEW, "old", "new", {**result, "p_first_better": 0.2})).text
    assert "They cannot be told apart" in near


def test_all_problems_are_counted() -> None:
    problems = Problems()
    for line in range(30):
        problems.add("a.csv", line, None, "x", "y")
    refusal = SubmissionRefused("a.csv", problems.first, problems.count).to_dict()
    seen = Tags(cards.refusal_card(refusal)).text
    assert "30 problems" in seen
    assert "and 10 more" in seen
