"""Scores a model on made pictures of people who are kept out of training, by what viewers saw in them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from femo.labels import AFFECTNET_8
from femo.mesh.reader import MeshReader
from femo.pipeline import Pipeline
from femo.training.faces.evaluate import index_of, mean_recall, score_pictures, share
from femo.training.posed.pictures import remake
from femo.training.posed.viewers import Seen, read_seen
from femo.types import RGB


def evaluate_posed(
    pipeline: Pipeline, faces: Mapping[str, RGB], prior: str | None = None, part: str = "held_out"
) -> dict[str, Any]:
    """Score the expression of made pictures (``femo.training.posed``).

    Right is what most votes of the viewers say; ties are left out.

    Args:
        pipeline: What reads.
        faces: Pictures of UTKFace by file name; where none of them was moved and looked at, the result is empty.
        prior: ``natural``, ``halfway``, ``balanced``, or None for the pipeline's own.
        part: Of ``seen.csv``.

    Returns:
        ``posed_accuracy``, ``posed_mean_recall``, ``posed_found``, the share named rightly of those in which viewers saw
        something, ``posed_false``, the share given a word of those that they found neutral, and ``posed_per_class``.

    Raises:
        ModelError: The model cannot decide under the prior.
    """
    trained = {head.name for reader in pipeline.readers for head in reader.spec.heads if head.source == "trained"}
    seen = [one for one in read_seen(part) if one.name in faces and _decided(one)]
    if "expression" not in trained or not seen:
        return {}
    calm = np.stack([faces[one.name] for one in seen])
    made = remake(calm, MeshReader(), [one.pose for one in seen])
    if not made.poses:
        return {}
    expression = score_pictures(pipeline, made.images, ("expression",), prior)["expression"]
    words = [AFFECTNET_8[int(seen[row].shares.argmax())] for row in made.rows]
    target = np.array([index_of(expression.labels, word) for word in words])
    predicted = expression.values.argmax(axis=1)
    hits, plain = predicted == target, np.array([word == "neutral" for word in words])
    return {
        "posed_accuracy": share(hits),
        "posed_mean_recall": mean_recall(hits, target),
        "posed_found": share(hits[~plain]),
        "posed_false": share(~hits[plain]),
        "posed_per_class": {
            label: share(hits[target == k]) for k, label in enumerate(expression.labels) if (target == k).any()
        },
    }


def _decided(one: Seen) -> bool:
    second, first = np.sort(one.shares)[-2:]
    return bool(first > second)
