"""One row per face and frame, whatever it was read from."""

import io

import numpy as np
import pandas as pd
import pytest

from femo.clips.timelines import RawPerson, RawVideo
from femo.labels import AFFECTNET_8
from femo.mesh.units import UnitMap
from femo.meshes import DLIB_68, MEASURED, Meshes, PackedPoints
from femo.results import PhotoResult, VideoResult
from femo.types import ClipInfo, Scores
from tests.femo import results_by_hand as by_hand


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


def every_fourth(*, measure: bool) -> VideoResult:
    """Ten rows; somebody is seen in all but the last, and read in the first, fifth and ninth: between them followed."""
    seen, read = np.arange(9), np.arange(9) % 4 == 0
    values = by_hand.one_hot(["happiness"] * 9)
    values[~read] = np.nan
    boxes = np.float32([[row, 0, 50 + row, 50] for row in seen])
    meshes = Meshes.unread(9)
    meshes.reason[read], meshes.logit[read] = MEASURED, 2
    meshes.values[read], meshes.units[read], meshes.landmarks[read] = 7, 0, 7
    points = PackedPoints.pack(seen, meshes.landmarks, 0.25)
    head = Scores("expression", AFFECTNET_8, values, "distribution", "trained")
    mesh = (meshes.without_points(), points) if measure else (None, None)
    flat = np.zeros(12, np.float32)
    units = UnitMap(np.zeros((12, 468, 3), np.float32), flat, flat, flat, flat) if measure else None
    person = RawPerson(1, seen, boxes, {"expression": head}, None, None, *mesh)
    times = np.arange(10) / 10
    return RawVideo(times, times, (person,), ClipInfo(0, "m", 1.0, 100, 100), unit_map=units).result("none")


READ = [True, False, False, False, True, False, False, False, True, False]


@pytest.mark.parametrize("measure", [True, False])
def test_a_row_in_which_a_face_was_followed_and_not_read_is_no_measurement(measure: bool) -> None:
    clip = every_fourth(measure=measure)
    ours = clip.to_frame()
    assert ours["expression_happiness"].tolist() == pytest.approx([0.93] * 10)  # femo's own table fills gaps
    table = clip.to_openface()
    assert table["success"].tolist() == [int(read) for read in READ]
    for name in ("confidence", "pose_Rx", "pose_Tz", "x_0"):
        assert table[name].notna().tolist() == ([*READ] if measure else [False] * 10), name
    fex = clip.to_pyfeat("a.mp4").iloc[:9]  # the tenth frame shows nobody
    assert fex["FaceRectX"].tolist() == list(range(9))  # where it is was followed
    assert fex["happiness"].notna().tolist() == READ[:9]
    for name in ("FaceScore", "Pitch", "Z", "x_0"):
        assert fex[name].notna().tolist() == (READ[:9] if measure else [False] * 9), name


def test_elan_marks_what_somebody_shows_while_followed() -> None:
    """An annotation lasts; a gap in every frame that was not read would break it in pieces."""
    eaf = every_fourth(measure=True).to_eaf()
    assert eaf.count("<ANNOTATION_VALUE>happiness</ANNOTATION_VALUE>") == 1
    assert 'TIME_VALUE="900"' in eaf
