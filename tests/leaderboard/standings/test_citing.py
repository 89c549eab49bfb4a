"""BibTeX of works and entries, and what a link leads to."""

import pytest

from leaderboard.standings.citing import cite_entry, cite_work, link_kind
from leaderboard.standings.publications import Citation
from leaderboard.store.entries import RESCORED, Entry, StoredScore


def test_a_work_is_cited_with_what_is_known_of_it() -> None:
    work = Citation(
        "a2022", "Faces & moods: 50 %", "A. Author, B. Other et al.", "CVPR", 2022, "https://doi.org/10.1/a_b"
    )
    assert cite_work(work) == (
        "@misc{a2022,\n  author = {A. Author and B. Other and others},\n  title = {Faces \\& moods: 50 \\%},\n"
        "  howpublished = {CVPR},\n  year = {2022},\n  url = {https://doi.org/10.1/a_b},\n}"
    )
    assert cite_work(Citation("k", "T")) == "@misc{k,\n  title = {T},\n}"


def test_a_submitter_s_text_closes_no_brace() -> None:
    score = StoredScore("afew|val", 0.5, {}, "2026-01-01")
    entry = Entry(
        "afew", "ada", "x}, note = {first", RESCORED, (score,), links=("https://example.org",), id="0" * 32
    )
    lines = cite_entry(entry, score).splitlines()
    assert lines[0] == "@misc{entry00000000,"
    assert r"  title = {x\textbraceright{}, note = \textbraceleft{}first}," in lines
    assert "  url = {https://example.org}," in lines
    assert lines[-2] == f"  note = {{leaderboard entry {'0' * 32}, afew|val}},"


def cited(system: str, team: str) -> list[str]:
    score = StoredScore("afew|val", 0.5, {}, "2026-01-01")
    return cite_entry(Entry("afew", "ada", system, RESCORED, (score,), team=team, id="0" * 32), score).splitlines()


@pytest.mark.parametrize(
    ("system", "title"),
    [
        (r"\input /etc/passwd", r"\textbackslash{}input /etc/passwd"),
        ("net \\", r"net \textbackslash{}"),
        (r"\{", r"\textbackslash{}\textbraceleft{}"),
        ("50 %_~^", r"50 \%\_\textasciitilde{}\^{}"),
    ],
)
def test_a_submitter_s_text_commands_nothing(system: str, title: str) -> None:
    assert f"  title = {{{title}}}," in cited(system, "team")


@pytest.mark.parametrize(
    ("team", "author"),
    [
        ("Müller and Sons", "{Müller and Sons}"),
        ("Ink AND Paper", "{Ink AND Paper}"),
        ("Faces, Inc.", "{Faces, Inc.}"),
        ("Sandland", "Sandland"),
        ("", "ada"),
    ],
)
def test_a_team_is_one_author(team: str, author: str) -> None:
    assert f"  author = {{{author}}}," in cited("net", team)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("https://github.com/a/b", "code"),
        ("https://www.gitlab.com/a", "code"),
        ("https://huggingface.co/a", "code"),
        ("https://arxiv.org/abs/1", "paper"),
        ("https://github.com.example.org/a", "paper"),
        ("https://notgithub.com/a", "paper"),
    ],
)
def test_where_a_link_leads(address: str, kind: str) -> None:
    assert link_kind(address) == kind
