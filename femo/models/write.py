"""Writes a model folder: fp16 weights, config with SHA-256, card.

Conventions: matrices are stored in float16, vectors (norms, biases) in float32, which together stay under 10 MB for the
lightweight networks. Every file is written whole or not at all.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from femo.atomic import write_bytes
from femo.models.weights import WEIGHTS, file_sha256


def stored(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what goes into the file: no counters, matrices in float16, vectors in float32."""
    return {
        name: value.detach().to(torch.float16 if value.ndim > 1 else torch.float32).contiguous().clone()
        for name, value in tensors.items()
        if value.is_floating_point()
    }


def write_model_folder(folder: Path, tensors: Mapping[str, Tensor], config: Mapping[str, Any], card: str) -> None:
    """Write ``weights.safetensors``, ``config.json`` and ``README.md``.

    Args:
        folder: Made if needed; its name becomes the model's.
        tensors: ``backbone.*`` and ``heads.*``.
        config: Everything of the config but ``name`` and ``files``.
        card: Markdown.
    """
    write_stored(folder, stored(tensors), config, card)


def write_stored(folder: Path, tensors: Mapping[str, Tensor], config: Mapping[str, Any], card: str) -> None:
    """Write a model folder as ``write_model_folder`` does, keeping the precision of each tensor."""
    weights = folder / WEIGHTS
    write_bytes(weights, save(dict(tensors)))
    files = [{"name": WEIGHTS, "sha256": file_sha256(weights), "size": weights.stat().st_size}]
    full = {"name": folder.name, **config, "files": files}
    write_bytes(folder / "config.json", (json.dumps(full, indent=2, ensure_ascii=False) + "\n").encode())
    write_bytes(folder / "README.md", card.encode())
