"""Text of strangers stays text, whatever it holds."""

from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.page import markup
from leaderboard.page.markup import render, text


@given(st.text())
def test_text_survives_and_markup_does_not(value: str) -> None:
    safe = text(value)
    assert unescape(safe) == value
    assert not set(safe) & set("<>\"'{$")


@given(st.text())
def test_a_template_writes_values_as_safe_text(value: str) -> None:
    page = render("empty", sentence=value)
    assert page == f'<div class="board-card board-empty">{text(value)}</div>'


@pytest.mark.parametrize("template", sorted((Path(markup.__file__).parent / "templates").glob("*.html")))
def test_no_template_lets_markup_through(template: Path) -> None:
    source = template.read_text(encoding="utf-8")
    assert "|safe" not in source
    assert "autoescape" not in source
    assert "${" not in source
