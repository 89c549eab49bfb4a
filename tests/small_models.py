"""Model folders with a small network of random weights, for what does not depend on what a network has learnt."""

import json
from pathlib import Path
from typing import Any

import timm
import torch

from femo.models.write import SECOND, write_model_folder
from femo.training.priors import clip_heads, prior_heads

SIZE, DIM, IDENTITY = 32, 8, 16


def trained(order: str, kind: str = "distribution", **more: Any) -> dict[str, Any]:
    """One trained head of a config."""
    return {"labels": order, "kind": kind, "source": "trained", "citation": "test", **more}


def write_small(folder: Path, *, expression: dict[str, Any] | None = None, seed: int = 0, **more: Any) -> Path:
    """Write a folder with heads for expression, gender, valence and arousal (from logits) and the usual priors.

    Without ``expression`` and ``more`` it is a folder of the old kind, as ``femo-base`` was before class shares and identity.

    Args:
        folder: Its name becomes the model's.
        expression: More keys of the expression head.
        seed: Of the weights.
        more: More keys of the config; with ``identity`` the weights of that head are written too.
    """
    chance = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network = timm.create_model("resnet18", num_classes=0, channels=(8, 8, 8, DIM))
    tensors = {f"backbone.{key}": value for key, value in network.state_dict().items()}
    rows = [("expression", 8, DIM), ("gender", 2, DIM), ("valence_arousal", 2, 8)]
    rows += [("identity", IDENTITY, DIM)] if "identity" in more else []
    for name, n_rows, width in rows:
        tensors[f"heads.{name}.weight"] = torch.randn(n_rows, width, generator=chance)
        tensors[f"heads.{name}.bias"] = torch.randn(n_rows, generator=chance)
    heads = {
        "expression": trained("affectnet-8", **(expression or {})),
        "gender": trained("gender"),
        "valence_arousal": trained("valence-arousal", "regression", input="logits"),
        "action_units": prior_heads()["action_units"],
    }
    config = {
        "arch": "resnet18",
        "arch_args": {"channels": [8, 8, 8, DIM]},
        "input_size": SIZE,
        "mean": [0.5] * 3,
        "std": [0.25] * 3,
        "embedding_dim": DIM,
        "heads": heads,
        "clip_heads": clip_heads(),
        "licence": "test",
        "citation": "test",
        **more,
    }
    write_model_folder(folder, tensors, config, f"# {folder.name}\n")
    return folder


def add_second(folder: Path, other: Path, heads: list[str]) -> Path:
    """Let the network of another folder read photos beside that of the first, these heads of it."""
    raw, beside = (json.loads((each / "config.json").read_text()) for each in (folder, other))
    (folder / SECOND).write_bytes((other / "weights.safetensors").read_bytes())
    network = {key: beside[key] for key in ("arch", "input_size", "mean", "std", "embedding_dim")}
    raw["second"] = network | {"arch_args": beside.get("arch_args", {}), "file": SECOND, "heads": heads}
    raw["files"].append({**beside["files"][0], "name": SECOND})
    (folder / "config.json").write_text(json.dumps(raw))
    return folder
