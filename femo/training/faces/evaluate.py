"""Scores a model folder on FER+ and UTKFace, the protocols that its card quotes.

Conventions: the whole pipeline as shipped reads the pictures as faces that are cut out already
(``Pipeline.score_crops``): fp16 weights, compiled network, calibrated heads. Shares are 0-1 with Wilson's 95 % interval, and a
mean of recalls has the one that follows from theirs; the age error is in years with a 95 % bootstrap interval over images
(seed 0, 2,000 draws).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from femo.errors import ModelError
from femo.labels import AFFECTNET_8, ETHNICITY_5, GENDER
from femo.pipeline import Pipeline
from femo.training.calibration import expected_calibration_error
from femo.training.faces.ferplus import read_ferplus
from femo.training.faces.utkface import PLAIN, UtkFace, read_utkface
from femo.types import Bools, Scores

BATCH = 256
N_DRAWS = 2000
AGE_GROUPS = ((0, 9), (10, 19), (20, 29), (30, 39), (40, 49), (50, 59), (60, 69), (70, 116))
"""Years, both ends included."""


def share(hits: Bools) -> dict[str, Any]:
    """Return the share of hits with Wilson's 95 % interval (Wilson 1927) and N."""
    n = len(hits)
    if n == 0:
        return {"value": None, "interval": None, "n": 0}
    k = int(hits.sum())
    low, high = binomtest(k, n).proportion_ci(0.95, method="wilson")
    return {"value": round(k / n, 5), "interval": [round(float(low), 5), round(float(high), 5)], "n": n}


def mean_error(errors: npt.NDArray[Any]) -> dict[str, Any]:
    """Return the mean of absolute errors with a bootstrap interval and N."""
    if not len(errors):
        return {"value": None, "interval": None, "n": 0}
    rng = np.random.default_rng(0)
    draws = [float(errors[rng.integers(0, len(errors), len(errors))].mean()) for _ in range(N_DRAWS)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return {
        "value": round(float(errors.mean()), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
        "n": len(errors),
    }


def score_pictures(
    pipeline: Pipeline, images: npt.NDArray[np.uint8], wanted: tuple[str, ...], prior: str | None = None
) -> dict[str, Scores]:
    """Run the pipeline in batches on pictures (N, S, S) or (N, S, S, 3); grey ones are shown as RGB.

    Raises:
        ModelError: The model lacks a head, or cannot decide under the prior.
    """
    parts: dict[str, list[Scores]] = {name: [] for name in wanted}
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        rgb = np.repeat(batch[..., None], 3, axis=3) if batch.ndim == 3 else batch
        scores = pipeline.score_crops(list(rgb), prior=prior)
        missing = [name for name in wanted if name not in scores]
        if missing:
            raise ModelError(f"{pipeline.model} has no head {', '.join(missing)}, which this evaluation scores")
        for name in wanted:
            parts[name].append(scores[name])
    return {
        name: heads[0].with_values(np.concatenate([head.values for head in heads]))
        for name, heads in parts.items()
    }


def evaluate_ferplus(
    pipeline: Pipeline,
    path: str | Path,
    *,
    prior: str | None = None,
    change: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]] | None = None,
    first: int | None = None,
) -> dict[str, Any]:
    """Score the expression head on one FER+ partition.

    Protocol: Barsoum et al. 2016, see ``femo.training.faces.ferplus``. ``mean_recall`` is the mean over the classes that occur,
    and ``balanced_calibration_error`` weighs every image so that all classes count alike.

    Args:
        pipeline: What reads.
        path: The ``.npz`` file.
        prior: ``natural``, ``halfway``, ``balanced``, or None for the pipeline's own.
        change: Alters the pictures (N, 48, 48) before they are read, see ``femo.training.faces.stress``.
        first: Score only so many pictures, in file order; None scores all.

    Raises:
        MediaError: The file is not of the FER+ form.
        ModelError: The model has no expression head, or cannot decide under the prior.
    """
    data = read_ferplus(path)
    images = data.images[:first] if change is None else change(data.images[:first])
    expression = score_pictures(pipeline, images, ("expression",), prior)["expression"]
    target = np.array([index_of(expression.labels, AFFECTNET_8[k]) for k in data.target[:first]])
    predicted = expression.values.argmax(axis=1)
    hits = predicted == target
    n = len(expression.labels)
    confusion = np.bincount(target[target >= 0] * n + predicted[target >= 0], minlength=n * n).reshape(n, n)
    frequency = np.bincount(target[target >= 0], minlength=n)
    weights = np.where(target >= 0, 1 / np.maximum(frequency[target], 1), 0)
    return {
        "protocol": "ferplus",
        "model": pipeline.model,
        "prior": pipeline.decision.choose(prior),
        "n_left_out": data.n_left_out,
        "accuracy": share(hits),
        "mean_recall": mean_recall(hits, target),
        "expected_calibration_error": round(expected_calibration_error(expression.values, target), 5),
        "balanced_calibration_error": round(expected_calibration_error(expression.values, target, weights), 5),
        "per_class": {label: share(hits[target == k]) for k, label in enumerate(expression.labels)},
        "confusion": {"labels": list(expression.labels), "rows_are_target": confusion.tolist()},
    }


