"""The composer: the only file of femo that knows the order of the steps.

A photo goes read -> detect -> crop -> embed -> score; the steps do not know each other. Everything here is
thread-safe: a pipeline holds compiled networks and weights, and no state of any call.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from femo import geometry
from femo.backbone import Backbone
from femo.detector import Detector
from femo.errors import MediaError
from femo.heads import Heads, load_heads
from femo.media import PhotoLimits, PhotoSource, read_photo
from femo.models import ModelSpec, find_model
from femo.results import PhotoResult
from femo.types import RGB, Faces, Floats, Scores


@dataclass(frozen=True, slots=True)
class Reader:
    """One network with its heads: face crops in, scores out."""

    spec: ModelSpec
    backbone: Backbone
    heads: Heads

    def crop(self, rgb: RGB, faces: Faces, *, align: bool = False) -> npt.NDArray[np.uint8]:
        """Cut faces (N, S, S, 3) out of a picture, without margins unless the spec asks for some."""
        margin = np.array([-1, -1, 1, 1], np.float32) * self.spec.crop_margin_px
        keypoints = faces.keypoints if align else None
        return geometry.crop(rgb, faces.xyxy + margin, self.spec.input_size, keypoints=keypoints)


class Pipeline:
    """Detector, networks and heads, put together. Made by ``femo.load``.

    Args:
        detector: Finds faces.
        readers: Networks; a head that several have is taken from the first.
    """

    def __init__(self, detector: Detector, readers: Sequence[Reader]) -> None:
        self.detector = detector
        self.readers = tuple(readers)

    @property
    def model(self) -> str:
        """Names of the model folders, joined by a plus sign."""
        return "+".join(reader.spec.name for reader in self.readers)

    def photo(
        self,
        source: PhotoSource,
        *,
        min_face: int | None = None,
        align: bool = False,
        limits: PhotoLimits | None = None,
    ) -> PhotoResult:
        """Analyse every face of one photo.

        Args:
            source: Path, bytes, binary file, PIL image, or RGB uint8 array (H, W, 3).
            min_face: Smallest face side in pixels to look for; None is quick and depends on the photo's size.
            align: Turn each face so that the eyes are level before it is read.
            limits: Largest file and picture.

        Raises:
            MediaError: The source is no readable photo, or lies outside the limits.
        """
        photo = read_photo(source, limits)
        rgb = photo.rgb
        faces = self.detector.detect(rgb, min_face)
        scores, embedding = self._read(rgb, faces, align)
        return PhotoResult(faces, scores, embedding, rgb.shape[1], rgb.shape[0], self.model, photo.notes)

    def score_crops(self, crops: Sequence[RGB]) -> dict[str, Scores]:
        """Read faces that are cut out already.

        Args:
            crops: N pictures, RGB uint8 (H, W, 3), of any size; each is squashed to the network's square.

        Returns:
            Head name to Scores of N rows.

        Raises:
            MediaError: A crop is not RGB uint8 (H, W, 3).
        """
        for number, crop in enumerate(crops):
            if np.ndim(crop) != 3 or crop.shape[2] != 3 or 0 in crop.shape or crop.dtype != np.uint8:
                raise MediaError(f"crop {number} is not RGB uint8 (H, W, 3)")
        out: dict[str, Scores] = {}
        for reader in self.readers:
            size = reader.spec.input_size
            batch = [geometry.resize(crop, size, size) for crop in crops]
            stacked = np.stack(batch) if batch else np.zeros((0, size, size, 3), np.uint8)
            out = reader.heads.score(reader.backbone.embed(stacked)) | out
        return out

    def _read(self, rgb: RGB, faces: Faces, align: bool) -> tuple[dict[str, Scores], Floats]:
        """Scores of all readers, and the embedding of the first."""
        out: dict[str, Scores] = {}
        embeddings = []
        for reader in self.readers:
            embeddings.append(reader.backbone.embed(reader.crop(rgb, faces, align=align)))
            out = reader.heads.score(embeddings[-1]) | out
        return out, embeddings[0]


def load(name: str | None = None) -> Pipeline:
    """Return the pipeline of a model folder.

    Args:
        name: Folder name under ``models/`` or ``FEMO_MODELS_DIR``, or a path; None means ``FEMO_MODEL``, else the
            embedded ``femo-base``.

    Raises:
        ModelError: No such model, or its folder is damaged.
        WeightsError: Its weights are missing or damaged.
    """
    spec = find_model(name)
    return Pipeline(Detector(), [Reader(spec, Backbone(spec), load_heads(spec))])
