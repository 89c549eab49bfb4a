"""The author's MobileFaceNet: the sizes of its published file, and a bottleneck by hand."""

import pytest
import torch

from femo.networks.mobilefacenet import Bottleneck, MobileFaceNet


def identity(block: Bottleneck) -> Bottleneck:
    """Weights with which each of the three convolutions passes its input on."""
    with torch.no_grad():
        for layers in block.layers:
            weight = layers[0].weight
            weight.zero_()
            middle = weight.shape[-1] // 2
            for row in range(min(weight.shape[0], weight.shape[1] if weight.shape[1] > 1 else weight.shape[0])):
                weight[row, row if weight.shape[1] > 1 else 0, middle, middle] = 1
            layers[1].running_var.fill_(1 - layers[1].eps)  # or the norm takes a little away
    return block.eval()


def test_a_bottleneck_adds_what_it_was_given() -> None:
    x = torch.arange(2 * 4 * 6 * 6, dtype=torch.float32).reshape(2, 4, 6, 6)
    with torch.inference_mode():
        for block, expected in (
            (Bottleneck(4, 4, 4), 2 * x),
            (Bottleneck(4, 4, 4, shortcut=False), x),
            (Bottleneck(4, 4, 4, 2, shortcut=False), x[..., ::2, ::2]),
        ):
            torch.testing.assert_close(identity(block)(x), expected)


def test_negative_values_go_through_the_slope_of_prelu_twice() -> None:
    x = torch.full((1, 1, 3, 3), -1.0)
    with torch.inference_mode():
        out = identity(Bottleneck(1, 1, 1, shortcut=False))(x)
    assert out[0, 0, 1, 1].item() == pytest.approx(
        -0.25 * 0.25
    )  # PyTorch's first slope is 0.25; the third has none


def test_the_default_is_the_published_variant() -> None:
    """64 groups over 128 channels, blocks (1, 4, 6, 2): 15 bottlenecks, 512 numbers out."""
    network = MobileFaceNet().eval()
    assert [type(layer).__name__ for layer in network.layers].count("Bottleneck") == 15
    assert network.layers[1][0].groups == 64
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, 112, 112)).shape == (2, 512)


def test_a_first_part_of_more_blocks_is_of_bottlenecks() -> None:
    network = MobileFaceNet(num_features=8, blocks=(2, 1, 1, 1), scale=1).eval()
    assert [type(layer).__name__ for layer in network.layers[1]] == ["Bottleneck", "Bottleneck"]
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 112, 112)).shape == (1, 8)


def test_mobilefacenet_is_the_author_s_network() -> None:
    """2,059,520 parameters: 7.9 MiB in float32, the size of the published file."""
    network = MobileFaceNet()
    assert sum(p.numel() for p in network.parameters()) == 2_059_520
    assert network.layers[1][0].weight.shape == (128, 2, 3, 3)


def test_the_other_end_keeps_every_place_of_the_last_map() -> None:
    """One channel of 7 x 7 and weights that read off one place each: 3,398,400 parameters with InsightFace's 64 channels."""
    network = MobileFaceNet(num_features=2, flat=1).eval()
    maps: list[torch.Tensor] = []
    network.pool.register_forward_hook(lambda module, given, out: maps.append(out))
    with torch.inference_mode():
        network.project.weight.zero_()
        network.project.weight[0, 3], network.project.weight[1, 48] = 1.0, 1.0
        out = network(torch.rand(1, 3, 112, 112))
    scale = (1 + network.norm.eps) ** -0.5
    assert out[0].tolist() == pytest.approx(
        [float(maps[0][0, 0, 0, 3]) * scale, float(maps[0][0, 0, 6, 6]) * scale]
    )
    folded = sum(p.numel() for p in MobileFaceNet(flat=64).parameters()) - 11_456 + 0
    assert folded == 3_398_400
