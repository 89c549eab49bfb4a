"""How much is kept where a reading says that it is sure, and how right that is: the card's table of certainty.

Conventions: pictures of data sets are faces that are cut out already, so their quality is measured by ``measure_crops``. Shares
are 0-1 with Wilson's 95 % interval.
"""

from pathlib import Path
from typing import Any

import numpy as np

from femo.faces.judgement import judge
from femo.faces.quality import measure_crops
from femo.labels import AFFECTNET_8
from femo.pipeline import Pipeline
from femo.training.faces.evaluate import score_pictures, share
from femo.training.faces.ferplus import read_ferplus
from femo.training.faces.utkface import read_utkface
from femo.types import REASONS, Bools

N_PICTURES = 1500


def evaluate_certainty(
    pipeline: Pipeline, ferplus: str | Path, utkface: str | Path, *, prior: str | None = None
) -> dict[str, Any]:
    """Score what is sure apart from what is not, on the first ``N_PICTURES`` of each set.

    Returns:
        ``expression``: rows sure, unsure and every reason; ``gender`` and ``ethnicity``: rows sure and unsure. A row has ``kept``
        (its share of the pictures) and ``accuracy``.

    Raises:
        MediaError: A file is not of its form.
        ModelError: The model lacks a head, or cannot decide under the prior.
    """
    limits = pipeline.readers[0].spec.reading
    faces = read_ferplus(ferplus)
    images = np.repeat(faces.images[:N_PICTURES, ..., None], 3, axis=3)
    scores = score_pictures(pipeline, images, ("expression",), prior)
    labels = scores["expression"].labels
    target = np.array([labels.index(AFFECTNET_8[k]) for k in faces.target[:N_PICTURES]])
    hits = scores["expression"].values.argmax(axis=1) == target
    reasons = judge(measure_crops(pipeline.detector, list(images)), scores, limits).reasons
    masks = {"sure": ~reasons.any(axis=1), "unsure": reasons.any(axis=1)} | dict(
        zip(REASONS, reasons.T, strict=True)
    )
    report: dict[str, Any] = {"expression": {name: _row(hits, mask) for name, mask in masks.items()}}
    people = read_utkface([utkface])
    said = score_pictures(pipeline, people.images[:N_PICTURES], ("gender", "ethnicity"), prior)
    for name, wanted in (("gender", people.gender), ("ethnicity", people.ethnicity)):
        values = said[name].values
        sure = values.max(axis=1) >= limits.attribute_least
        right = values.argmax(axis=1) == wanted[:N_PICTURES]
        report[name] = {"sure": _row(right, sure), "unsure": _row(right, ~sure)}
    return report


def _row(hits: Bools, mask: Bools) -> dict[str, Any]:
    return {"kept": share(mask), "accuracy": share(hits[mask])}
