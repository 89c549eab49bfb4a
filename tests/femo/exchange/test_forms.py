"""The forms of other tools, read back by their own rules: OpenFace's columns, py-feat's ``read_feat``, pympi.

py-feat itself is too large to be a dependency of the tests; ``as_fex`` selects as ``feat.utils.io.read_feat`` of py-feat 2.1.5
does.
"""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pympi import Eaf

from femo.labels import ABAW_AU
from femo.meshes import COLUMNS, DLIB_68, MEASURED, NO_FACE, Meshes, MeshTrack, PackedPoints
from femo.output.export.exchange import write_eaf, write_openface, write_pyfeat
from femo.results import PhotoResult, Timeline, VideoResult
from femo.types import Scores
from tests.femo import results_by_hand as by_hand

FPS = 10
N_FRAMES = 12
GONE, COVERED = 5, 8
"""Frames, from 0: in one the person is not in view, in the other the mesh sees no face."""
POSE_SHOWN = {"pitch": 10.0, "yaw": -20.0, "roll": 30.0, "x_mm": 1.0, "y_mm": -2.0, "z_mm": 600.0}


def mesh_track(blinks_per_minute: float = 30.0) -> MeshTrack:
    values = np.full((N_FRAMES, len(COLUMNS)), 0.1, np.float32)
    for name, value in POSE_SHOWN.items():
        values[:, COLUMNS.index(name)] = value
    units = np.full((N_FRAMES, 12), np.nan, np.float32)
    units[:, ABAW_AU.index("AU12")] = np.linspace(0.04, 0.92, N_FRAMES)
    units[:, ABAW_AU.index("AU25")] = 0.3
    landmarks = np.zeros((N_FRAMES, 468, 3), np.float32)
    landmarks[..., 0] = np.arange(468)
    landmarks[..., 1] = 1000 + np.arange(468)
    reason = np.full(N_FRAMES, MEASURED, np.uint8)
    values[COVERED], units[COVERED], landmarks[COVERED], reason[COVERED] = np.nan, np.nan, np.nan, NO_FACE
    points = PackedPoints.pack(np.arange(N_FRAMES), landmarks, 0.25)
    logit = np.full(N_FRAMES, 2.0, np.float32)
    return MeshTrack(values, units, logit, reason, np.array([[0.2, 0.4]]), blinks_per_minute, points)


def person(track: int, mesh: MeshTrack | None) -> Timeline:
    times = [n / FPS for n in range(N_FRAMES)]
    labels = ["happiness"] * 4 + ["surprise"] * (N_FRAMES - 4)
    line = by_hand.timeline(track, times, labels, [n != GONE for n in range(N_FRAMES)])
    scores = dict(line.scores)
    if mesh is not None:
        head = scores["action_units"]
        mixed = np.where(np.isfinite(mesh.units), mesh.units, head.values).astype(np.float32)
        scores["action_units"] = Scores("action_units", ABAW_AU, mixed, "independent", "mixed")
    return Timeline(track, line.time_s, line.present, line.xyxy, scores, mesh=mesh)


@pytest.fixture
def clip() -> VideoResult:
    return by_hand.video(person(1, mesh_track()), person(2, None), duration_s=1.2)


# --- OpenFace -----------------------------------------------------------------------------------------------------

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


# --- py-feat ------------------------------------------------------------------------------------------------------

EMOTIONS = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
BOX = ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"]
POSES = ["Pitch", "Roll", "Yaw", "X", "Y", "Z"]


def as_fex(path: Path) -> dict[str, pd.DataFrame]:
    """What py-feat's ``read_feat`` makes of a file: it takes the columns of each group by name, or fails."""
    table = pd.read_csv(path)
    assert not {"valence", "arousal"} <= set(table.columns), "py-feat would take it for Detectorv2's"
    assert not [name for name in table.columns if name.startswith("mesh_x_")]
    points = [f"{axis}_{n}" for axis in "xy" for n in range(68)]
    groups = {"emotions": EMOTIONS, "faceboxes": BOX, "poses": POSES, "landmarks": points}
    groups |= {"time": ["frame"], "inputs": ["input"], "identities": ["Identity"]}
    groups |= {"aus": [name for name in table.columns if "AU" in name]}
    return {name: table[columns] for name, columns in groups.items()}


