"""A small network, exported once for every test of this folder."""

from pathlib import Path

import pytest
import timm

from tests.femo.upstream.describing import export, randomised


@pytest.fixture(scope="session")
def resnet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network, exported once."""
    network = timm.create_model("resnet18", num_classes=10, channels=(8, 8, 8, 8))
    return export(randomised(network), 32, tmp_path_factory.mktemp("onnx") / "small.onnx")
