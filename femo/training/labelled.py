"""Scores expressions on labelled photos: anybody's data set, a folder per expression or a table of files.

Conventions: a folder holds folders named after the expressions, with photos anywhere below them; a table is a CSV with the
columns ``path``, relative to the table, and ``expression``. Names are those of ``AFFECTNET_8`` or the adjectives of everyday use
(``angry``, ``happy``). What is hidden is no photo, and a table names each once. Each photo is of one person: the largest face
that is found is read, and a photo in which none is found counts as an error, as it does for who uses the pipeline. What cannot be
read is left out and named. Shares are 0-1 with Wilson's 95 % interval.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from femo.corpora.sources import PHOTOS
from femo.errors import FemoError, MediaError, ModelError
from femo.labels import AFFECTNET_8
from femo.media.lists import rows_of
from femo.media.photos import read_photo
from femo.pipeline import Pipeline
from femo.training.calibration import expected_calibration_error
from femo.training.faces.evaluate import index_of, mean_recall, share
from femo.types import Bools, Floats, Ints, Scores

SYNONYMS: Mapping[str, str] = {name: name for name in AFFECTNET_8} | {
    "angry": "anger", "contemptuous": "contempt", "disgusted": "disgust", "afraid": "fear", "fearful": "fear", "scared": "fear",
    "happy": "happiness", "joy": "happiness", "sad": "sadness", "surprised": "surprise", "calm": "neutral",
}  # fmt: skip
SUFFIXES = {f".{ending}" for ending in (*PHOTOS.split(), "pgm", "ppm")}
"""Of the photos in a folder: those that a corpus is made of, and the forms of older face data sets."""
COLUMNS = ("path", "expression")
NO_FACE = "no face"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One photo and what its data set calls it."""

    path: Path
    expression: str


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """What was read of N photos.

    Attributes:
        photos: The N that could be read.
        unreadable: Why each of the others could not.
        probabilities: float32 (N, K), NaN rows where no face was found.
        states: "sure" or "unsure" (N,), "" where nobody judged.
        labels: Of the K columns.
    """

    photos: list[Labelled]
    unreadable: list[str]
    probabilities: Floats
    states: npt.NDArray[np.str_]
    labels: tuple[str, ...]


def find_labelled(source: Path) -> list[Labelled]:
    """Return the photos of a folder or a table, in the order of their names or rows.

    Raises:
        FemoError: There is no photo, or an expression has a name that nobody knows.
    """
    found = list(_of_folders(source) if source.is_dir() else _of_table(source))
    if not found:
        raise FemoError(
            f"{source} has no photo; expected a folder for each expression with photos in it, or a CSV"
        )
    return found


def _of_folders(folder: Path) -> Iterator[Labelled]:
    for named in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        expression = _known(named.name, named)
        for path in sorted(named.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(named).parts)
            if path.suffix.lower() in SUFFIXES and not hidden and not path.is_dir():
                yield Labelled(path, expression)


def _of_table(table: Path) -> Iterator[Labelled]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            lines = rows_of(file, str(table))
            header = next(lines, (1, []))[1]
            if not set(COLUMNS) <= set(header):
                raise FemoError(f"{table} has no columns {' and '.join(COLUMNS)} in its first line")
            rows = [(number, dict(zip(header, row, strict=False))) for number, row in lines if row]
    except (OSError, UnicodeDecodeError) as error:
        raise FemoError(f"{table} cannot be read: expected a folder, or a CSV in UTF-8") from error
    first: dict[str, int] = {}
    for number, row in rows:
        path, name = (row.get(column) for column in COLUMNS)
        if not path or not name:
            raise FemoError(f"{table}, line {number}: expected a path and an expression")
        earlier = first.setdefault(os.path.normpath(path), number)
        if earlier != number:
            raise FemoError(
                f"{table}, line {number}: {path} stands in line {earlier} already; expected each photo once"
            )
        yield Labelled(table.parent / path, _known(name, f"{table}, line {number}"))


