"""Importing the author's files: the official ONNX shape, state dicts, Keras files, and what is refused."""

import hashlib
import http.server
import json
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest
import timm
import torch
from torch import nn

from femo.errors import ModelError, WeightsError
from femo.models.config import read_spec
from femo.models.find import list_models, models_dirs
from femo.models.weights import find_weights
from femo.networks.backbone import build_backbone, create_network
from femo.networks.heads import load_heads
from femo.networks.mobilefacenet import MobileFaceNet
from femo.upstream.importer import import_model
from femo.upstream.onnx_graph import read_onnx, run_onnx

EXPRESSION = {"labels": "affectnet-8", "kind": "distribution", "source": "trained", "citation": "test"}
VALENCE = {"labels": "valence-arousal", "kind": "regression", "source": "trained", "citation": "test"}
MTL = {"expression": EXPRESSION, "valence_arousal": VALENCE}


def describe(tmp_path: Path, arch: str, size: int, dim: int, heads: dict[str, Any], **changes: Any) -> Any:
    """Write a folder without weights and return its spec."""
    folder = tmp_path / "described" / "net"
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "name": "net", "arch": arch, "input_size": size, "mean": [0.5] * 3, "std": [0.25] * 3, "embedding_dim": dim,
        "heads": heads, "licence": "test", "citation": "test", **changes,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    return read_spec(folder)


def randomised(network: nn.Module, seed: int = 0) -> nn.Module:
    """Give every norm statistics and factors of its own: default ones would hide a swap."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            n = module.num_features
            module.running_mean, module.running_var = torch.randn(n) * 0.1, torch.rand(n) + 0.5
        if isinstance(module, nn.modules.batchnorm._BatchNorm | nn.GroupNorm):
            with torch.no_grad():
                module.weight.copy_(torch.rand(module.weight.shape) + 0.5)
                module.bias.copy_(torch.randn(module.bias.shape) * 0.1)
    return network.eval()


class WithHead(nn.Module):
    """The author's MobileFaceNet: the embedding network and ``fc``."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        self.net = MobileFaceNet()
        self.fc = nn.Linear(512, n_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.net(x))


