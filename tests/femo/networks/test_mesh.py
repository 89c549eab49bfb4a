"""Blocks of the mesh network against numpy: TensorFlow's padding of a stride, and shortcuts that are filled up."""

import numpy as np
import pytest
import torch

from femo.networks.mesh import Block, FaceMesh


def by_hand(block: Block, x: np.ndarray) -> np.ndarray:
    """One block after TensorFlow, pixel by pixel; x (C, H, W)."""
    weight, bias = (part.detach().numpy() for part in (block.depthwise.weight, block.depthwise.bias))
    mix, mix_bias = (part.detach().numpy() for part in (block.pointwise.weight, block.pointwise.bias))
    slope, stride = block.act.weight.detach().numpy(), block.stride
    side = x.shape[1] // stride
    first = 1 if stride == 1 else 0  # "same": one on either side, or for a stride of 2 on the far side only
    framed = np.zeros((x.shape[0], x.shape[1] + 2, x.shape[2] + 2), np.float32)
    framed[:, first : first + x.shape[1], first : first + x.shape[2]] = x
    out = np.zeros((mix.shape[0], side, side), np.float32)
    for i in range(side):
        for j in range(side):
            window = framed[:, i * stride : i * stride + 3, j * stride : j * stride + 3]
            deep = (window * weight[:, 0]).sum(axis=(1, 2)) + bias
            straight = x[:, i * stride : (i + 1) * stride, j * stride : (j + 1) * stride].max(axis=(1, 2))
            shortcut = np.concatenate([straight, np.zeros(mix.shape[0] - x.shape[0], np.float32)])
            total = mix[:, :, 0, 0] @ deep + mix_bias + shortcut
            out[:, i, j] = np.where(total > 0, total, slope * total)
    return out


@pytest.mark.parametrize(("n_in", "n_out", "stride"), [(3, 3, 1), (3, 5, 1), (3, 3, 2), (2, 4, 2)])
def test_a_block_by_hand(n_in: int, n_out: int, stride: int) -> None:
    torch.manual_seed(n_out)
    block = Block(n_in, n_out, stride).eval()
    x = torch.randn(1, n_in, 6, 6)
    with torch.inference_mode():
        found = block(x)[0].numpy()
    np.testing.assert_allclose(found, by_hand(block, x[0].numpy()), atol=1e-5)


def test_points_and_a_logit_for_each_picture() -> None:
    network = FaceMesh().eval()
    with torch.inference_mode():
        points, logit = network(torch.rand(2, 3, 192, 192))
        alone = network(torch.rand(2, 3, 192, 192)[:1])
    assert (points.shape, logit.shape) == ((2, 1404), (2, 1))
    assert alone[0].shape == (1, 1404)
    assert network.trunk(torch.zeros(1, 16, 96, 96)).shape == (1, 128, 6, 6)
