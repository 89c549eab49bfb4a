"""What of a model folder decides numbers, as one hash: its weights, and all of its config but what is only told of it.

Conventions: two folders of one fingerprint read alike. Figures, citations and terms are no part of it, nor is the place of the
folder, so a card may be written anew while a run goes on.
"""

import hashlib
import json
from dataclasses import asdict
from typing import Any, Final

from femo.models.config import ModelSpec

TOLD: Final = frozenset({"folder", "hub", "sources", "licence", "citation", "scores", "held_out"})
"""Keys at any depth that say where a folder comes from and how good it is."""


def fingerprint(spec: ModelSpec) -> str:
    """Return the SHA-256, 64 hex digits, of what decides a model's numbers: hashes of its files and the rest of its config."""
    text = json.dumps(_deciding(asdict(spec)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _deciding(value: Any) -> Any:
    """Leave out what is only told, at any depth."""
    if isinstance(value, dict):
        return {key: _deciding(each) for key, each in value.items() if key not in TOLD}
    return [_deciding(each) for each in value] if isinstance(value, list | tuple) else value
