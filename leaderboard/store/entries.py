"""What the board remembers of a submission, and why it may refuse to.

Conventions: times are UTC, ISO 8601 with seconds. An entry has one score per signature: scores are added, never
overwritten.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from leaderboard.errors import LeaderboardError, printable
from leaderboard.schema import Task
from leaderboard.store.details import Details, one_line

Badge = Literal["published, not re-scored", "re-scored here", "self-reported"]
PUBLISHED: Badge = "published, not re-scored"
RESCORED: Badge = "re-scored here"
SELF_REPORTED: Badge = "self-reported"
CLAIMED = "self-reported"
"""Stands where the signature would: nothing was measured here."""


def utc_now() -> str:
    """Return the time in UTC, ISO 8601 with seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class StoreInvalid(LeaderboardError):
    """The store folder cannot be used."""


class StoreUnwritable(LeaderboardError):
    """The disk takes nothing more, or what is on it cannot be read."""


class QuotaReached(LeaderboardError):
    """The submitter has used up the submissions or comparisons of the day, or all of them."""


class EntriesUnread(LeaderboardError):
    """Earlier entries are not in the store yet, so nobody knows what is left of the quotas."""


class AlreadySubmitted(LeaderboardError):
    """The same submitter has this very file on this board already."""


class UnknownEntry(LeaderboardError):
    """No entry has this id."""


class NotOwner(LeaderboardError):
    """Only its submitter may withdraw or publish an entry."""


class AlreadyDone(LeaderboardError):
    """The entry is withdrawn, published or removed already."""


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
        content: Hash of the predictions themselves, whatever file they came in, or None.
        private: Whether only its owner sees it so far.
        removed: When the organiser took it off the board, or None.
        reason: Why, which everybody sees.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

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
    content: str | None = None
    private: bool = False
    removed: str | None = None
    reason: str = ""

    @property
    def state(self) -> str:
        """Where the entry stands, in a few words."""
        if self.withdrawn:
            return f"withdrawn on {self.withdrawn[:10]}"
        return f"removed: {self.reason}" if self.removed else "private" if self.private else self.badge

    def score(self, signature: str) -> StoredScore | None:
        """Return the scoring with this signature, or None."""
        return next((score for score in self.scores if score.signature == signature), None)

    def current(self, signature: str | None) -> StoredScore:
        """Return the scoring to show: the one with this signature, else the newest.

        Args:
            signature: What a score is compared under today, or None without labels.
        """
        return (self.score(signature) if signature else None) or self.scores[-1]


@dataclass(frozen=True, slots=True)
class Rescoring:
    """What ``Board.rescore`` found for one entry.

    Attributes:
        entry: The entry.
        outcome: ``confirmed`` (same signature, same score), ``differs``, ``added`` or ``refused``.
        message: What differs, or why the file is refused; empty otherwise.
    """

    entry: Entry
    outcome: str
    message: str = ""


def new_entry(
    task: Task, user: str, details: Details, scored: StoredScore, sha256: str | None = None, file_name: str = ""
) -> Entry:
    """Return an entry for a submitted file, or for a score without one."""
    return Entry(
        task=task.name,
        user=user,
        system=details.system,
        badge=RESCORED if sha256 else SELF_REPORTED,
        scores=(scored,),
        created=scored.scored,
        team=details.team,
        links=details.links,
        note=details.note,
        sha256=sha256,
        file_name=printable(file_name),
    )


def report_from_json(text: str) -> dict[str, Any]:
    """Read a kept report; the split of a self-reported score becomes one line, which earlier versions did not see to."""
    report: dict[str, Any] = json.loads(text)
    return report | {"split": one_line(str(report["split"]))} if "split" in report else report


class Mirror(Protocol):
    """Where entries are copied to once they are safe in the store, such as a data set repository."""

    def save(self, entry: Entry, file: Path | None) -> None:
        """Copy one entry, new or changed, and the file that was submitted with it."""

    def pending(self) -> set[str]:
        """Return the ids of entries that are not copied yet."""

    def wait_restored(self, wait_s: float) -> str:
        """Wait until earlier entries are in the store; return what stands in the way, or nothing."""
