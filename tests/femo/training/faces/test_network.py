"""A network with its norms merged away is the same network, there and back; what it says is measured by counting."""

from dataclasses import replace

import pytest
import timm
import torch

from femo.errors import WeightsError
from femo.models.find import find_model
from femo.models.weights import find_weights, weights_sha256
from femo.networks.backbone import build_backbone
from femo.networks.mobilefacenet import MobileFaceNet
from femo.training.faces.network import (
    FaceNetwork,
    measure,
    merged_state,
    multitask_loss,
    network_of,
    read_together,
    with_norms,
)
from femo.training.faces.recipe import Phase, Recipe
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


@torch.inference_mode()
def test_so_it_is_with_the_pairs_of_mobilefacenet() -> None:
    network = MobileFaceNet(num_features=8, flat=4)
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            n = module.num_features
            module.running_mean, module.running_var = torch.randn(n) * 0.1, torch.rand(n) + 0.5
            module.weight.data, module.bias.data = torch.rand(n) + 0.5, torch.randn(n) * 0.1
    images = torch.randn(2, 3, 112, 112)
    expected = network.eval()(images)
    args = {"num_features": 8, "flat": 4}
    merged = FaceNetwork("mobilefacenet", args, {"gender": 2}, merged=True).eval()
    merged.backbone.load_state_dict(merged_state(network.state_dict()))
    assert not any(isinstance(m, torch.nn.modules.batchnorm._BatchNorm) for m in merged.modules())
    torch.testing.assert_close(merged.backbone(images), expected, rtol=1e-3, atol=1e-5)
    back = MobileFaceNet(num_features=8, flat=4).eval()
    state = with_norms(merged.state_dict())
    kept = {name.removeprefix("backbone."): value for name, value in state.items() if "heads." not in name}
    assert not back.load_state_dict(kept, strict=False).unexpected_keys
    torch.testing.assert_close(back(images), expected, rtol=1e-3, atol=1e-5)
    merged.freeze(2)
    frozen = {name.rsplit(".", 1)[0] for name, p in merged.backbone.named_parameters() if not p.requires_grad}
    assert (len(merged.layers()), frozen) == (18, {"layers.0.0", "layers.0.2", "layers.1.0", "layers.1.2"})


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


@pytest.mark.parametrize(
    ("arch", "args", "n_layers", "first", "last"),
    [
        ("mobilenetv1_100", {"pad_type": "same"}, 14, {"conv_stem", "bn1"}, {"blocks"}),
        ("mobilenetv3_small_050", {}, 14, {"conv_stem", "bn1"}, {"conv_head"}),
        ("tf_efficientnet_b0", {}, 18, {"conv_stem", "bn1"}, {"conv_head", "bn2"}),
        ("mobilefacenet", {"flat": 64}, 18, {"layers"}, {"conv_sep", "pool", "project", "norm"}),
    ],
)
def test_every_parameter_of_a_network_with_norms_learns_once(
    arch: str, args: dict[str, object], n_layers: int, first: set[str], last: set[str]
) -> None:
    """Its norms and what lies after the blocks as well: timm's names of the first and the last layer's parts."""
    network = FaceNetwork(arch, args, HEADS)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    groups = network.rates(3.0, 0.5)
    parts = [{names[id(p)].split(".")[1] for p in group["params"]} for group in groups]
    assert (parts[0], parts[-2], parts[-1]) == (first, last, set(HEADS))
    assert [group["scale"] for group in groups] == [0.5**k for k in range(n_layers - 1, -1, -1)] + [3.0]
    assert sorted(names) == sorted(id(p) for group in groups for p in group["params"])


def test_frozen_layers_keep_their_statistics() -> None:
    network = FaceNetwork("mobilenetv1_100", {"pad_type": "same"}, {"gender": 2})
    network.train()
    network.freeze(2)
    before = {name: value.clone() for name, value in network.backbone.state_dict().items()}
    network(torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(1)))
    changed = {
        name for name, value in network.backbone.state_dict().items() if not torch.equal(value, before[name])
    }
    assert not {name for name in changed if name.startswith(("conv_stem", "bn1", "blocks.0"))}
    assert "blocks.1.0.bn1.running_mean" in changed
    network.train()
    network.freeze(0)
    assert all(module.training for module in network.modules())


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
    assert not {"looks_acc", "expression_acc"} & got.keys()
    looked = torch.full((40, 8), torch.nan)
    looked[:5] = torch.eye(8)[torch.tensor([0, 0, 4, 4, 0])]
    grey = face_pool(40, 5, True)
    for pools in ([grey, replace(pool, expression=looked)], [replace(pool, expression=looked), grey]):
        got = measure(network, pools, 24)
        assert got["looks_acc"] == pytest.approx(0.6)
        assert got["expression_acc"] == pytest.approx(float(grey.expression[:, 0].mean()))


