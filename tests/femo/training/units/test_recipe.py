"""From faces to maps in the folder: what is fitted, when a unit is measured, what is written."""

import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from femo.errors import FemoError
from femo.labels import ABAW_AU
from femo.mesh.reader import MeshReader
from femo.mesh.units import EVIDENCE_AT, WEIGHT, read_unit_map
from femo.models.find import find_model
from femo.models.weights import find_weights, load_tensors
from femo.readers import Reader
from femo.training.units import recipe
from femo.training.units.recipe import EVIDENCE, UnitFit, fit_unit, told_apart, write
from tests.moving_faces import SURPRISED, sets_of


@lru_cache
def reader() -> MeshReader:
    return MeshReader()


def test_a_unit_of_known_faces_is_fitted_placed_and_judged() -> None:
    fitted = fit_unit("AU26", sets_of(), reader())
    assert fitted.measured
    for name in ("chosen_by", "unseen"):
        figures = fitted.figures[name]
        assert figures["auc"] > 0.95
        assert figures["hit"] > 0.9
        assert figures["neutral"] <= 0.2
        assert figures["faces"] == 60
    assert fitted.figures["made"]["own_auc"] > 0.95
    assert fitted.config["evidence"] == EVIDENCE
    assert fitted.config["neutral"] < EVIDENCE * EVIDENCE_AT  # with a neutral expression it lies below 0.5


def test_a_unit_that_nobody_shows_stays_a_prior() -> None:
    fitted = fit_unit("AU10", sets_of(), reader())
    assert fitted.figures["chosen_by"]["faces"] == 0
    assert not fitted.measured


def test_without_neutral_faces_there_is_nothing_to_measure_by() -> None:
    sets = sets_of()
    sets.fitted.shares[:] = 0
    sets.fitted.shares[:, SURPRISED] = 1
    with pytest.raises(FemoError, match="none of 240 faces is neutral, by which AU26 could be measured"):
        fit_unit("AU26", sets, reader())


def test_a_unit_is_measured_if_points_tell_it_apart() -> None:
    def said(voted: float, n_faces: int, own: float) -> bool:
        return told_apart({"chosen_by": {"auc": voted, "faces": n_faces}, "made": {"own_auc": own}})

    assert said(0.80, 200, 0.70)
    assert not said(0.70, 200, 0.99)
    assert not said(0.80, 200, 0.65)
    assert said(0.90, 200, 0.55)  # raised cheeks
    assert not said(0.99, 10, 0.99)  # ten faces say nothing


def test_maps_are_written_where_the_mesh_finds_them(tmp_path: Path) -> None:
    folder = tmp_path / "face-mesh"
    shutil.copytree(find_model("face-mesh").folder, folder)
    weight = np.random.default_rng(0).normal(size=(468, 3)).astype(np.float32)
    config = {"bias": 1.5, "neutral": -2.0, "spread": 0.5, "evidence": 2.5}
    figures = {"unseen": {"auc": float("nan"), "hit": 0.5}}
    write(folder, {"AU1": UnitFit(weight, config, False, figures), "AU12": UnitFit(weight, config, True, figures)})
    spec = find_model(str(folder))
    units = read_unit_map(spec.mesh, load_tensors(find_weights(spec)))
    assert units.measured == ("AU12",)
    assert units.weight[ABAW_AU.index("AU12")] == pytest.approx(weight)
    assert not units.weight[ABAW_AU.index("AU1")].any()
    assert spec.mesh is not None
    assert spec.mesh["units"]["AU12"]["held_out"] == {"unseen": {"auc": None, "hit": 0.5}}
    assert spec.mesh["least_logit"] == 5
    before, after = (load_tensors(find_weights(one)) for one in (find_model("face-mesh"), spec))
    assert before.keys() == after.keys()
    assert all((before[name] == after[name]).all() for name in before if name != WEIGHT)
    with pytest.raises(FemoError, match="is no folder of face-mesh"):
        write(tmp_path / "none", {})


def test_the_evidence_is_that_of_the_network_which_reads_clips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The maps serve clips and photos; what a second network says of photos does not go into them."""
    (tmp_path / "utkface.zip").touch()
    own = Reader("spec", "backbone", "heads", (), Reader("second", "backbone", "heads"))  # type: ignore[arg-type]
    asked: list[list[Reader]] = []

    def voted(images: object, votes: object, reader: object, readers: Sequence[Reader] = ()) -> SimpleNamespace:
        asked.append(list(readers))
        return SimpleNamespace(frontal=np.zeros((1, 1)))

    def neutral_faces(archives: object, n_faces: int, readers: Sequence[Reader]) -> None:
        asked.append(list(readers))
        raise FemoError("asked enough")

    for name, stub in (
        ("load_readers", lambda specs: [own]),
        ("ordered_votes", lambda path: (np.zeros((1, 2, 2)), np.zeros((1, 10)))),
        ("split", lambda images, votes, held_out: (np.array([0]), np.array([0]))),
        ("level", lambda rows, votes, limit: rows),
        ("voted", voted),
        ("neutral_faces", neutral_faces),
    ):
        monkeypatch.setattr(recipe, name, stub)
    with pytest.raises(FemoError, match="asked enough"):
        recipe.read_sets(tmp_path, None, 1, 1, lambda said: None)  # type: ignore[arg-type]
    assert asked[0] == []
    assert [[reader.spec for reader in readers] for readers in asked[1:]] == [["spec"]] * 3
    assert [reader.second for readers in asked for reader in readers] == [None] * 3
