"""Model folders: what is read, and what is refused by name."""

import json
from pathlib import Path
from typing import Any

import pytest

from femo.errors import ModelError
from femo.models.find import find_model, list_models

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


def _folder(parent: Path, **changes: Any) -> Path:
    folder = parent / "tiny"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**CONFIG, **changes}))
    return folder


def test_own_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _folder(tmp_path)
    monkeypatch.setenv("FEMO_MODELS_DIR", str(tmp_path))
    assert find_model("tiny").folder == tmp_path / "tiny"
    assert {"tiny", "femo-base"} <= {spec.name for spec in list_models()}
    monkeypatch.setenv("FEMO_MODEL", "tiny")
    assert find_model().name == "tiny"


def test_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(ModelError, match=r"no model named 'nope'; known models: .*femo-base"):
        find_model("nope")
