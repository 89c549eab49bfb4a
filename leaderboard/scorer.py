"""From a file to a report: the one place that knows read -> align -> score, and what of it may be shown.

``Board`` adds who may submit, what is kept and how the table looks.
"""

from collections.abc import Sequence
from pathlib import Path

from leaderboard.connected import ConnectedLabels, Labels
from leaderboard.errors import LeaderboardError
from leaderboard.reading.one_clip import named, read_clip_labels
from leaderboard.reading.submission import read_submission, template
from leaderboard.schema import Task
from leaderboard.scoring.reports import compare, score
from leaderboard.scoring.uncertainty import N_DRAWS
from leaderboard.standings.shown import public_report, shown_comparison
from leaderboard.types import Comparison, KeyList, Mask, Reference, ScoreReport, Submission


class Scorer:
    """Reads and scores files; keeps nothing.

    Args:
        labels: Gives the reference labels of a task or raises ReferenceMissing; called once per task.
    """

    def __init__(self, labels: Labels) -> None:
        self.labels = ConnectedLabels(labels)

    def template(self, task: Task) -> str:
        """Return a valid file with every key of the reference, or with sample rows where there is none."""
        return template(task, self.labels.asked(task))

    def validate(self, task: Task, path: Path, name: str | None = None) -> Submission:
        """Return what is in a file, if it could be scored; nothing is kept.

        Args:
            task: The task.
            path: File or folder.
            name: Name to show for it.

        Raises:
            SubmissionRefused: With every problem of the file.
        """
        return read_submission(task, path, self.labels.asked(task), name)

    def validate_own(self, task: Task, path: Path, reference: Reference | None = None) -> Submission:
        """Check one's own file on one's own computer, against one's own labels or the board's; see ``validate``."""
        asked = self.labels.asked(task) if reference is None else reference.key_list()
        return read_submission(task, path, asked, follow_links=True)

    def template_own(self, task: Task, reference: Reference | None = None) -> str:
        """Return a template with the keys of one's own labels or of the board's; see ``template``."""
        return self.template(task) if reference is None else template(task, reference.key_list())

    def score_own(
        self,
        task: Task,
        path: Path,
        reference: Reference | None = None,
        mask: Mask = "cell",
        n_draws: int = N_DRAWS,
    ) -> ScoreReport:
        """Score one's own file on one's own computer; nothing is kept.

        Args:
            task: The task.
            path: File or folder.
            reference: One's own labels, for which the whole report is returned; None for the board's, for which it
                is what the board shows where they are the sandbox's.
            mask: What one invalid label drops.
            n_draws: Bootstrap draws, 0 for no interval.

        Raises:
            SubmissionRefused: With every problem of the file.
            ReferenceMissing: No labels are connected.
        """
        labels, asked = self._own(task, reference)
        submission = read_submission(task, path, asked, follow_links=True)
        report = score(task, submission, labels, mask, n_draws)
        return public_report(task, report) if task.sandbox and reference is None else report

    def score_clip(self, folder: Path, labels: Path, tasks: Sequence[Task]) -> tuple[Task, ScoreReport]:
        """Score the predictions of one clip against one's own labels of it, whichever task they are of; nothing is kept.

        Args:
            folder: Predictions of one clip, each task's in its official folder.
            labels: Label file of the clip; its name does not matter.
            tasks: Tasks that it may be of.

        Raises:
            LeaderboardError: The labels cannot be read, are of another length, or there are no predictions for them.
        """
        task, reference = read_clip_labels(labels, tasks)
        source = next((folder / name for name in task.folders if (folder / name).is_dir()), None)
        if source is None:
            raise LeaderboardError(f"{labels.name} labels what this model does not read: {task.title}")
        predicted = read_submission(task, source).keys
        n_labels, n_frames = len(reference.keys), len(predicted)
        if n_labels != n_frames:
            raise LeaderboardError(
                f"{labels.name} has labels for {n_labels} frames and the clip has {n_frames}; expected one line for each "
                "frame of this clip, from the first"
            )
        reference = named(reference, predicted.groups[0])
        return task, score(task, read_submission(task, source, reference.key_list()), reference)

    def compare_own(self, task: Task, first: Path, second: Path, reference: Reference | None = None) -> Comparison:
        """Compare two of one's own files, see ``score_own``."""
        labels, asked = self._own(task, reference)
        one, two = (read_submission(task, path, asked, follow_links=True) for path in (first, second))
        result = compare(task, one, two, labels)
        hide = task.sandbox and reference is None
        return shown_comparison(task, result, len(labels.keys.groups)) if hide else result

    def _own(self, task: Task, reference: Reference | None) -> tuple[Reference, KeyList]:
        if reference is not None:
            return reference, reference.key_list()
        if task.sandbox:
            return self.labelled(task)
        labels = self.labels.of(task)
        return labels, labels.key_list()

    def labelled(self, task: Task) -> tuple[Reference, KeyList]:
        """Return (labels, the rows that a submission must hold).

        Raises:
            ReferenceMissing: No labels are connected.
        """
        if not task.scorable:
            raise LeaderboardError(f"{task.name} shows published results only; it takes no prediction files")
        reference = self.labels.of(task)
        return reference, reference.key_list(demand_all=task.hidden)
