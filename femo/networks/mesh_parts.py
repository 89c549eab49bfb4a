"""The mesh network in two parts: all but its last layers as fast as the processor can, the last layers in float32.

Of a point at 150 bfloat16 knows whole pixels only; of 576 features it keeps as much as leaves 0.04 pixels (root mean square of 26
faces), and the whole takes a quarter less time than in float32.
"""

from typing import cast

import numpy as np
import numpy.typing as npt
from torch import Tensor, cat, nn

from femo.models.config import ModelSpec
from femo.models.weights import find_weights, weights_sha256
from femo.networks.backbone import build_backbone, faces_per_pass
from femo.networks.engine import BATCHES, Precision, compile_module
from femo.networks.mesh import FaceMesh
from femo.types import Floats

FEATURES = (32, 3, 3)
"""What the last layer of each branch reads."""
N_FEATURES = 32 * 3 * 3


class Features(nn.Module):
    """All but the last layers."""

    def __init__(self, whole: FaceMesh) -> None:
        super().__init__()
        self.whole = whole

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, 3, 192, 192) to features (N, 576): those of the points, then those of the logit."""
        x = self.whole.shared(images)
        return cat([self.whole.points.features(x).flatten(1), self.whole.face.features(x).flatten(1)], 1)


class Last(nn.Module):
    """The last layers."""

    def __init__(self, whole: FaceMesh) -> None:
        super().__init__()
        self.whole = whole

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Map features (N, 576) to points (N, 1404) and logits (N, 1)."""
        points, face = (part.reshape(-1, *FEATURES) for part in features.split(N_FEATURES, 1))
        return self.whole.points.out(points).flatten(1), self.whole.face.out(face).flatten(1)


class MeshNetwork:
    """Both parts, compiled; thread-safe.

    Args:
        spec: The folder of the mesh.
        precision: Of the first part.

    Raises:
        WeightsError: Weights are missing, damaged, or do not fit.
    """

    def __init__(self, spec: ModelSpec, precision: Precision = "fast") -> None:
        path, key, side = find_weights(spec), weights_sha256(spec), spec.input_size

        def whole() -> FaceMesh:
            return cast("FaceMesh", build_backbone(spec, path))

        def features() -> nn.Module:
            return Features(whole())

        def last() -> nn.Module:
            return Last(whole())

        self._features = compile_module(
            features,
            (None, side, side, 3),
            name=f"{spec.name}-features",
            key=key,
            normalise=(spec.mean, spec.std),
            precision=precision,
            max_batch=faces_per_pass(side),
        )
        self._last = compile_module(
            last, (None, 2 * N_FEATURES), name=f"{spec.name}-last", key=key, precision="f32", max_batch=BATCHES[-1]
        )

    def __call__(self, squares: npt.NDArray[np.uint8]) -> tuple[Floats, ...]:
        """Map squares, uint8 (N, 192, 192, 3), to points (N, 1404) and logits (N, 1)."""
        return self._last(self._features(squares)[0])
