"""Reads a model folder whole, to which something is added."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from femo.errors import FemoError
from femo.models.config import read_spec
from femo.models.weights import WEIGHTS, classifier_files
from femo.models.write import SECOND


def read_folder(
    folder: Path,
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor] | None, dict[str, Any], str]:
    """Return the tensors of a folder's network and of its second one, its config and its card.

    Raises:
        FemoError: It is none.
    """
    try:
        tensors = load_file(folder / WEIGHTS)
        second = load_file(folder / SECOND) if (folder / SECOND).is_file() else None
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        card = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, ValueError, SafetensorError) as error:
        raise FemoError(f"{folder} is no model folder: {error}") from error
    if not isinstance(config, dict) or not isinstance(config.get("files"), list):
        raise FemoError(f"{folder} is no model folder: its config lists no files")
    others = {str(file.get("name")) for file in config["files"]} - {WEIGHTS, SECOND}
    others -= {path.name for path in clip_classifiers(folder)}
    if others:
        raise FemoError(f"{folder} has {', '.join(sorted(others))} beside weights, which would be lost")
    return tensors, second, config, card


def clip_classifiers(folder: Path) -> list[Path]:
    """Return the classifiers of a folder's trained clip heads, which stay as they are: they read the network's embeddings.

    Raises:
        FemoError: One is missing or damaged.
    """
    return classifier_files(read_spec(folder))
