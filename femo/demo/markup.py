"""The demo's HTML: Jinja templates in ``templates/``, one per card, filled with what a tab knows.

Conventions: templates escape every value; no tag is put together in Python. ``file`` reads the styles and scripts beside
this module.
"""

from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from femo.output.draw import colour, ink_on
from femo.output.figures.group import MOOD_COLOURS
from femo.output.figures.photo import NOT_MEASURED, percent
from femo.types import Source

FOLDER: Final = Path(__file__).parent
EXPLAINED: Final[dict[Source, str]] = {
    "trained": "Learnt from labelled faces.",
    "prior": "Not measured: follows from the expression by coefficients of the literature.",
    "mixed": "Measured on the face, where it can be seen: by its mesh, and by a network that has learnt to see action units.",
}
BADGES: Final[dict[Source, str]] = {"trained": "trained", "prior": "prior", "mixed": "measured"}
"""Of a mixed head the pages show what was measured."""

_templates: Final = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
_templates.filters |= {"colour": colour, "ink_on": ink_on, "percent": percent}
_templates.globals |= {
    "explained": EXPLAINED,
    "badges": BADGES,
    "mood_colours": MOOD_COLOURS,
    "not_measured": NOT_MEASURED,
}


def render(template: str, **values: Any) -> str:
    """Return a template of ``templates/``, named without its suffix, filled with ``values``."""
    return _templates.get_template(f"{template}.html").render(values)


def empty(title: str, text: str = "") -> str:
    """Return what a tab shows in place of a reading."""
    return render("empty", title=title, text=text)


def address(path: Path) -> str:
    """Return where the page finds a file of Gradio's cache or upload folder."""
    return f"gradio_api/file={quote(str(path))}"


def file(name: str) -> str:
    """Return a style or script beside this module."""
    return (FOLDER / name).read_text(encoding="utf-8")
