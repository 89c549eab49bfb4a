"""A network with its norms merged away is the same network, there and back."""

import pytest
import timm
import torch

from femo.training.faces.network import FaceNetwork, merged_state, with_norms
from femo.training.faces.samples import normalise
from femo.training.faces.start import for_normalised, start_embeddings
from femo.upstream import faceres


def _random_norms(seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    network = timm.create_model(faceres.ARCH, num_classes=0, **faceres.ARCH_ARGS)
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            n = module.num_features
            module.running_mean, module.running_var = torch.randn(n) * 0.1, torch.rand(n) + 0.5
            module.weight.data, module.bias.data = torch.rand(n) + 0.5, torch.randn(n) * 0.1
    return network.eval()


@torch.inference_mode()
def test_merging_norms_and_giving_them_back_changes_no_output() -> None:
    network = _random_norms(0)
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


@torch.inference_mode()
def test_the_start_sees_the_same_in_pictures_normalised_our_way() -> None:
    """BGR minus a mean at 0-255, and RGB of ImageNet's mean and deviation: one embedding, but for half a grey at the edge."""
    state = _random_norms(1).state_dict()
    state["conv_stem.weight"] = state["conv_stem.weight"] / 100
    images = torch.randint(0, 256, (2, 3, 224, 224), dtype=torch.uint8)
    network = timm.create_model(faceres.ARCH, num_classes=0, **faceres.ARCH_ARGS).eval()
    for_ours = for_normalised(merged_with_norms(state))
    network.load_state_dict(for_ours, strict=False)
    expected = start_embeddings(state, images)
    got = network(normalise(images.float() / 255))
    assert float((got - expected).abs().max()) < 0.01 * float(expected.abs().max())
    turned = network(normalise(images.flip(1).float() / 255))
    assert float((turned - expected).abs().max()) > 0.02 * float(expected.abs().max())


def merged_with_norms(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The start has norms that only add a bias, as ``faceres.backbone_state`` gives them."""
    merged = merged_state({f"backbone.{name}": value for name, value in state.items()})
    return {name.removeprefix("backbone."): value for name, value in with_norms(merged).items()}


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
