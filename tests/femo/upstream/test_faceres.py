"""The MobileNet of HSE_FaceRec_tf from a TF.js graph model, beside the graph's own arithmetic written out with torch."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch.nn import functional

from femo.errors import WeightsError
from femo.upstream import faceres

Tensors = dict[str, np.ndarray[Any, Any]]
CHANNELS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
STRIDE_2 = (2, 4, 6, 12)


def _tensors() -> Tensors:
    rng = np.random.default_rng(0)

    def draw(*shape: int, scale: float = 1.0) -> np.ndarray[Any, Any]:
        return (rng.standard_normal(shape) * scale).astype("<f4")

    out = {
        "conv1/convolution/merged_input": draw(3, 3, 3, 32, scale=0.3),
        "conv1_bn/batchnorm_1/sub": draw(32, scale=0.3),
    }
    for block, (n_in, n_out) in enumerate(pairwise(CHANNELS), start=1):
        out[f"conv_dw_{block}/depthwise_kernel"] = draw(3, 3, n_in, 1, scale=0.4)
        out[f"conv_dw_{block}_bn/batchnorm_1/mul"] = np.abs(draw(n_in)) + 0.3
        out[f"conv_dw_{block}_bn/batchnorm_1/sub"] = draw(n_in, scale=0.3)
        out[f"conv_pw_{block}/convolution/merged_input"] = draw(1, 1, n_in, n_out, scale=(2 / n_in) ** 0.5)
        out[f"conv_pw_{block}_bn/batchnorm_1/sub"] = draw(n_out, scale=0.3)
    for name, (n_in, n_out) in faceres.DENSE.items():
        out[f"{name}/kernel"], out[f"{name}/bias"] = draw(n_in, n_out, scale=n_in**-0.5), draw(n_out)
    return out


def _write(folder: Path, tensors: Tensors) -> Path:
    entries = [{"name": name, "shape": list(value.shape), "dtype": "float32"} for name, value in tensors.items()]
    entries.append({"name": "axes", "shape": [2], "dtype": "int32"})
    path = folder / "faceres-deep.json"
    path.write_text(json.dumps({"weightsManifest": [{"paths": ["faceres-deep.bin"], "weights": entries}]}))
    data = (
        b"".join(value.astype("<f4").tobytes() for value in tensors.values()) + np.array([1, 2], "<i4").tobytes()
    )
    (folder / "faceres-deep.bin").write_bytes(data)
    return path


def _graph(tensors: Tensors, bgr: torch.Tensor) -> torch.Tensor:
    """The graph as TensorFlow runs it: NHWC kernels, padding SAME, one multiplication and one addition after each convolution."""

    def conv(x: torch.Tensor, kernel: str, stride: int, groups: int, order: tuple[int, ...]) -> torch.Tensor:
        weight = torch.from_numpy(np.transpose(tensors[kernel], order).copy())
        if weight.shape[-1] == 3:
            x = functional.pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))
        return functional.conv2d(x, weight, stride=stride, groups=groups)

    def add(x: torch.Tensor, name: str) -> torch.Tensor:
        return (x + torch.from_numpy(tensors[name])[None, :, None, None]).clamp(0, 6)

    x = add(conv(bgr, "conv1/convolution/merged_input", 2, 1, (3, 2, 0, 1)), "conv1_bn/batchnorm_1/sub")
    for block in range(1, 14):
        x = conv(x, f"conv_dw_{block}/depthwise_kernel", 2 if block in STRIDE_2 else 1, x.shape[1], (2, 3, 0, 1))
        x = x * torch.from_numpy(tensors[f"conv_dw_{block}_bn/batchnorm_1/mul"])[None, :, None, None]
        x = add(x, f"conv_dw_{block}_bn/batchnorm_1/sub")
        x = add(
            conv(x, f"conv_pw_{block}/convolution/merged_input", 1, 1, (3, 2, 0, 1)),
            f"conv_pw_{block}_bn/batchnorm_1/sub",
        )
    return x.mean(dim=(2, 3))


@torch.inference_mode()
def test_the_network_computes_what_the_graph_says(tmp_path: Path) -> None:
    tensors = _tensors()
    path = _write(tmp_path, tensors)
    read = faceres.read_graph_model(path)
    network = timm.create_model(faceres.ARCH, num_classes=0, **faceres.ARCH_ARGS).eval()
    state = {name: torch.from_numpy(np.array(value)) for name, value in faceres.backbone_state(read, path).items()}
    assert not network.load_state_dict(state, strict=False).unexpected_keys
    bgr = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    expected = _graph(tensors, bgr)
    assert float(expected.std()) > 0.1
    torch.testing.assert_close(network(bgr), expected, rtol=1e-3, atol=1e-4)


def test_heads_share_the_hidden_layer(tmp_path: Path) -> None:
    tensors = _tensors()
    path = _write(tmp_path, tensors)
    heads = faceres.named_heads(faceres.read_graph_model(path), path)
    assert set(heads) == {"age_pred", "gender_pred"}
    age = heads["age_pred"]
    assert age.hidden is not None
    x = np.random.default_rng(1).standard_normal((3, 1024)).astype(np.float32)
    by_graph = np.maximum(x @ tensors["feats/kernel"] + tensors["feats/bias"], 0) @ tensors["age_pred/kernel"]
    ours = np.maximum(x @ age.hidden[0].T + age.hidden[1], 0) @ age.weight.T
    np.testing.assert_allclose(ours, by_graph, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(age.bias, tensors["age_pred/bias"])


def _break(tmp_path: Path, how: str) -> Path:
    tensors = _tensors()
    if how == "not finite":
        tensors["conv_pw_3/convolution/merged_input"][0, 0, 5, 5] = np.nan
    if how == "another network":
        tensors["conv1/convolution/merged_input"] = np.zeros((3, 3, 3, 16), "<f4")
    if how == "part missing":
        del tensors["conv_dw_7_bn/batchnorm_1/mul"]
    path = _write(tmp_path, tensors)
    data = path.with_suffix(".bin")
    if how == "truncated":
        data.write_bytes(data.read_bytes()[:-1000])
    if how == "no weights":
        data.unlink()
    if how == "no json":
        path.write_text("weights")
    if how == "other json":
        path.write_text("[1, 2]")
    return path


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("not finite", "conv_pw_3/convolution/merged_input .* not finite"),
        ("another network", "is not the MobileNet of HSE_FaceRec_tf: conv1/convolution/merged_input is of shape"),
        ("part missing", "conv_dw_7_bn/batchnorm_1/mul is missing, expected"),
        ("truncated", "bytes, expected .*: truncated or of another network"),
        ("no weights", "faceres-deep.bin is missing"),
        ("no json", "is no TF.js graph model"),
        ("other json", "is no TF.js graph model"),
    ],
)
def test_a_file_that_is_not_that_network_is_one_sentence(tmp_path: Path, how: str, said: str) -> None:
    path = _break(tmp_path, how)
    with pytest.raises(WeightsError, match=said):
        faceres.backbone_state(faceres.read_graph_model(path), path)
