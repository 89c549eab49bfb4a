"""From when on a reading is sure, fitted, and how right it then is: the key ``reading`` of a config and its table in the card.

The limits are fitted on faces that were not trained on, under the folder's own prior. A limit is where accuracy, as a rising
function of what is measured (isotonic regression), reaches what is wanted: ``LEAST`` where two expressions are close, that
of the unchanged faces less ``LOSS`` where they are small or blurred. How far heads are turned and what covers them is labelled in
neither training set, so these limits stay the defaults of ``femo.models.reading``.

Conventions: pictures of data sets are faces that are cut out already, so their quality is measured by ``measure_crops``. Shares
are 0-1 with Wilson's 95 % interval.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression

from femo.errors import FemoError
from femo.faces import geometry
from femo.faces.judgement import judge, margin
from femo.faces.quality import SIDE, measure_crops, sharpness
from femo.labels import AFFECTNET_8
from femo.pipeline import Pipeline
from femo.training.faces.evaluate import score_pictures, share
from femo.training.faces.ferplus import read_ferplus
from femo.training.faces.samples import Pool
from femo.training.faces.stress import Change, defocus, shrink
from femo.training.faces.utkface import read_utkface
from femo.types import REASONS, Bools, Scores

N_PICTURES = 1500
"""Of either set, for the table."""
LEAST = 0.6
"""What an attribute needs to have a word, too."""
LOSS = 0.05
SIZES_PX = (12, 16, 20, 24, 28, 32, 40, 48)
SIGMAS = (0.002, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.05)
"""Shares of the side; the first leaves a picture as it is."""
N_FACES = 600
"""Of eighteen readings each takes five seconds; a step of the isotonic fit then holds some hundred faces."""
GREATEST_MARGIN = 0.5
"""A face whose first expression leads by more is never called close, however badly a head is calibrated."""


def rising_limit(measured: npt.NDArray[Any], hits: npt.NDArray[Any], least: float) -> float:
    """Return the smallest value from which on the share of hits is at least ``least``.

    Args:
        measured: (N,) values; NaN counts for nothing.
        hits: (N,) 0 or 1.
        least: Share of hits, 0-1.

    Returns:
        The largest value measured where the share stays below everywhere.

    Raises:
        FemoError: None of the values is known.
    """
    known = np.isfinite(measured)
    if not known.any():
        raise FemoError(
            f"none of {len(measured)} faces can be measured, so no limit of a sure reading can be fitted"
        )
    values = np.sort(measured[known])
    fitted = IsotonicRegression(out_of_bounds="clip").fit(measured[known], hits[known]).predict(values)
    enough = fitted >= least
    return float(values[enough.argmax()] if enough.any() else values[-1])


def fit_limits(pipeline: Pipeline, faces: Pool) -> dict[str, Any]:
    """Return the limits in the form of ``config.json``.

    Args:
        pipeline: Of the folder; its own prior decides.
        faces: Grey faces with expressions, not trained on.
    """
    pictures = faces.images[:, 0].numpy()
    target = faces.expression.argmax(1).numpy()
    scores = score_pictures(pipeline, pictures, ("expression",))["expression"]
    close = rising_limit(margin(scores, len(pictures)), _hits(scores, target), LEAST)
    pictures, target = pictures[:N_FACES], target[:N_FACES]

    def read(change: Change) -> tuple[npt.NDArray[np.uint8], Bools]:
        changed = change(pictures)
        return changed, _hits(score_pictures(pipeline, changed, ("expression",))["expression"], target)

    by_px = np.stack([read(shrink(px))[1] for px in SIZES_PX])
    wanted = float(by_px[-1].mean()) - LOSS
    px = np.repeat(SIZES_PX, by_px.shape[1]).astype(np.float64)
    blurred = [read(defocus(sigma)) for sigma in SIGMAS]
    sharp = np.array([_sharpness(picture) for changed, _ in blurred for picture in changed])
    return {
        "small_px": rising_limit(px, by_px.ravel(), wanted),
        "blur": round(rising_limit(sharp, np.concatenate([hits for _, hits in blurred]), wanted), 3),
        "close_margin": round(min(close, GREATEST_MARGIN), 3),
        "citation": f"fitted on {len(faces):,} faces of FER+'s training partition that were not trained on",
    }


def _hits(expression: Scores, target: npt.NDArray[Any]) -> Bools:
    order = [AFFECTNET_8.index(label) for label in expression.labels]
    return np.asarray(np.array(order)[expression.values.argmax(axis=1)] == target, np.bool_)


def _sharpness(picture: npt.NDArray[np.uint8]) -> float:
    rgb = np.repeat(picture[..., None], 3, axis=2)
    whole = np.array([[0, 0, rgb.shape[1], rgb.shape[0]]], np.float32)
    return sharpness(geometry.crop(rgb, whole, SIDE)[0])


def evaluate_certainty(
    pipeline: Pipeline, ferplus: str | Path, utkface: str | Path, *, prior: str | None = None
) -> dict[str, Any]:
    """Score what is sure apart from what is not, on the first ``N_PICTURES`` of each set.

    Returns:
        ``expression``: rows sure, unsure and every reason, and ``expression, colour`` the same of the pictures of UTKFace that
        somebody looked at; ``gender`` and ``ethnicity``: rows sure and unsure. A row has ``kept`` (its share of the pictures) and
        ``accuracy``.

    Raises:
        MediaError: A file is not of its form.
        ModelError: The model lacks a head, or cannot decide under the prior.
    """
    limits = pipeline.readers[0].spec.reading
    faces, people = read_ferplus(ferplus), read_utkface([utkface])
    grey = np.repeat(faces.images[:N_PICTURES, ..., None], 3, axis=3)
    report = {"expression": _expression(pipeline, grey, faces.target[:N_PICTURES], prior)}
    looks = people.looks()
    looked = np.flatnonzero(looks >= 0)[:N_PICTURES]
    if len(looked):
        report["expression, colour"] = _expression(pipeline, people.images[looked], looks[looked], prior)
    said = score_pictures(pipeline, people.images[:N_PICTURES], ("gender", "ethnicity"), prior)
    for name, wanted in (("gender", people.gender), ("ethnicity", people.ethnicity)):
        values = said[name].values
        sure = values.max(axis=1) >= limits.attribute_least
        right = values.argmax(axis=1) == wanted[:N_PICTURES]
        report[name] = {"sure": _row(right, sure), "unsure": _row(right, ~sure)}
    return report


def _expression(
    pipeline: Pipeline, images: npt.NDArray[np.uint8], target: npt.NDArray[Any], prior: str | None
) -> dict[str, Any]:
    """Rows of RGB pictures (N, S, S, 3) whose expressions are known."""
    scores = score_pictures(pipeline, images, ("expression",), prior)
    hits = _hits(scores["expression"], target)
    limits = pipeline.readers[0].spec.reading
    reasons = judge(measure_crops(pipeline.detector, list(images)), scores, limits).reasons
    masks = {"sure": ~reasons.any(axis=1), "unsure": reasons.any(axis=1)} | dict(
        zip(REASONS, reasons.T, strict=True)
    )
    return {name: _row(hits, mask) for name, mask in masks.items()}


def _row(hits: Bools, mask: Bools) -> dict[str, Any]:
    return {"kept": share(mask), "accuracy": share(hits[mask])}
