"""Weights in the order of a file put into the modules of a network."""

from pathlib import Path

import onnx
import pytest

from femo.errors import WeightsError
from femo.upstream.importer import import_model
from tests.femo.upstream.describing import MTL, SMALL, describe


def test_another_architecture_is_refused(resnet_file: Path, tmp_path: Path) -> None:
    spec = describe(tmp_path, "resnet18", 32, 16, MTL, arch_args={"channels": [16, 16, 16, 16]})
    with pytest.raises(WeightsError, match="another architecture"):
        import_model(spec, resnet_file, tmp_path / "net")
    assert not (tmp_path / "net").exists()


def test_names_that_survived_must_agree(resnet_file: Path, tmp_path: Path) -> None:
    model = onnx.load(resnet_file)
    for node in model.graph.node:
        if node.op_type == "Conv":
            first = node.input[1]
            break
    for place in [*model.graph.initializer]:
        if place.name == first:
            place.name = "layer4.1.conv2.weight"
    for node in model.graph.node:
        node.input[:] = ["layer4.1.conv2.weight" if name == first else name for name in node.input]
    onnx.save(model, tmp_path / "renamed.onnx")
    spec = describe(tmp_path, "resnet18", 32, 8, MTL, **SMALL)
    with pytest.raises(
        WeightsError, match=r"calls a weight 'layer4\.1\.conv2\.weight' where the network has 'conv1"
    ):
        import_model(spec, tmp_path / "renamed.onnx", tmp_path / "net")
