"""Pictures, table and files of one photo: boxes, and the mesh if wished, drawn in; JSON, CSV, picture for download."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from femo import PhotoResult, Pipeline
from femo.demo import cards
from femo.media.photos import Photo
from femo.output import draw
from femo.output.export import files as export
from femo.output.figures import photo as figures
from femo.output.mesh import draw_meshes
from femo.saliency import draw_saliency, explain
from femo.types import RGB, Floats, Frame

SHOWN_PX: Final = 1400
"""Longest side of the picture on the page."""
SAVED_PX: Final = 4000
"""Longest side of the annotated PNG: printing size, encoded in about a second."""


def coloured(photo: Photo, pipeline: Pipeline, result: PhotoResult, *, align: bool = False) -> Photo:
    """Return the photo with the places coloured that the expressions hang on which ``result`` says of its faces."""
    explained = explain(pipeline, photo, faces=result.faces, prior=result.prior, align=align)
    return replace(photo, frame=Frame(draw_saliency(photo.rgb, explained)))


def drawn(photo: Photo, result: PhotoResult, max_side: int, *, mesh: bool) -> tuple[RGB, Floats]:
    """Draw boxes on a photo, and meshes under them if wished.

    Returns:
        The picture, and the boxes on it, float32 (N, 4).
    """
    picture, factor = draw.shrink(photo.rgb, max_side)
    boxes = result.faces.xyxy * np.float32(factor)
    if mesh:
        picture = draw_meshes(picture, result.meshes, factor=factor)
    expression = result.scores.get("expression")
    captions = None if expression is None else [label or "" for label in expression.top()]
    unsure = None if result.reading is None else result.reading.unsure.tolist()
    return draw.annotate(picture, boxes, captions=captions, unsure=unsure), boxes


def write_files(photo: Photo, result: PhotoResult, folder: Path, *, mesh: bool) -> list[str]:
    """Write the downloads: JSON, CSV, annotated PNG."""
    stem = Path(photo.name).stem or "photo"
    paths = [folder / f"{stem}-femo{suffix}" for suffix in (".json", ".csv", ".png")]
    export.write_json(paths[0], result)
    export.write_csv(paths[1], result)
    Image.fromarray(drawn(photo, result, SAVED_PX, mesh=mesh)[0]).save(paths[2], compress_level=1)
    return [str(path) for path in paths]


def faces_table(result: PhotoResult) -> str:
    """Return one row per face, without columns of what nobody measured."""
    table = figures.face_table(result)
    affect = result.scores.get("valence_arousal")
    learnt = affect is not None and affect.source == "trained"
    return cards.table(table if learnt else table.drop(columns=["Valence", "Arousal"]), _sources(result))


def _sources(result: PhotoResult) -> dict[str, Any]:
    """Column of the table -> source of its head."""
    columns = {"Valence": "valence_arousal", "Arousal": "valence_arousal"}
    names = ("Expression", "Valence", "Arousal", "Age", "Gender", "Ethnicity", "Action units")
    heads = {name: columns.get(name, name.lower().replace(" ", "_")) for name in names}
    return {name: result.scores[head].source for name, head in heads.items() if head in result.scores}
