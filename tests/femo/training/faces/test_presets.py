"""Recipes in JSON: what a run writes is read again, and what is none is said."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from femo.errors import FemoError, ModelError
from femo.training.checkpoint import write_state
from femo.training.faces.presets import (
    ARCFACE_AGAIN,
    ARCFACE_IN_COLOUR,
    ARCFACE_POSED,
    ARCFACE_WITH_VOTES,
    BESIDE,
    BOTH_IN_COLOUR,
    BOTH_POSED,
    BOTH_WITH_VOTES,
    FEMO_BASE,
    FROM_ARCFACE,
    FROM_BOTH,
    FROM_FACERES,
    note_recipe,
    read_recipe,
)
from femo.training.faces.recipe import TASKS, Phase, Recipe

ROOT = Path(__file__).resolve().parents[4]


def test_the_card_of_femo_base_tells_its_recipe() -> None:
    card = (ROOT / "models/femo-base/README.md").read_text(encoding="utf-8")
    told = json.loads(card.split("## Recipe\n\n```json\n")[1].split("\n```")[0])
    hashes = [teacher.pop("sha256") for teacher in told["teachers"]]
    assert told == json.loads(json.dumps(FEMO_BASE.to_dict()))
    assert [len(sha256) for sha256 in hashes] == [64, 64]


def test_recipes_have_names() -> None:
    assert read_recipe(None, n_threads=7) == replace(FEMO_BASE, n_threads=7)
    assert read_recipe("femo-base", 7) == replace(FEMO_BASE, n_threads=7)
    assert read_recipe("from-faceres", 7) == replace(FROM_FACERES, n_threads=7)
    assert read_recipe("from-arcface", 7) == replace(FROM_ARCFACE, n_threads=7)
    assert read_recipe("beside", 7) == replace(BESIDE, n_threads=7)
    assert read_recipe("from-both", 7) == replace(FROM_BOTH, n_threads=7)
    assert read_recipe("from-arcface-again", 7) == replace(ARCFACE_AGAIN, n_threads=7)
    assert read_recipe("from-both-in-colour", 7) == replace(BOTH_IN_COLOUR, n_threads=7)
    assert read_recipe("from-arcface-in-colour", 7) == replace(ARCFACE_IN_COLOUR, n_threads=7)
    assert read_recipe("from-both-with-votes", 7) == replace(BOTH_WITH_VOTES, n_threads=7)
    assert read_recipe("from-arcface-with-votes", 7) == replace(ARCFACE_WITH_VOTES, n_threads=7)
    assert read_recipe("from-both-posed", 7) == replace(BOTH_POSED, n_threads=7)
    coloured = (BOTH_IN_COLOUR, ARCFACE_IN_COLOUR, BOTH_WITH_VOTES, ARCFACE_WITH_VOTES)
    assert read_recipe("from-arcface-posed", 7) == replace(ARCFACE_POSED, n_threads=7)
    last = (BOTH_POSED, ARCFACE_POSED, FEMO_BASE, BESIDE)
    chain = (FROM_FACERES, FROM_ARCFACE, FROM_BOTH, ARCFACE_AGAIN, *coloured, *last)
    assert [len(recipe.teachers) for recipe in chain] == [0, 1, *[2] * 10]
    assert [recipe.looks > 0 for recipe in chain] == [False] * 4 + [True] * 8
    assert [recipe.posed > 0 for recipe in chain] == [False] * 8 + [True] * 4
    assert [recipe.drawn for recipe in chain] == [False] * 10 + [True] * 2


def test_what_a_run_writes_is_read_again(tmp_path: Path) -> None:
    recipe = Recipe(
        "resnet18", {"channels": [8]}, (Phase(24, 3, 5e-3, 1e-3, sam=True), Phase(32, 1, 1e-3, 0)),
        shares=(3, 2), start={"name": "f", "sha256": "0"}, task_weights=dict.fromkeys(TASKS, 0.5),
    )  # fmt: skip
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(recipe.to_dict(), indent=2))
    found = read_recipe(str(path), n_threads=5)
    assert found.to_dict() == json.loads(json.dumps(replace(recipe, n_threads=5).to_dict()))
    assert isinstance(found.phases[0], Phase)
    assert (found.phases[0].sam, found.phases[1].sam) == (True, False)


def test_recipes_of_earlier_runs_with_one_teacher_or_none_are_read(tmp_path: Path) -> None:
    path, teacher = tmp_path / "recipe.json", {"name": "femo-base", "sha256": "8d"}
    new = ("teachers", "taught", "from_teacher", "kept")
    old = {name: value for name, value in FROM_ARCFACE.to_dict().items() if name not in new}
    for told, expected in ((None, ()), (teacher, (teacher,))):
        path.write_text(json.dumps(old | {"teacher": told}))
        found = read_recipe(str(path), FROM_ARCFACE.n_threads)
        assert json.dumps(found.to_dict()) == json.dumps(replace(FROM_ARCFACE, teachers=expected).to_dict())


def test_a_folder_holds_one_run(tmp_path: Path) -> None:
    """More epochs or threads are the same run; another network, start or teacher is none that its checkpoints go on with."""
    used = replace(FROM_ARCFACE, teachers=({"name": "one", "sha256": "1"},))
    note_recipe(tmp_path / "run", used)
    longer = replace(used, phases=(*used.phases, Phase(112, 1, 1e-4, 1e-6)), n_threads=9)
    note_recipe(tmp_path / "run", longer)
    for other, name in (
        (FROM_FACERES, "arch"),
        (replace(used, start={"name": "x", "sha256": "2"}), "start"),
        (replace(used, teachers=({"name": "one", "sha256": "2"},)), "teachers"),
        (replace(used, from_teacher=True), "from_teacher"),
    ):
        with pytest.raises(FemoError, match=f"run holds a run whose recipe has another {name}; .* with --run"):
            note_recipe(tmp_path / "run", other)
    assert read_recipe(str(tmp_path / "run" / "recipe.json"), 9).to_dict() == json.loads(
        json.dumps(longer.to_dict())
    )


def test_what_is_done_of_a_run_stays_as_it_was_done(tmp_path: Path) -> None:
    """Two of three epochs are done: what they were made of holds, what comes after them may change."""
    first, later = Phase(112, 1, 1e-3, 1e-4), Phase(112, 2, 1e-4, 1e-6)
    used = replace(FROM_ARCFACE, phases=(first, later), shares=(8, 8))
    note_recipe(tmp_path / "run", used)
    note_recipe(tmp_path / "run", replace(used, seed=5))  # nothing is done yet
    note_recipe(tmp_path / "run", used)
    write_state(tmp_path / "run" / "checkpoint.safetensors", {"network.w": torch.zeros(1)}, epochs=2)
    for other, name in (
        (replace(used, seed=5), "seed"),
        (replace(used, looks=6.0), "looks"),
        (replace(used, shares=(4, 8)), "shares"),
        (replace(used, weight_decay=9.0), "weight_decay"),
        (replace(used, posed=9, shares=(8, 8, 8)), "shares"),
        (replace(used, phases=(replace(first, lr_start=5e-2), later)), "phases"),
        (replace(used, phases=(first, replace(later, sam=True))), "phases"),
        (replace(used, phases=(first,)), "phases"),
    ):
        with pytest.raises(
            FemoError, match=f"run holds a run whose recipe has another {name}, and 2 of its epochs are done; "
        ):
            note_recipe(tmp_path / "run", other)
    for same in (
        replace(used, n_threads=9, kept=0.5),
        replace(used, phases=(first, replace(later, epochs=9))),
        replace(used, phases=(first, replace(later, epochs=1), Phase(160, 2, 1e-3, 1e-6))),
    ):
        note_recipe(tmp_path / "run", same)
        assert read_recipe(str(tmp_path / "run" / "recipe.json"), same.n_threads).kept == same.kept
        note_recipe(tmp_path / "run", replace(used, n_threads=1))


def _phase(**change: float) -> dict[str, object]:
    return {"phases": [{"size": 24, "epochs": 1, "lr_start": 1e-3, "lr_end": 1e-4, **change}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning": 1}, "learning: "),
        ({"phases": [{"size": 24}]}, r"phases\.0\.epochs: missing"),
        ({"dropout": "much"}, "dropout: expected a valid number.*found 'much'"),
        ({"phases": [{"size": 24, "epochs": 1, "lr_start": 1, "lr_end": 1, "lr": 1}]}, r"phases\.0\.lr"),
        ({"looks": -6.0}, r"looks is -6\.0, expected 0 or how many times"),
        ({"looks": 0.5}, r"looks is 0\.5, expected 0 or how many times"),
        ({"looks": math.nan}, "looks is nan, expected 0 or how many times"),
        ({"kept": 1.5}, r"kept is 1\.5, expected a share, 0-1"),
        ({"posed": -1}, "posed is -1, expected how many faces are moved"),
        ({"posed": 9, "drawn": False, "shares": [4, 4]}, r"shares are \[4, 4\], expected 3, one for each pool"),
        (
            {"posed": 0, "drawn": False, "shares": [4, 4, 4]},
            r"shares are \[4, 4, 4\], expected 2, one for each pool",
        ),
        (
            {"posed": 9, "drawn": True, "shares": [4, 4, 4]},
            r"shares are \[4, 4, 4\], expected 4, one for each pool",
        ),
        ({"taught": -0.1}, r"taught is -0\.1, expected a share, 0-1"),
        ({"majority_share": 3.0}, r"majority_share is 3\.0, expected a share, 0-1"),
        ({"dropout": 1.5}, r"dropout is 1\.5, expected 0 or more, below 1"),
        ({"ema_decay": 1.0}, r"ema_decay is 1\.0, expected 0 or more, below 1"),
        ({"warmup_steps": -1}, "warmup_steps is -1, expected 0 or more"),
        ({"rho": math.inf}, "rho is inf, expected 0 or more"),
        ({"steps_per_epoch": 0}, "steps_per_epoch is 0, expected 1 or more, or null"),
        ({"phases": []}, "phases are none, expected one or more"),
        ({"shares": [40, 22, 0, 16]}, r"shares are \[40, 22, 0, 16\], expected 1 picture or more of each pool"),
        ({"task_weights": {"expression": 1.0}}, "task_weights have no age, gender, ethnicity, identity, expected"),
        (
            {"task_weights": dict.fromkeys((*TASKS, "identity"), -1.0)},
            r"task_weights are .*-1\.0.*, expected 0 or more each",
        ),
        (_phase(size=0), r"phases\.0: size is 0, expected 1 or more"),
        (_phase(epochs=0), r"phases\.0: epochs is 0, expected 1 or more"),
        (_phase(climb_every=0), r"phases\.0: climb_every is 0, expected 1 or more"),
        (_phase(lr_start=-1.0), r"phases\.0: lr_start is -1\.0, expected 0 or more"),
        (_phase(lr_end=math.nan), r"phases\.0: lr_end is nan, expected 0 or more"),
        (_phase(frozen_layers=-1), r"phases\.0: frozen_layers is -1, expected 0 or more"),
        (_phase(strength=-1.0), r"phases\.0: strength is -1\.0, expected 0 or more"),
        (_phase(keep_whole=1.5), r"phases\.0: keep_whole is 1\.5, expected a share, 0-1"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(FEMO_BASE.to_dict() | change))
    with pytest.raises(ModelError, match=rf"recipe\.json is no recipe: {message}"):
        read_recipe(str(path), 1)


def test_what_is_no_json_is_said(tmp_path: Path) -> None:
    for content in (b"{", b"[1]", b"\xff\xfe{"):
        (tmp_path / "r.json").write_bytes(content)
        with pytest.raises(
            ModelError,
            match=r"r\.json is no recipe: .*; known are from-faceres, .*and a run writes one as recipe\.json",
        ):
            read_recipe(str(tmp_path / "r.json"), 1)
    with pytest.raises(ModelError, match=r"gone\.json is no recipe: .*No such file"):
        read_recipe(str(tmp_path / "gone.json"), 1)
