"""What a model folder's config says that readings depend on, as one hash: thresholds, temperatures, priors, limits."""

import hashlib
import json
from dataclasses import asdict
from typing import Any, Final

from femo.models.config import ModelSpec

TOLD: Final = ("name", "folder", "files", "sources", "licence", "citation", "hub")
"""Keys of a folder that change no reading, or, like the files, have hashes of their own."""
TOLD_OF_HEADS: Final = ("citation", "scores", "held_out")
"""Those of its heads and units."""


def settings_sha256(spec: ModelSpec) -> str:
    """Return the SHA-256 of the settings of a model folder, 64 hex digits.

    Two folders whose weights are the same read alike if it is the same too. Where texts and figures came from is no part of it.
    """
    said: dict[str, Any] = {key: value for key, value in asdict(spec).items() if key not in TOLD}
    for key in ("heads", "clip_heads"):
        said[key] = [_without(head) for head in said[key]]
    said["units"] = {unit: _without(entry) for unit, entry in said["units"].items()}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _without(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in TOLD_OF_HEADS}
