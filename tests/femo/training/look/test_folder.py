"""A model folder that something is added to."""

import json
import shutil
from pathlib import Path

import pytest

from femo.errors import FemoError
from femo.models.find import find_model
from femo.training.look.folder import read_folder


def test_a_folder_is_read_whole() -> None:
    tensors, second, config, card = read_folder(find_model("femo-base").folder)
    assert tensors["heads.gender.weight"].shape == (2, 1024)
    assert second is not None
    assert any(name.startswith("backbone.") for name in second)
    assert config["name"] == "femo-base"
    assert card.startswith("---\n") or card.startswith("# ")
    assert read_folder(find_model("face-mesh").folder)[1] is None


@pytest.mark.parametrize("content", [None, "[]", "{"])
def test_a_folder_that_is_none_is_said(tmp_path: Path, content: str | None) -> None:
    folder = Path(shutil.copytree(find_model("femo-base").folder, tmp_path / "broken"))
    (folder / "config.json").unlink()
    if content is not None:
        (folder / "config.json").write_text(content)
    with pytest.raises(FemoError, match="is no model folder"):
        read_folder(folder)


def test_a_folder_that_would_lose_a_file_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_model("femo-base").folder, tmp_path / "femo-base"))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["files"].append({"name": "group.skops", "sha256": "0" * 64, "size": 1})
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(FemoError, match=r"has group.skops beside weights, which would be lost"):
        read_folder(folder)
