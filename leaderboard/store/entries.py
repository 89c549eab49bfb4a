"""What the board remembers of a submission, and why it may refuse to.

Conventions: times are UTC, ISO 8601 with seconds. An entry has one score per signature: scores are added, never
overwritten.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from leaderboard.errors import LeaderboardError

Badge = Literal["published, not re-scored", "re-scored here", "self-reported"]
PUBLISHED: Badge = "published, not re-scored"
RESCORED: Badge = "re-scored here"
SELF_REPORTED: Badge = "self-reported"


def utc_now() -> str:
    """Return the time in UTC, ISO 8601 with seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class StoreInvalid(LeaderboardError):
    """The store folder cannot be used."""


class QuotaReached(LeaderboardError):
    """The submitter has used up the day's scored submissions for this task."""


class AlreadySubmitted(LeaderboardError):
    """The same submitter has this very file on this board already."""


class UnknownEntry(LeaderboardError):
    """No entry has this id."""


class NotOwner(LeaderboardError):
    """Only its submitter may withdraw an entry."""


@dataclass(frozen=True, slots=True)
class StoredScore:
    """One scoring of an entry.

    Attributes:
        signature: What was measured against what; equal signatures are comparable.
        shown: Main score that the table shows; differs from the report's under the ladder rule.
        report: The full report in plain JSON types.
        scored: When.
    """

    signature: str
    shown: float
    report: Mapping[str, Any]
    scored: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission.

    Attributes:
        id: 32 hex digits.
        task: Task name.
        user: Who submitted it, from the login.
        system: Name of the system, as the submitter wrote it.
        badge: ``re-scored here`` or ``self-reported``.
        created: When it was accepted.
        scores: Every scoring, oldest first.
        team: Team name, or empty.
        links: Addresses of paper and code.
        note: The submitter's remark.
        withdrawn: When its owner took it back, or None.
        sha256: Content hash of the submitted file, or None for a self-reported score.
        file_name: Name of the file when it was submitted.
    """

    task: str
    user: str
    system: str
    badge: Badge
    scores: tuple[StoredScore, ...]
    team: str = ""
    links: tuple[str, ...] = ()
    note: str = ""
    sha256: str | None = None
    file_name: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: str = field(default_factory=utc_now)
    withdrawn: str | None = None

    def score(self, signature: str) -> StoredScore | None:
        """Return the scoring with this signature, or None."""
        return next((score for score in self.scores if score.signature == signature), None)


class Mirror(Protocol):
    """Where entries are copied to once they are safe in the store, such as a data set repository."""

    def save(self, entry: Entry, file: Path | None) -> None:
        """Copy one entry, new or changed, and the file that was submitted with it."""

    def pending(self) -> set[str]:
        """Return the ids of entries that are not copied yet."""

    def wait_restored(self, wait_s: float) -> str:
        """Wait until earlier entries are in the store; return what stands in the way, or nothing."""