def export(network: nn.Module, size: int, path: Path) -> Path:
    """Export as the author's convert_pt_to_onnx.py does: opset 11, folded constants, dynamic batch."""
    axes = {"input": {0: "batch_size"}, "output": {0: "batch_size"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, (torch.randn(1, 3, size, size),), str(path), opset_version=11, do_constant_folding=True,
            input_names=["input"], output_names=["output"], dynamic_axes=axes, dynamo=False,
        )  # fmt: skip
    return path


@pytest.mark.parametrize(
    ("arch", "size", "dim"),
    [
        ("tf_efficientnet_b0", 32, 1280),
        ("rexnet_150", 32, 1920),
        ("mobilevitv2_050", 64, 256),
        ("mobilefacenet", 112, 512),
    ],
)
def test_import_reproduces_onnx_runtime(tmp_path: Path, arch: str, size: int, dim: int) -> None:
    own = WithHead(10) if arch == "mobilefacenet" else timm.create_model(arch, num_classes=10)
    file = export(randomised(own), size, tmp_path / "net.onnx")
    assert {node.op_type for node in onnx.load(file).graph.node} & {"Gemm"}
    made = import_model(describe(tmp_path, arch, size, dim, MTL), file, tmp_path / "net")
    assert made.max_difference is not None
    assert made.max_difference < 1e-4
    spec = read_spec(tmp_path / "net")
    faces = np.random.default_rng(5).standard_normal((3, 3, size, size)).astype(np.float32)
    expected = run_onnx(file, faces)
    with torch.inference_mode():
        embedding = build_backbone(spec, find_weights(spec))(torch.from_numpy(faces)).numpy()
    scores = load_heads(spec).score(embedding)
    shifted = np.exp(expected[:, :8] - expected[:, :8].max(axis=1, keepdims=True))
    assert scores["expression"].values == pytest.approx(shifted / shifted.sum(axis=1, keepdims=True), abs=1e-4)
    assert scores["valence_arousal"].values == pytest.approx(
        expected[:, 8:], abs=1e-4 * float(np.abs(expected).max())
    )


def test_mobilefacenet_is_the_author_s_network() -> None:
    """2,059,520 parameters: 7.9 MiB in float32, the size of the published file."""
    network = MobileFaceNet()
    assert sum(p.numel() for p in network.parameters()) == 2_059_520
    assert network.layers[1][0].weight.shape == (128, 2, 3, 3)


@pytest.fixture(scope="module")
def resnet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network, exported once."""
    network = timm.create_model("resnet18", num_classes=10, channels=(8, 8, 8, 8))
    return export(randomised(network), 32, tmp_path_factory.mktemp("onnx") / "small.onnx")


SMALL = {"arch_args": {"channels": [8, 8, 8, 8]}}


def test_another_architecture_is_refused(resnet_file: Path, tmp_path: Path) -> None:
    spec = describe(tmp_path, "resnet18", 32, 16, MTL, arch_args={"channels": [16, 16, 16, 16]})
    with pytest.raises(WeightsError, match="another architecture"):
        import_model(spec, resnet_file, tmp_path / "net")
    assert not (tmp_path / "net").exists()


def test_the_same_layers_wired_otherwise_are_refused_by_running_both(resnet_file: Path, tmp_path: Path) -> None:
    spec = describe(tmp_path, "resnet18", 32, 8, MTL, arch_args={**SMALL["arch_args"], "act_layer": "silu"})
    with pytest.raises(WeightsError, match="differs from ONNX Runtime"):
        import_model(spec, resnet_file, tmp_path / "net")
    assert not (tmp_path / "net").exists()


def test_heads_that_do_not_add_up_are_refused(resnet_file: Path, tmp_path: Path) -> None:
    spec = describe(tmp_path, "resnet18", 32, 8, {"expression": EXPRESSION}, **SMALL)
    with pytest.raises(WeightsError, match=r"10 outputs, but the config's heads \(expression 8\) need 8"):
        import_model(spec, resnet_file, tmp_path / "net")


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


@pytest.mark.parametrize("data", [b"", b"not onnx", b"\x08\x07"])
def test_what_is_no_onnx_file(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.onnx").write_bytes(data)
    with pytest.raises(WeightsError, match="is not an ONNX file"):
        read_onnx(tmp_path / "x.onnx")


def test_weights_outside_the_file_are_refused(resnet_file: Path, tmp_path: Path) -> None:
    model = onnx.load(resnet_file)
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../secret")
    (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(WeightsError, match="keeps its weights in other files"):
        read_onnx(tmp_path / "x.onnx")


def test_a_missing_package_is_named(resnet_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(WeightsError, match=r"needs the package onnx: pip install 'femo\[import\]'"):
        read_onnx(resnet_file)


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


@pytest.mark.parametrize("suffix", [".pt", ".h5", ".onnx"])
def test_truncated_files_are_refused(tmp_path: Path, suffix: str, resnet_file: Path) -> None:
    network = timm.create_model("resnet18", num_classes=10, channels=(8, 8, 8, 8))
    whole = tmp_path / f"whole{suffix}"
    if suffix == ".pt":
        torch.save(network.state_dict(), whole)
    elif suffix == ".h5":
        h5py.File(whole, "w").close()
    else:
        whole.write_bytes(resnet_file.read_bytes())
    (tmp_path / f"half{suffix}").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(WeightsError, match="half"):
        import_model(
            describe(tmp_path, "resnet18", 32, 8, MTL, **SMALL), tmp_path / f"half{suffix}", tmp_path / "net"
        )
    assert not (tmp_path / "net").exists()


# --- Keras --------------------------------------------------------------------------------------------------------

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


# --- download -----------------------------------------------------------------------------------------------------


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """A plain web server on loopback: ``files`` by path; a value that begins with ``cut:`` is cut in mid-transfer."""
    files: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            data = files.get(self.path)
            self.send_response(404 if data is None else 200)
            cut = data is not None and data.startswith(b"cut:")
            self.send_header("Content-Length", str(len(data or b"") + (100 if cut else 0)))
            self.end_headers()
            self.wfile.write(data or b"")

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", files
    server.shutdown()
    server.server_close()


def test_download_is_checked_by_either_hash(
    tmp_path: Path, resnet_file: Path, serve: tuple[str, dict[str, bytes]]
) -> None:
    url, files = serve
    files["/a/net.onnx"] = data = resnet_file.read_bytes()
    seen: list[tuple[int, int | None]] = []
    git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    for pin in ({"sha256": hashlib.sha256(data).hexdigest()}, {"git_sha1": git}):
        sources = [{"url": f"{url}/a/net.onnx", **pin}]
        spec = describe(tmp_path, "resnet18", 32, 8, MTL, **SMALL, sources=sources)
        made = import_model(spec, None, tmp_path / "net", lambda done, total: seen.append((done, total)))
        assert seen[-1] == (len(data), len(data))
        config = json.loads((made.folder / "config.json").read_text())
        assert config["imported"]["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("path", "pin", "expected"),
    [
        ("/net.onnx", {"sha256": "0" * 64}, "expected 000.*not the published file"),
        ("/net.onnx", {"git_sha1": "0" * 40}, "git object id"),
        ("/net.onnx", {}, "pins neither"),
        ("/none.onnx", {"sha256": "0" * 64}, "answered 404; give a local copy with --file"),
        ("/cut.onnx", {"sha256": "0" * 64}, "cut off|cannot be fetched"),
    ],
)
def test_download_that_cannot_be_trusted(
    tmp_path: Path, serve: tuple[str, dict[str, bytes]], path: str, pin: dict[str, str], expected: str
) -> None:
    url, files = serve
    files |= {"/net.onnx": b"something", "/cut.onnx": b"cut: short"}
    spec = describe(tmp_path, "resnet18", 32, 8, MTL, **SMALL, sources=[{"url": url + path, **pin}])
    with pytest.raises(WeightsError, match=expected):
        import_model(spec, None, tmp_path / "net")
    assert not (tmp_path / "net").exists()


def test_a_source_that_is_refused_says_why(tmp_path: Path) -> None:
    sources = [{"url": "https://example.org/x.pt", "refused": "it is a pickled module"}]
    spec = describe(tmp_path, "resnet18", 32, 8, MTL, **SMALL, sources=sources)
    with pytest.raises(WeightsError, match="cannot be fetched: it is a pickled module; give a file with --file"):
        import_model(spec, None, tmp_path / "net")


# --- the folders in this repository -------------------------------------------------------------------------------

AUTHOR_S = [spec for spec in list_models() if spec.folder.parent == models_dirs()[-1] or spec.sources]


@pytest.mark.parametrize("spec", AUTHOR_S, ids=lambda spec: spec.name)
def test_each_described_network_can_be_built(spec: Any) -> None:
    network = create_network(spec)
    assert network.num_features == spec.embedding_dim
    for source in spec.sources:
        if "refused" not in source:
            assert len(source.get("sha256", "")) == 64 or len(source.get("git_sha1", "")) == 40
            assert any(len(part) == 40 and int(part, 16) for part in source["url"].split("/") if len(part) == 40)


def test_an_unknown_architecture_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="'no_such_net', which timm does not know"):
        create_network(describe(tmp_path, "no_such_net", 32, 8, MTL))


@pytest.mark.parametrize(
    "spec", [s for s in AUTHOR_S if any(h.name == "expression" for h in s.heads)], ids=lambda s: s.name
)
def test_each_expression_network_can_read_groups(spec: Any) -> None:
    """The Group tab needs what is said of whole clips; without a trained head that is a prior."""
    head = spec.clip_head("group")
    assert head.coefficients is not None
    assert set(spec.head("expression").labels) <= set(head.coefficients)
