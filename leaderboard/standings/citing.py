"""BibTeX for a row, and what kind of page a link leads to."""

import re
from typing import Literal
from urllib.parse import urlsplit

from leaderboard.standings.publications import Citation
from leaderboard.store.entries import Entry, StoredScore

CODE_HOSTS = ("github.com", "gitlab.com", "huggingface.co", "bitbucket.org", "codeberg.org")
_SPECIAL = str.maketrans(
    {char: f"\\{char}" for char in "&%$#_"}
    | {"~": r"\textasciitilde{}", "^": r"\^{}", "\\": r"\textbackslash{}"}
    | {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
)
"""BibTeX counts braces whether or not a backslash stands before them, so that ``\\}`` would end a field."""
_SEVERAL = re.compile(r"\sand\s|,", re.IGNORECASE)
"""Where BibTeX takes a name apart."""


def link_kind(address: str) -> Literal["code", "paper"]:
    """Return whether an address leads to code or, as most others, to a paper or page."""
    host = urlsplit(address).hostname or ""
    return "code" if any(host == known or host.endswith(f".{known}") for known in CODE_HOSTS) else "paper"


def cite_work(work: Citation) -> str:
    """Return the BibTeX entry of a published work."""
    return _entry(
        work.key,
        {
            "author": _escaped(_authors(work.authors)),
            "title": _escaped(work.title),
            "howpublished": _escaped(work.venue),
            "year": str(work.year or ""),
            "url": work.url,
        },
    )


def cite_entry(entry: Entry, score: StoredScore) -> str:
    """Return the BibTeX entry of a submission and the scoring of it that is shown."""
    return _entry(
        f"entry{entry.id[:8]}",
        {
            "author": _whole(_escaped(entry.team or entry.user)),
            "title": _escaped(entry.system),
            "year": entry.created[:4],
            "url": entry.links[0] if entry.links else "",
            "note": _escaped(f"leaderboard entry {entry.id}, {score.signature}"),
        },
    )


def _authors(printed: str) -> str:
    """Return names joined as BibTeX wants them; ``et al.`` becomes ``others``."""
    names = [name.strip() for name in printed.replace(" et al.", ", others").split(",")]
    return " and ".join(name for name in names if name)


def _whole(name: str) -> str:
    """Return a team's name in braces where BibTeX would read several people in it."""
    return f"{{{name}}}" if _SEVERAL.search(name) else name


def _escaped(text: str) -> str:
    return text.translate(_SPECIAL)


def _entry(key: str, fields: dict[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", *lines, "}"])
