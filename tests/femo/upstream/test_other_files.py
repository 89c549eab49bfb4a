"""State dicts without their pickle, and Keras files against numpy."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import timm
import torch
from torch import nn

from femo.errors import WeightsError
from femo.models.config import read_spec
from femo.models.weights import find_weights
from femo.networks.backbone import build_backbone
from femo.networks.heads import load_heads
from femo.upstream.importer import import_model
from femo.upstream.other_files import fit_state, head_of_state, read_state_dict
from tests.femo.upstream.describing import EXPRESSION, MTL, SMALL, describe, randomised


def test_state_dict(tmp_path: Path) -> None:
    network = randomised(timm.create_model("resnet18", num_classes=10, channels=(8, 8, 8, 8)))
    torch.save(network.state_dict(), tmp_path / "state.pt")
    import_model(describe(tmp_path, "resnet18", 32, 8, MTL, **SMALL), tmp_path / "state.pt", tmp_path / "net")
    spec = read_spec(tmp_path / "net")
    faces = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        expected = network(faces).numpy()
        embedding = build_backbone(spec, find_weights(spec))(faces).numpy()
    assert load_heads(spec).score(embedding)["valence_arousal"].values == pytest.approx(expected[:, 8:], abs=1e-5)


def test_state_dict_of_an_identity_network_has_no_heads(tmp_path: Path) -> None:
    network = timm.create_model("resnet18", num_classes=50, channels=(8, 8, 8, 8))
    torch.save(network.state_dict(), tmp_path / "state.pt")
    import_model(describe(tmp_path, "resnet18", 32, 8, {}, **SMALL), tmp_path / "state.pt", tmp_path / "net")
    spec = read_spec(tmp_path / "net")
    assert spec.heads == ()
    weights = build_backbone(spec, find_weights(spec)).state_dict()
    assert torch.equal(weights["layer3.0.conv1.weight"], network.state_dict()["layer3.0.conv1.weight"])


class Payload:
    """Pickles to a call that would leave a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Path.touch, (self.mark,)  # type: ignore[return-value]


def test_pickled_modules_are_refused_unread(tmp_path: Path) -> None:
    spec = describe(tmp_path, "resnet18", 32, 8, MTL, **SMALL)
    torch.save(timm.create_model("resnet18", num_classes=10), tmp_path / "module.pt")
    with pytest.raises(WeightsError, match=r"can run any code when it is read.*use the ONNX file"):
        import_model(spec, tmp_path / "module.pt", tmp_path / "net")
    torch.save(Payload(tmp_path / "mark"), tmp_path / "payload.pt")
    with pytest.raises(WeightsError, match="refused"):
        import_model(spec, tmp_path / "payload.pt", tmp_path / "net")
    assert not (tmp_path / "mark").exists()


FILTERS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)


STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)


def keras_layers(heads: dict[str, int]) -> dict[str, dict[str, np.ndarray]]:
    """Random weights under Keras's names and layouts (MobileNet v1 of keras.applications)."""
    random = np.random.default_rng(3)

    def norm(n: int) -> dict[str, np.ndarray]:
        return {
            "gamma": random.random(n) + 0.5, "beta": random.standard_normal(n) * 0.1,
            "moving_mean": random.standard_normal(n) * 0.1, "moving_variance": random.random(n) + 0.5,
        }  # fmt: skip

    layers: dict[str, dict[str, np.ndarray]] = {
        "conv1": {"kernel": random.standard_normal((3, 3, 3, 32)) * 0.3},
        "conv1_bn": norm(32),
    }
    n_in = 32
    for i, n_out in enumerate(FILTERS, start=1):
        layers[f"conv_dw_{i}"] = {"depthwise_kernel": random.standard_normal((3, 3, n_in, 1)) * 0.5}
        layers[f"conv_dw_{i}_bn"] = norm(n_in)
        layers[f"conv_pw_{i}"] = {"kernel": random.standard_normal((1, 1, n_in, n_out)) * (2 / n_in) ** 0.5}
        layers[f"conv_pw_{i}_bn"] = norm(n_out)
        n_in = n_out
    layers["feats"] = {"kernel": random.standard_normal((1024, 256)) * 0.05, "bias": random.standard_normal(256)}
    for name, n in heads.items():
        layers[name] = {"kernel": random.standard_normal((256, n)) * 0.1, "bias": random.standard_normal(n)}
    return {name: {k: v.astype(np.float32) for k, v in arrays.items()} for name, arrays in layers.items()}


