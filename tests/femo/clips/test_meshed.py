"""Meshes of a clip gathered face by face: measures of all, points while there is room, units in the place of priors."""

import numpy as np
import pytest

from femo.clips import meshed
from femo.clips.meshed import STEPS, MeshCollector, mesh_track, with_measured_units
from femo.labels import ABAW_AU
from femo.mesh.units import WEIGHT, UnitMap, read_unit_map
from femo.meshes import COLUMNS, MEASURED, N_POINTS, Meshes
from femo.types import Scores


def faces(*levels: float, measured: bool = True) -> Meshes:
    """Faces whose points and measures all have one value each."""
    found = Meshes.unread(len(levels))
    if measured:
        for row, level in enumerate(levels):
            found.landmarks[row], found.values[row], found.units[row] = level, level, level
        found.reason[:] = MEASURED
    return found


def test_rows_are_counted_over_all_batches_and_points_kept_in_steps_of_the_picture() -> None:
    collector = MeshCollector()
    collector.longer_side = 1600  # steps of .1 px
    collector.add(faces(10.04, 20.0))
    collector.add(None)
    collector.add(faces())
    collector.add(faces(30.0))
    meshes, points = collector.join()
    assert meshes is not None
    assert points is not None
    assert meshes.column("yaw").tolist() == pytest.approx([10.04, 20, 30])
    assert meshes.landmarks.shape == (3, 0, 3)
    assert points.step_px == 1600 / STEPS
    assert points.unpack(3)[:, 5, 1].tolist() == pytest.approx([10.0, 20.0, 30.0], abs=1e-4)


def test_beyond_the_limit_measures_are_kept_and_points_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meshed, "MAX_MESHES", 3)
    collector = MeshCollector()
    for level in (1.0, 3.0, 5.0):
        collector.add(faces(level, level + 1))
    meshes, points = collector.join()
    assert meshes is not None
    assert points is not None
    assert meshes.column("yaw").tolist() == [1, 2, 3, 4, 5, 6]
    assert points.row.tolist() == [0, 1, 2]


def test_faces_that_were_not_measured_have_no_points_and_keep_their_place() -> None:
    collector = MeshCollector()
    collector.add(faces(1.0, measured=False))
    collector.add(faces(2.0))
    meshes, points = collector.join()
    assert meshes is not None
    assert points is not None
    assert (points.row.tolist(), np.isnan(meshes.column("yaw")).tolist()) == ([1], [True, False])
    assert MeshCollector().join() == (None, None)


def unit_map() -> UnitMap:
    config = {"bias": 0.0, "neutral": 0.0, "spread": 1.0, "evidence": 2.0}
    return read_unit_map({"units": {"AU26": config}}, {WEIGHT: np.zeros((12, N_POINTS, 3), np.float32)})


def test_a_person_is_laid_on_the_times_of_the_clip() -> None:
    """Seen in the first and third of four rows: between them halfway, behind them the last."""
    collector = MeshCollector()
    collector.add(faces(0.0, 2.0))
    meshes, points = collector.join()
    track = mesh_track(np.array([0, 2]), meshes, points, np.arange(4) / 10, unit_map(), lambda values: values)
    assert track is not None
    assert track.units[:, ABAW_AU.index("AU26")].tolist() == pytest.approx(
        [0.5, 1 / (1 + np.exp(-1)), 1 / (1 + np.exp(-2)), 1 / (1 + np.exp(-2))], abs=1e-6
    )
    known = np.isfinite(track.landmarks()).all(axis=(1, 2))
    assert known.tolist() == [True, False, True, False]
    assert track.landmarks().shape == (4, N_POINTS, 3)
    assert track.values.shape == (4, len(COLUMNS))


def test_without_any_measure_there_is_no_track() -> None:
    times, row = np.arange(2) / 10, np.array([0])
    collector = MeshCollector()
    collector.add(faces(1.0))
    meshes, points = collector.join()
    for given in ((None, points, unit_map()), (meshes, None, unit_map()), (meshes, points, None)):
        assert mesh_track(row, given[0], given[1], times, given[2], lambda values: values) is None


def test_units_that_were_measured_of_a_person_take_the_place_of_priors() -> None:
    """AU26 was measured in one of two frames: the other stays a gap; of AU1 nothing was measured, and the prior stays."""
    prior = Scores("action_units", ABAW_AU, np.full((2, 12), 0.3, np.float32), "independent", "prior")
    collector = MeshCollector()
    collector.add(faces(0.0, 2.0))
    meshes, points = collector.join()
    assert meshes is not None
    meshes.units[:, : ABAW_AU.index("AU26")] = np.nan
    track = mesh_track(np.array([0, 1]), meshes, points, np.arange(2) / 10, unit_map(), lambda values: values)
    assert track is not None
    track.units[0, ABAW_AU.index("AU26")] = np.nan
    merged = with_measured_units({"action_units": prior}, track, unit_map())["action_units"]
    assert merged.source == "mixed"
    assert merged.column("AU1").tolist() == pytest.approx([0.3, 0.3])
    assert np.isnan(merged.column("AU26")[0])
    assert merged.column("AU26")[1] == pytest.approx(
        1 / (1 + np.exp(-2 - 2 * (0.3 - 0.25))), abs=1e-5
    )  # and the evidence
    scores = {"action_units": prior}
    assert with_measured_units(scores, None, unit_map()) is scores
    assert with_measured_units({}, track, unit_map()) == {}
