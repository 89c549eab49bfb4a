"""Scores a model on drawn faces by what viewers saw in them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from femo.faces import geometry
from femo.faces.detector import Detector
from femo.pipeline import Pipeline
from femo.training.generated.generator import Generator
from femo.training.generated.pool import face_of
from femo.training.generated.viewers import Drawn, draw_again, read_drawn
from femo.training.posed.evaluate import Looked, evaluate_looked
from femo.types import RGB

SIDE_PX = 224


def _quiet(_done: int, _of: int) -> None:
    pass


def draw_held_out(
    generator: Generator, report: Callable[[int, int], None] = _quiet, *, ties: bool = True
) -> list[tuple[Drawn, RGB]]:
    """Draw the faces that are held out, as the viewers saw them.

    Args:
        generator: That drew them.
        report: Told how many are drawn, and of how many; each takes most of a second.
        ties: Those too on which votes tie.
    """
    faces, drawn = [face for face in read_drawn("held_out") if ties or face.word is not None], []
    for face, picture in zip(faces, draw_again(faces, generator), strict=True):
        drawn.append((face, picture))
        report(len(drawn), len(faces))
    return drawn


def evaluate_drawn(
    pipeline: Pipeline, drawn: Sequence[tuple[Drawn, RGB]], prior: str | None = None
) -> dict[str, Any]:
    """Score the expression of drawn faces; those on which viewers' votes tie are left out.

    Args:
        pipeline: What reads.
        drawn: Faces with their pictures.
        prior: ``natural``, ``halfway``, ``balanced``, or None for the pipeline's own.

    Returns:
        What ``evaluate_looked`` returns, its names beginning with ``drawn``.

    Raises:
        ModelError: The model cannot decide under the prior.
    """
    return evaluate_looked(pipeline, cut_out(pipeline, drawn), "drawn", prior)


def cut_out(pipeline: Pipeline, drawn: Sequence[tuple[Drawn, RGB]]) -> Looked | None:
    """Cut faces on which votes do not tie out by the detector's box and the margin that the model asks for.

    Returns:
        None where there is none; a picture in which no face is found is shown whole.
    """
    kept = [(face.word, picture) for face, picture in drawn if face.word is not None]
    if not kept:
        return None
    margin_px = pipeline.readers[0].spec.crop_margin_px
    pictures = [cut(pipeline.detector, picture, margin_px) for _, picture in kept]
    return Looked(np.stack(pictures), tuple(word for word, _ in kept))


def cut(detector: Detector, picture: RGB, margin_px: int = 0) -> RGB:
    """Cut the largest face out, uint8 (``SIDE_PX``, ``SIDE_PX``, 3); the whole picture where none is found."""
    height, width = picture.shape[:2]
    found = face_of(detector, picture)
    box = np.array([0, 0, width, height]) if found is None else found + np.array([-1, -1, 1, 1]) * margin_px
    return np.asarray(geometry.crop(picture, box[None].astype(np.float32), SIDE_PX)[0], np.uint8)
