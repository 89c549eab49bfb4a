"""Valence and arousal that follow from known columns of an embedding; ratings as they stand in the file; what is written."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from femo.labels import ABAW_EXPR, AFFECTNET_8
from femo.models.config import HeadSpec
from femo.models.find import find_model
from femo.models.write import write_stored
from femo.networks.heads import load_heads
from femo.training.look import affect
from femo.training.look.affect import (
    AffectHead,
    Rated,
    fit_affect,
    judge,
    out_of_fold,
    prior_of,
    read_ratings,
    train_affect,
    write_affect,
    write_section,
)
from femo.training.look.codes import CODES
from femo.training.look.folder import read_folder
from femo.training.look.views import Views
from femo.types import Floats, Scores
from tests import shipped


def rated(seed: int, n: int = 400, width: int = 6) -> tuple[Floats, Floats]:
    """Embeddings, and ratings of which column 0 says the valence and column 1 the arousal."""
    rng = np.random.default_rng(seed)
    seen = (rng.normal(size=(n, width)) * 3 + 2).astype(np.float32)
    truth = np.tanh((seen[:, :2] - 2) / 3 + 0.1 * rng.normal(size=(n, 2)))
    return seen, truth.astype(np.float32)


def test_what_can_be_seen_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affect, "RIDGE", 1e-3)
    seen, truth = rated(0)
    head, (other, meant) = fit_affect([seen], truth), rated(1)
    figures = judge(head(other), meant)
    assert min(figures["valence"]["ccc"], figures["arousal"]["ccc"]) > 0.97
    assert np.abs(head.weight[0]).argmax() == 0
    assert np.abs(head.weight[1]).argmax() == 1


def test_the_ridge_shrinks_what_is_said() -> None:
    seen, truth = rated(0)
    said = fit_affect([seen], truth)(seen)
    assert said.std() < 0.8 * truth.std()


def test_ratings_of_chance_are_not_told_apart_where_they_were_not_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affect, "RIDGE", 1e-6)
    seen, _ = rated(0, 150, 200)
    chance = np.random.default_rng(5).uniform(-0.8, 0.8, (150, 2)).astype(np.float32)
    by_heart, apart = judge(fit_affect([seen], chance)(seen), chance), judge(out_of_fold([seen], chance), chance)
    assert by_heart["valence"]["ccc"] > 0.9
    assert abs(apart["valence"]["ccc"]) < 0.25


def test_figures_are_those_of_hand() -> None:
    truth = np.array([[0, 0], [1, 1], [2, 0]], np.float32)
    said = np.array([[1, 0], [2, 1], [3, 0]], np.float32)
    figures = judge(said, truth)
    # valence: var 2/3 each, cov 2/3, means 1 apart: 2 * 2/3 / (4/3 + 1)
    assert figures["valence"] == {"ccc": pytest.approx(4 / 7, abs=1e-3), "r": 1.0}
    assert figures["arousal"] == {"ccc": 1.0, "r": 1.0}


def test_a_prior_is_what_the_literature_gives_each_expression() -> None:
    glad = np.zeros((1, 8), np.float32)
    glad[0, [AFFECTNET_8.index("happiness"), AFFECTNET_8.index("neutral")]] = 0.75, 0.25
    scores = {"expression": Scores("expression", AFFECTNET_8, glad, "distribution", "trained")}
    spec = shipped.pipeline().readers[0].spec
    natural = SimpleNamespace(spec=spec, heads=SimpleNamespace(score=lambda embedding: scores))
    decided = SimpleNamespace(default="natural", decide=lambda said, prior: said)
    network: Any = natural
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(affect, "decision_of", lambda specs, prior: decided)
        said = prior_of(network, np.zeros((1, 4), np.float32))
    assert said[0].tolist() == pytest.approx([0.75 * 0.81, 0.75 * 0.51])  # Russell & Mehrabian 1977: happy


def test_ratings_are_read_with_all_raters(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(
        "part,origin,name,valence,arousal,second_valence,second_arousal\n"
        "held_out,utkface,a.jpg,0.5,-0.1,0.3,0.3\n"
        "train,ferplus_train,7,-0.4,0.2,,\n"
    )
    [held] = read_ratings("held_out", path)
    assert (held.origin, held.name) == ("utkface", "a.jpg")
    assert held.affect.tolist() == pytest.approx([0.4, 0.1])
    [train] = read_ratings("train", path)
    assert train.affect.tolist() == pytest.approx([-0.4, 0.2])


def test_what_was_rated_was_coded_too_and_in_the_same_part() -> None:
    with affect.RATINGS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["part"] for row in rows) == {"train": 2338, "held_out": 626}
    with CODES.open(encoding="utf-8", newline="") as file:
        part = {(row["origin"], row["name"]): row["part"] for row in csv.DictReader(file)}
    assert all(part.get((row["origin"], row["name"]), row["part"]) == row["part"] for row in rows)
    assert all(bool(row["second_valence"]) == (row["part"] == "held_out") for row in rows)
    values = np.array([one.affect for name in ("train", "held_out") for one in read_ratings(name)])
    assert np.abs(values).max() <= 1
    assert values[:, 0].std() > 0.3


def test_a_head_is_fitted_judged_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = {"train": rated(0), "held_out": rated(1)}
    asked: list[int] = []

    def read(part: str, path: Path = affect.RATINGS) -> list[Rated]:
        n_rows = {"train": 100, "held_out": 90}[part] if path == affect.DRAWN_RATINGS else None
        raters = [(row, row + 0.1) if part == "held_out" else (row,) for row in sets[part][1][:n_rows]]
        return [Rated("utkface", part, np.array(one, np.float32)) for one in raters]

    def look_at(
        known: list[Rated],
        data: Path,
        network: object,
        mesh: object,
        n_changed: int,
        generator: object,
        say: Callable[[str], None],
    ) -> Views:
        asked.append(n_changed)
        assert generator is None or generator == "generator"
        seen = np.concatenate([sets[known[0].name][0]] * 2)[: len(known)]
        return Views(np.zeros((len(seen), 12), np.float32), np.ones(len(seen), np.bool_), (seen, seen))

    monkeypatch.setattr(affect, "RIDGE", 1e-3)
    monkeypatch.setattr(affect, "read_ratings", read)
    monkeypatch.setattr(affect, "look_at", look_at)
    monkeypatch.setattr(affect, "prior_of", lambda network, embedding: embedding[:, 2:4] / 9)
    nobody: Any = None
    _, figures, section = train_affect(tmp_path, nobody, nobody, lambda text: None)
    assert asked == [affect.N_CHANGED, 0]
    assert figures["held_out"]["valence"]["ccc"] > 0.95
    assert figures["folds"]["arousal"]["ccc"] > 0.95
    assert abs(figures["before"]["valence"]["ccc"]) < 0.2  # columns that say nothing of it
    assert 0.9 < figures["raters"]["valence"]["ccc"] < 1
    assert "to 400 photos" in " ".join(section.split())
    assert "drawn" not in " ".join(figures) + section
    generator: Any = "generator"
    _, figures, section = train_affect(tmp_path, nobody, nobody, lambda text: None, generator)
    assert asked == [affect.N_CHANGED, 0, affect.N_CHANGED, 0, 0]
    assert figures["drawn_held_out"]["valence"]["ccc"] > 0.95
    assert 0.9 < figures["drawn_raters"]["arousal"]["ccc"] < 1
    assert "were 100 faces that a generator drew" in " ".join(section.split())
    assert "On 90 others" in " ".join(section.split())


def test_the_section_has_each_figure_in_its_column() -> None:
    def both(ccc: float, r: float) -> dict[str, dict[str, float]]:
        return {"valence": {"ccc": ccc, "r": r}, "arousal": {"ccc": ccc - 0.1, "r": r - 0.1}}

    figures = {
        "raters": both(0.98, 0.99),
        "before": both(0.84, 0.91),
        "held_out": both(0.9, 0.92),
        "folds": both(0, 0),
    }
    lines = write_section(figures, (1258, 626)).splitlines()
    assert "| valence | 0.98 | 0.84 | 0.90 | 0.91 | 0.92 |" in lines
    assert "| arousal | 0.88 | 0.74 | 0.80 | 0.81 | 0.82 |" in lines
    figures |= {"drawn_raters": both(0.5, 0.6), "drawn_before": both(0.3, 0.4), "drawn_held_out": both(0.45, 0.7)}
    lines = write_section(figures, (1258, 626), (1143, 416)).splitlines()
    assert "| valence | 0.98 | 0.84 | 0.90 | 0.91 | 0.92 |" in lines
    assert "| valence | 0.50 | 0.30 | 0.45 | 0.40 | 0.70 |" in lines
    assert "were 1,143 faces" in " ".join(lines)
    assert "416\nothers" in "\n".join(lines)


def test_abaws_other_says_of_affect_what_neutral_does() -> None:
    """By hand: half happy (0.81, 0.51), half other (0, 0)."""
    values = np.zeros((1, 8), np.float32)
    values[0, [ABAW_EXPR.index("happiness"), ABAW_EXPR.index("other")]] = 0.5
    scores = Scores("expression", ABAW_EXPR, values, "distribution", "trained")
    head = HeadSpec("expression", "abaw-expr", "distribution", "trained")
    network: Any = SimpleNamespace(
        spec=replace(find_model("femo-base"), heads=(head,), default_prior="natural"),
        heads=SimpleNamespace(score=lambda embedding: {"expression": scores}),
    )
    assert prior_of(network, np.zeros((1, 4), np.float32))[0].tolist() == pytest.approx([0.405, 0.255])


def test_no_hidden_layer_stays_of_the_head_that_was_there(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_model("femo-base").folder, tmp_path / "femo-base"))
    tensors, second, config, card = read_folder(folder)
    tensors |= {"heads.valence_arousal.hidden.weight": torch.ones(3, 1024).half()}
    tensors |= {"heads.valence_arousal.hidden.bias": torch.ones(3)}
    write_stored(folder, tensors, {key: value for key, value in config.items() if key != "files"}, card, second)
    write_affect(folder, AffectHead(np.zeros((2, 1024), np.float32), np.zeros(2, np.float32)), {}, "## New")
    left = [name for name in read_folder(folder)[0] if name.startswith("heads.valence_arousal.")]
    assert sorted(left) == ["heads.valence_arousal.bias", "heads.valence_arousal.weight"]
    assert (
        load_heads(find_model(str(folder))).score(np.ones((1, 1024), np.float32))["valence_arousal"].values.any()
        == 0
    )


def test_a_head_is_written_in_the_place_of_the_prior(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_model("femo-base").folder, tmp_path / "femo-base"))
    weight = np.random.default_rng(0).normal(size=(2, 1024)).astype(np.float32) / 30
    head = AffectHead(weight, np.array([0.1, -0.2], np.float32))
    write_affect(folder, head, {"held_out": {"valence": {"ccc": 0.9}}}, "## Valence and arousal\n\nnew")
    spec = find_model(str(folder))
    embedding = np.random.default_rng(1).normal(size=(3, 1024)).astype(np.float32)
    said = load_heads(spec).score(embedding)["valence_arousal"]
    assert said.source == "trained"
    assert "drawn" not in spec.head("valence_arousal").citation
    write_affect(folder, head, {"drawn_held_out": {}}, "## Valence and arousal\n\nnew")
    learnt = find_model(str(folder)).head("valence_arousal").citation
    assert "FER+ and faces drawn by MobileStyleGAN, rated" in learnt
    write_affect(folder, head, {"held_out": {"valence": {"ccc": 0.9}}}, "## Valence and arousal\n\nnew")
    assert said.values == pytest.approx(np.tanh(embedding @ weight.T + head.bias), abs=0.01)
    assert spec.head("valence_arousal").scores == {"held_out": {"valence": {"ccc": 0.9}}}
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.count("## Valence and arousal") == 1
    assert "## Valence and arousal\n\nnew\n\n## " in card
    before = json.loads((find_model("femo-base").folder / "config.json").read_text(encoding="utf-8"))
    after = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert list(after["heads"]) == list(before["heads"])
    assert after["units"] == before["units"]
