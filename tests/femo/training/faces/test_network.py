"""A network with its norms merged away is the same network, there and back; what it says is measured by counting."""

import pytest
import timm
import torch

from femo.training.faces.network import FaceNetwork, measure, merged_state, with_norms
from femo.training.faces.trainer import HEADS
from femo.upstream import faceres
from tests.face_pools import TINY, face_pool
from tests.norms import random_norms


@torch.inference_mode()
def test_merging_norms_and_giving_them_back_changes_no_output() -> None:
    network = random_norms(0)
    images = torch.randn(2, 3, 64, 64)
    expected = network(images)
    assert float(expected.std()) > 1e-3
    merged = FaceNetwork(faceres.ARCH, faceres.ARCH_ARGS, {"gender": 2}, merged=True).eval()
    merged.backbone.load_state_dict(merged_state(network.state_dict()))
    torch.testing.assert_close(merged.backbone(images), expected, rtol=1e-4, atol=1e-5)
    back = timm.create_model(faceres.ARCH, num_classes=0, **faceres.ARCH_ARGS).eval()
    state = {
        k.removeprefix("backbone."): v for k, v in with_norms(merged.state_dict()).items() if "heads." not in k
    }
    assert not back.load_state_dict(state, strict=False).unexpected_keys
    torch.testing.assert_close(back(images), expected, rtol=1e-4, atol=1e-5)


def test_freezing_counts_layers_from_the_picture_on() -> None:
    network = FaceNetwork(faceres.ARCH, faceres.ARCH_ARGS, {"gender": 2}, merged=True)
    assert len(network.layers()) == 14
    network.freeze(2)
    frozen = [name for name, p in network.backbone.named_parameters() if not p.requires_grad]
    assert {name.rsplit(".", 1)[0] for name in frozen} == {"conv_stem", "blocks.0.0.conv_dw", "blocks.0.0.conv_pw"}
    network.freeze(None)
    assert not any(p.requires_grad for p in network.backbone.parameters())
    network.freeze(0)
    assert all(p.requires_grad for p in network.parameters())


def test_a_network_without_blocks_is_one_layer() -> None:
    network = FaceNetwork("resnet18", {"channels": [8, 8, 8, 8]}, {"gender": 2})
    assert network.layers() == [network.backbone]
    assert pytest.approx(network(torch.zeros(0, 3, 32, 32))["gender"].shape) == (0, 2)


def test_measure_counts_hits() -> None:
    """A network whose heads always say class 0 hits as often as class 0 occurs."""
    network = FaceNetwork("resnet18", TINY, HEADS)
    for head in network.heads.values():
        torch.nn.init.zeros_(head.weight)
        head.bias.data[0] = 5.0
    pool = face_pool(40, 3, False)
    got = measure(network, [pool], 24)
    assert got["gender_acc"] == pytest.approx(float((pool.gender == 0).float().mean()))
