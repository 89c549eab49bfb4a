"""The page's HTML: Jinja templates in ``templates/``, one per card, filled with what the board knows.

Conventions: names, notes and file contents are text that someone else wrote, so every value is escaped by ``text`` when it
enters a template. ``file`` reads the style and the script beside this module.
"""

from html import escape
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from leaderboard.standings.citing import link_kind

FOLDER: Final = Path(__file__).parent
BADGE_CLASS: Final = {"published, not re-scored": "paper", "re-scored here": "here", "self-reported": "claim"}


def text(value: str) -> str:
    """Return text that no reader of it takes for markup: neither HTML nor the template language of ``gr.HTML``."""
    return escape(value, quote=True).replace("{", "&#123;").replace("$", "&#36;")


def _safe(value: Any) -> Any:
    """Return a value as a template may write it; what another template made is whole already."""
    return value if hasattr(value, "__html__") else Markup(text(str(value)))


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _host(address: str) -> str:
    return urlsplit(address).hostname or address


_templates: Final = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    auto_reload=False,
    finalize=_safe,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
_templates.filters |= {"cell": _cell, "host": _host, "kind": link_kind}
_templates.globals |= {"badge_class": BADGE_CLASS}


def render(template: str, **values: Any) -> str:
    """Return a template of ``templates/``, named without its suffix, filled with ``values``."""
    return _templates.get_template(f"{template}.html").render(values)


def file(name: str) -> str:
    """Return the style or the script beside this module."""
    return (FOLDER / name).read_text(encoding="utf-8")