def mean_recall(hits: Bools, target: npt.NDArray[Any]) -> dict[str, Any]:
    """Return the mean recall over the classes that occur, with a 95 % interval, and N.

    The interval joins Wilson's intervals of the recalls (Zou, Huang and Zhang 2009, Comput. Stat. Data Anal. 53, 1080), so it
    has width where every class is all right or all wrong, and that of one class alone is the interval of its share.
    """
    recalls = [share(hits[target == k]) for k in np.unique(target[target >= 0])]
    if not recalls:
        return {"value": None, "interval": None, "n": 0}
    values = np.array([recall["value"] for recall in recalls])
    low, high = np.array([recall["interval"] for recall in recalls]).T
    mean = float(values.mean())
    below, above = (float(np.linalg.norm(values - limit)) / len(values) for limit in (low, high))
    return {
        "value": round(mean, 5),
        "interval": [round(mean - below, 5), round(mean + above, 5)],
        "n": len(target),
    }


def index_of(labels: tuple[str, ...], label: str) -> int:
    """Return the position of a label, -1 for one that a 7-class head lacks: such an image counts as an error."""
    return labels.index(label) if label in labels else -1


def evaluate_utkface(pipeline: Pipeline, path: str | Path) -> dict[str, Any]:
    """Score age, gender and ethnicity on a UTKFace zip or folder, overall and by group; heads that a model lacks are left out.

    Raises:
        MediaError: The file holds no UTKFace images.
        ModelError: The model has none of the heads.
    """
    trained = {head.name for reader in pipeline.readers for head in reader.spec.heads}
    wanted = tuple(name for name in ("age", "gender", "ethnicity") if name in trained)
    if not wanted:
        raise ModelError(f"{pipeline.model} has no head age, gender or ethnicity, which this evaluation scores")
    data = read_utkface([path])
    scores = score_pictures(pipeline, data.images, wanted)
    measures = {name: MEASURES[name](scores[name], data) for name in wanted}

    def row(mask: Bools) -> dict[str, Any]:
        return {
            f"{name}_mae_years" if name == "age" else f"{name}_accuracy": measures[name](mask) for name in wanted
        }

    ages = data.age_years
    groups: dict[str, Mapping[str, Any]] = {
        f"age {low}-{high}": row((ages >= low) & (ages <= high)) for low, high in AGE_GROUPS
    }
    groups |= {f"gender {label}": row(data.gender == k) for k, label in enumerate(GENDER)}
    groups |= {f"ethnicity {label}": row(data.ethnicity == k) for k, label in enumerate(ETHNICITY_5)}
    report = {"protocol": "utkface", "model": pipeline.model, "n_left_out": data.n_left_out} | row(
        np.ones(len(ages), bool)
    )
    if "gender" in wanted:
        error = expected_calibration_error(scores["gender"].values, data.gender)
        report["gender_expected_calibration_error"] = round(error, 5)
    return report | {"groups": groups} | evaluate_looks(pipeline, data)


def evaluate_looks(pipeline: Pipeline, data: UtkFace, prior: str | None = None) -> dict[str, Any]:
    """Score the expression of the pictures whose look somebody wrote down, by most of the votes; ties are left out.

    They are in colour and cut out as they are. Of what ``femo train faces`` keeps out all were looked at, and most are neutral or
    happy; of the rest of UTKFace only the doubtful ones. ``looks_rare_recall`` is the share named rightly of those that are
    something else, ``looks_rare_false`` the share of the neutral and happy ones that are given another word.

    Raises:
        ModelError: The model cannot decide under the prior.
    """
    looks = data.looks()
    known = looks >= 0
    trained = {head.name for reader in pipeline.readers for head in reader.spec.heads if head.source == "trained"}
    if "expression" not in trained or not known.any():
        return {}
    expression = score_pictures(pipeline, data.images[known], ("expression",), prior)["expression"]
    labels = expression.labels
    target = np.array([index_of(labels, AFFECTNET_8[k]) for k in looks[known]])
    predicted = expression.values.argmax(axis=1)
    plain = [index_of(labels, AFFECTNET_8[k]) for k in PLAIN]
    hits, rare = predicted == target, ~np.isin(target, plain)
    return {
        "looks_accuracy": share(hits),
        "looks_mean_recall": mean_recall(hits, target),
        "looks_rare_recall": share(hits[rare]),
        "looks_rare_false": share(~np.isin(predicted[~rare], plain)),
        "looks_per_class": {
            label: share(hits[target == k]) for k, label in enumerate(labels) if (target == k).any()
        },
    }


Metric = Callable[[Bools], dict[str, Any]]


def _hits(scores: Scores, target: npt.NDArray[Any]) -> Metric:
    hits = scores.values.argmax(axis=1) == target
    return lambda mask: share(hits[mask])


def _errors(scores: Scores, data: UtkFace) -> Metric:
    errors = np.abs(scores.column("years") - data.age_years)
    return lambda mask: mean_error(errors[mask])


MEASURES: Mapping[str, Callable[[Scores, UtkFace], Metric]] = {
    "age": _errors,
    "gender": lambda scores, data: _hits(scores, data.gender),
    "ethnicity": lambda scores, data: _hits(scores, data.ethnicity),
}
