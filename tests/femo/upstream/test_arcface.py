"""InsightFace's MobileFaceNet out of an ONNX file: the network that wrote it says the same."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from femo.errors import WeightsError
from femo.networks.mobilefacenet import MobileFaceNet
from femo.upstream.arcface import ARCH_ARGS, SIDE, backbone_state
from tests.femo.upstream.describing import export, randomised


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    """A network whose last layer has a bias, as in the published file, before a norm with a mean."""
    torch.manual_seed(0)
    network = MobileFaceNet(**ARCH_ARGS)
    network.project = nn.Linear(network.project.in_features, 512)
    randomised(network)
    network.project.bias.data.normal_()
    return network, export(network, SIDE, tmp_path_factory.mktemp("onnx") / "face.onnx")


def test_the_network_that_wrote_the_file_says_the_same(written: tuple[nn.Module, Path]) -> None:
    network, path = written
    state = {name: torch.from_numpy(value.copy()) for name, value in backbone_state(path).items()}
    read = MobileFaceNet(**ARCH_ARGS).eval()
    assert not read.load_state_dict(state, strict=False).unexpected_keys
    images = torch.randn(2, 3, SIDE, SIDE)
    with torch.inference_mode():
        expected = network.eval()(images)
        torch.testing.assert_close(read(images), expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))
        without_bias = (
            expected
            - network.norm.weight * network.project.bias / (network.norm.running_var + network.norm.eps).sqrt()
        )
    assert float((without_bias - expected).abs().max()) > 0.1 * float(expected.abs().max())


def test_another_network_is_refused(resnet_file: Path) -> None:
    with pytest.raises(WeightsError, match=r"small\.onnx does not end in a linear layer and a norm"):
        backbone_state(resnet_file)


def test_weights_that_are_not_finite_are_refused(written: tuple[nn.Module, Path], tmp_path: Path) -> None:
    model = onnx.load(written[1])
    tensor = next(t for t in model.graph.initializer if len(t.dims) == 4)
    values = onnx.numpy_helper.to_array(tensor).copy()
    values[0, 0, 0, 0] = np.nan
    tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    onnx.save(model, tmp_path / "nan.onnx")
    with pytest.raises(WeightsError, match=r"of .*nan\.onnx has values that are not finite"):
        backbone_state(tmp_path / "nan.onnx")
