"""The loopback Hub and tiny model folders, shared by the tests of weights, publishing and persistence."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from tests.hub_server import TOKEN, HubServer


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A Hub on loopback, the client of this process pointed at it with an empty cache and no waiting."""
    from huggingface_hub import close_session, constants

    for name in ("FEMO_HUB_REPO", "FEMO_MODEL", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    models, cache = tmp_path / "models", tmp_path / "hub-cache"
    models.mkdir()
    monkeypatch.setenv("FEMO_MODELS_DIR", str(models))
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with HubServer() as server:
        monkeypatch.setattr(
            constants, "HF_HUB_DISABLE_XET", True
        )  # the loopback Hub speaks LFS, as the Hub still does
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_HUB_CACHE", str(cache))
        yield server
        close_session()


def tensors(seed: int = 0, dim: int = 4) -> dict[str, np.ndarray]:
    """Weights of one expression head over ``dim`` numbers, with a backbone tensor beside it."""
    random = np.random.default_rng(seed)
    shapes = {"heads.expression.weight": (8, dim), "heads.expression.bias": (8,), "backbone.w": (16, 16)}
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def config(name: str, weights: bytes | None, **changes: Any) -> bytes:
    """``config.json`` of a model with one expression head."""
    from hashlib import sha256

    files = [{"name": "weights.safetensors", "sha256": sha256(weights).hexdigest(), "size": len(weights)}]
    plain = {
        "name": name, "arch": "resnet18", "input_size": 32, "mean": [0.5] * 3, "std": [0.5] * 3, "embedding_dim": 4,
        "heads": {"expression": {"labels": "affectnet-8", "kind": "distribution", "source": "trained"}},
        "files": files if weights else [], "licence": "test",
    } if weights is not None else {}  # fmt: skip
    return json.dumps({**plain, **changes}).encode()


def folder_files(name: str, seed: int = 0, **changes: Any) -> dict[str, bytes]:
    """Return a whole model folder as the Hub holds it."""
    weights = save(tensors(seed))
    return {f"{name}/config.json": config(name, weights, **changes), f"{name}/weights.safetensors": weights}
