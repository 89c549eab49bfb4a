"""Action units from measures, by hand, and the maps that ship."""

import numpy as np
import pytest

from femo.errors import ModelError
from femo.labels import ABAW_AU
from femo.mesh.units import CARRIED_BY, measured_units, merge, read_unit_map
from femo.meshes import COLUMNS, Meshes
from femo.types import Scores


def test_a_units_logit_is_its_weighted_measures() -> None:
    said = {
        "units": {
            "AU12": {
                "weights": {"mouth_width": 2.0, "corner_height": -1.0},
                "bias": 0.5,
                "neutral": 0,
                "spread": 1,
            }
        }
    }
    units = read_unit_map(said)
    values = np.zeros((2, len(COLUMNS)), np.float32)
    values[:, COLUMNS.index("mouth_width")], values[:, COLUMNS.index("corner_height")] = 3, 4
    values[1, COLUMNS.index("mouth_width")] = np.nan
    logits = units.logits(values)
    assert logits[0, ABAW_AU.index("AU12")] == pytest.approx(0.5 + 2 * 3 - 4)
    assert np.isnan(logits[1]).all()
    assert np.isnan(np.delete(logits[0], ABAW_AU.index("AU12"))).all()
    assert units.measured == ("AU12",)


def test_an_unknown_measure_is_named() -> None:
    said = {"units": {"AU12": {"weights": {"ear_width": 2.0}, "bias": 0, "neutral": 0, "spread": 1}}}
    with pytest.raises(ModelError, match="'ear_width'"):
        read_unit_map(said)


def prior(source: str = "prior") -> Scores:
    return Scores("action_units", ABAW_AU, np.full((2, 12), 0.3, np.float32), "independent", source)  # type: ignore[arg-type]


def test_measured_units_take_the_place_of_priors_and_of_nothing_else() -> None:
    seen = Meshes.unread(2)
    seen.units[0, ABAW_AU.index("AU12")] = 2
    head = measured_units({"action_units": prior()}, seen)["action_units"]
    assert head.source == "mixed"
    assert head.column("AU12")[0] == pytest.approx(1 / (1 + np.exp(-2)))
    assert head.column("AU12")[1] == pytest.approx(0.3)
    assert head.column("AU23") == pytest.approx(0.3)
    trained = measured_units({"action_units": prior("trained")}, seen)["action_units"]
    assert trained.source == "trained"
    assert trained.values == pytest.approx(0.3)
    nobody = merge(prior(), np.full((2, 12), np.nan, np.float32), np.zeros((2, 12), np.bool_))
    assert nobody.source == "prior"


def test_facs_signs_hold_in_the_model_folder() -> None:
    from femo.models.find import find_model

    units = read_unit_map(find_model("face-mesh").mesh)
    assert {"AU1", "AU2", "AU6", "AU12", "AU25", "AU26"} <= set(units.measured)
    assert "AU23" not in units.measured
    for name in units.measured:
        row = units.weight[ABAW_AU.index(name)]
        for column in np.flatnonzero(row).tolist():
            assert np.sign(row[column]) == CARRIED_BY[name][COLUMNS[column]]


def said(**changes: object) -> dict[str, dict[str, object]]:
    return {"units": {"AU12": {"weights": {"jaw": 2.0}, "bias": 0.5, "neutral": 0.25, "spread": 2.0} | changes}}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"units": {"AU13": said()["units"]["AU12"]}}, "names 'AU13', which is no unit"),
        ({"units": {"jaw": said()["units"]["AU12"]}}, "names 'jaw', which is no unit"),
        (said(weights={"AU1": 1.0}), "names 'AU1' under AU12, which is no measure"),
        ({"units": {"AU12": {"weights": {}, "bias": 0, "neutral": 0}}}, "does not say 'spread' of AU12"),
        ({"units": {"AU12": 3}}, "does not say 'weights' of AU12"),
        (said(weights=[1.0]), "does not say 'weights' of AU12"),
    ],
)
def test_a_map_that_cannot_be_is_named(config: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read_unit_map(config)


def test_a_folder_without_maps_measures_nothing() -> None:
    for config in (None, {}, {"units": None}, {"units": {}}):
        units = read_unit_map(config)
        assert units.measured == ()
        assert np.isnan(units.logits(np.ones((2, len(COLUMNS)), np.float32))).all()


def test_a_measure_that_a_unit_does_not_need_may_be_missing() -> None:
    values = np.full((1, len(COLUMNS)), np.nan, np.float32)
    values[0, COLUMNS.index("jaw")] = 3
    assert read_unit_map(said()).logits(values)[0, ABAW_AU.index("AU12")] == pytest.approx(2 * 3 + 0.5)


def logits(values: list[float]) -> np.ndarray:
    out = np.full((len(values), 12), np.nan, np.float32)
    out[:, ABAW_AU.index("AU12")] = values
    return out


@pytest.mark.parametrize(
    ("course", "neutral"),
    [
        ([1.25] * 20 + [9.0] * 20, 1.0),  # the fifth lowest of a hundred, less the population's 0.25
        ([0.0, 10.0] * 20, -0.25),
        ([7.0] * 40, 3.0),  # at most 1.5 times a spread of 2
        ([-7.0] * 40, -3.0),
        ([7.0] * 24, 0.0),  # too few frames to know
        ([7.0] * 24 + [float("nan")] * 20, 0.0),
        ([float("nan")] * 40, 0.0),
    ],
)
def test_a_persons_neutral_is_low_in_the_course_and_within_bounds(course: list[float], neutral: float) -> None:
    found = read_unit_map(said()).neutral(logits(course))
    assert found[ABAW_AU.index("AU12")] == pytest.approx(neutral)
    assert (np.delete(found, ABAW_AU.index("AU12")) == 0).all()


def test_a_gap_of_who_was_measured_stays_a_gap_and_others_keep_the_prior() -> None:
    values = np.full((3, 12), np.nan, np.float32)
    values[0, 0] = 0.75
    persons = np.zeros((3, 12), np.bool_)
    persons[:2, 0] = True
    head = Scores("action_units", ABAW_AU, np.full((3, 12), 0.3, np.float32), "independent", "prior")
    mixed = merge(head, values, persons)
    assert mixed.source == "mixed"
    assert mixed.values[:, 0].tolist() == pytest.approx([0.75, np.nan, 0.3], nan_ok=True)
    assert mixed.values[:, 1:] == pytest.approx(0.3)


def test_without_meshes_or_units_scores_stay_as_they_are() -> None:
    scores = {"action_units": prior()}
    assert measured_units(scores, None) is scores
    other = {"age": Scores("age", ("years",), np.ones((2, 1), np.float32), "regression", "trained")}
    assert measured_units(other, Meshes.unread(2)) is other