def test_the_network_of_a_folder_says_what_its_model_says() -> None:
    """Of a shipped folder: the embedding of the torch network that is read with it, norms and all."""
    spec = find_model("femo-base")
    network = network_of(spec, weights_sha256(spec))
    assert network.merged
    assert not network.training
    images = torch.randn(2, 3, spec.input_size, spec.input_size)
    with torch.inference_mode():
        expected = build_backbone(spec, find_weights(spec))(images)
        torch.testing.assert_close(network.backbone(images), expected, rtol=1e-3, atol=1e-3)
        assert {name: value.shape[1] for name, value in network(images).items()} == {
            "expression": 8, "age": 101, "gender": 2, "ethnicity": 5, "identity": 128,
        }  # fmt: skip
    with pytest.raises(WeightsError, match=r"femo-base have SHA-256 [0-9a-f]{64}, but the recipe names 00"):
        network_of(spec, "00")


@torch.inference_mode()
def test_teachers_read_one_view_together_each_at_its_side() -> None:
    """The mean of probabilities, not of logits; in bfloat16, so to two digits."""
    torch.manual_seed(0)
    one, other = (FaceNetwork("resnet18", TINY, {"gender": 2, "identity": 4}).eval() for _ in range(2))
    one.heads["gender"].bias.copy_(torch.tensor([3.0, 0.0]))
    images = torch.randn(3, 3, 24, 24)
    small = torch.nn.functional.interpolate(images, size=(16, 16), mode="bilinear", antialias=True)
    got = read_together([(one, 24), (other, 16)], images)
    expected = (one(images)["gender"].softmax(1) + other(small)["gender"].softmax(1)) / 2
    assert list(got) == ["gender"]
    torch.testing.assert_close(got["gender"], expected, rtol=0, atol=0.01)
    assert 0.6 < float(got["gender"][0, 0]) < 0.8  # (0.95 + 0.5) / 2


def test_teachers_are_not_asked_about_a_look_that_somebody_saw() -> None:
    """Of a grey picture (no gender), a colour one that was looked at, and one that was not, they are heard on two."""
    logits = {"expression": torch.randn(3, 8, generator=torch.Generator().manual_seed(1))}
    logits |= {"age": torch.zeros(3, 101), "gender": torch.zeros(3, 2), "ethnicity": torch.zeros(3, 5)}
    expression = torch.eye(8)[[4, 0, 5]]
    expression[2] = torch.nan
    missing = torch.full((3,), -1)
    labels = {"expression": expression, "age_years": torch.full((3,), torch.nan), "ethnicity": missing}
    labels["gender"] = torch.tensor([-1, 0, 1])
    weights = {
        "expression": torch.ones(8),
        "gender": torch.ones(2),
        "ethnicity": torch.ones(5),
    }
    labels["shift"] = (torch.arange(8) / 8).expand(3, -1)
    says = torch.eye(8)[[5, 5, 5]]
    tasks = {"expression": 1.0, "age": 0.0, "gender": 0.0, "ethnicity": 0.0}
    recipe = Recipe("resnet18", {}, (Phase(24, 1, 1e-3, 1e-3),), taught=0.25, task_weights=tasks)
    got = multitask_loss(logits, labels, weights, recipe, {"expression": says})
    log_p = logits["expression"].log_softmax(dim=1)
    drawn = (logits["expression"] + labels["shift"]).log_softmax(dim=1)
    by_label = -(drawn[0, 4] + drawn[1, 0]) / 2
    by_teacher = -(log_p[0, 5] + log_p[1, 0] + log_p[2, 5]) / 3
    torch.testing.assert_close(got, 0.75 * by_label + 0.25 * by_teacher)