def _known(name: str, where: object) -> str:
    expression = SYNONYMS.get(name.strip().lower())
    if expression is None:
        raise FemoError(f"{where}: {name!r} is none of {', '.join(AFFECTNET_8)}")
    return expression


def evaluate_labelled(
    pipeline: Pipeline,
    source: Path,
    *,
    cut_out: bool = False,
    report: Callable[[int, int], None] = lambda n, of: None,
) -> dict[str, Any]:
    """Score the expression head on labelled photos.

    Args:
        pipeline: What reads, and its prior.
        source: A folder or a table, see the module.
        cut_out: Every picture is one face and nothing else, as in FER2013 or RAF-DB's aligned half: nothing is searched for.
        report: Told how many of how many photos are read.

    Raises:
        FemoError: The source has no photos, or names an expression that nobody knows.
        MediaError: No photo can be read.
        ModelError: The model has no expression head, or cannot decide under the prior.
    """
    read = _read(pipeline, find_labelled(source), cut_out, report)
    labels = read.labels
    target = np.array([index_of(labels, one.expression) for one in read.photos])
    seen = ~np.isnan(read.probabilities).any(axis=1)
    predicted = np.where(seen, np.nan_to_num(read.probabilities).argmax(axis=1), len(labels))
    hits = predicted == target
    error = expected_calibration_error(read.probabilities[seen], target[seen]) if seen.any() else None
    return {
        "protocol": "labelled photos",
        "model": pipeline.model,
        "prior": pipeline.decision.default,
        "n_without_face": int((~seen).sum()),
        "unreadable": read.unreadable,
        "accuracy": share(hits),
        "mean_recall": mean_recall(hits, target),
        **_certainty(hits, read.states),
        "expected_calibration_error": None if error is None else round(error, 5),
        "per_class": {label: share(hits[target == k]) for k, label in enumerate(labels) if (target == k).any()},
        "confusion": _confusion(target, predicted, labels),
    }


def _read(pipeline: Pipeline, photos: list[Labelled], cut_out: bool, report: Callable[[int, int], None]) -> Read:
    read, unreadable, rows, states = [], [], [], []
    labels = tuple(AFFECTNET_8)
    for number, one in enumerate(photos, start=1):
        try:
            scores, state = _read_one(pipeline, one.path, cut_out)
        except MediaError as error:
            unreadable.append(str(error))
        else:
            if "expression" not in scores:
                raise ModelError(f"{pipeline.model} has no head expression, which this evaluation scores")
            labels, values = scores["expression"].labels, scores["expression"].values
            rows.append(values[0] if len(values) else np.full(len(labels), np.nan, np.float32))
            states.append(state)
            read.append(one)
        report(number, len(photos))
    if not read:
        raise MediaError(f"None of {len(photos)} photos can be read; the first: {unreadable[0]}")
    return Read(read, unreadable, np.stack(rows), np.array(states), labels)


def _read_one(pipeline: Pipeline, path: Path, cut_out: bool) -> tuple[Mapping[str, Scores], str]:
    """Return the scores of one photo, and whether its largest face is sure, "" where nobody judged."""
    if cut_out:
        return pipeline.score_crops([read_photo(path).rgb]), ""
    result = pipeline.photo(path)
    if result.reading is None or not len(result.faces):
        return result.scores, ""
    return result.scores, result.reading.states()[0] or ""


def _certainty(hits: Bools, states: npt.NDArray[np.str_]) -> dict[str, Any]:
    """How many readings are sure, and how right those are, and the others; a photo without a face has no reading."""
    if not (states != "").any():
        return {}
    return {
        "sure_share": share(states[states != ""] == "sure"),
        **{f"{state}_accuracy": share(hits[states == state]) for state in ("sure", "unsure")},
    }


def _confusion(target: Ints, predicted: Ints, labels: tuple[str, ...]) -> dict[str, Any]:
    """Rows are what a photo is called, columns what it was read as, the last where no face was found."""
    table = np.zeros((len(labels), len(labels) + 1), int)
    np.add.at(table, (target[target >= 0], predicted[target >= 0]), 1)
    return {"labels": [*labels, NO_FACE], "rows_are_target": table.tolist()}
