"""Importing the author's files: the official ONNX shape against ONNX Runtime, and what is refused."""

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
from femo.upstream.onnx_graph import run_onnx
from tests.femo.upstream.describing import EXPRESSION, MTL, SMALL, describe, export, randomised


class WithHead(nn.Module):
    """The author's MobileFaceNet: the embedding network and ``fc``."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        self.net = MobileFaceNet()
        self.fc = nn.Linear(512, n_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.net(x))


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


def test_the_same_layers_wired_otherwise_are_refused_by_running_both(resnet_file: Path, tmp_path: Path) -> None:
    spec = describe(tmp_path, "resnet18", 32, 8, MTL, arch_args={**SMALL["arch_args"], "act_layer": "silu"})
    with pytest.raises(WeightsError, match="differs from ONNX Runtime"):
        import_model(spec, resnet_file, tmp_path / "net")
    assert not (tmp_path / "net").exists()


def test_heads_that_do_not_add_up_are_refused(resnet_file: Path, tmp_path: Path) -> None:
    spec = describe(tmp_path, "resnet18", 32, 8, {"expression": EXPRESSION}, **SMALL)
    with pytest.raises(WeightsError, match=r"10 outputs, but the config's heads \(expression 8\) need 8"):
        import_model(spec, resnet_file, tmp_path / "net")


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
