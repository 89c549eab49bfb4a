"""What is shown of scores and comparisons where labels are hidden, and why that cannot be asked for without limits.

The rule: nothing that is computed from hidden labels answers without limits, "accepted" and "refused" included.

- Validating, templates, refusals. They see a ``KeyList``, which has no labels (``ConnectedLabels.asked``), and it
  demands every key: which rows may be missing would say which carry no label. So neither an answer nor its time can
  depend on a label.
- Scores. Each costs one of the day's and of all submissions of its submitter, and withdrawn, private and removed
  entries stay counted. A file that is refused costs nothing, because its refusal knows no label. What one score tells
  is ``public_report``: main score and parts with the task's digits, and the interval. Where an item is a whole clip or
  image, recall per class would be exact counts, seven answers for one submission; so there components and variants stay
  out. How many rows the labels leave out is not said either: N is the number of rows that had to be there.
- Comparisons. Each pair is answered once and the answer kept; a new pair costs one of the day's comparisons.
- Signatures. They hold the first 8 digits of a hash of the labels. Unsalted, those 32 bits give a set of up to eleven
  clips of seven classes away without one submission, or the last eleven labels of a larger set whose others are known
  (tests/leaderboard/test_secrecy.py does it). So a board hashes hidden labels with random bytes: those of ``.salt``
  beside the labels, else of its own store. A store on the Hub has none that would outlive a restart, so there
  ``.salt`` has to lie beside the labels. What the shell's ``score`` prints is not salted: who runs it has the labels.
- Rows, exports, history: made of the scores above and of nothing else. Errors in label files name file and line. Where rows
  are ranked by an accuracy over frames, its interval over videos decides which ranks they share and is not shown: that tells less
  than the interval and the parts do.
- Time. Scoring takes longer with more distinct pairs of label and prediction, but only inside a counted submission.

Who holds the labels (``--reference`` on one's own computer) sees the whole report.
"""

from collections.abc import Mapping
from dataclasses import replace

from leaderboard.schema import Task
from leaderboard.scoring.reports import item_interval
from leaderboard.store.entries import StoredScore
from leaderboard.types import Comparison, ScoreReport


def rounded(value: float, digits: int) -> float:
    """Return ``value`` with so many decimals, and 0.0 rather than -0.0."""
    return round(value, digits) + 0.0


def public_report(task: Task, report: ScoreReport) -> ScoreReport:
    """Return what may be shown where labels are hidden: rounded figures, no tables, no count of what was left out."""
    digits = task.precision

    def limit(values: Mapping[str, float], names: tuple[str, ...] | None = None) -> dict[str, float]:
        return {name: rounded(value, digits) for name, value in values.items() if names is None or name in names}

    by_frame = task.key == "frame"
    low, high = report.interval or (None, None)
    return replace(
        report,
        main=rounded(report.main, digits),
        components=limit(report.components, None if by_frame else task.parts),
        interval=None if low is None or high is None else (rounded(low, digits), rounded(high, digits)),
        std_error=rounded(report.std_error, digits) if by_frame and report.std_error is not None else None,
        variants=limit(report.variants) if by_frame else {},
        n_scored=report.n_scored + (report.n_excluded or 0),
        n_excluded=None,
        per_class=(),
        per_video=(),
        confusion=None,
    )


def shown_report(task: Task, score: StoredScore) -> ScoreReport:
    """Return the part of a report that may be shown: all of it, or less where labels are hidden.

    Earlier versions drew the intervals of accuracies over clips and images; theirs are Wilson's here as those of today are.

    Under the ladder rule neither parts nor interval are shown: they would give the exact score away.
    """
    report = ScoreReport.from_dict(score.report)
    if report.interval is not None:
        report = replace(report, interval=item_interval(task, report.main, report.n_scored) or report.interval)
    if task.hidden:
        report = public_report(task, report)
    if task.ladder:
        report = replace(
            report,
            main=score.shown,
            components={},
            interval=None,
            std_error=None,
            variants={},
            per_class=(),
            notes=(),
        )
    return report


def shown_comparison(task: Task, result: Comparison, n_groups: int) -> Comparison:
    """Return a comparison to as many digits as the task's scores are shown with.

    Args:
        task: Their task.
        result: The comparison.
        n_groups: Videos, clips or images that had to be there, labelled or not.
    """
    if not task.hidden:
        return result
    low, high = (rounded(end, task.precision) for end in result.interval)
    return replace(
        result,
        first=rounded(result.first, task.precision),
        second=rounded(result.second, task.precision),
        difference=rounded(result.difference, task.precision),
        interval=(low, high),
        n_groups=n_groups,
    )
