"""States of an entry as text, which a data set repository and the outbox before it keep, and what several of them amount to.

Conventions: a state is JSON in ASCII, the same text for the same state, and is named after it. States merge in any order: a
withdrawal, a publication and a removal stay, scores are united.
"""

import hashlib
import json
import logging
import re
from dataclasses import asdict, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from leaderboard.store.entries import Entry, StoredScore

HEX = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")
_ENTRY = TypeAdapter(Entry)
_LOG = logging.getLogger(__name__)


def entry_to_json(entry: Entry) -> str:
    """Write an entry in ASCII, the same text for the same state."""
    return json.dumps(asdict(entry), sort_keys=True)


def entry_from_json(text: str) -> Entry:
    """Read an entry back.

    Raises:
        ValueError: The text is no entry.
    """
    try:
        entry = _ENTRY.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"no entry: {'.'.join(map(str, first['loc']))} {first['msg']}") from error
    if (
        not HEX.fullmatch(entry.id)
        or not (entry.sha256 is None or HEX.fullmatch(entry.sha256))
        or not entry.scores
    ):
        raise ValueError(f"no entry: id {entry.id!r}, file {entry.sha256!r}, {len(entry.scores)} scores")
    return entry


def merge(first: Entry, second: Entry) -> Entry:
    """Unite two states of one entry; the order does not matter."""
    scores = {(score.scored, score.signature): score for score in (*first.scores, *second.scores)}
    by_signature: dict[str, StoredScore] = {}
    for key in sorted(scores):
        by_signature.setdefault(scores[key].signature, scores[key])
    withdrawn = min((time for time in (first.withdrawn, second.withdrawn) if time), default=None)
    removed = min(((one.removed, one.reason) for one in (first, second) if one.removed), default=(None, ""))
    return replace(
        first,
        scores=tuple(by_signature.values()),
        withdrawn=withdrawn,
        private=first.private and second.private,
        removed=removed[0],
        reason=removed[1],
    )


def digest(text: str) -> str:
    """Return the name of a state, 32 hex digits of its text."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def path_of(entry_id: str, text: str) -> str:
    """Return where a state lies in the repository."""
    return f"entries/{entry_id}/{digest(text)}.json"


def read_state(path: Path) -> Entry | None:
    """Return the entry of a file; None, and a line in the log, where it holds none."""
    try:
        return entry_from_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        _LOG.warning("%s is left out: %s", path, error)
        return None
