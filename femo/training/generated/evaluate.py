"""Scores a model on drawn faces by what viewers saw in them."""

from pathlib import Path
from typing import Any

import numpy as np

from femo.faces import geometry
from femo.faces.detector import Detector
from femo.pipeline import Pipeline
from femo.training.generated.generator import Generator
from femo.training.generated.pool import box_of
from femo.training.generated.viewers import draw_again, read_drawn
from femo.training.posed.evaluate import Looked, evaluate_looked
from femo.types import RGB

SIDE_PX = 224


def evaluate_drawn(pipeline: Pipeline, folder: Path, prior: str | None = None) -> dict[str, Any]:
    """Score the expression of the drawn faces that are held out; those on which viewers' votes tie are left out.

    Args:
        pipeline: What reads.
        folder: ``random_face/data`` of the unpacked wheel (``femo.training.generated.generator``).
        prior: ``natural``, ``halfway``, ``balanced``, or None for the pipeline's own.

    Returns:
        What ``evaluate_looked`` returns, its names beginning with ``drawn``.

    Raises:
        WeightsError: The folder is another one.
        ModelError: The model cannot decide under the prior.
    """
    return evaluate_looked(pipeline, cut_out(pipeline, Generator(folder)), "drawn", prior)


def cut_out(pipeline: Pipeline, generator: Generator) -> Looked | None:
    """Draw the faces that are held out, and cut them out by the detector's box, without a margin.

    Returns:
        None where none was looked at; a picture in which no face is found is shown whole.
    """
    faces = [face for face in read_drawn("held_out") if face.word is not None]
    if not faces:
        return None
    pictures = [cut(pipeline.detector, picture) for picture in draw_again(faces, generator)]
    return Looked(np.stack(pictures), tuple(str(face.word) for face in faces))


def cut(detector: Detector, picture: RGB) -> RGB:
    """Cut the largest face out, uint8 (``SIDE_PX``, ``SIDE_PX``, 3); the whole picture where none is found."""
    height, width = picture.shape[:2]
    share = box_of(detector, picture)
    box = share * [width, height, width, height] if np.isfinite(share).all() else [0, 0, width, height]
    return np.asarray(geometry.crop(picture, np.array([box], np.float32), SIDE_PX)[0], np.uint8)
