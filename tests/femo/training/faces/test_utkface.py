"""UTKFace read from files made here."""

import zipfile
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from femo.errors import MediaError
from femo.labels import AFFECTNET_8, ETHNICITY_5, GENDER
from femo.training.faces.utkface import LOOKS, parse_name, read_looks, read_named, read_utkface
from tests.face_files import write_utkface


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("25_0_2_20170116174525125.jpg.chip.jpg", (25, "male", "asian")),
        ("61_1_4_20170109150557335.jpg.chip.jpg", (61, "female", "other")),
        ("part/39_1_20170116174525125.jpg.chip.jpg", None),  # three such files are in the set: the race is missing
        ("200_0_0_2017.jpg", None),
        ("25_3_0_2017.jpg", None),
    ],
)
def test_utkface_names(name: str, expected: tuple[int, str, str] | None) -> None:
    got = parse_name(name)
    assert (got and (got[0], GENDER[got[1]], ETHNICITY_5[got[2]])) == expected


def test_utkface_zip_reads_rgb_and_counts_what_it_leaves_out(tmp_path: Path) -> None:
    red = np.zeros((200, 200, 3), np.uint8)
    red[..., 2] = 255
    jpeg = cv2.imencode(".jpg", red)[1].tobytes()
    with zipfile.ZipFile(tmp_path / "u.zip", "w") as archive:
        archive.writestr("30_0_1_1.jpg.chip.jpg", jpeg)
        archive.writestr("30_0_1.jpg.chip.jpg", jpeg)
        archive.writestr("31_0_1_1.jpg.chip.jpg", b"broken")
    data = read_utkface([tmp_path / "u.zip"], size=20)
    assert data.n_left_out == 2
    assert data.images.shape == (1, 20, 20, 3)
    assert data.images[0, 5, 5, 0] > 240
    assert data.images[0, 5, 5, 2] < 15
    assert (data.age_years.tolist(), data.gender.tolist(), data.ethnicity.tolist()) == ([30.0], [1], [1])


def test_utkface_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no image named"):
        read_utkface([tmp_path])


def test_several_archives_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    first = write_utkface(tmp_path / "a.zip", {"9_0_0_1.jpg.chip.jpg": 10, "30_1_2_1.jpg.chip.jpg": 60})
    folder = tmp_path / "b"
    folder.mkdir()
    (folder / "1_1_4_1.jpg.chip.jpg").write_bytes(cv2.imencode(".jpg", np.full((200, 200, 3), 120, np.uint8))[1])
    (folder / "notes.txt").write_text("no picture")
    data = read_utkface([first, folder])
    assert data.names == ("30_1_2_1.jpg.chip.jpg", "9_0_0_1.jpg.chip.jpg", "1_1_4_1.jpg.chip.jpg")
    assert data.age_years.tolist() == [30, 9, 1]
    assert [GENDER[k] for k in data.gender] == ["female", "male", "female"]
    assert [ETHNICITY_5[k] for k in data.ethnicity] == ["asian", "white", "other"]
    assert data.images.shape == (3, 200, 200, 3)
    np.testing.assert_allclose(data.images[:, 100, 100, 0], [60, 10, 120], atol=2)


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "u.zip").write_bytes(b"no zip")
    with pytest.raises(MediaError, match=r"u\.zip is not a UTKFace zip"):
        read_utkface([tmp_path / "u.zip"])


def test_votes_of_a_list_become_shares(tmp_path: Path) -> None:
    path = tmp_path / "looks.csv"
    path.write_text(
        "name,anger,contempt,disgust,fear,happiness,neutral,sadness,surprise\na.jpg,6,0,0,0,0,12,2,0\n"
    )
    (row,) = read_looks(path).items()
    assert row[0] == "a.jpg"
    assert row[1].tolist() == pytest.approx([0.3, 0, 0, 0, 0, 0.6, 0.1, 0])


def test_a_picture_has_the_look_that_the_list_gives_its_name(tmp_path: Path) -> None:
    looks = read_looks()
    known = max(looks, key=lambda name: looks[name][AFFECTNET_8.index("anger")])
    data = read_utkface([write_utkface(tmp_path / "u.zip", {f"crops/{known}": 9, "9_0_0_1.jpg.chip.jpg": 10})])
    seen = dict(zip(data.names, data.expression, strict=True))
    assert seen[f"crops/{known}"].tolist() == looks[known].tolist()
    assert np.isnan(seen["9_0_0_1.jpg.chip.jpg"]).all()


def test_every_line_of_the_list_names_a_picture_once_and_spreads_ten_votes_for_each_viewer() -> None:
    lines = LOOKS.read_text().splitlines()
    names = [line.partition(",")[0] for line in lines[1:]]
    assert lines[0].split(",") == ["name", *AFFECTNET_8]
    assert names == sorted(set(names))
    assert all(parse_name(name) for name in names)
    counts = [[int(count) for count in line.split(",")[1:]] for line in lines[1:]]
    assert min(map(min, counts)) == 0
    assert Counter(map(sum, counts)) == {10: 3703, 20: 474, 30: 3318, 40: 667}  # 8,162, as docs/training.md says


def test_pictures_that_are_asked_for_are_read_alone(tmp_path: Path) -> None:
    path = write_utkface(tmp_path / "u.zip", {"1_0_0_1.jpg.chip.jpg": 40, "2_0_0_2.jpg.chip.jpg": 200})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("3_0_0_3.jpg.chip.jpg", b"")
    found = read_named(path, {"2_0_0_2.jpg.chip.jpg", "3_0_0_3.jpg.chip.jpg"})
    assert list(found) == ["2_0_0_2.jpg.chip.jpg"]
    assert found["2_0_0_2.jpg.chip.jpg"].shape[2] == 3
    assert abs(float(found["2_0_0_2.jpg.chip.jpg"].mean()) - 200) < 5
