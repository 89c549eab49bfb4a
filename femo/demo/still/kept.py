"""What a session keeps of one photo, and what it was asked with, so that another view of it reads nothing again.

Conventions: results and small portraits are kept, never the photo itself.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from femo import PhotoResult, Pipeline
from femo.demo import cards
from femo.demo.events import one_sentence, uploaded
from femo.media.photos import Photo, read_photo
from femo.output import draw
from femo.types import Floats


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reading hangs on; equal ones give equal readings.

    Attributes:
        path: The upload; its folder is named by its content.
        min_face: Smallest face in pixels, None for quick.
        align: Whether the eyes are levelled.
        prior: Under which the expression is decided.
        model: Who reads.
    """

    path: str
    min_face: int | None
    align: bool
    prior: str
    model: str


@dataclass(frozen=True, slots=True, eq=False)
class KeptPhoto:
    """What a session keeps of one photo.

    Attributes:
        asked: What it was read with.
        result: The faces and their scores.
        portraits: One data URI per face.
        shown_xyxy: float32 (N, 4), the boxes on the picture as it is shown.
        citations: From ``cards.citations_of``, of the model that read.
        other: The same faces as another model reads them, None for no other.
    """

    asked: Asked
    result: PhotoResult
    portraits: tuple[str, ...]
    shown_xyxy: Floats
    citations: Mapping[str, str]
    other: PhotoResult | None = None

    def is_of(self, payload: Any) -> bool:
        """Tell whether an upload, as Gradio hands it over, is the photo that this is of."""
        path = payload.get("path") if isinstance(payload, dict) else None
        return isinstance(path, str) and str(Path(path).resolve()) == self.asked.path

    def beside(self, model: str) -> PhotoResult | None:
        """Return the reading by another model, None where it is not this one's."""
        return self.other if self.other is not None and self.other.model == model else None


def kept_photo(photo: Photo, pipeline: Pipeline, asked: Asked) -> KeptPhoto:
    """Read a photo, and keep of it what the tab shows."""
    result = pipeline.photo(photo, min_face=asked.min_face, align=asked.align, prior=asked.prior)
    portraits = tuple(cards.data_uri(draw.portrait(photo.rgb, box)) for box in result.faces.xyxy)
    citations = cards.citations_of([reader.spec for reader in pipeline.readers])
    return KeptPhoto(asked, result, portraits, result.faces.xyxy, citations)


def photo_of(payload: Any, kept: KeptPhoto | None) -> Photo:
    """Return the photo of an upload.

    Raises:
        MediaError: It cannot be read.
        gr.Error: The same of one that was read already and is gone by now, so that its reading stays on the page.
    """
    with one_sentence() if kept is not None and kept.is_of(payload) else nullcontext():
        return read_photo(uploaded(payload))
