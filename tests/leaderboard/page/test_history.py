"""The record over the years, by hand, and names that stay text."""

from dataclasses import replace

from leaderboard.page.history import MAX_LABEL_CHARS, has_course, history, record_line
from leaderboard.standings.table import Row, standings
from leaderboard.tasks import TASKS
from tests.leaderboard.rows_by_hand import SIGNATURE, entry, paper

AFEW = TASKS["afew"]


def test_the_record_stands_until_a_better_one_comes() -> None:
    rows = standings(
        AFEW, [paper(0.5, year=2016), paper(0.7, "b", year=2018), paper(0.6, "c", year=2021)], [], None
    )
    line, points = [trace for trace in history(rows, AFEW).data if trace.name == "record"]
    assert (list(line.x), list(line.y), line.line.shape) == ([2016, 2018, 2021], [0.5, 0.7, 0.7], "hv")
    assert (list(points.x), list(points.y)) == ([2016, 2018], [0.5, 0.7])


def test_the_record_line_climbs() -> None:
    """Hand-made: 2018 0.5 is the first record, 2019 0.4 none, of 2020's two only the better one."""
    rows = [
        replace(row, year=year)
        for row, year in zip(
            standings(AFEW, [paper(value, str(value)) for value in (0.7, 0.6, 0.5, 0.4)], [], None),
            (2020, 2020, 2018, 2019),
            strict=True,
        )
    ]
    assert [(row.year, row.main) for row in record_line(rows, True)] == [(2018, 0.5), (2020, 0.7)]
    assert [(row.year, row.main) for row in record_line(rows, False)] == [(2018, 0.5), (2019, 0.4)]


def test_scores_of_one_year_have_no_course() -> None:
    def rows(*years: int | None) -> list[Row]:
        return standings(AFEW, [paper(0.5 + k / 10, str(k), year=year) for k, year in enumerate(years)], [], None)

    assert not has_course(rows(2020, 2020, None))
    assert has_course(rows(2020, 2021))
    assert not has_course([replace(row, rank=None) for row in rows(2020, 2021)])  # what is not ranked is not drawn


def test_names_in_the_figure_are_text() -> None:
    rows = standings(AFEW, [paper(0.5, "<a href='javascript:1'>x</a>", team="<b>t")], [], None)
    text = history(rows, AFEW).to_json()
    assert "<a href='" not in text.replace("\\u003c", "<")  # the figure's own links are written with other quotes
    assert "<b>t" not in text.replace("\\u003c", "<").replace("\\u003e", ">")
    assert "&lt;a" in text.replace("\\u0026", "&")
    assert "&lt;b&gt;t" in text.replace("\\u0026", "&")


def test_what_has_no_year_score_or_rank_is_not_drawn() -> None:
    rows = standings(
        AFEW,
        [paper(0.5, "a"), paper(None, "b"), paper(0.7, "c", year=2022)],
        [entry(0.6, system="mine")],
        SIGNATURE,
    )
    figure = history(
        [*rows, replace(rows[0], system="d", year=None), replace(rows[0], system="e", rank=None)], AFEW
    )
    shown = {trace.name: sorted(trace.y) for trace in figure.data if trace.name != "record"}
    assert shown == {"published": [0.5, 0.7], "re-scored here": [0.6]}
    assert list(figure.layout.xaxis.range) == [2019.5, 2026.95]
    assert [text.replace("<br>", " ") for trace in figure.data[:1] for text in trace.text] == [
        "<b>c</b> 0.7 (2022)",
        "<b>a</b> 0.5 (2020)",
    ]


def test_a_long_name_is_cut_and_leads_to_its_first_link() -> None:
    long = "x" * (MAX_LABEL_CHARS + 5)
    rows = [
        replace(row, links=links)
        for row, links in zip(
            standings(AFEW, [paper(0.5, long), paper(0.7, "b", team="the team", year=2021)], [], None),
            (("https://a.org/?a=1&b=2", "https://b.org"), ()),
            strict=True,
        )
    ]
    said = [note.text for note in history(rows, AFEW).layout.annotations]
    assert said == [
        "x" * (MAX_LABEL_CHARS - 1) + "…",
        '<a href="https://a.org/?a=1&amp;b=2" target="_blank">the team</a>',
    ]


def test_of_nothing_dated_it_says_so() -> None:
    figure = history([], AFEW)
    assert (len(figure.data), figure.layout.xaxis.range) == (0, None)
    assert [note.text for note in figure.layout.annotations] == ["No dated score in this group yet"]


def test_years_of_error_go_down() -> None:
    faces = TASKS["utkface"]
    rows = standings(
        faces,
        [replace(paper(v, str(v), year=y), split="all") for v, y in ((7.0, 2018), (8.0, 2019), (5.0, 2020))],
        [],
        None,
    )
    figure = history(rows, faces)
    line = next(trace for trace in figure.data if trace.name == "record")
    assert list(line.y) == [7.0, 5.0, 5.0]
    assert figure.layout.yaxis.title.text == "age MAE (years), lower is better"
