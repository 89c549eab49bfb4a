"""Weights in the order of a file put into the modules of a network."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from femo.errors import WeightsError
from femo.upstream.importer import import_model
from femo.upstream.steps import Array, Step, map_steps, weighted_modules
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


# --- layer by layer, on networks of one or two layers whose numbers are written out ------------------------------------


class Net(nn.Module):
    """Layers in a row, under the names that they are given."""

    def __init__(self, **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.order = list(layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for name in self.order:
            layer = getattr(self, name)
            x = layer(x.mean(dim=(2, 3)) if isinstance(layer, nn.Linear) and x.ndim == 4 else x)
        return x


def array(*shape: int, start: float = 1.0) -> Array:
    return np.arange(start, start + int(np.prod(shape)), dtype=np.float32).reshape(shape)


def conv(n_out: int = 2, **arrays: Array) -> Step:
    return Step("conv", {"weight": array(n_out, 3, 1, 1), **arrays})


def mapped(network: nn.Module, *steps: Step) -> dict[str, list[float]]:
    return {name: value.ravel().tolist() for name, value in map_steps(network, list(steps), 4).items()}


def test_modules_come_in_the_order_in_which_they_run() -> None:
    network = Net(late=nn.Conv2d(3, 2, 1), early=nn.Conv2d(2, 2, 1))
    network.order = ["late", "early"]
    assert [name for name, _ in weighted_modules(network, 4)] == ["late", "early"]
    for order in (["late", "early", "early"], ["late"]):
        network.order = order
        with pytest.raises(WeightsError, match="does not run each of its layers exactly once"):
            weighted_modules(network, 4)


def test_a_convolution_takes_its_weights_and_a_bias_or_zeros() -> None:
    assert mapped(Net(c=nn.Conv2d(3, 2, 1)), conv(bias=array(2, start=7))) == {
        "c.weight": [1, 2, 3, 4, 5, 6], "c.bias": [7, 8],
    }  # fmt: skip
    assert mapped(Net(c=nn.Conv2d(3, 2, 1)), conv())["c.bias"] == [0, 0]


def test_the_bias_of_a_folded_norm_becomes_that_of_the_norm() -> None:
    """It passes its input on: variance 1 - eps, mean 0, factor 1."""
    network = Net(c=nn.Conv2d(3, 2, 1, bias=False), n=nn.BatchNorm2d(2))
    found = mapped(network, conv(bias=array(2, start=7)))
    assert (found["n.weight"], found["n.bias"], found["n.running_mean"]) == ([1, 1], [7, 8], [0, 0])
    assert found["n.running_var"] == pytest.approx([1 - 1e-5] * 2)
    network.load_state_dict(
        {name: torch.tensor(value).reshape(network.state_dict()[name].shape) for name, value in found.items()},
        strict=False,
    )
    x = torch.rand(1, 3, 4, 4)
    with torch.inference_mode():
        expected = nn.functional.conv2d(
            x, torch.from_numpy(array(2, 3, 1, 1)), torch.from_numpy(array(2, start=7))
        )
        torch.testing.assert_close(network.eval()(x), expected)


def test_a_norm_of_another_eps_gives_the_same_numbers() -> None:
    arrays = {"weight": array(2), "bias": array(2, start=3), "mean": array(2, start=5), "var": array(2, start=7)}
    network = Net(c=nn.Conv2d(3, 2, 1, bias=False), n=nn.BatchNorm2d(2, eps=1e-3))
    found = mapped(network, conv(), Step("norm", arrays, eps=0.5))
    assert found["n.running_var"] == pytest.approx([7 + 0.5 - 1e-3, 8 + 0.5 - 1e-3])
    assert (found["n.weight"], found["n.bias"], found["n.running_mean"]) == ([1, 2], [3, 4], [5, 6])
    biased = mapped(network, conv(bias=array(2, start=10)), Step("norm", arrays))
    assert biased["n.running_mean"] == [5 - 10, 6 - 11]


def test_other_layers_take_what_is_theirs_and_pass_constants_by() -> None:
    network = Net(c=nn.Conv2d(3, 2, 1), p=nn.PReLU(2), g=nn.GroupNorm(1, 2), f=nn.Linear(2, 2))
    constant = Step("vector", {"value": array(5)})
    steps = [
        conv(), constant, Step("prelu", {"weight": array(2, 1, 1, start=20)}),
        Step("vector", {"value": array(2, start=30)}), Step("vector", {"value": array(2, start=40)}),
        constant, Step("linear", {"weight": array(2, 2, start=50)}), Step("vector", {"value": array(2, start=60)}), constant,
    ]  # fmt: skip
    found = mapped(network, *steps)
    assert (found["p.weight"], found["g.weight"], found["g.bias"]) == ([20, 21], [30, 31], [40, 41])
    assert (found["f.weight"], found["f.bias"]) == ([50, 51, 52, 53], [60, 61])


@pytest.mark.parametrize(
    ("network", "steps", "said"),
    [
        (Net(c=nn.Conv2d(3, 2, 1)), [], "the network has a conv at c, where the file ends: another architecture"),
        (Net(c=nn.Conv2d(3, 2, 1)), [Step("linear", {"weight": array(2, 3)})], "where the file has a linear"),
        (Net(c=nn.Conv2d(3, 2, 1)), [conv(), conv()], "the file has 1 more weighted layers than the network"),
        (Net(c=nn.Conv2d(3, 2, 1)), [conv(3)],
         r"c\.weight has shape \(2, 3, 1, 1\) in the network and \(3, 3, 1, 1\) in the file"),
        (Net(c=nn.Conv2d(3, 2, 1)), [Step("conv", {})], r"the file has no constant weight for c\.weight"),
        (Net(a=nn.Conv2d(3, 3, 1, bias=False), b=nn.Conv2d(3, 2, 1)), [conv(3, bias=array(3)), conv()],
         "the file adds a bias before b, where the network has none"),
        (Net(c=nn.Conv2d(3, 2, 1, bias=False)), [conv(bias=array(2))], "0 more weighted layers"),
        (Net(n=nn.BatchNorm2d(3)), [], "the file has neither n nor a convolution that it is folded into"),
        (Net(b=nn.ConvTranspose2d(3, 2, 1)), [conv()], "b is a ConvTranspose2d, which cannot be mapped"),
    ],
)  # fmt: skip
def test_another_architecture_is_named_by_its_first_layer(
    network: nn.Module, steps: list[Step], said: str
) -> None:
    with pytest.raises(WeightsError, match=said):
        map_steps(network, steps, 4)


def test_a_name_that_the_network_has_elsewhere_is_astray() -> None:
    network = Net(a=nn.Conv2d(3, 3, 1), b=nn.Conv2d(3, 3, 1))
    named = Step("conv", {"weight": array(3, 3, 1, 1)}, {"weight": "b.weight"})
    with pytest.raises(WeightsError, match=r"calls a weight 'b\.weight' where the network has 'a\.weight'"):
        map_steps(network, [named, conv(3)], 4)
    numbered = Step("conv", {"weight": array(3, 3, 1, 1)}, {"weight": "onnx::Conv_17"})
    assert len(map_steps(network, [numbered, conv(3)], 4)) == 4
