"""FER+ and UTKFace readers on files made here, with the protocol worked out by hand."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from femo.errors import MediaError
from femo.labels import AFFECTNET_8, ETHNICITY_5, GENDER
from femo.training.faces.ferplus import read_ferplus
from femo.training.faces.utkface import parse_name, read_utkface

COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")


def _ferplus(path: Path, votes: list[list[int]]) -> Path:
    images = np.arange(len(votes), dtype=np.uint8)[:, None, None] * np.ones((48, 48), np.uint8)
    np.savez(path, images=images, votes=np.array(votes, np.uint8), columns=np.array(COLUMNS))
    return path


def test_ferplus_protocol_by_hand(tmp_path: Path) -> None:
    data = read_ferplus(
        _ferplus(
            tmp_path / "p.npz",
            [
                [6, 3, 1, 0, 0, 0, 0, 0, 0, 0],  # the one vote for surprise counts as none
                [2, 0, 0, 0, 0, 0, 0, 0, 8, 0],  # unknown is largest: left out
                [0, 0, 0, 0, 0, 0, 0, 0, 0, 10],  # no face: left out
                [0, 0, 5, 0, 0, 0, 5, 0, 0, 0],  # a tie goes to surprise, which stands before fear in the file
                [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],  # nothing is left
            ],
        )
    )
    assert data.n_left_out == 3
    assert data.images[:, 0, 0].tolist() == [0, 3]
    assert [AFFECTNET_8[k] for k in data.target] == ["neutral", "surprise"]
    expected = np.zeros((2, 8))
    expected[0, AFFECTNET_8.index("neutral")], expected[0, AFFECTNET_8.index("happiness")] = 6 / 9, 3 / 9
    expected[1, AFFECTNET_8.index("surprise")], expected[1, AFFECTNET_8.index("fear")] = 0.5, 0.5
    np.testing.assert_allclose(data.distribution, expected, atol=1e-6)


def test_ferplus_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    np.savez(path, images=np.zeros((1, 48, 48), np.uint8), votes=np.zeros((1, 8)), columns=np.array(COLUMNS[:8]))
    with pytest.raises(MediaError, match="vote columns"):
        read_ferplus(path)
    path.write_bytes(b"no zip")
    with pytest.raises(MediaError, match="is not a FER"):
        read_ferplus(path)


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
