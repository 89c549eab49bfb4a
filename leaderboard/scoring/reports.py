"""Scores a submission against reference labels, and compares two.

Conventions: predictions come aligned from submission.read_submission(task, path, reference). Labels alone decide
what is excluded. A signature names task, split, labels, N, metric and version: same signature, comparable score.
"""

from typing import Any

import numpy as np

from leaderboard.errors import NotComparable, ReferenceInvalid
from leaderboard.schema import Task
from leaderboard.scoring.families import tally
from leaderboard.scoring.tally import Pairs, Tally
from leaderboard.scoring.uncertainty import (
    N_DRAWS,
    SEED,
    Interval,
    bootstrap,
    holding,
    interval,
    paired_differences,
    share_better,
    wilson,
)
from leaderboard.types import Bools, Comparison, Mask, Reference, ScoreReport, Submission


def score(
    task: Task,
    submission: Submission,
    reference: Reference,
    mask: Mask = "cell",
    n_draws: int = N_DRAWS,
    seed: int = SEED,
) -> ScoreReport:
    """Return the full report of a submission.

    Args:
        task: Task of both.
        submission: Predictions whose rows are those of ``reference``.
        reference: Labels.
        mask: ``row`` drops every row with an invalid label, as some published figures did.
        n_draws: Bootstrap draws; 0 leaves the interval out.
        seed: Seed of the draws.

    Raises:
        ReferenceInvalid: No row of the reference counts under this mask, or none has what the main score is of.
    """
    result, rows = _tallied(task, submission, reference, mask)
    counted = _counted_groups(reference, rows)
    draws = span = None
    if n_draws and len(counted) > 1:
        draws = bootstrap(result.stats[counted], result.measure, n_draws, seed)
        span = item_interval(task, result.main, len(counted)) or holding(interval(draws), result.main)
    return ScoreReport(
        task=task.name,
        main=result.main,
        components=result.components,
        interval=span,
        std_error=None if draws is None else float(draws.std(ddof=1)),
        n_scored=int(rows.sum()),
        n_excluded=int((~rows).sum()),
        signature=signature_of(task, reference, mask),
        variants=result.variants,
        per_class=result.per_class,
        per_video=_video_rows(reference, rows, result) if task.key == "frame" else (),
        confusion=result.confusion,
        notes=submission.notes,
    )


def compare(
    task: Task,
    first: Submission,
    second: Submission,
    reference: Reference,
    n_draws: int = N_DRAWS,
    seed: int = SEED,
) -> Comparison:
    """Return the paired bootstrap comparison of two submissions on the same labels.

    The draws depend on the order of the two, by chance alone; they are made in one order and mirrored for the other.

    Raises:
        NotComparable: Fewer than two videos (clips, images) carry labels.
    """
    one, rows = _tallied(task, first, reference, "cell")
    two, _ = _tallied(task, second, reference, "cell")
    turned = one.stats.tobytes() > two.stats.tobytes()
    if turned:
        one, two = two, one
    counted = _counted_groups(reference, rows)
    if len(counted) < 2:
        raise NotComparable(f"{task.name}: comparing needs at least two labelled videos, clips or images")
    differences = paired_differences(
        one.stats[counted], two.stats[counted], one.measure, two.measure, n_draws, seed
    )
    result = Comparison(
        task=task.name,
        first=one.main,
        second=two.main,
        difference=one.main - two.main,
        interval=holding(interval(differences), one.main - two.main),
        p_first_better=share_better(differences, task.higher_is_better),
        n_draws=n_draws,
        n_groups=len(counted),
        signature=signature_of(task, reference),
    )
    return result.mirrored() if turned else result


def counts_items(task: Task) -> bool:
    """Return whether the score is a share of whole clips or images, which are independent of each other."""
    return task.family == "accuracy" and task.key != "frame"


def item_interval(task: Task, share: float, n: int) -> Interval | None:
    """Return Wilson's interval of an accuracy over ``n`` whole clips or images; None of other scores.

    A bootstrap of items that are all right, or all wrong, has no width, however few they are.
    """
    return holding(wilson(share, n), share) if counts_items(task) else None


def signature_of(task: Task, reference: Reference, mask: Mask = "cell") -> str:
    """Return the signature, for example ``abaw-expr|val|ref:1a2b3c4d|n:284230|f1-macro-fixed8|v1.0``.

    N counts the rows that a submission must hold; how many of them the labels leave out is not said.
    """
    metric = task.metric if mask == "cell" else f"{task.metric}-rowmask"
    return f"{task.name}|{task.split}|ref:{reference.digest}|n:{len(reference.keys)}|{metric}|{task.version}"


def _counted_rows(task: Task, reference: Reference, mask: Mask) -> Bools:
    """Return the rows that count: with any valid label, or with all of them under the row mask.

    The three parts of the multi-task score drop rows each for itself, so there any valid label counts.
    """
    by_row = mask == "row" and task.family != "multi-task"
    return np.asarray(reference.valid.all(axis=1) if by_row else reference.valid.any(axis=1))


def _tallied(task: Task, submission: Submission, reference: Reference, mask: Mask) -> tuple[Tally, Bools]:
    """Return (tally, rows that count)."""
    if submission.values.shape != reference.labels.shape:
        raise ValueError(
            f"submission {submission.values.shape} is not aligned with labels {reference.labels.shape}"
        )
    keys = reference.keys
    pairs = Pairs(reference.labels, submission.values, reference.valid, keys.group, len(keys.groups))
    rows = _counted_rows(task, reference, mask)
    if not rows.any():
        raise ReferenceInvalid(f"no row of {task.name} has all its labels, so nothing is left with mask {mask}")
    if task.family == "faces" and not reference.valid[:, 0].any():
        raise ReferenceInvalid(
            f"no row of {task.name} has an age, so there is no error of it; expected some in the labels"
        )
    return tally(task, pairs, mask), rows


def _counted_groups(reference: Reference, rows: Bools) -> Any:
    """Return the groups with at least one row that counts."""
    return np.unique(reference.keys.group[rows])


def _video_rows(reference: Reference, rows: Bools, result: Tally) -> tuple[dict[str, Any], ...]:
    counts = np.bincount(reference.keys.group[rows], minlength=len(reference.keys.groups)).tolist()
    return tuple(
        {
            "video": name,
            "n": counts[index],
            **{key: float(column[index]) for key, column in result.by_group.items()},
        }
        for index, name in enumerate(reference.keys.groups)
        if counts[index]
    )
