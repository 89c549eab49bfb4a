"""The composer: knows the order of the steps, from a submitted file to a line of the table.

quota -> a private copy of the file -> validation -> scoring -> one transaction that checks the quota again. Failures
and refusals touch neither quota nor table. What is scored is the copy that the store keeps, so that every score can
be recomputed.

Conventions: the submitter's identity (``user``) comes from the caller, who knows the login; never from a form field.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leaderboard.connected import ConnectedLabels, Labels
from leaderboard.errors import LeaderboardError, NotComparable
from leaderboard.reading.packing import pack_folder, refuse_oversized
from leaderboard.reading.private_labels import labels_root
from leaderboard.reading.reference import load_reference
from leaderboard.reading.submission import read_submission, template
from leaderboard.schema import Task
from leaderboard.scoring.reports import compare, score
from leaderboard.standings.publications import published
from leaderboard.standings.ranking import ladder
from leaderboard.standings.table import Row, shown_comparison, shown_report, standings
from leaderboard.store import hub
from leaderboard.store.database import Store
from leaderboard.store.details import Details
from leaderboard.store.entries import RESCORED, SELF_REPORTED, Entry, Mirror, StoredScore, utc_now
from leaderboard.store.files import StagedFile
from leaderboard.tasks import get_task
from leaderboard.types import Comparison, Reference, Submission

CLAIMED = "self-reported"
"""Stands where the signature would: nothing was measured here."""


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


class Board:
    """Every task's table, and what can be done with it.

    Args:
        store: Where submissions live.
        labels: Gives the reference labels of a task or raises ReferenceMissing; called once per task.
        quota_per_day: Scored submissions per user, task and day for every task; None for each task's own quota.
        mirror: Told of every entry that was added, withdrawn or re-scored.
    """

    def __init__(
        self, store: Store, labels: Labels, quota_per_day: int | None = None, mirror: Mirror | None = None
    ) -> None:
        self.store = store
        self.mirror = mirror
        self.labels = ConnectedLabels(labels)
        self._quota_per_day = quota_per_day

    def quota(self, task: Task) -> int:
        """Return how many submissions a user may have scored for this task per day."""
        return task.quota_per_day if self._quota_per_day is None else self._quota_per_day

    def template(self, task: Task) -> str:
        """Return a valid file with every key of the reference, or with sample rows where there is none."""
        return template(task, self.labels.find(task))

    def validate(self, task: Task, path: Path, name: str | None = None) -> Submission:
        """Return what is in a file, if it could be scored; nothing is kept.

        Args:
            task: The task.
            path: File or folder.
            name: Name to show for it.

        Raises:
            SubmissionRefused: With every problem of the file.
        """
        return read_submission(task, path, self.labels.find(task), name)

    def submit(self, task: Task, path: Path, user: str, details: Details, name: str | None = None) -> Entry:
        """Score a file and put it on the board.

        Args:
            task: The task.
            path: File or folder.
            user: Who submits, from the login.
            details: What the table says about it.
            name: The file's own name, where ``path`` has another.

        Raises:
            QuotaReached: The day's submissions are used up; known before the file is read.
            AlreadySubmitted: The user has this very file on the board.
            SubmissionRefused: With every problem of the file.
            ReferenceMissing: No labels are connected.
        """
        self.store.check_quota(task.name, user, self.quota(task))
        label = name or path.name
        reference = self.labels.of(task)
        with self._staged(path, label) as staged:
            report = score(task, read_submission(task, staged.path, reference, label), reference)
            self.store.files.keep(staged)
        scored = StoredScore(report.signature, report.main, report.to_dict(), utc_now())
        entry = _new_entry(task, user, details, scored, staged.sha256, label)
        show = _ladder_rule(task, report.main, report.std_error or 0.0) if task.ladder else None
        return self._mirrored(self.store.add(entry, self.quota(task), show))

    def self_report(self, task: Task, user: str, details: Details, main: float, split: str) -> Entry:
        """Put a score on the board that its submitter reports and nobody here has checked; it gets no rank.

        Args:
            task: The task.
            user: Who submits, from the login.
            details: What the table says about it; at least one link to where the score can be read.
            main: The score.
            split: Split that it was measured on.

        Raises:
            QuotaReached: The day's submissions are used up.
            LeaderboardError: No link, or no finite score.
        """
        if not details.links:
            raise LeaderboardError("a self-reported score needs a link to the paper or page that states it")
        if not abs(main) < 1e6:
            raise LeaderboardError("a self-reported score must be a finite number")
        report = {"task": task.name, "main": main, "split": split.strip()[:40] or task.split}
        scored = StoredScore(CLAIMED, main, report, utc_now())
        return self._mirrored(self.store.add(_new_entry(task, user, details, scored), self.quota(task)))

    def withdraw(self, entry_id: str, user: str) -> Entry:
        """Take back one's own entry; an earlier one of the same system comes back into view.

        Raises:
            UnknownEntry: No entry has this id.
            NotOwner: Someone else submitted it.
        """
        return self._mirrored(self.store.withdraw(entry_id, user))

    def saving(self) -> set[str]:
        """Return the ids of entries that are on the board but not yet in the repository that outlives it."""
        return set() if self.mirror is None else self.mirror.pending()

    def rows(self, task: Task) -> list[Row]:
        """Return the table of a task."""
        return standings(task, published(task.name), self.store.entries(task.name), self.labels.signature(task))

    def report(self, task: Task, entry_id: str) -> dict[str, Any]:
        """Return what may be shown of an entry's newest report, in plain JSON types.

        Raises:
            UnknownEntry: No entry has this id.
        """
        entry = self.store.entry(entry_id)
        current = self.labels.signature(task)
        scored = (entry.score(current) if current else None) or entry.scores[-1]
        if entry.badge == SELF_REPORTED:
            return dict(scored.report)
        return shown_report(task, scored).to_dict()

    def compare(self, first_id: str, second_id: str) -> Comparison:
        """Return the paired bootstrap of two entries, from the files that were submitted.

        Raises:
            UnknownEntry: No entry has this id.
            NotComparable: The two are of different tasks, or one has no file.
        """
        first, second = self.store.entry(first_id), self.store.entry(second_id)
        if first.task != second.task:
            raise NotComparable(f"{first.system} is for {first.task} and {second.system} for {second.task}")
        task = get_task(first.task)
        if task.ladder:
            raise NotComparable(f"{task.name} shows scores by the ladder rule; a comparison would reveal more")
        for entry in (first, second):
            if entry.sha256 is None or entry.withdrawn is not None:
                raise NotComparable(f"{entry.system} has no submitted file on the board to compare")
        reference = self.labels.of(task)
        result = compare(task, self._read(first, reference), self._read(second, reference), reference)
        return shown_comparison(task, result)

    def rescore(self, task_name: str | None = None) -> Iterator[Rescoring]:
        """Recompute every score from its file; a new signature is added beside the old one, never over it.

        Args:
            task_name: One task, or None for all.
        """
        for entry in self.store.entries(task_name):
            task = get_task(entry.task)
            if entry.sha256 is not None and self.labels.find(task):
                yield self._rescored(task, entry)

    def _rescored(self, task: Task, entry: Entry) -> Rescoring:
        reference = self.labels.of(task)
        try:
            report = score(task, self._read(entry, reference), reference)
        except LeaderboardError as error:
            return Rescoring(entry, "refused", str(error))
        known = entry.score(report.signature)
        if known is not None:
            before = float(known.report["main"])
            same = abs(before - report.main) <= 1e-12
            return Rescoring(
                entry, "confirmed" if same else "differs", "" if same else f"{before} → {report.main}"
            )
        shown = report.main
        if task.ladder:
            earlier = self.store.shown_scores(task.name, entry.user, report.signature)
            shown = _ladder_rule(task, report.main, report.std_error or 0.0)(earlier)
        self.store.add_score(entry.id, StoredScore(report.signature, shown, report.to_dict(), utc_now()))
        self._mirrored(self.store.entry(entry.id))
        return Rescoring(entry, "added")

    def _read(self, entry: Entry, reference: Reference) -> Submission:
        path = self.store.files.path(entry.sha256 or "")
        return read_submission(get_task(entry.task), path, reference, entry.file_name)

    @contextmanager
    def _staged(self, path: Path, label: str) -> Iterator[StagedFile]:
        if not path.is_dir() or path.is_symlink():
            refuse_oversized(path, label)
            with self.store.files.staged(path) as staged:
                yield staged
            return
        with tempfile.TemporaryDirectory() as folder:
            packed = Path(folder) / "submission.zip"
            pack_folder(path, packed)
            with self.store.files.staged(packed) as staged:
                yield staged

    def _mirrored(self, entry: Entry) -> Entry:
        if self.mirror is not None:
            self.mirror.save(entry, self.store.files.path(entry.sha256) if entry.sha256 else None)
        return entry


def _new_entry(
    task: Task, user: str, details: Details, scored: StoredScore, sha256: str | None = None, file_name: str = ""
) -> Entry:
    return Entry(
        task=task.name,
        user=user,
        system=details.system,
        badge=RESCORED if sha256 else SELF_REPORTED,
        scores=(scored,),
        team=details.team,
        links=details.links,
        note=details.note,
        sha256=sha256,
        file_name=file_name,
    )


def _ladder_rule(task: Task, main: float, noise: float) -> Callable[[Sequence[float]], float]:
    """Return what decides the shown score from the submitter's earlier shown ones."""

    def show(earlier: Sequence[float]) -> float:
        best = (max if task.higher_is_better else min)(earlier, default=None)
        return round(ladder(main, noise, best, task.higher_is_better), task.precision)

    return show


def open_board(environment: Mapping[str, str] = os.environ, mirror: Mirror | None = None) -> Board:
    """Return the board that ``FEMO_STORE`` and ``FEMO_REFERENCE`` describe; both may be missing.

    Without ``FEMO_STORE`` submissions live in ``~/.femo/board``; ``hf://datasets/USER/REPO`` keeps them in a private
    data set as well (``leaderboard.store.hub``). Without ``FEMO_REFERENCE`` only the sandbox tasks have labels.
    """
    folder = environment.get("FEMO_STORE") or ""
    root = environment.get("FEMO_REFERENCE")

    def labels(task: Task) -> Reference:
        return load_reference(task, None if task.sandbox else labels_root(root))

    on_hub = folder.startswith(hub.SCHEME)
    store = Store(Path.home() / ".femo" / "board" if on_hub or not folder else Path(folder))
    if on_hub and mirror is None:
        mirror = hub.HubMirror(hub.repo_of(folder), store).start()
    return Board(store, labels, mirror=mirror)
