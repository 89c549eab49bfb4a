"""Trained heads in a copy of a model folder: the network bit by bit, each head in its place, and nobody's name taken twice."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from femo.clips.classifiers import load_classifier
from femo.labels import ABAW_EXPR
from femo.models.config import ModelSpec, read_spec
from femo.models.weights import find_file, find_weights, load_tensors, verify
from femo.networks.heads import load_heads
from femo.training.abaw.dataset.tasks import HEADS, TASKS, TaskName
from femo.training.abaw.heads import HeadNet, HeadRecipe
from femo.training.abaw.model_folder import write_folder
from tests.affwild2 import write_square_model
from tests.clip_sets import add_mood
from tests.small_models import add_second

SCORES = {"main": 0.5}


@pytest.fixture
def base(tmp_path: Path) -> ModelSpec:
    return read_spec(write_square_model(tmp_path / "squares"))


def write(
    base: ModelSpec, out: Path, task: TaskName, what: Any = "embedding", hidden: int = 0, **more: Any
) -> HeadNet:
    width = {"embedding": 6, "embedding+scores": 14, "logits": 8}[what]
    net = HeadNet(HeadRecipe(what, hidden), width, TASKS[task].parts)
    net.round_to_storage()
    options = {"thresholds": None, "adaptive": None, "card": "# made\n"} | more
    write_folder(out, base, net, TASKS[task], SCORES, **options)
    return net


def tensors(spec: ModelSpec) -> dict[str, np.ndarray]:
    return dict(load_tensors(find_weights(spec)))


def test_expressions_take_the_name_and_affectnets_head_another(base: ModelSpec, tmp_path: Path) -> None:
    net = write(base, tmp_path / "made", "expr", hidden=5, adaptive={"strides": [4, 1]})
    made, before = read_spec(tmp_path / "made"), tensors(base)
    after = tensors(made)
    assert (made.name, made.head("expression").labels) == ("made", ABAW_EXPR)
    assert made.head("expression").scores == SCORES
    np.testing.assert_array_equal(after["backbone.squares.weight"], before["backbone.squares.weight"])
    np.testing.assert_array_equal(after["heads.expression_affectnet.weight"], before["heads.expression.weight"])
    assert net.hidden is not None
    for name, layer in (("expression", net.out["expr"]), ("expression.hidden", net.hidden)):
        np.testing.assert_array_equal(after[f"heads.{name}.weight"], layer.weight.detach().numpy())
        np.testing.assert_array_equal(after[f"heads.{name}.bias"], layer.bias.detach().numpy())
    assert json.loads((tmp_path / "made" / "config.json").read_text())["adaptive"] == {"strides": [4, 1]}
    assert (tmp_path / "made" / "README.md").read_text() == "# made\n"


def test_the_folder_says_what_the_net_says(base: ModelSpec, tmp_path: Path) -> None:
    net = write(base, tmp_path / "made", "mtl", hidden=4)
    rows = np.random.default_rng(0).normal(0, 1, (5, 6)).astype(np.float32)
    with torch.inference_mode():
        logits = net(torch.from_numpy(rows))
    scores = load_heads(read_spec(tmp_path / "made")).score(rows)
    said = {"expr": logits["expr"].softmax(1), "va": logits["va"].tanh(), "au": logits["au"].sigmoid()}
    for part, values in said.items():
        np.testing.assert_allclose(scores[HEADS[part]].values, values.numpy(), atol=1e-4)


def test_a_second_head_finds_affectnets_where_the_first_put_it(base: ModelSpec, tmp_path: Path) -> None:
    write(base, tmp_path / "first", "expr")
    write(read_spec(tmp_path / "first"), tmp_path / "second", "expr", hidden=3)
    made = read_spec(tmp_path / "second")
    names = [head.name for head in made.heads]
    assert sorted(names) == ["action_units", "expression", "expression_affectnet", "valence_arousal"]
    after = tensors(made)
    np.testing.assert_array_equal(
        after["heads.expression_affectnet.weight"], tensors(base)["heads.expression.weight"]
    )
    assert after["heads.expression.hidden.weight"].shape == (3, 6)
    write(made, tmp_path / "third", "expr")
    assert not [
        name for name in tensors(read_spec(tmp_path / "third")) if name.startswith("heads.expression.hidden")
    ]


def test_thresholds_belong_to_units_and_the_prior_gives_way(base: ModelSpec, tmp_path: Path) -> None:
    thresholds = (0.1, *[0.5] * 11)
    write(base, tmp_path / "made", "au", thresholds=thresholds)
    head = read_spec(tmp_path / "made").head("action_units")
    assert (head.source, head.thresholds, head.kind, head.coefficients) == (
        "trained",
        thresholds,
        "independent",
        None,
    )
    assert read_spec(tmp_path / "made").head("valence_arousal").source == "prior"
    assert read_spec(tmp_path / "made").head("expression").labels == base.head("expression").labels


def test_logits_stay_the_input_and_tanh_bounds(base: ModelSpec, tmp_path: Path) -> None:
    write(base, tmp_path / "made", "va", "logits")
    head = read_spec(tmp_path / "made").head("valence_arousal")
    assert (head.input, head.activation, head.thresholds) == ("logits", "tanh", None)


def test_the_mood_knows_abaws_other_as_it_knows_neutral(base: ModelSpec, tmp_path: Path) -> None:
    write(base, tmp_path / "made", "expr")
    coefficients = read_spec(tmp_path / "made").clip_head("group").coefficients
    assert coefficients is not None
    assert coefficients["other"] == coefficients["neutral"] == (0.0, 1.0, 0.0)
    write(base, tmp_path / "units", "au")
    told = read_spec(tmp_path / "units").clip_head("group").coefficients
    assert told is not None
    assert "other" not in told


def test_a_classifier_of_clips_comes_along(tmp_path: Path) -> None:
    """Its expression is the new head's, its embedding the network's as before, so it says the same."""
    add_mood(tmp_path / "mood", write_square_model(tmp_path / "squares"))
    write(read_spec(tmp_path / "mood"), tmp_path / "made", "expr")
    made = read_spec(tmp_path / "made")
    assert [file.name for file in made.files] == ["weights.safetensors", "group.skops"]
    for file in made.files:
        verify(tmp_path / "made" / file.name, file)
    head = load_classifier(made, made.clip_head("group"))
    assert head.score(np.eye(24, dtype=np.float32)[1]).values.argmax() == 1


def test_a_second_network_keeps_the_heads_that_stay(tmp_path: Path) -> None:
    folder = add_second(
        write_square_model(tmp_path / "squares"), write_square_model(tmp_path / "other"), ["expression"]
    )
    base = read_spec(folder)
    write(base, tmp_path / "affect", "va")
    assert read_spec(tmp_path / "affect").second == base.second
    write(base, tmp_path / "made", "expr")
    made = read_spec(tmp_path / "made")
    assert made.second is not None
    assert made.second.heads == ("expression_affectnet",)
    beside = load_tensors(find_file(made, made.second.file))
    before = tensors(base)
    np.testing.assert_array_equal(beside["heads.expression_affectnet.weight"], before["heads.expression.weight"])
    np.testing.assert_array_equal(beside["backbone.squares.weight"], before["backbone.squares.weight"])
    write(made, tmp_path / "again", "expr")
    again = read_spec(tmp_path / "again").second
    assert again is not None
    assert again.heads == ("expression_affectnet",)


def test_a_second_network_that_would_say_nothing_more_is_left_out(tmp_path: Path) -> None:
    write(read_spec(write_square_model(tmp_path / "squares")), tmp_path / "made", "expr")
    base = read_spec(add_second(tmp_path / "made", write_square_model(tmp_path / "other"), ["expression"]))
    write(base, tmp_path / "again", "expr")
    again = read_spec(tmp_path / "again")
    assert again.second is None
    assert [file.name for file in again.files] == ["weights.safetensors"]
    assert not (tmp_path / "again/second.safetensors").exists()