def test_pyfeat_finds_its_columns_and_conventions(clip: VideoResult, tmp_path: Path) -> None:
    write_pyfeat(tmp_path / "pf.csv", {"clip.mp4": clip})
    fex = as_fex(tmp_path / "pf.csv")
    assert fex["time"]["frame"].tolist() == [n for n in range(N_FRAMES) for _ in range(1 if n == GONE else 2)]
    assert set(fex["inputs"]["input"]) == {"clip.mp4"}
    assert fex["identities"]["Identity"].iloc[:2].tolist() == ["Person_1", "Person_2"]
    assert fex["faceboxes"].iloc[0].tolist() == pytest.approx([10, 20, 50, 60, 0.880797])
    turned = [-0.174533, -0.523599, -0.349066, 1, -2, 600]  # up, to the right shoulder, to the person's right
    assert fex["poses"].iloc[0].tolist() == pytest.approx(turned, abs=1e-6)
    assert fex["landmarks"]["x_8"].iloc[0] == DLIB_68[8]
    assert list(fex["aus"]) == [
        f"AU{number}" for number in ["01", "02", "04", "06", "07", "10", "12", "15", "23", "24", "25", "26"]
    ]
    assert fex["aus"]["AU12"].iloc[0] == pytest.approx(0.04)
    assert fex["emotions"]["happiness"].iloc[0] == pytest.approx(0.93)


def test_pyfeat_has_an_empty_row_for_a_frame_without_a_face(clip: VideoResult, tmp_path: Path) -> None:
    write_pyfeat(tmp_path / "pf.csv", {"clip.mp4": clip})
    fex = as_fex(tmp_path / "pf.csv")
    frames = fex["time"]["frame"]
    for group in ("emotions", "faceboxes", "poses", "landmarks", "aus"):
        assert fex[group][frames == GONE].isna().all(axis=None), group
    covered = fex["poses"][frames == COVERED]
    assert covered.isna().all(axis=None)
    assert fex["aus"].drop(columns=["AU12", "AU25"]).isna().all(axis=None)  # priors
    write_pyfeat(tmp_path / "none.csv", {"a.mp4": by_hand.video(time_s=[0.0, 61.0]), "b.jpg": by_hand.photo(1)})
    table = pd.read_csv(tmp_path / "none.csv")
    assert table["approx_time"].tolist() == ["00:00", "01:01", "00:00"]
    assert table["FaceScore"].isna().tolist() == [True, True, False]


# --- ELAN ---------------------------------------------------------------------------------------------------------


def test_elan_reads_expressions_units_and_blinks(clip: VideoResult, tmp_path: Path) -> None:
    write_eaf(tmp_path / "clip.eaf", clip, "clip.mp4")
    eaf = Eaf(str(tmp_path / "clip.eaf"))
    assert set(eaf.get_tier_names()) == {
        *(f"person 1 {what}" for what in ("expression", "AU12", "AU25", "blinks")),
        "person 2 expression",
    }
    assert eaf.get_annotation_data_for_tier("person 1 expression") == [
        (0, 400, "happiness"),
        (400, 500, "surprise"),  # up to the frame without the person
        (600, 1200, "surprise"),  # to the end of the clip
    ]
    # .5 is crossed in frame 6, frame 8 was not measured
    assert eaf.get_annotation_data_for_tier("person 1 AU12") == [(600, 800, "AU12"), (900, 1200, "AU12")]
    assert eaf.get_annotation_data_for_tier("person 1 AU25") == []
    assert eaf.get_annotation_data_for_tier("person 1 blinks") == [(200, 400, "blink")]
    assert eaf.get_parameters_for_tier("person 1 AU12")["PARTICIPANT"] == "person 1"
    [media] = eaf.get_linked_files()
    assert (media["MEDIA_URL"], media["MIME_TYPE"]) == ("clip.mp4", "video/mp4")


def test_elan_files_of_nobody_and_of_odd_names_are_whole(tmp_path: Path) -> None:
    write_eaf(tmp_path / "a.eaf", by_hand.video(time_s=[0.0]), 'a<b>&"\x07.webm')
    eaf = Eaf(str(tmp_path / "a.eaf"))
    assert eaf.get_tier_names() in ([], {}.keys())
    assert eaf.get_linked_files()[0]["MEDIA_URL"] == 'a<b>&"_.webm'
    assert eaf.get_linked_files()[0]["MIME_TYPE"] == "video/webm"


def test_a_face_of_a_photo_has_its_points() -> None:
    meshes = Meshes.unread(1)
    meshes.landmarks[0, :, 0] = np.arange(468)
    meshes.landmarks[0, :, 1] = 7
    plain = by_hand.photo(1)
    result = PhotoResult(plain.faces, plain.scores, plain.embedding, 64, 48, "m", meshes=meshes)
    table = pd.read_csv(io.StringIO(result.to_openface().to_csv(index=False)))
    assert table["x_30"].tolist() == [DLIB_68[30]]
    assert table["y_0"].tolist() == [7]
    assert table["confidence"].isna().all()  # the mesh was not read
