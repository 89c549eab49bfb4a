"""What a submitter writes about a system: checked once, and text from then on, never markup.

Conventions: every field is one line of printable characters (no control or direction marks that could disguise a
name). Links are web addresses. Whoever shows these values escapes them for their own format.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from leaderboard.errors import LeaderboardError

MAX_NAME_CHARS = 80
MAX_NOTE_CHARS = 500
MAX_SPLIT_CHARS = 40
MAX_LINK_CHARS = 300
MAX_LINKS = 5


class DetailsInvalid(LeaderboardError):
    """A name, link or note cannot be used."""


@dataclass(frozen=True, slots=True)
class Details:
    """What the table says about a submission.

    Attributes:
        system: Name of the system, 1 to 80 characters.
        team: Team or author, at most 80 characters, may be empty.
        links: At most 5 http(s) addresses of paper and code.
        note: Remark, at most 500 characters, may be empty.
    """

    system: str
    team: str = ""
    links: tuple[str, ...] = ()
    note: str = ""


def checked_details(system: str, team: str = "", links: str = "", note: str = "") -> Details:
    """Return the details, cleaned.

    Args:
        system: Name of the system.
        team: Team or author.
        links: Addresses, separated by blanks or lines.
        note: Remark.

    Raises:
        DetailsInvalid: A field is empty, too long or no web address.
    """
    name = checked_line(system, "system name", MAX_NAME_CHARS)
    if not name:
        raise DetailsInvalid("the system name is empty; write what the table shall call your system")
    addresses = tuple(dict.fromkeys(links.split()))
    if len(addresses) > MAX_LINKS:
        raise DetailsInvalid(f"{len(addresses)} links were given, expected at most {MAX_LINKS}")
    return Details(
        name,
        checked_line(team, "team", MAX_NAME_CHARS),
        tuple(_address(link) for link in addresses),
        checked_line(note, "note", MAX_NOTE_CHARS),
    )


def one_line(text: str) -> str:
    """Return the printable characters of ``text`` on one line."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable()).strip()


def checked_line(text: str, what: str, limit: int) -> str:
    """Return ``text`` as ``one_line``.

    Args:
        text: As it was typed.
        what: What the field is called, for the message.
        limit: Most characters.

    Raises:
        DetailsInvalid: It is longer.
    """
    line = one_line(text)
    if len(line) > limit:
        raise DetailsInvalid(f"the {what} has {len(line)} characters, expected at most {limit}")
    return line


def _address(link: str) -> str:
    try:
        parts = urlsplit(link)
    except ValueError:
        parts = urlsplit("")
    harmless = link.isprintable() and not set(link) & set("\"'<>`\\{}|^")
    if parts.scheme not in ("http", "https") or not parts.hostname or not harmless or len(link) > MAX_LINK_CHARS:
        raise DetailsInvalid(f"a link must be a web address that starts with https://, found {link[:80]!r}")
    if "@" in parts.netloc:  # https://arxiv.org@example.net/ leads to example.net
        raise DetailsInvalid(f"a link must not hold a user name before its host, found {link[:80]!r}")
    return link
