"""Action units: from points to numbers of 0-1, and what the shipped maps say of faces whose movements are known."""

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.errors import ModelError
from femo.faces.detector import Detector
from femo.labels import ABAW_AU
from femo.mesh.reader import MeshReader
from femo.mesh.units import EVIDENCE_AT, WEIGHT, UnitMap, measured_units, merge, read_unit_map
from femo.meshes import Meshes
from femo.training.units.moves import Moves
from femo.training.units.warping import warp
from femo.types import Faces, Floats, Scores
from tests import shipped
from tests.clips import portrait

SMILE, CALM = ABAW_AU.index("AU12"), ABAW_AU.index("AU23")


def unit_map(evidence: float = 0.0) -> UnitMap:
    ones = np.ones(12, np.float32)
    return UnitMap(np.zeros((12, 468, 3), np.float32), 0 * ones, 0 * ones, ones, evidence * ones)


def prior(source: str = "prior", value: float = 0.3) -> Scores:
    return Scores("action_units", ABAW_AU, np.full((2, 12), value, np.float32), "independent", source)  # type: ignore[arg-type]


def sigmoid(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


# --- the form -----------------------------------------------------------------------------------------------------

SAID = {"units": {"AU12": {"bias": 0.5, "neutral": -1.0, "spread": 1.0, "evidence": 2.0}}}


def test_a_units_logit_is_its_weighted_points() -> None:
    weight = np.zeros((12, 468, 3), np.float32)
    weight[SMILE, 61, 1], weight[SMILE, 291, 0] = 2.0, -1.0
    weight[CALM] = 7  # of a unit that the config does not name
    units = read_unit_map(SAID, {WEIGHT: weight})
    points = np.zeros((2, 468, 3), np.float32)
    points[:, 61, 1], points[:, 291, 0] = 3, 4
    points[1, 61, 1] = 0
    assert units.logits(points)[:, SMILE].tolist() == pytest.approx([0.5 + 2 * 3 - 4, 0.5 - 4])
    assert np.isnan(np.delete(units.logits(points), SMILE, axis=1)).all()
    assert units.measured == ("AU12",)
    assert (units.centre[SMILE], units.spread[SMILE], units.evidence[SMILE]) == (-1, 1, 2)


def test_a_unit_that_is_held_through_a_clip_is_not_taken_for_the_neutral_face() -> None:
    """Where logits are what is shown: 1 throughout stays 1; of -0.5 in most frames 0.5 is taken off; -3 lies below neutral."""
    ones = np.ones(12, np.float32)
    units = UnitMap(np.zeros((12, 468, 3), np.float32), 0 * ones, -2 * ones, ones, 0 * ones, whole=True)
    logits = np.full((40, 12), -2, np.float32)
    logits[:, 0], logits[:, 1], logits[:, 2], logits[:, 3] = 1, -0.5, -3, -1.25
    logits[30:, 1] = 2
    assert units.neutral(logits).tolist() == pytest.approx([0, 0.5, -1, 0.75, *[0] * 8])
    evidence_comes_later = UnitMap(units.weight, units.bias, units.centre, units.spread, units.evidence)
    assert evidence_comes_later.neutral(logits)[:2].tolist() == pytest.approx([1.5, 1.5])


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(ModelError, match="names 'AU13', which is no unit"):
        read_unit_map({"units": {"AU13": SAID["units"]["AU12"]}}, {})
    with pytest.raises(ModelError, match="does not say 'evidence' of AU12"):
        read_unit_map({"units": {"AU12": {"bias": 0, "neutral": 0, "spread": 1}}}, {})
    with pytest.raises(ModelError, match="does not say 'bias' of AU12"):
        read_unit_map({"units": {"AU12": 3}}, {})
    with pytest.raises(ModelError, match=r"no units.weight of shape \(12, 468, 3\)"):
        read_unit_map(SAID, {})
    with pytest.raises(ModelError, match=r"no units.weight of shape \(12, 468, 3\)"):
        read_unit_map(SAID, {WEIGHT: np.zeros((12, 7), np.float32)})


def test_a_folder_without_maps_measures_nothing() -> None:
    for config in (None, {}, {"units": None}, {"units": {}}):
        units = read_unit_map(config, {})
        assert units.measured == ()
        assert np.isnan(units.logits(np.ones((2, 468, 3), np.float32))).all()


@pytest.mark.parametrize(
    ("course", "neutral"),
    [
        ([1.25] * 20 + [9.0] * 20, 2.25),  # the fifth lowest of a hundred, less the population's -1
        ([0.0, 10.0] * 20, 1.0),
        ([7.0] * 40, 3.0),  # at most 1.5 times a spread of 2
        ([-7.0] * 40, -3.0),
        ([7.0] * 24, 0.0),  # too few frames to know
        ([7.0] * 24 + [float("nan")] * 20, 0.0),
        ([float("nan")] * 40, 0.0),
    ],
)
def test_a_persons_neutral_is_low_in_the_course_and_within_bounds(course: list[float], neutral: float) -> None:
    said = {"units": {"AU12": SAID["units"]["AU12"] | {"spread": 2.0}}}
    logits = np.full((len(course), 12), np.nan, np.float32)
    logits[:, SMILE] = course
    found = read_unit_map(said, {WEIGHT: np.zeros((12, 468, 3), np.float32)}).neutral(logits)
    assert found[SMILE] == pytest.approx(neutral)
    assert (np.delete(found, SMILE) == 0).all()


def test_without_meshes_or_units_scores_stay_as_they_are() -> None:
    scores = {"action_units": prior()}
    assert measured_units(scores, None, unit_map()) is scores
    other = {"age": Scores("age", ("years",), np.ones((2, 1), np.float32), "regression", "trained")}
    assert measured_units(other, Meshes.unread(2), unit_map()) is other


# --- geometry and evidence ----------------------------------------------------------------------------------------


def test_measured_units_take_the_place_of_priors_and_of_nothing_else() -> None:
    seen = Meshes.unread(2)
    seen.units[0, SMILE] = 2
    own = replace(prior(), thresholds=(0.3,) * 12)
    head = measured_units({"action_units": own}, seen, unit_map())["action_units"]
    assert head.source == "mixed"
    assert head.thresholds == (0.3,) * 12
    assert head.column("AU12")[0] == pytest.approx(sigmoid(2))
    assert head.column("AU12")[1] == pytest.approx(0.3)
    assert head.column("AU23") == pytest.approx(0.3)
    trained = measured_units({"action_units": prior("trained")}, seen, unit_map())["action_units"]
    assert trained.source == "trained"
    assert trained.values == pytest.approx(0.3)
    nobody = merge(prior(), np.full((2, 12), np.nan, np.float32), np.zeros((2, 12), np.bool_), unit_map())
    assert nobody.source == "prior"
    assert measured_units({"action_units": prior()}, seen, None)["action_units"].source == "prior"


def test_the_expression_is_evidence_beside_the_points() -> None:
    seen = Meshes.unread(2)
    seen.units[:, SMILE] = 1.0
    sure = measured_units({"action_units": prior(value=0.85)}, seen, unit_map(2.0))["action_units"]
    assert sure.column("AU12")[0] == pytest.approx(sigmoid(1 + 2 * 0.6), abs=1e-4)
    contrary = measured_units({"action_units": prior(value=0.0)}, seen, unit_map(2.0))["action_units"]
    assert contrary.column("AU12")[0] == pytest.approx(sigmoid(1 - 2 * 0.25), abs=1e-4)
    silent = measured_units({"action_units": prior(value=EVIDENCE_AT)}, seen, unit_map(2.0))["action_units"]
    assert silent.column("AU12")[0] == pytest.approx(sigmoid(1), abs=1e-4)


def test_a_gap_of_a_person_who_was_measured_stays_a_gap() -> None:
    measured = np.full((2, 12), np.nan, np.float32)
    measured[0, SMILE] = 0.5
    persons = np.zeros((2, 12), np.bool_)
    persons[:, SMILE] = True
    head = merge(prior(), measured, persons, unit_map(2.0))
    assert head.column("AU12")[0] == pytest.approx(sigmoid(2 * (0.3 - EVIDENCE_AT)), abs=1e-4)
    assert np.isnan(head.column("AU12")[1])
    assert head.column("AU1") == pytest.approx(0.3)


@given(st.floats(0, 1, width=32), st.floats(0, 1, width=32), st.floats(0, 4, width=32))
def test_what_is_shown_lies_between_0_and_1_and_grows_with_both(
    measured: float, said: float, evidence: float
) -> None:
    def shown(geometry: float, expression: float) -> float:
        values = np.full((2, 12), geometry, np.float32)
        head = merge(prior(value=expression), values, np.ones((2, 12), np.bool_), unit_map(evidence))
        return float(head.values[0, 0])

    assert 0 <= shown(measured, said) <= 1
    assert shown(min(measured + 0.1, 1), said) >= shown(measured, said) - 1e-6
    assert shown(measured, min(said + 0.1, 1)) >= shown(measured, said) - 1e-6


# --- the shipped maps ---------------------------------------------------------------------------------------------


@lru_cache
def reader() -> MeshReader:
    return MeshReader()


@lru_cache
def moves() -> Moves:
    return Moves(reader().face)


def test_which_units_are_measured() -> None:
    assert reader().units.measured == tuple(name for name in ABAW_AU if name not in ("AU10", "AU23"))


def moved(unit: str, amount: float) -> Floats:
    """Logits of the portrait whose face was moved in the picture."""
    rgb = cv2.resize(portrait(), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    found = Detector().detect(portrait()).select(np.array([0]))
    faces = Faces(found.xyxy * 3, found.score, found.keypoints * 3)
    points = reader().read(*reader().crop(rgb, faces)).landmarks[0, :, :2].astype(np.float64)
    picture = warp(rgb, points, moves()(points, {unit: amount}), reader().face.triangles)
    return reader().read(*reader().crop(picture, faces)).units[0]


@pytest.mark.parametrize("unit", ["AU2", "AU4", "AU7", "AU12", "AU15", "AU26"])
def test_units_of_a_photo_that_moves_follow_its_course(unit: str) -> None:
    amounts = np.sin(np.linspace(0, np.pi, 7))
    course = np.array([moved(unit, float(amount))[ABAW_AU.index(unit)] for amount in amounts])
    assert np.corrcoef(course, amounts)[0, 1] >= 0.95, course


@pytest.mark.parametrize("unit", ["AU1", "AU2", "AU12", "AU15", "AU26"])
def test_what_moves_rises_more_than_any_other_unit(unit: str) -> None:
    change = moved(unit, 1.0) - moved(unit, 0.0)
    assert change[ABAW_AU.index(unit)] > 0.5
    assert np.nanargmax(change) == ABAW_AU.index(unit), change


def test_a_smile_shows_its_units_and_no_other() -> None:
    """Three coders apart saw AU12 and AU25 in the portrait, two of them AU6 slightly, and nothing else."""
    scores = shipped.pipeline().photo(portrait()).scores["action_units"]
    shown = dict(zip(scores.labels, scores.values[0].tolist(), strict=True))
    assert min(shown[name] for name in ("AU12", "AU25")) > 0.9
    assert 0.25 < shown["AU6"] < 0.6
    assert max(shown[name] for name in shown.keys() - {"AU6", "AU12", "AU25"}) < 0.25
