"""Scores arrays without files: ``leaderboard.score("abaw-expr", predictions, reference)``, as Hugging Face's evaluate does."""

import numpy as np
import numpy.typing as npt

from leaderboard.errors import LeaderboardError
from leaderboard.schema import Column, Task, step_notes
from leaderboard.scoring.reports import score
from leaderboard.scoring.uncertainty import N_DRAWS
from leaderboard.tasks import get_task
from leaderboard.types import Bools, Keys, Reference, ScoreReport, Submission, Values

OWN_LABELS = "arrays"
"""Stands where the digest of labels would in the signature: arrays have no keys that could be compared."""


class ArraysInvalid(LeaderboardError):
    """Predictions or labels have another shape, type or range than the task's."""


def score_arrays(
    task: str,
    predictions: npt.ArrayLike,
    reference: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    n_draws: int = N_DRAWS,
) -> ScoreReport:
    """Return the full report of predictions against one's own labels.

    Args:
        task: Task name; its columns say what the C columns hold.
        predictions: (R,) or (R, C). Class ids as in the task's files (VGAF's are 1-3), 0 or 1, or numbers.
        reference: The same for the labels; -1 (valence and arousal: -5) marks a label that does not count.
        groups: (R,) names or numbers of the video that each row belongs to, from which the bootstrap draws; None where
            each row is an item of its own.
        n_draws: Bootstrap draws, 0 for no interval.

    Returns:
        The report; its signature names no labels, so it is comparable with nothing but itself.

    Raises:
        UnknownTask: No task has this name.
        ArraysInvalid: Shapes differ, or a value is out of range.
        ReferenceInvalid: Of UTKFace no label holds an age.
    """
    known = get_task(task)
    if not known.scorable:
        raise ArraysInvalid(f"{task} shows published results only; there is nothing to score")
    labels, valid = _checked(known, reference, "reference", labels=True)
    values, _ = _checked(known, predictions, "predictions", labels=False)
    if values.shape != labels.shape:
        raise ArraysInvalid(f"predictions have {len(values)} rows and the reference has {len(labels)}")
    if not valid.any():
        raise ArraysInvalid("the reference holds no label that counts")
    keys = _keys(groups, len(labels))
    truth = Reference(task, keys, labels, valid, np.zeros(len(labels), bool), OWN_LABELS)
    submission = Submission(task, keys, values, notes=tuple(step_notes(known.columns, values)))
    return score(known, submission, truth, n_draws=n_draws)


def _keys(groups: npt.ArrayLike | None, n_rows: int) -> Keys:
    if groups is None:
        return Keys.items(map(str, range(n_rows)))
    given = np.asarray(groups)
    if given.shape != (n_rows,):
        raise ArraysInvalid(f"groups have the shape {given.shape}, expected ({n_rows},)")
    names, codes = np.unique(given.astype(str), return_inverse=True)
    return Keys(tuple(names.tolist()), codes.astype(np.int32), np.ones(n_rows, np.int32))


def _checked(task: Task, array: npt.ArrayLike, what: str, labels: bool) -> tuple[Values, Bools]:
    """Return (values (R, C), classes as indices from 0; which of them are in range)."""
    try:
        given = np.asarray(array, np.float64)
    except (TypeError, ValueError) as error:
        raise ArraysInvalid(f"{what}: expected numbers ({error})") from error
    given = given.reshape(-1, 1) if given.ndim == 1 else given
    if given.ndim != 2 or given.shape[1] != len(task.columns) or not len(given):
        raise ArraysInvalid(
            f"{what} have the shape {np.shape(array)}, expected (R, {len(task.columns)}) with R > 0"
        )
    valid = np.stack([_fits(given[:, index], column, labels) for index, column in enumerate(task.columns)], axis=1)
    absent = given == np.array([column.invalid for column in task.columns])
    wrong = ~valid & ~(absent & labels)
    if wrong.any():
        row, index = np.argwhere(wrong)[0].tolist()
        column = task.columns[index]
        raise ArraysInvalid(
            f"{what}, row {row}, {column.name}: expected {column.expected}, found {given[row, index]:g}"
        )
    integral = all(column.kind != "real" for column in task.columns)
    low = np.array([0.0 if column.kind == "real" else column.low for column in task.columns])
    return np.where(valid, given - low, -1).astype(np.int8 if integral else np.float64), valid


def _fits(values: npt.NDArray[np.float64], column: Column, labels: bool) -> Bools:
    low, high = column.limits(labels)
    fits = (values >= low) & (values <= high)
    return fits if column.kind == "real" else fits & (values == np.round(values))
