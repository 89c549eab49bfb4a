"""The composer: knows the order of the steps, from a submitted file to a line of the table.

quota -> a private copy of the file -> validation -> scoring -> one transaction that checks the quota again. Failures
and refusals touch neither quota nor table. What is scored is the copy that the store keeps, so that every score can
be recomputed.

Conventions: the submitter's identity (``user``) comes from the caller, who knows the login; never from a form field.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from leaderboard.connected import Labels
from leaderboard.errors import LeaderboardError, NotComparable, UnknownTask
from leaderboard.reading.packing import pack_folder, refuse_oversized
from leaderboard.reading.submission import read_submission
from leaderboard.schema import Task
from leaderboard.scorer import Scorer
from leaderboard.scoring.reports import compare, score
from leaderboard.standings.publications import published, score_limits
from leaderboard.standings.ranking import ladder_rule
from leaderboard.standings.shown import shown_comparison, shown_report
from leaderboard.standings.table import Row, standings
from leaderboard.store.database import Store
from leaderboard.store.details import MAX_SPLIT_CHARS, Details, checked_line
from leaderboard.store.entries import (
    CLAIMED,
    SELF_REPORTED,
    Entry,
    Mirror,
    Rescoring,
    StoredScore,
    new_entry,
    utc_now,
)
from leaderboard.store.files import StagedFile
from leaderboard.store.phases import refuse_closed, refuse_frozen
from leaderboard.store.quotas import Quota
from leaderboard.store.restoring import refuse_unread
from leaderboard.tasks import get_task
from leaderboard.types import Comparison, KeyList, Submission

MAX_REASON_CHARS = 300


class Board(Scorer):
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
        super().__init__(labels)
        self.store = store
        self.mirror = mirror
        self._quota_per_day = quota_per_day

    def quota(self, task: Task) -> Quota:
        """Return how many submissions a user may have scored for this task."""
        per_day = task.quota_per_day if self._quota_per_day is None else self._quota_per_day
        return Quota(per_day, task.quota_in_all)

    def submit(
        self, task: Task, path: Path, user: str, details: Details, name: str | None = None, private: bool = False
    ) -> Entry:
        """Score a file and put it on the board.

        Args:
            task: The task.
            path: File or folder.
            user: Who submits, from the login.
            details: What the table says about it.
            name: The file's own name, where ``path`` has another.
            private: Whether only the user sees it until it is published.

        Raises:
            PhaseClosed: The task takes no submissions today.
            EntriesUnread: Its labels are hidden, and the mirror has not brought in earlier entries.
            QuotaReached: The submissions are used up; known before the file is read.
            AlreadySubmitted: The user has these predictions on the board.
            SubmissionRefused: With every problem of the file.
            ReferenceMissing: No labels are connected.
        """
        refuse_closed(task, utc_now()[:10])
        refuse_unread(task, self.mirror)
        self.store.check_quota(task.name, user, self.quota(task))
        label = name or path.name
        reference, asked = self.labelled(task)
        self.store.files.remove_parts()
        with self._staged(path, label) as staged:
            submission = read_submission(task, staged.path, asked, label)
            report = score(task, submission, reference)
            self.store.files.keep(staged)
        scored = StoredScore(report.signature, report.main, report.to_dict(), utc_now())
        entry = new_entry(task, user, details, scored, staged.sha256, label)
        entry = replace(entry, content=submission.digest(), private=private)
        show = ladder_rule(task, report.main, report.std_error or 0.0) if task.ladder else None
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
            DetailsInvalid: The split is longer than a word or two.
            LeaderboardError: No link, or a score that the task cannot give.
        """
        refuse_closed(task, utc_now()[:10])
        if not details.links:
            raise LeaderboardError("a self-reported score needs a link to the paper or page that states it")
        low, high = score_limits(task)
        if not low <= main <= high:
            percentage = "; is it a percentage?" if high == 1 < main <= 100 else ""
            raise LeaderboardError(
                f"the {task.main} of {task.name} is {main:g}, expected {low:g} to {high:g}{percentage}"
            )
        report = {
            "task": task.name,
            "main": main,
            "split": checked_line(split, "split", MAX_SPLIT_CHARS) or task.split,
        }
        scored = StoredScore(CLAIMED, main, report, utc_now())
        return self._mirrored(self.store.add(new_entry(task, user, details, scored), self.quota(task)))

    def withdraw(self, entry_id: str, user: str, task: str | None = None) -> Entry:
        """Take back one's own entry; an earlier one of the same system comes back into view.

        Raises:
            UnknownEntry: No entry of the task has this id.
            NotOwner: Someone else submitted it.
            AlreadyDone: It is withdrawn.
            PhaseClosed: The table is frozen.
        """
        refuse_frozen(get_task(self.store.entry(entry_id).task), utc_now()[:10])
        return self._mirrored(self.store.withdraw(entry_id, user, task))

    def publish(self, entry_id: str, user: str, task: str | None = None) -> Entry:
        """Show one's own private entry to everybody, see ``Store.publish``; not once the table is frozen."""
        refuse_frozen(get_task(self.store.entry(entry_id).task), utc_now()[:10])
        return self._mirrored(self.store.publish(entry_id, user, task))

    def remove(self, entry_id: str, reason: str, task: str | None = None) -> Entry:
        """Take an entry off the ranking as the organiser, with a reason that everybody sees; see ``Store.remove``."""
        shown_reason = " ".join(reason.split())[:MAX_REASON_CHARS]
        if not shown_reason:
            raise LeaderboardError("a removal needs a reason; it is shown in the table")
        return self._mirrored(self.store.remove(entry_id, shown_reason, task))

    def mine(self, task: Task, user: str) -> list[Entry]:
        """Return a user's entries of a task, oldest first, private and withdrawn ones included."""
        return [entry for entry in self.store.entries(task.name, withdrawn=True) if entry.user == user]

    def left(self, task: Task, user: str) -> Quota:
        """Return how many submissions a user has left for a task, today (UTC) and in all."""
        quota, (today, in_all) = self.quota(task), self.store.used(task.name, user)
        left = max(quota.in_all - in_all, 0)
        return Quota(min(max(quota.per_day - today, 0), left), left)

    def saving(self) -> set[str]:
        """Return the ids of entries that are on the board but not yet in the repository that outlives it."""
        return set() if self.mirror is None else self.mirror.pending()

    def rows(self, task: Task, by: str | None = None) -> list[Row]:
        """Return the table of a task, ranked by its main score or by one part of it."""
        entries = [entry for entry in self.store.entries(task.name) if not entry.private]
        return standings(task, published(task.name), entries, self.labels.shown_signature(task), by)

    def report(self, task: Task, entry_id: str) -> dict[str, Any]:
        """Return what may be shown of an entry's current report, in plain JSON types.

        Raises:
            UnknownEntry: No entry has this id.
        """
        entry = self.store.entry(entry_id)
        scored = entry.current(self.labels.shown_signature(task))
        if entry.badge == SELF_REPORTED:
            return dict(scored.report)
        return shown_report(task, scored).to_dict()

    def compare(self, first_id: str, second_id: str, user: str = "", own: bool = True) -> Comparison:
        """Return the paired bootstrap of two entries, from the files that were submitted.

        Where labels are hidden, a pair is compared once, whichever is named first, which costs one of the user's comparisons
        of the day; the answer is kept for everybody.

        Args:
            first_id: Entry id.
            second_id: Entry id.
            user: Who asks, from the login.
            own: Whether the user's private entries may be compared.

        Raises:
            UnknownEntry: No entry has this id.
            NotComparable: The two are one entry or of different tasks, or one has no file.
            EntriesUnread: Labels are hidden, and the mirror has not brought in earlier entries.
            QuotaReached: The day's comparisons are used up.
        """
        first, second = self.store.entry(first_id), self.store.entry(second_id)
        if first.task != second.task:
            raise NotComparable(f"{first.system} is for {first.task} and {second.system} for {second.task}")
        if first.id == second.id:
            raise NotComparable(f"{first.system} cannot be compared with itself: choose two submissions")
        task = get_task(first.task)
        if task.ladder:
            raise NotComparable(f"{task.name} shows scores by the ladder rule; a comparison would reveal more")
        refuse_unread(task, self.mirror)
        for entry in (first, second):
            unseen = entry.private and not (own and entry.user == user)
            if entry.sha256 is None or entry.withdrawn or entry.removed or unseen:
                raise NotComparable(f"{entry.system} has no submitted file on the board to compare")
        reference, asked = self.labelled(task)

        def work() -> str:
            one, two = (self._read(entry, asked) for entry in (first, second))
            result = shown_comparison(task, compare(task, one, two, reference), len(reference.keys.groups))
            return json.dumps(result.to_dict())

        if not task.hidden:
            return Comparison.from_dict(json.loads(work()))
        signature, per_day = self.labels.signature(task) or "", task.comparisons_per_day
        answer = self.store.compared((first_id, second_id), task.name, signature, user, per_day, work)
        return Comparison.from_dict(json.loads(answer))

    def rescore(self, task_name: str | None = None) -> Iterator[Rescoring]:
        """Recompute every score from its file; a new signature is added beside the old one, never over it.

        Args:
            task_name: One task, or None for all.
        """
        for entry in self.store.entries(task_name):
            try:
                task = get_task(entry.task)
            except UnknownTask as error:  # of a challenge that is not served now; the others are
                yield Rescoring(entry, "refused", str(error))
                continue
            if entry.sha256 is not None and self.labels.find(task):
                yield self._rescored(task, entry)

    def _rescored(self, task: Task, entry: Entry) -> Rescoring:
        reference, asked = self.labelled(task)
        try:
            report = score(task, self._read(entry, asked), reference)
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
            shown = ladder_rule(task, report.main, report.std_error or 0.0)(earlier)
        self.store.add_score(entry.id, StoredScore(report.signature, shown, report.to_dict(), utc_now()))
        self._mirrored(self.store.entry(entry.id))
        return Rescoring(entry, "added")

    def _read(self, entry: Entry, asked: KeyList) -> Submission:
        path = self.store.files.path(entry.sha256 or "")
        return read_submission(get_task(entry.task), path, asked, entry.file_name)

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
