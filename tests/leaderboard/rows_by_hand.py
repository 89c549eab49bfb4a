"""Published and re-scored results whose every figure is known, for the tests of what is made of them."""

from leaderboard.scoring.uncertainty import wilson
from leaderboard.standings.publications import Citation, PublishedRow
from leaderboard.store.entries import RESCORED, Entry, StoredScore
from leaderboard.types import ScoreReport

SIGNATURE = "afew|val|ref:0|n:100|accuracy|v1.0"
SOURCE = Citation("key", "A paper", "A. Author", "Venue", 2020, "https://example.org/paper")


def entry(main: float, user: str = "ada", system: str = "net", signature: str = SIGNATURE, n: int = 100) -> Entry:
    report = ScoreReport("afew", main, {}, wilson(main, n), n, 0, signature)
    score = StoredScore(signature, main, report.to_dict(), "2026-01-01T00:00:00+00:00")
    return Entry("afew", user, system, RESCORED, (score,), sha256=f"{main}", created="2026-01-01T00:00:00+00:00")


def paper(main: float | None, system: str = "theirs", **fields: object) -> PublishedRow:
    given_fields = {"split": "val", "subset": "complete", "n": None, "year": 2020, **fields}
    return PublishedRow(task="afew", system=system, main=main, source=SOURCE, **given_fields)  # type: ignore[arg-type]
