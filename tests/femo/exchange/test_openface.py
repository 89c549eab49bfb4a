"""OpenFace's table: its columns in its order, units and decimals."""

from pathlib import Path

import pandas as pd
import pytest

from femo.labels import ABAW_AU
from femo.meshes import DLIB_68
from femo.output.export.exchange import write_openface
from femo.results import PhotoResult, Timeline, VideoResult
from femo.types import Scores
from tests.femo import results_by_hand as by_hand
from tests.femo.meshes_by_hand import COVERED, GONE, N_FRAMES, mesh_track, person

INTENSITIES = [
    "01",
    "02",
    "04",
    "05",
    "06",
    "07",
    "09",
    "10",
    "12",
    "14",
    "15",
    "17",
    "20",
    "23",
    "25",
    "26",
    "45",
]
PRESENCES = [
    "01",
    "02",
    "04",
    "05",
    "06",
    "07",
    "09",
    "10",
    "12",
    "14",
    "15",
    "17",
    "20",
    "23",
    "25",
    "26",
    "28",
    "45",
]
HEADER = [
    *["frame", "face_id", "timestamp", "confidence", "success"],
    *["gaze_0_x", "gaze_0_y", "gaze_0_z", "gaze_1_x", "gaze_1_y", "gaze_1_z", "gaze_angle_x", "gaze_angle_y"],
    *["pose_Tx", "pose_Ty", "pose_Tz", "pose_Rx", "pose_Ry", "pose_Rz"],
    *(f"x_{n}" for n in range(68)),
    *(f"y_{n}" for n in range(68)),
    *(f"AU{n}_r" for n in INTENSITIES),
    *(f"AU{n}_c" for n in PRESENCES),
]
"""What OpenFace 2.2 writes with ``-gaze -pose -2Dfp -aus``, but the points of the eyes (its wiki, "Output Format")."""


def openface(tmp_path: Path, result: "VideoResult | PhotoResult") -> pd.DataFrame:
    write_openface(tmp_path / "of.csv", result)
    return pd.read_csv(tmp_path / "of.csv")


def test_openfaces_columns_in_its_order_and_units(clip: VideoResult, tmp_path: Path) -> None:
    table = openface(tmp_path, clip)
    assert table.columns.tolist() == HEADER
    assert table["frame"].tolist() == [n for n in range(1, N_FRAMES + 1) for _ in range(2)]
    assert table["face_id"].tolist() == [1, 2] * N_FRAMES
    first = table[table["face_id"] == 1].reset_index(drop=True)
    assert first["timestamp"].tolist() == [n / 10 for n in range(N_FRAMES)]
    row = first.iloc[0]
    assert [row["pose_Rx"], row["pose_Ry"], row["pose_Rz"]] == [0.175, -0.349, 0.524]  # 10, -20, 30 degrees
    assert [row["pose_Tx"], row["pose_Ty"], row["pose_Tz"]] == [1, -2, 600]
    assert row["confidence"] == 0.88  # the sigmoid of 2
    assert row[[f"x_{n}" for n in range(68)]].tolist() == list(DLIB_68)
    assert row[[f"y_{n}" for n in range(68)]].tolist() == [1000 + n for n in DLIB_68]
    assert first["AU12_r"].iloc[[0, 11]].tolist() == [0.2, 4.6]  # five times .04 and .92
    assert first["AU12_c"].iloc[[0, 5, 6, 11]].fillna(-1).tolist() == [0, -1, 1, 1]
    assert first["AU45_c"].iloc[:5].tolist() == [0, 0, 1, 1, 0]


def test_what_was_not_measured_is_an_empty_cell(clip: VideoResult, tmp_path: Path) -> None:
    table = openface(tmp_path, clip)
    first, second = (table[table["face_id"] == number].reset_index(drop=True) for number in (1, 2))
    assert first["success"].tolist() == [int(n not in (GONE, COVERED)) for n in range(N_FRAMES)]
    assert second["success"].tolist() == [int(n != GONE) for n in range(N_FRAMES)]  # whose mesh nobody asked for
    told = [name for name in HEADER[5:] if first[name].notna().any()]
    assert {name[:4] for name in told if name.startswith("AU")} == {"AU12", "AU25", "AU45"}  # no priors
    assert not [name for name in told if name.startswith("gaze") or name == "AU45_r"]
    for row in (GONE, COVERED):
        assert first.loc[row, told].isna().all()
    assert second[HEADER[5:]].isna().all().all()
    assert ",nan" not in (tmp_path / "of.csv").read_text().lower()


def test_blinks_are_empty_where_they_were_not_counted(tmp_path: Path) -> None:
    slow = by_hand.video(person(1, mesh_track(float("nan"))), duration_s=1.2)
    assert openface(tmp_path, slow)["AU45_c"].isna().all()


def test_a_learnt_head_tells_all_its_units(tmp_path: Path) -> None:
    line = person(1, None)
    head = line.scores["action_units"]
    learnt = Scores("action_units", ABAW_AU, head.values, "independent", "trained")
    both = Timeline(1, line.time_s, line.present, line.xyxy, {"action_units": learnt})
    table = openface(tmp_path, by_hand.video(both))
    assert table.loc[0, "AU04_r"] == pytest.approx(5 * head.column("AU4")[0], abs=0.005)
    assert table["AU05_r"].isna().all()  # none of the twelve


def test_photos_have_the_columns_of_openfaces_photos(tmp_path: Path) -> None:
    table = openface(tmp_path, by_hand.photo(2))
    assert table.columns.tolist() == ["face", "confidence", *HEADER[5:]]
    assert table["face"].tolist() == [1, 2]
    assert table["confidence"].tolist() == [0.99, 0.99]
    write_openface(tmp_path / "two.csv", {"a.jpg": by_hand.photo(1), "=b.jpg": by_hand.photo(1)})
    assert pd.read_csv(tmp_path / "two.csv")["file"].tolist() == ["a.jpg", "'=b.jpg"]


def test_nobody_is_a_header_without_rows(tmp_path: Path) -> None:
    empty = by_hand.video(time_s=[0.0, 0.1])
    assert (openface(tmp_path, empty).columns.tolist(), len(openface(tmp_path, empty))) == (HEADER, 0)
    write_openface(tmp_path / "none.csv", {})
    assert (tmp_path / "none.csv").read_text() == "file\n"
