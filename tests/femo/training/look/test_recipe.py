"""From looked-at pictures to entries in a model folder: when a unit is measured, and what is written."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from femo.labels import ABAW_AU, AFFECTNET_8
from femo.mesh.look import read_look
from femo.mesh.reader import MeshReader
from femo.mesh.units import EVIDENCE_AT, UnitMap
from femo.models.find import find_model
from femo.models.weights import find_weights, load_tensors
from femo.readers import load_readers
from femo.training.look import recipe
from femo.training.look.codes import Coded
from femo.training.look.fit import Fitted, fit, out_of_fold, place
from femo.training.look.recipe import Looked, Sets, fit_look, target_of, write
from femo.training.look.views import Views
from femo.types import Scores
from tests import shipped
from tests.face_files import write_ferplus, write_utkface
from tests.looking import looked_sample, looked_sets

SMILE, LIP = ABAW_AU.index("AU12"), ABAW_AU.index("AU10")


def test_a_unit_is_shown_where_two_coders_agree_and_open_where_one_is_unsure() -> None:
    # two clear, clear and none, twice slight, slight and none, none
    said = target_of(np.array([1.0, 0.5, 0.5, 0.25, 0.0], np.float32))
    assert said.tolist() == pytest.approx([1, 1, 1, np.nan, 0], nan_ok=True)


def test_units_that_can_be_seen_are_measured_and_the_others_stay_priors() -> None:
    network, mesh = looking()
    looked = fit_look(looked_sets(), network, mesh)
    assert set(looked.entries) == {"AU12", "AU10"}
    figures = looked.figures["AU12"]
    assert figures["folds"]["auc"] > 0.9
    assert figures["unseen"]["auc"] > 0.9
    assert figures["unseen"]["f1"] > 0.75
    assert figures["unseen"]["bare"] < 0.2
    assert figures["unseen"]["before_auc"] == pytest.approx(0.77, abs=0.12)  # the points alone know half of it
    assert figures["unseen"]["prior_auc"] == 0.5
    assert figures["unseen"]["prior_bare"] == 0
    assert figures["unseen"]["before_bare"] > figures["unseen"]["bare"]
    assert looked.maps == mesh.units.sha256
    entry = looked.entries["AU12"]
    assert entry["neutral"] < 0 < entry["spread"]
    sets = looked_sets()
    apart, found = out_of_fold(sets.coded, [sets.made]), fit([sets.coded, sets.made])
    at = place(apart, sets.coded.shown)[SMILE]
    assert entry["bias"] == pytest.approx(found.bias[SMILE] - at, abs=1e-3)
    assert abs(at) > 0.01
    assert entry["held_out"]["unseen"]["auc"] == figures["unseen"]["auc"]
    assert looked.figures["AU4"]["folds"]["auc"] < recipe.LEAST_AUC
    rare = looked.figures["AU24"]["folds"]
    assert rare["auc"] > 0.9
    assert rare["faces"] < recipe.LEAST_FACES  # told apart, but in too few pictures


def test_drawn_faces_are_learnt_from_and_judged_apart() -> None:
    network, mesh = looking()
    sets = looked_sets()
    with_drawn = replace(sets, drawn=looked_sample(5, 900), drawn_unseen=looked_sample(6, 500))
    looked = fit_look(with_drawn, network, mesh)
    found = fit([sets.coded, sets.made, looked_sample(5, 900)])
    at = place(out_of_fold(sets.coded, with_drawn.beside), sets.coded.shown)
    np.testing.assert_allclose(looked.fitted.weight, found.weight)
    np.testing.assert_allclose(looked.fitted.bias, found.bias - at)
    assert looked.figures["AU12"]["drawn"]["auc"] > 0.9
    assert looked.figures["AU12"]["drawn"]["before_auc"] < looked.figures["AU12"]["drawn"]["auc"]
    assert "drawn" not in fit_look(sets, network, mesh).figures["AU12"]


def looking() -> tuple[Any, Any]:
    """A network that calls every face neutral, and a mesh whose maps take no evidence of it."""

    def score(embedding: np.ndarray) -> dict[str, Scores]:
        zeros = np.zeros((len(embedding), 12), np.float32)
        calm = np.eye(8, dtype=np.float32)[[AFFECTNET_8.index("neutral")] * len(embedding)]
        return {
            "expression": Scores("expression", AFFECTNET_8, calm, "distribution", "trained"),
            "action_units": Scores("action_units", ABAW_AU, zeros, "independent", "prior"),
        }

    spec = shipped.pipeline().readers[0].spec
    ones = np.ones(12, np.float32)
    units = UnitMap(np.zeros((12, 468, 3), np.float32), 0 * ones, 0 * ones, ones, ones)
    return SimpleNamespace(spec=spec, heads=SimpleNamespace(score=score)), SimpleNamespace(units=units)


def test_before_is_what_points_and_expression_say() -> None:
    network, mesh = looking()
    views = Views(np.full((1, 12), 2.0, np.float32), np.ones(1, np.bool_), (np.zeros((1, 3), np.float32),))
    said = recipe._before(views, network, mesh)
    assert said["before_"][0, SMILE] == pytest.approx(2 - EVIDENCE_AT)
    assert said["prior_"][0, SMILE] == pytest.approx(-0.5)


def test_maps_are_written_where_the_pipeline_finds_them(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_model("femo-base").folder, tmp_path / "femo-base"))
    before = find_model("femo-base")
    weight = np.random.default_rng(0).normal(size=(12, 1024)).astype(np.float32)
    ones = np.ones(12, np.float32)
    entry = {"points": 0.5, "bias": 1.5, "neutral": -2.0, "spread": 0.5, "held_out": {"unseen": {"auc": None}}}
    write(folder, Looked(Fitted(weight, ones, ones), {"AU12": entry}, {}, "abc"))
    spec = find_model(str(folder))
    look = read_look(spec)
    assert look is not None
    assert look.weight[SMILE] == pytest.approx(weight[SMILE], abs=2e-3)
    assert not np.delete(look.weight, SMILE, axis=0).any()
    assert (look.points[SMILE], look.bias[SMILE], look.centre[SMILE], look.spread[SMILE]) == (0.5, 1.5, -2, 0.5)
    assert np.isfinite(look.bias).sum() == 1
    old, new = (load_tensors(find_weights(one)) for one in (before, spec))
    assert new.keys() == old.keys() | {"heads.units.weight"}
    assert all((old[name] == new[name]).all() for name in old if name != "heads.units.weight")
    assert spec.units_beside == "abc"
    assert spec.second == before.second
    assert (folder / "second.safetensors").read_bytes() == (before.folder / "second.safetensors").read_bytes()
    assert (folder / "README.md").read_bytes() == (before.folder / "README.md").read_bytes()
    pipeline = load_readers([spec])
    assert [reader.second is not None for reader in pipeline] == [True]


def test_all_pictures_are_looked_at_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """UTKFace's and FER+'s are looked at apart; rows and codes still belong together."""
    write_utkface(tmp_path / "utkface.zip", {"a.jpg": 40, "b.jpg": 90})
    for name in ("ferplus_train", "ferplus_valid"):
        write_ferplus(tmp_path / f"{name}.npz", [[10, *[0] * 9]] * 3, [11, 22, 33])
    codes = [
        Coded(origin, name, np.full(12, value, np.float32))
        for origin, name, value in (
            ("ferplus_train", "1", 0.0),
            ("utkface", "b.jpg", 1.0),
            ("ferplus_train", "2", 0.5),
            ("utkface", "a.jpg", 0.0),
        )
    ]
    asked: list[tuple[bool, int]] = []

    def look(pictures: np.ndarray, network: object, mesh: object, n_changed: int, *, cut: bool) -> Views:
        asked.append((cut, n_changed))
        level = pictures.reshape(len(pictures), -1).mean(axis=1).round().astype(np.float32)
        return Views(np.repeat(level[:, None], 12, axis=1), level > 30, (level[:, None],))

    def make(faces: np.ndarray, mesh: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        base = np.array([0, 0, 1, 2, 2, 3, 3, 3, 4, 4])
        return np.zeros((10, 48, 48, 3), np.uint8), np.ones((10, 12), np.float32), base

    without: list[set[str]] = []

    def neutral(archives: object, n: int, readers: object, names: set[str]) -> np.ndarray:
        without.append(names)
        return np.zeros((n, 192, 192, 3), np.uint8)

    monkeypatch.setattr("femo.training.look.views.look", look)
    for name, double in (("look", look), ("make", make), ("neutral_faces", neutral)):
        monkeypatch.setattr(recipe, name, double)
    monkeypatch.setattr(
        recipe,
        "read_codes",
        lambda part, path=None: {"train": codes, "slice": codes[2:3], "held_out": codes[:2]}[part],
    )
    network: Any = None
    sets = recipe.read_sets(tmp_path, network, MeshReader(), 5, lambda text: None)
    assert isinstance(sets, Sets)
    assert sets.beside == [sets.made]
    assert sets.coded.views.points[:, 0].tolist() == [22, 90, 33, 40]
    assert sets.coded.views.measured.tolist() == [False, True, True, True]
    assert sets.coded.shown[:, 0].tolist() == [0, 1, 0.5, 0]
    assert sets.unseen.views.seen[0][:, 0].tolist() == [22, 90]
    assert asked[:2] == [(True, recipe.N_CHANGED), (False, recipe.N_CHANGED)]
    assert asked[-1] == (True, recipe.N_CHANGED_MADE)
    assert (len(sets.made.shown), len(sets.made_unseen.shown)) == (8, 2)
    assert sets.made.shown.max() == pytest.approx(recipe.VISIBLE)
    assert sets.made_unseen.shown.max() == 1
    assert without == [{"a.jpg", "b.jpg", "1", "2"}]  # no face that is coded is moved


def test_each_drawn_face_says_as_much_as_a_coded_photo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def codes(part: str, path: Path | None = None) -> list[Coded]:
        n_coded = {(True, "train"): 3, (True, "held_out"): 2}.get((path == recipe.DRAWN_CODES, part), 6)
        return [Coded("any", str(row), np.full(12, row % 2, np.float32)) for row in range(n_coded)]

    asked: list[tuple[int, int, object]] = []

    def look_at(
        some: list[Coded],
        data: Path,
        net: object,
        mesh: object,
        n_changed: int,
        by: object = None,
        say: object = None,
    ) -> Views:
        asked.append((len(some), n_changed, by))
        ones = np.ones((len(some), 12), np.float32)
        return Views(ones, np.ones(len(some), np.bool_), (ones,))

    monkeypatch.setattr(recipe, "read_codes", codes)
    monkeypatch.setattr(recipe, "look_at", look_at)
    monkeypatch.setattr(recipe, "neutral_faces", lambda *given: np.zeros((5, 192, 192, 3), np.uint8))
    made = np.zeros((5, 8, 8, 3), np.uint8), np.ones((5, 12), np.float32), np.arange(5)
    monkeypatch.setattr(recipe, "make", lambda faces, mesh: made)
    monkeypatch.setattr(recipe, "look", lambda *given, cut: look_at([*range(5)], *given[:3], 0))  # type: ignore[list-item]
    nobody: Any = None
    generator: Any = "generator"
    sets = recipe.read_sets(tmp_path, nobody, nobody, 5, lambda text: None, generator)
    assert (3, recipe.N_CHANGED, "generator") in asked
    assert (2, 0, "generator") in asked
    assert sets.drawn is not None
    assert sets.drawn_unseen is not None
    assert (sets.coded.say, sets.drawn.say) == (1, 3 / 6)
    assert sets.beside == [sets.made, sets.drawn]
    assert (len(sets.drawn.shown), len(sets.drawn_unseen.shown)) == (3, 2)
    assert recipe.read_sets(tmp_path, nobody, nobody, 5, lambda text: None).drawn is None
