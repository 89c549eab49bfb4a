"""The table of py-feat, read back by its own rules.

py-feat itself is too large to be a dependency of the tests; ``as_fex`` selects as ``feat.utils.io.read_feat`` of py-feat 2.1.5
does.
"""

from pathlib import Path

import pandas as pd
import pytest

from femo.exchange.pyfeat import count_on
from femo.meshes import DLIB_68
from femo.output.export.exchange import write_pyfeat
from femo.results import VideoResult
from tests.femo import results_by_hand as by_hand
from tests.femo.meshes_by_hand import COVERED, GONE, N_FRAMES

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


def test_without_faces_or_units_the_columns_are_the_same(clip: VideoResult) -> None:
    columns = list(clip.to_pyfeat("clip.mp4"))
    nobody = by_hand.video(time_s=[0.0, 0.04]).to_pyfeat("none.mp4")
    assert list(nobody) == columns
    assert nobody["frame"].tolist() == [0, 1]
    assert list(by_hand.photo(0).to_pyfeat("none.jpg")) == columns
    no_units = by_hand.photo(1).to_pyfeat("a.jpg")
    assert list(no_units) == columns
    assert no_units["AU12"].isna().all()


def test_photos_are_frames_one_after_the_other_and_their_faces_are_not_the_same_people(tmp_path: Path) -> None:
    """As py-feat's ``Detectorv1.detect`` counts images, and as its ``plot_detections`` needs it: a picture for each frame."""
    photos = {
        "a.jpg": by_hand.photo(2),
        "none.jpg": by_hand.photo(0),
        "b.jpg": by_hand.photo(1),
        "c.jpg": by_hand.photo(2),
    }
    write_pyfeat(tmp_path / "pf.csv", photos)
    table = pd.read_csv(tmp_path / "pf.csv")
    assert table["input"].tolist() == ["a.jpg", "a.jpg", "none.jpg", "b.jpg", "c.jpg", "c.jpg"]
    assert table["frame"].tolist() == [0, 0, 1, 2, 3, 3]
    persons = [None if pd.isna(name) else name for name in table["Identity"]]
    assert persons == ["Person_1", "Person_2", None, "Person_3", "Person_4", "Person_5"]
    assert table["approx_time"].tolist() == ["00:00"] * 6
    as_fex(tmp_path / "pf.csv")
    write_pyfeat(tmp_path / "alone.csv", {"c.jpg": photos["c.jpg"]})
    alone = pd.read_csv(tmp_path / "alone.csv")
    assert (alone["frame"].tolist(), alone["Identity"].tolist()) == ([0, 0], ["Person_1", "Person_2"])


def test_a_clip_among_others_begins_at_its_own_first_frame_with_persons_of_its_own(clip: VideoResult) -> None:
    tables = [clip.to_pyfeat("a.mp4"), by_hand.photo(1).to_pyfeat("b.jpg"), clip.to_pyfeat("c.mp4")]
    first, photo, second = count_on(tables, [False, True, False])
    assert first.equals(tables[0])
    assert second["frame"].tolist() == tables[2]["frame"].tolist()
    assert (photo["frame"].tolist(), photo["Identity"].tolist()) == ([0], ["Person_3"])
    moved = {"Person_1": "Person_4", "Person_2": "Person_5"}
    assert second["Identity"].dropna().tolist() == [moved[name] for name in tables[2]["Identity"].dropna()]
    assert list(second) == list(tables[2])
