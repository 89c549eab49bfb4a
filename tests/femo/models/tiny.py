"""A model folder as small as one can be, for tests of what stands in it."""

import json
from pathlib import Path
from typing import Any

CONFIG: dict[str, Any] = {
    "name": "tiny",
    "arch": "resnet18",
    "arch_args": {"channels": [8, 8, 8, 8]},
    "input_size": 32,
    "mean": [0.5, 0.5, 0.5],
    "std": [0.25, 0.25, 0.25],
    "embedding_dim": 8,
    "heads": {"gender": {"labels": "gender", "kind": "distribution", "source": "trained", "citation": "test"}},
    "licence": "test",
    "citation": "test",
}


def write_tiny(parent: Path, **changes: Any) -> Path:
    """Write the folder, with what changes in its config, and return it."""
    folder = parent / "tiny"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**CONFIG, **changes}))
    return folder
