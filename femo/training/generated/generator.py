"""Draws faces of people who do not exist.

The generator is MobileStyleGAN (S. Belousov 2021, "MobileStyleGAN: A lightweight convolutional neural network for high-fidelity
image synthesis", arXiv:2104.04767), which learnt from FFHQ's portraits. The PyPI package random-face 2021.7.21.1 (Apache-2.0)
carries it as two OpenVINO graphs in ``random_face/data``: one maps normal numbers to a style, the other draws the style. Both are
known by their hashes, so that the same numbers are the same face everywhere, to within rounding.

Conventions: numbers and styles are float32 (N, 512), pictures RGB uint8 (256, 256, 3); the generator draws 1,024 px.
"""

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from femo.errors import WeightsError
from femo.models.weights import file_sha256
from femo.networks.graphs import import_openvino
from femo.types import RGB, Floats

N_NUMBERS: Final = 512
SIDE_PX: Final = 256
BLOCK: Final = 256
"""Rows of numbers are mapped in blocks of so many."""
FILES: Final = {
    "MappingNetwork.xml": "73e2096cad6e696e4af47df2477e048ab4c42c0e0dec83c7c66604822689e55b",
    "MappingNetwork.bin": "212dd716bdb556e18db603ea97300d4fa3c872b878c726b2402fea80820e7305",
    "SynthesisNetwork.xml": "7918fce515243954d3e06628cb39a23902d6b1d5d02932cc0c2faee7a2aeeedd",
    "SynthesisNetwork.bin": "c7da15fa22d508c82e1c30dd6b4cdf67fe3ccdddaf85b310ee764dbf0c289645",
}


class Generator:
    """The generator; one picture takes some 0.7 seconds on one core. Threads may share it: each call has a request of its own."""

    def __init__(self, folder: Path) -> None:
        """Read both graphs.

        Args:
            folder: ``random_face/data`` of the unpacked wheel.

        Raises:
            WeightsError: A file is missing or another one.
        """
        for name, sha256 in FILES.items():
            path = folder / name
            if not path.is_file():
                raise WeightsError(
                    f"{path} is missing; {folder} should be random_face/data of random-face 2021.7.21.1"
                )
            if file_sha256(path) != sha256:
                raise WeightsError(f"{path} is not the file of random-face 2021.7.21.1 (its SHA-256 is another)")
        core = import_openvino().Core()
        mapping = core.read_model(folder / "MappingNetwork.xml")
        mapping.reshape([BLOCK, N_NUMBERS])
        exact = {"INFERENCE_PRECISION_HINT": "f32"}
        self._mapping = core.compile_model(mapping, "CPU", exact)
        self._synthesis = core.compile_model(core.read_model(folder / "SynthesisNetwork.xml"), "CPU", exact)

    def styles(self, numbers: Floats) -> Floats:
        """Return the styles (N, 512) of normal numbers (N, 512)."""
        n_rows = len(numbers)
        filled = np.zeros((-(-n_rows // BLOCK) * BLOCK, N_NUMBERS), np.float32)
        filled[:n_rows] = numbers
        blocks = [_run(self._mapping, filled[start : start + BLOCK]) for start in range(0, len(filled), BLOCK)]
        return np.concatenate([*blocks, np.zeros((0, N_NUMBERS), np.float32)])[:n_rows]

    def draw(self, style: Floats) -> RGB:
        """Draw the face of a style (512,)."""
        drawn = _run(self._synthesis, np.asarray(style, np.float32)[None])[0]
        shares = (np.clip(drawn, -1, 1).transpose(1, 2, 0) + 1) / 2
        large = (shares * 255 + 0.5).astype(np.uint8)
        return np.asarray(cv2.resize(large, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)


def _run(graph: Any, batch: Floats) -> Floats:
    return np.array(graph.create_infer_request().infer(batch)[0], np.float32)


def normal_numbers(seed: int, rows: int) -> Floats:
    """Return the first rows (N, 512) of a seed's normal numbers, as numpy's ``default_rng`` has them."""
    return np.random.default_rng(seed).standard_normal((rows, N_NUMBERS)).astype(np.float32)
