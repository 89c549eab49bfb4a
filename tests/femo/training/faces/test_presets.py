"""Recipes in JSON: what a run writes is read again, and what is none is said."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from femo.errors import ModelError
from femo.models.find import find_model
from femo.models.weights import weights_sha256
from femo.training.faces.presets import FEMO_BASE, FROM_ARCFACE, read_recipe
from femo.training.faces.recipe import Phase, Recipe

ROOT = Path(__file__).resolve().parents[4]


def test_the_card_of_femo_base_tells_its_recipe() -> None:
    card = (ROOT / "models/femo-base/README.md").read_text(encoding="utf-8")
    told = json.loads(card.split("## Recipe\n\n```json\n")[1].split("\n```")[0])
    assert told == json.loads(json.dumps(FEMO_BASE.to_dict()))
    assert sum(phase["epochs"] for phase in told["phases"]) == 52


def test_without_a_file_it_is_that_of_femo_base() -> None:
    assert read_recipe(None, n_threads=7) == replace(FEMO_BASE, n_threads=7)
    assert read_recipe(None, 7, Path("faceres-deep.json")) == replace(FEMO_BASE, n_threads=7)


def test_the_other_start_has_a_recipe_of_its_own_that_learns_from_the_shipped_weights() -> None:
    found = read_recipe(None, 7, Path("w600k_mbf.onnx"))
    assert found == replace(FROM_ARCFACE, n_threads=7)
    assert found.teacher is not None
    assert found.teacher["sha256"] == weights_sha256(find_model("femo-base"))


def test_what_a_run_writes_is_read_again(tmp_path: Path) -> None:
    recipe = Recipe(
        "resnet18", {"channels": [8]}, (Phase(24, 3, 5e-3, 1e-3, sam=True), Phase(32, 1, 1e-3, 0)),
        shares=(3, 2), start={"name": "f", "sha256": "0"}, task_weights={"age": 0.5},
    )  # fmt: skip
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(recipe.to_dict(), indent=2))
    found = read_recipe(path, n_threads=5)
    assert found.to_dict() == json.loads(json.dumps(replace(recipe, n_threads=5).to_dict()))
    assert isinstance(found.phases[0], Phase)
    assert (found.phases[0].sam, found.phases[1].sam) == (True, False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning": 1}, "learning: "),
        ({"phases": [{"size": 24}]}, r"phases\.0\.epochs: missing"),
        ({"dropout": "much"}, "dropout: expected a valid number.*found 'much'"),
        ({"phases": [{"size": 24, "epochs": 1, "lr_start": 1, "lr_end": 1, "lr": 1}]}, r"phases\.0\.lr"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(FEMO_BASE.to_dict() | change))
    with pytest.raises(ModelError, match=rf"recipe\.json is no recipe: {message}"):
        read_recipe(path, 1)


def test_what_is_no_json_is_said(tmp_path: Path) -> None:
    for content in (b"{", b"[1]", b"\xff\xfe{"):
        (tmp_path / "r.json").write_bytes(content)
        with pytest.raises(ModelError, match=r"r\.json is no recipe: .*; a run writes an example as recipe\.json"):
            read_recipe(tmp_path / "r.json", 1)
    with pytest.raises(ModelError, match=r"gone\.json is no recipe: .*No such file"):
        read_recipe(tmp_path / "gone.json", 1)
