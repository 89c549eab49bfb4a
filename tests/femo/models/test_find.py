"""Model folders: what is read, and what is refused by name."""

from pathlib import Path

import pytest

from femo.errors import ModelError
from femo.models.find import find_model, list_models
from tests.femo.models.tiny import write_tiny


def test_own_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tiny(tmp_path)
    monkeypatch.setenv("FEMO_MODELS_DIR", str(tmp_path))
    assert find_model("tiny").folder == tmp_path / "tiny"
    assert {"tiny", "femo-base"} <= {spec.name for spec in list_models()}
    monkeypatch.setenv("FEMO_MODEL", "tiny")
    assert find_model().name == "tiny"


def test_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(ModelError, match=r"no model named 'nope'; known models: .*femo-base"):
        find_model("nope")


def test_a_damaged_folder_does_not_hide_that_a_name_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text("{")
    monkeypatch.setenv("FEMO_MODELS_DIR", str(tmp_path))
    with pytest.raises(ModelError, match=r"no model named 'nope'; known models: .*femo-base"):
        find_model("nope")
    with pytest.raises(ModelError, match=r"half/config\.json cannot be read as JSON"):
        find_model("half")
