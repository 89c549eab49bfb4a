"""What is said of meshes in documents and tables, by hand."""

import json

import numpy as np
import pytest

from femo.labels import ABAW_AU
from femo.measured import mesh_columns, mesh_face, mesh_person, unit_sources
from femo.meshes import COLUMNS, DLIB_68, MEASURED, NO_FACE, REASONS, Meshes, MeshTrack, PackedPoints
from femo.types import Scores, Source

AU12 = ABAW_AU.index("AU12")


def units(source: Source, n_rows: int = 2) -> dict[str, Scores]:
    return {
        "action_units": Scores(
            "action_units", ABAW_AU, np.full((n_rows, 12), 0.25, np.float32), "independent", source
        )
    }


def meshes() -> Meshes:
    """Two faces: one measured, of the other the mesh saw nothing."""
    out = Meshes.unread(2)
    out.landmarks[0] = np.arange(468, dtype=np.float32)[:, None] + np.array([0.04, 0.26, 0.5], np.float32)
    out.values[0] = 0.1
    out.values[0, COLUMNS.index("yaw")] = -12.345678
    out.units[0, AU12] = 2
    out.logit[:] = 20.5, -3
    out.reason[:] = MEASURED, NO_FACE
    return out


def test_the_source_of_a_unit_is_told_where_the_head_is_mixed() -> None:
    seen = np.arange(12) == AU12
    assert unit_sources({}, seen) == {}
    assert unit_sources(units("trained"), seen) == dict.fromkeys(ABAW_AU, "trained")
    assert unit_sources(units("prior"), seen) == dict.fromkeys(ABAW_AU, "prior")
    assert unit_sources(units("mixed"), seen) == dict.fromkeys(ABAW_AU, "prior") | {"AU12": "measured"}


def test_a_face_that_was_measured_and_one_that_was_not() -> None:
    first, second = (mesh_face(meshes(), units("mixed"), row) for row in (0, 1))
    assert first["pose"] == {"pitch": 0.1, "yaw": -12.34568, "roll": 0.1}
    assert (first["not_measured"], first["face_logit"]) == (None, 20.5)
    assert first["landmarks"][3] == [3.0, 3.3, 3.5]
    assert first["landmarks_68"] == [[float(n), n + 0.3] for n in DLIB_68]
    assert (first["unit_sources"]["AU12"], first["unit_sources"]["AU1"]) == ("measured", "prior")
    assert second["not_measured"] == REASONS[NO_FACE]
    assert (second["landmarks"], second["landmarks_68"], second["face_logit"]) == (None, None, -3.0)
    assert set(second["measures"].values()) == set(second["pose"].values()) == {None}
    assert set(second["unit_sources"].values()) == {"prior"}
    json.dumps([first, second], allow_nan=False)


def track() -> MeshTrack:
    rows = meshes()
    return MeshTrack(
        rows.values, rows.units, rows.logit, rows.reason, np.array([[0.5, 0.75]]), 12.0,
        PackedPoints.pack(np.arange(2), rows.landmarks, 0.1),
    )  # fmt: skip


def test_a_person_is_measured_if_ever() -> None:
    said = mesh_person(track(), units("mixed"))
    assert said["pose"]["yaw"] == [-12.34568, None]
    assert said["not_measured"] == [None, REASONS[NO_FACE]]
    assert (said["blinks"], said["blinks_per_minute"]) == ([[0.5, 0.75]], 12.0)
    assert (said["unit_sources"]["AU12"], said["unit_sources"]["AU2"]) == ("measured", "prior")
    json.dumps(said, allow_nan=False)


def test_columns_of_faces_tell_each_row_and_those_of_a_person_all_alike() -> None:
    faces, person = (mesh_columns(rows, units("mixed")) for rows in (meshes(), track()))
    assert faces["not_measured"] == person["not_measured"] == ["", REASONS[NO_FACE]]
    assert faces["yaw"].tolist() == pytest.approx([-12.345678, np.nan], nan_ok=True)
    assert faces["AU12_source"] == ["measured", "prior"]
    assert person["AU12_source"] == ["measured", "measured"]
    assert faces["AU1_source"] == person["AU1_source"] == ["prior", "prior"]


def test_of_nobody_there_are_the_same_columns_without_rows() -> None:
    columns = mesh_columns(Meshes.unread(0), units("prior", 0))
    assert list(columns) == list(mesh_columns(meshes(), units("mixed")))
    assert columns["not_measured"] == columns["AU1_source"] == []
    assert "AU1_source" not in mesh_columns(Meshes.unread(0), {})
