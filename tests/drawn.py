"""A generator of the real one's form: the mapping halves its numbers, and the first three of a style are a picture's colour."""

from pathlib import Path

import numpy as np
import pytest

from femo.models.weights import file_sha256
from femo.networks.graphs import import_openvino
from femo.training.generated import generator

SIDE = 1024


def write_generator(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write both graphs and have their hashes known."""
    openvino = import_openvino()
    from openvino import opset13 as ops

    folder.mkdir(parents=True, exist_ok=True)
    numbers = ops.parameter([1, 512], np.float32, name="var")
    halved = ops.multiply(numbers, ops.constant(np.float32(0.5)))
    openvino.save_model(
        openvino.Model([halved], [numbers], "mapping"), folder / "MappingNetwork.xml", compress_to_fp16=False
    )
    style = ops.parameter([1, 512], np.float32, name="style")
    colour = ops.strided_slice(style, [0, 0], [1, 3], [1, 1], [0, 0], [0, 0])
    flat = ops.reshape(colour, ops.constant(np.array([1, 3, 1, 1], np.int64)), False)
    drawn = ops.broadcast(flat, ops.constant(np.array([1, 3, SIDE, SIDE], np.int64)))
    openvino.save_model(
        openvino.Model([drawn], [style], "synthesis"), folder / "SynthesisNetwork.xml", compress_to_fp16=False
    )
    monkeypatch.setattr(generator, "FILES", {name: file_sha256(folder / name) for name in generator.FILES})
    return folder
