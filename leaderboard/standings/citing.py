"""BibTeX for a row, and what kind of page a link leads to."""

from typing import Literal
from urllib.parse import urlsplit

from leaderboard.standings.publications import Citation
from leaderboard.store.entries import Entry

CODE_HOSTS = ("github.com", "gitlab.com", "huggingface.co", "bitbucket.org", "codeberg.org")
_SPECIAL = str.maketrans({char: f"\\{char}" for char in "&%$#_{}"} | {"~": r"\textasciitilde{}", "^": r"\^{}"})


def link_kind(address: str) -> Literal["code", "paper"]:
    """Return whether an address leads to code or, as most others, to a paper or page."""
    host = urlsplit(address).hostname or ""
    return "code" if any(host == known or host.endswith(f".{known}") for known in CODE_HOSTS) else "paper"


def cite_work(work: Citation) -> str:
    """Return the BibTeX entry of a published work."""
    return _entry(
        work.key,
        {
            "author": _authors(work.authors),
            "title": work.title,
            "howpublished": work.venue,
            "year": str(work.year or ""),
            "url": work.url,
        },
    )


def cite_entry(entry: Entry) -> str:
    """Return the BibTeX entry of a submission."""
    score = entry.scores[-1]
    return _entry(
        f"entry{entry.id[:8]}",
        {
            "author": entry.team or entry.user,
            "title": entry.system,
            "year": entry.created[:4],
            "url": entry.links[0] if entry.links else "",
            "note": f"leaderboard entry {entry.id}, {score.signature}",
        },
    )


def _authors(printed: str) -> str:
    """Return names joined as BibTeX wants them; ``et al.`` becomes ``others``."""
    names = [name.strip() for name in printed.replace(" et al.", ", others").split(",")]
    return " and ".join(name for name in names if name)


def _entry(key: str, fields: dict[str, str]) -> str:
    lines = [
        f"  {name} = {{{value if name == 'url' else value.translate(_SPECIAL)}}},"
        for name, value in fields.items()
        if value
    ]
    return "\n".join([f"@misc{{{key},", *lines, "}"])
