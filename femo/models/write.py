"""Writes a model folder: fp16 weights, config with SHA-256, card.

Conventions: matrices are stored in float16, vectors (norms, biases) in float32, which together stay under 10 MB for the
lightweight networks. Matrices of a second network's backbone are stored as int8 with one scale for each output (rows of a matrix
are spread evenly from -127 to 127), which takes half of the bytes. Every file is written whole or not at all.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from femo.atomic import write_bytes
from femo.models.weights import SCALE, WEIGHTS, file_sha256

SECOND = "second.safetensors"


def stored(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what goes into the file: no counters, matrices in float16, vectors in float32."""
    return {
        name: value.detach().to(torch.float16 if value.ndim > 1 else torch.float32).contiguous().clone()
        for name, value in tensors.items()
        if value.is_floating_point()
    }


def rounded(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what goes into the file of a second network: its backbone's matrices as int8 with a scale for each row."""
    out: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if value.ndim < 2 or not name.startswith("backbone."):
            out |= stored({name: value})
            continue
        rows = value.detach().float().flatten(1)
        scale = rows.abs().amax(dim=1).clamp(min=1e-12) / 127
        out[name] = (rows / scale[:, None]).round().to(torch.int8).view(value.shape).contiguous()
        out[name + SCALE] = scale
    return out


def write_model_folder(
    folder: Path,
    tensors: Mapping[str, Tensor],
    config: Mapping[str, Any],
    card: str,
    second: Mapping[str, Tensor] | None = None,
) -> None:
    """Write ``weights.safetensors``, ``config.json`` and ``README.md``.

    Args:
        folder: Made if needed; its name becomes the model's.
        tensors: ``backbone.*`` and ``heads.*``.
        config: Everything of the config but ``name`` and ``files``.
        card: Markdown.
        second: The same of the second network, which goes to ``second.safetensors``; the config has its key.
    """
    write_stored(folder, stored(tensors), config, card, None if second is None else rounded(second))


def write_stored(
    folder: Path,
    tensors: Mapping[str, Tensor],
    config: Mapping[str, Any],
    card: str,
    second: Mapping[str, Tensor] | None = None,
    more: Sequence[Path] = (),
) -> None:
    """Write a model folder as ``write_model_folder`` does, keeping the precision of each tensor.

    ``more`` are files that are copied as they are, such as classifiers of clips.
    """
    files = []
    for name, stored_tensors in ((WEIGHTS, tensors), (SECOND, second)):
        if stored_tensors is not None:
            write_bytes(folder / name, save(dict(stored_tensors)))
            files.append(_listed(folder / name))
    for path in more:
        write_bytes(folder / path.name, path.read_bytes())
        files.append(_listed(folder / path.name))
    full = {"name": folder.name, **config, "files": files}
    write_bytes(folder / "config.json", (json.dumps(full, indent=2, ensure_ascii=False) + "\n").encode())
    write_bytes(folder / "README.md", card.encode())


def _listed(path: Path) -> dict[str, Any]:
    return {"name": path.name, "sha256": file_sha256(path), "size": path.stat().st_size}
