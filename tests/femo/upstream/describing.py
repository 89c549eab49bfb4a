"""Model folders without weights, and networks exported as the author exports them."""

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn

from femo.models.config import read_spec

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


SMALL = {"arch_args": {"channels": [8, 8, 8, 8]}}
