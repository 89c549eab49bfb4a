"""Templates escape what they are given, and refuse to leave out what they need."""

from pathlib import Path

import jinja2
import pytest

from femo.demo import markup

EVIL = "<script>alert(1)</script>"


def test_values_are_text_and_never_markup() -> None:
    page = markup.empty(EVIL, EVIL)
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
    assert "<script" not in page


def test_a_forgotten_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="text"):
        markup.render("empty", title="x")


@pytest.mark.parametrize("template", sorted((Path(markup.__file__).parent / "templates").glob("*.html")))
def test_no_template_lets_markup_through(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert "|safe" not in text
    assert "autoescape" not in text


def test_styles_and_scripts_are_beside_it() -> None:
    assert ".femo-stage" in markup.file("player.css")
    assert "data-track" in markup.file("choose.js")
