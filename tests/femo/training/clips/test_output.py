"""What training on clips leaves behind."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from femo.clips.classifiers import load_classifier, make_classifier
from femo.models.config import read_spec
from femo.models.find import find_model
from femo.models.weights import verify
from femo.training.clips.output import write_clip_model, write_predictions
from femo.training.clips.recipe import Trained
from femo.types import Ints
from tests.small_models import add_second, write_small

SCORES: dict[str, Any] = {
    "accuracy": {"value": 0.5, "interval": [0.25, 0.75], "n": 8},
    "accuracy_with_faces": {"value": None, "interval": None, "n": 0},
}


def trained(kind: str = "linear-svc", c: float | None = 1.5) -> Trained:
    """A classifier of three classes of vectors (32,), as those of a small network are."""
    chance = np.random.default_rng(0)
    target: Ints = np.arange(30) % 3
    vectors = (np.eye(32)[target] + chance.normal(0, 0.01, (30, 32))).astype(np.float32)
    return Trained(make_classifier(kind, c or 1.0, 1).fit(vectors, target), kind, c, None, 30, 2)


@pytest.mark.parametrize(
    ("recipe", "words"), [("afew", ["Surprise\n", "Angry\n"]), ("vgaf", ["Negative\n", "Positive\n"])]
)
def test_a_submission_has_one_word_per_clip(tmp_path: Path, recipe: Any, words: list[str]) -> None:
    last = 6 if recipe == "afew" else 2
    write_predictions(tmp_path / "p.zip", recipe, ["b", "a"], np.array([last, 0]))
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        assert [(name, archive.read(name).decode()) for name in archive.namelist()] == [
            ("b.txt", words[0]), ("a.txt", words[1]),
        ]  # fmt: skip
    before = (tmp_path / "p.zip").read_bytes()
    write_predictions(tmp_path / "p.zip", recipe, ["b", "a"], np.array([last, 0]))
    assert (tmp_path / "p.zip").read_bytes() == before  # no time of writing in it
    with pytest.raises(ValueError, match="shorter"):
        write_predictions(tmp_path / "p.zip", recipe, ["b", "a"], np.array([0]))


def test_the_folder_is_the_base_with_one_head_more(tmp_path: Path) -> None:
    base = find_model(str(write_small(tmp_path / "small")))
    write_clip_model(tmp_path / "mine", base, "vgaf", trained(), SCORES)
    made = read_spec(tmp_path / "mine")
    head = made.clip_head("group")
    assert (made.name, head.source, head.descriptor, head.file) == (
        "mine",
        "trained",
        "vgaf-mean-std",
        "group.skops",
    )
    assert head.citation == "linear-svc, C 1.5, trained on 30 VGAF clips"
    assert head.scores is not None
    assert head.scores["accuracy"] == SCORES["accuracy"]
    assert made.clip_head("afew").source == "prior"
    assert (made.embedding_dim, [each.name for each in made.heads]) == (8, [each.name for each in base.heads])
    weights = [folder / "weights.safetensors" for folder in (tmp_path / "small", tmp_path / "mine")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    for file in made.files:
        assert (tmp_path / "mine" / file.name).stat().st_size == file.size


def test_a_second_network_comes_along(tmp_path: Path) -> None:
    base = add_second(write_small(tmp_path / "small"), write_small(tmp_path / "other", seed=4), ["gender"])
    write_clip_model(tmp_path / "mine", find_model(str(base)), "vgaf", trained(), SCORES)
    made = read_spec(tmp_path / "mine")
    assert made.second == find_model(str(base)).second
    assert [file.name for file in made.files] == ["weights.safetensors", "second.safetensors", "group.skops"]
    for file in made.files:
        verify(tmp_path / "mine" / file.name, file)
    assert (tmp_path / "mine" / "second.safetensors").read_bytes() == (
        tmp_path / "other" / "weights.safetensors"
    ).read_bytes()


def test_a_classifier_of_other_clips_comes_along(tmp_path: Path) -> None:
    """Its file is listed and loads; the head that is trained again has the new file alone."""
    write_clip_model(
        tmp_path / "first", find_model(str(write_small(tmp_path / "small"))), "afew", trained(), SCORES
    )
    first = read_spec(tmp_path / "first")
    write_clip_model(tmp_path / "both", first, "vgaf", trained(), SCORES)
    both = read_spec(tmp_path / "both")
    assert [file.name for file in both.files] == ["weights.safetensors", "afew.skops", "group.skops"]
    assert (tmp_path / "both/afew.skops").read_bytes() == (tmp_path / "first/afew.skops").read_bytes()
    vector = np.eye(32, dtype=np.float32)[2]
    for name in ("afew", "group"):
        assert load_classifier(both, both.clip_head(name)).score(vector).values.argmax() == 2
    write_clip_model(tmp_path / "again", both, "vgaf", trained(c=0.5), SCORES)
    assert [file.name for file in read_spec(tmp_path / "again").files] == [file.name for file in both.files]


def test_the_smallest_face_is_kept_and_told(tmp_path: Path) -> None:
    base = find_model(str(write_small(tmp_path / "small")))
    write_clip_model(tmp_path / "mine", base, "vgaf", trained(), SCORES, min_face=24)
    made = read_spec(tmp_path / "mine")
    assert made.clip_head("group").min_face == 24
    assert "left out. Faces from 24 pixels on were looked for.\n" in (tmp_path / "mine" / "README.md").read_text()
    head = load_classifier(made, made.clip_head("group"))
    assert (head.smallest(None), head.smallest(60)) == (24, 60)
    write_clip_model(tmp_path / "quick", base, "vgaf", trained(), SCORES)
    assert "min_face" not in (tmp_path / "quick" / "config.json").read_text()
    quick = read_spec(tmp_path / "quick")
    assert load_classifier(quick, quick.clip_head("group")).smallest(None) is None


def test_the_card_tells_what_was_read_and_how_well(tmp_path: Path) -> None:
    base = find_model(str(write_small(tmp_path / "small")))
    write_clip_model(tmp_path / "mine", base, "vgaf", trained(), SCORES, descriptor="afew-mean-std-min-max")
    card = (tmp_path / "mine" / "README.md").read_text().splitlines()
    assert "| all | 50.00% | 25.00% - 75.00% | 8 |" in card
    assert not [line for line in card if line.startswith("| with faces")]  # nobody had one
    assert "Trained on 30 clips; 2 training clips without a face were left out." in card
    config = json.loads((tmp_path / "mine" / "config.json").read_text())
    assert config["clip_heads"]["group"]["descriptor"] == "afew-mean-std-min-max"
    assert any("`afew-mean-std-min-max`" in line for line in card)


def test_a_forest_has_no_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("femo.clips.classifiers.N_TREES", 5)
    base = find_model(str(write_small(tmp_path / "small")))
    write_clip_model(tmp_path / "mine", base, "afew", trained("random-forest", None), SCORES)
    assert read_spec(tmp_path / "mine").clip_head("afew").citation == "random-forest, trained on 30 AFEW clips"
    assert "random-forest, on the descriptor" in (tmp_path / "mine" / "README.md").read_text()
