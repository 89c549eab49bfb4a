"""One network of a pipeline with all that reads its embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from femo.clips.classifiers import ClipClassifier, load_classifier
from femo.faces import geometry
from femo.models.config import HeadSpec, ModelSpec
from femo.networks.backbone import Backbone
from femo.networks.heads import Heads, load_heads
from femo.types import RGB, Faces


@dataclass(frozen=True, slots=True)
class Reader:
    """One network with its heads: face crops in, scores out."""

    spec: ModelSpec
    backbone: Backbone
    heads: Heads
    clip_classifiers: tuple[ClipClassifier, ...] = ()

    def crop(self, rgb: RGB, faces: Faces, *, align: bool = False) -> npt.NDArray[np.uint8]:
        """Cut faces (N, S, S, 3) out of a picture, without margins unless the spec asks for some."""
        margin = np.array([-1, -1, 1, 1], np.float32) * self.spec.crop_margin_px
        keypoints = faces.keypoints if align else None
        return geometry.crop(rgb, faces.xyxy + margin, self.spec.input_size, keypoints=keypoints)


def load_reader(spec: ModelSpec, chosen: Sequence[HeadSpec]) -> Reader:
    """Return the network of a model folder with these of its heads."""
    classifiers = tuple(load_classifier(spec, head) for head in spec.clip_heads if head.source == "trained")
    return Reader(spec, Backbone(spec), load_heads(spec, chosen), classifiers)