def write_keras(path: Path, layers: dict[str, dict[str, np.ndarray]], activation: str = "relu") -> Path:
    """Write what ``model.save('x.h5')`` of Keras writes."""
    with h5py.File(path, "w") as file:
        weights = file.create_group("model_weights")
        for layer, arrays in layers.items():
            group = weights.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}/{name}:0".encode() for name in arrays]
            for name, array in arrays.items():
                group.create_dataset(f"{layer}/{name}:0", data=array)
        described = [{"config": {"name": "feats", "activation": activation}}]
        described += [{"config": {"name": name, "epsilon": 0.001}} for name in layers if name.endswith("_bn")]
        file.attrs["model_config"] = json.dumps({"config": {"layers": described}}).encode()
    return path


def keras_forward(layers: dict[str, dict[str, np.ndarray]], x: np.ndarray) -> np.ndarray:
    """MobileNet v1 in numpy after Keras: SAME padding as TensorFlow does it; x (H, W, 3) to feats (256,)."""

    def padded(x: np.ndarray, stride: int) -> np.ndarray:
        total = [max((-(-n // stride) - 1) * stride + 3 - n, 0) for n in x.shape[:2]]
        return np.pad(x, [(t // 2, t - t // 2) for t in total] + [(0, 0)])

    def windows(x: np.ndarray, stride: int) -> np.ndarray:
        return np.lib.stride_tricks.sliding_window_view(padded(x, stride), (3, 3), axis=(0, 1))[::stride, ::stride]

    def norm_relu6(x: np.ndarray, name: str) -> np.ndarray:
        p = layers[name]
        scaled = (x - p["moving_mean"]) / np.sqrt(p["moving_variance"] + 1e-3) * p["gamma"] + p["beta"]
        return np.clip(scaled, 0, 6)

    x = norm_relu6(np.einsum("hwcij,ijco->hwo", windows(x, 2), layers["conv1"]["kernel"]), "conv1_bn")
    for i, stride in enumerate(STRIDES, start=1):
        kernel = layers[f"conv_dw_{i}"]["depthwise_kernel"][..., 0]
        x = norm_relu6(np.einsum("hwcij,ijc->hwc", windows(x, stride), kernel), f"conv_dw_{i}_bn")
        x = norm_relu6(x @ layers[f"conv_pw_{i}"]["kernel"][0, 0], f"conv_pw_{i}_bn")
    return np.maximum(x.mean(axis=(0, 1)) @ layers["feats"]["kernel"] + layers["feats"]["bias"], 0)


KERAS = {"arch_args": {"pad_type": "same", "bn_eps": 0.001}}


def test_keras_network_against_numpy(tmp_path: Path) -> None:
    layers = keras_layers({"age_pred": 100, "gender_pred": 1, "ethnicity_pred": 5})
    heads = {
        "age": {"labels": "age-100", "kind": "distribution", "source": "trained", "top_l": 2, "citation": "test"},
        "gender": {"labels": "gender", "kind": "distribution", "source": "trained", "citation": "test"},
        "ethnicity": {"labels": "ethnicity-5", "kind": "distribution", "source": "trained", "citation": "test"},
    }
    spec = describe(tmp_path, "mobilenetv1_100", 64, 1024, heads, **KERAS)
    made = import_model(spec, write_keras(tmp_path / "net.h5", layers), tmp_path / "net")
    assert made.max_difference is None
    face = np.random.default_rng(8).standard_normal((64, 64, 3)).astype(np.float32)
    feats = keras_forward(layers, face)
    spec = read_spec(tmp_path / "net")
    with torch.inference_mode():
        embedding = build_backbone(spec, find_weights(spec))(torch.from_numpy(face).permute(2, 0, 1)[None]).numpy()
    scores = load_heads(spec).score(embedding)
    age = np.exp(feats @ layers["age_pred"]["kernel"] + layers["age_pred"]["bias"])
    a, b = np.argsort(age)[-2:]
    years = 1 + (a * age[a] + b * age[b]) / (age[a] + age[b])
    male = 1 / (1 + np.exp(-(feats @ layers["gender_pred"]["kernel"] + layers["gender_pred"]["bias"])))
    assert scores["age"].values[0, 0] == pytest.approx(years, abs=1e-3)
    assert scores["gender"].values[0, 1] == pytest.approx(male[0], abs=1e-4)
    race = np.exp(feats @ layers["ethnicity_pred"]["kernel"] + layers["ethnicity_pred"]["bias"])
    assert scores["ethnicity"].values[0] == pytest.approx(race / race.sum(), abs=1e-4)


def test_keras_heads_that_are_not_there(tmp_path: Path) -> None:
    file = write_keras(tmp_path / "net.h5", keras_layers({"age_pred": 100}))
    spec = describe(tmp_path, "mobilenetv1_100", 64, 1024, {"gender": {**EXPRESSION, "labels": "gender"}}, **KERAS)
    with pytest.raises(WeightsError, match="has no head for gender, only age_pred"):
        import_model(spec, file, tmp_path / "net")


def test_keras_layer_with_another_activation(tmp_path: Path) -> None:
    file = write_keras(tmp_path / "net.h5", keras_layers({"emotion_preds": 8}), activation="tanh")
    spec = describe(tmp_path, "mobilenetv1_100", 64, 1024, {"expression": EXPRESSION}, **KERAS)
    with pytest.raises(WeightsError, match="tanh layer before its heads, expected relu"):
        import_model(spec, file, tmp_path / "net")


def saved(tmp_path: Path, state: Any) -> Path:
    torch.save(state, tmp_path / "state.pt")
    return tmp_path / "state.pt"


def test_a_state_dict_is_read_by_name_wherever_it_lies(tmp_path: Path) -> None:
    state = {"module.conv.weight": torch.ones(2, 3, dtype=torch.float16), "classifier.weight": torch.zeros(1, 2)}
    for wrapped in (state, {"state_dict": state, "epoch": 3}):
        network, head = read_state_dict(saved(tmp_path, wrapped))
        assert {name: value.tolist() for name, value in network.items()} == {"conv.weight": [[1] * 3] * 2}
        assert network["conv.weight"].dtype == np.float32
        assert list(head) == ["classifier.weight"]


@pytest.mark.parametrize("state", [{"a": 3}, [torch.ones(1)], {"state_dict": {"a": "b"}}])
def test_what_holds_no_tensors_by_name_is_named(state: Any, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"holds no tensors by name, so it is no state dict$"):
        read_state_dict(saved(tmp_path, state))


def test_names_and_shapes_must_be_those_of_the_network() -> None:
    network, path = nn.Linear(2, 3), Path("a.pt")
    good = {
        "weight": np.zeros((3, 2), np.float32),
        "bias": np.zeros(3, np.float32),
        "count": np.float32(7).reshape(()),
    }
    assert set(fit_state(good, network, path)) == {"weight", "bias"}
    for tensors, said in (
        ({"weight": good["weight"]}, r"missing \['bias'\], extra \[\], other shape \[\]$"),
        (good | {"more": np.zeros(1)}, r"missing \[\], extra \['more'\], other shape \[\]$"),
        (good | {"bias": np.zeros(2)}, r"missing \[\], extra \[\], other shape \['bias'\]$"),
    ):
        with pytest.raises(WeightsError, match=rf"^a\.pt does not fit: {said}"):
            fit_state(tensors, network, path)


def test_a_head_is_the_one_linear_layer() -> None:
    weight, bias = np.ones((2, 3), np.float32), np.zeros(2, np.float32)
    for prefix in ("fc.", "classifier.0.", "head.fc."):
        head = head_of_state({f"{prefix}weight": weight, f"{prefix}bias": bias})
        assert head is not None
        assert (head.weight is weight, head.bias is bias, head.hidden) == (True, True, None)
    assert head_of_state({"fc.weight": weight}) is None
    assert head_of_state({}) is None
    assert head_of_state({"a.weight": weight, "a.bias": bias, "b.weight": weight, "b.bias": bias}) is None
    assert head_of_state({"norm.weight": bias, "fc.weight": weight, "fc.bias": bias}) is not None
