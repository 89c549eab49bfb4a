"""A model folder that something is added to."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from femo.errors import FemoError
from femo.models.find import find_model
from femo.models.weights import find_file
from femo.training.look.affect import AffectHead, write_affect
from femo.training.look.fit import Fitted
from femo.training.look.folder import read_folder
from femo.training.look.recipe import Looked, write


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
    config["files"].append({"name": "table.csv", "sha256": "0" * 64, "size": 1})
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(FemoError, match=r"has table.csv beside weights, which would be lost"):
        read_folder(folder)


def with_clip_head(folder: Path) -> Path:
    """femo-base with a trained classifier of whole clips, whose content is of no matter here."""
    shutil.copytree(find_model("femo-base").folder, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    content = b"a classifier"
    (folder / "group.skops").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    config["files"].append({"name": "group.skops", "sha256": digest, "size": len(content)})
    config["clip_heads"]["group"] |= {"source": "trained", "descriptor": "vgaf-mean-std", "file": "group.skops"}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_classifiers_of_clips_are_kept(tmp_path: Path) -> None:
    folder = with_clip_head(tmp_path / "with-clips")
    before = find_model(str(folder))
    maps, ones = np.ones((12, 1024), np.float32), np.ones(12, np.float32)
    write(folder, Looked(Fitted(maps, ones, ones), {}, {}, "abc"))
    write_affect(folder, AffectHead(maps[:2], ones[:2]), {}, "## Valence and arousal\n")
    spec = find_model(str(folder))
    assert find_file(spec, "group.skops").read_bytes() == b"a classifier"
    assert [file.name for file in spec.files] == [file.name for file in before.files]
    assert spec.files[-1] == before.files[-1]
    assert spec.clip_heads == before.clip_heads
    assert (spec.units_beside, spec.head("valence_arousal").source) == ("abc", "trained")


def test_a_damaged_classifier_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    folder = with_clip_head(tmp_path / "with-clips")
    (folder / "group.skops").write_bytes(b"a classifieR")
    with pytest.raises(FemoError, match=r"has SHA-256 .*, expected "):
        read_folder(folder)
