"""Scores a model on made pictures of people who are kept out of training, by what viewers saw in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from femo.mesh.reader import MeshReader
from femo.pipeline import Pipeline
from femo.training.faces.evaluate import index_of, mean_recall, score_pictures, share
from femo.training.posed.pictures import remake
from femo.training.posed.viewers import read_seen, word_of
from femo.types import RGB


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """Made pictures that viewers looked at.

    Attributes:
        images: uint8 (N, S, S, 3), one face each.
        words: N of ``AFFECTNET_8``, what most votes say.
    """

    images: npt.NDArray[np.uint8]
    words: tuple[str, ...]


def made_again(faces: Mapping[str, RGB], part: str = "held_out") -> Looked | None:
    """Make the pictures again that viewers looked at; those on which their votes tie are left out.

    Args:
        faces: Pictures of UTKFace by file name.
        part: Of ``seen.csv``.

    Returns:
        None where none of the faces was moved and looked at, or the mesh finds none of them.
    """
    seen = [one for one in read_seen(part) if one.name in faces and word_of(one.shares)]
    if not seen:
        return None
    made = remake(np.stack([faces[one.name] for one in seen]), MeshReader(), [one.pose for one in seen])
    if not made.poses:
        return None
    return Looked(made.images, tuple(str(word_of(seen[row].shares)) for row in made.rows))


def evaluate_posed(pipeline: Pipeline, looked: Looked | None, prior: str | None = None) -> dict[str, Any]:
    """Score made pictures (``femo.training.posed``): ``evaluate_looked`` with names that begin with ``posed``."""
    return evaluate_looked(pipeline, looked, "posed", prior)


def evaluate_looked(
    pipeline: Pipeline, looked: Looked | None, name: str, prior: str | None = None
) -> dict[str, Any]:
    """Score the expression of pictures by what most votes of their viewers say.

    Args:
        pipeline: What reads.
        looked: The pictures; without any, or without a trained head, the result is empty.
        name: What the figures' names begin with.
        prior: ``natural``, ``halfway``, ``balanced``, or None for the pipeline's own.

    Returns:
        ``NAME_accuracy``, ``NAME_mean_recall``, ``NAME_found``, the share named rightly of those in which viewers saw
        something, ``NAME_false``, the share given a word of those that they found neutral, and ``NAME_per_class``.

    Raises:
        ModelError: The model cannot decide under the prior.
    """
    trained = {head.name for reader in pipeline.readers for head in reader.spec.heads if head.source == "trained"}
    if "expression" not in trained or looked is None:
        return {}
    expression = score_pictures(pipeline, looked.images, ("expression",), prior)["expression"]
    target = np.array([index_of(expression.labels, word) for word in looked.words])
    hits = expression.values.argmax(axis=1) == target
    plain = np.array([word == "neutral" for word in looked.words])
    return {
        f"{name}_accuracy": share(hits),
        f"{name}_mean_recall": mean_recall(hits, target),
        f"{name}_found": share(hits[~plain]),
        f"{name}_false": share(~hits[plain]),
        f"{name}_per_class": {
            label: share(hits[target == k]) for k, label in enumerate(expression.labels) if (target == k).any()
        },
    }
