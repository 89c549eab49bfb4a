"""Named errors of the leaderboard, and the problems that a refused file carries.

Conventions: a message is one sentence that a submitter can act on: what is wrong, where, what was expected. It
never holds a reference label. Lines count from 1, header included.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_SHOWN_PROBLEMS = 20
MAX_SHOWN_CHARS = 80
"""A cell of a broken file can be megabytes long; a message shows its first characters."""


class LeaderboardError(Exception):
    """Base of every error that the leaderboard raises on purpose: one sentence a user can act on."""

    def to_dict(self) -> dict[str, Any]:
        """Return the ``refusal`` shape: error, problems, n_problems."""
        return {"error": str(self), "problems": [], "n_problems": 0}


class UnknownTask(LeaderboardError):
    """No task has this name."""


class ReferenceMissing(LeaderboardError):
    """No reference labels are connected for this task."""


class ReferenceInvalid(LeaderboardError):
    """The reference labels cannot be read. The message names the file and line, never a label."""


class NotComparable(LeaderboardError):
    """Two reports cannot be compared: their signatures name different labels or metrics."""


def printable(text: str) -> str:
    """Return ``text`` with a mark for each character that has no print, such as bytes of a file's name that are no UTF-8."""
    return "".join(char if char.isprintable() else "�" for char in text)


def shown(text: str) -> str:
    """Return ``text`` on one line and cut to 80 characters, fit for a message."""
    flat = printable(text[: MAX_SHOWN_CHARS + 1])
    return flat if len(flat) <= MAX_SHOWN_CHARS else flat[: MAX_SHOWN_CHARS - 1] + "…"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a submitted file.

    Attributes:
        file: Name of the file or of the zip member.
        line: Line number from 1, header included, or None where the file as a whole is meant.
        column: Name of the column, or None where the line as a whole is meant.
        expected: What the format asks for.
        found: What stands there, at most 80 characters.
    """

    file: str
    line: int | None
    column: str | None
    expected: str
    found: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "expected": self.expected,
            "found": self.found,
        }

    def __str__(self) -> str:
        place = self.file + (f", line {self.line}" if self.line is not None else "")
        place += f", {self.column}" if self.column else ""
        return f"{place}: expected {self.expected}, found {self.found}"


@dataclass(slots=True)
class Problems:
    """Collects every problem of one pass: the first 20 are kept, all are counted.

    Attributes:
        first: Those that are kept, in the order of the file.
        count: How many there are.
        stopped: Whether a reader gave up before the end, so that there may be more.
    """

    first: list[Problem] = field(default_factory=list)
    count: int = 0
    stopped: bool = False

    def add(self, file: str, line: int | None, column: str | None, expected: str, found: str) -> None:
        """Note a problem."""
        self.count += 1
        if len(self.first) < MAX_SHOWN_PROBLEMS:
            self.first.append(Problem(shown(file), line, column, expected, shown(found)))

    def room(self, n_problems: int) -> int:
        """Return how many of ``n_problems`` equal ones are worth spelling out, and count the others."""
        fit = min(n_problems, max(MAX_SHOWN_PROBLEMS - len(self.first), 0))
        self.count += n_problems - fit
        return fit

    def refuse(self, what: str) -> None:
        """Raise SubmissionRefused if anything was noted; ``what`` names the file in the message."""
        if self.count:
            raise SubmissionRefused(what, self.first, self.count, self.stopped)


class SubmissionRefused(LeaderboardError):
    """The submitted file breaks the format; it gets no score and no row.

    Attributes:
        problems: The first problems, at most 20, in the order of the file.
        n_problems: How many there are in all, or were found before reading stopped.
    """

    def __init__(self, what: str, problems: Sequence[Problem], n_problems: int, stopped: bool = False) -> None:
        self.problems = tuple(problems)
        self.n_problems = n_problems
        least = "at least " if stopped else ""
        many = f"{least}{n_problems} problems, the first: " if n_problems > 1 else ""
        super().__init__(f"{shown(what)} is refused: {many}{problems[0]}")

    def to_dict(self) -> dict[str, Any]:
        """Return the ``refusal`` shape: error, problems, n_problems."""
        problems = [problem.to_dict() for problem in self.problems]
        return {"error": str(self), "problems": problems, "n_problems": self.n_problems}
