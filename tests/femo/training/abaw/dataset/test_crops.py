"""Lists of crops, against the standard library's zipfile."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from femo.training.abaw.dataset.crops import read_crops, read_folder, read_zip
from femo.training.abaw.dataset.tasks import AbawError

FILES = {
    "cropped/1-1-640x480/00001.jpg": b"one",
    "cropped/1-1-640x480/00003.jpg": b"three" * 400,
    "cropped/1-1-640x480/00002.jpg": b"two",
    "cropped/2-1-640x480_left/100000.jpg": b"late",
    "cropped/2-1-640x480_left/notes.txt": b"no crop",
    "readme.txt": b"no crop",
}


def write_zip(path: Path, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
        archive.comment = comment
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("comment", [b"", b"PK about this archive"])
def test_zip_gives_what_zipfile_gives(tmp_path: Path, method: int, comment: bytes) -> None:
    path = write_zip(tmp_path / "cropped.zip", method, comment)
    videos = read_zip(path)
    assert {name: video.frames.tolist() for name, video in videos.items()} == {
        "1-1-640x480": [1, 2, 3],
        "2-1-640x480_left": [100000],
    }
    with zipfile.ZipFile(path) as archive:
        for i, frame in enumerate((1, 2, 3)):
            assert videos["1-1-640x480"].read(i) == archive.read(f"cropped/1-1-640x480/{frame:05d}.jpg")


def test_zip64_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)  # zipfile then writes the zip64 end
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 50)  # and zip64 fields for offsets and sizes
    path = write_zip(tmp_path / "cropped.zip", zipfile.ZIP_STORED)
    assert b"PK\x06\x06" in path.read_bytes()
    video = read_zip(path)["1-1-640x480"]
    assert [video.read(i) for i in range(3)] == [b"one", b"two", b"three" * 400]


def test_many_entries_cross_the_blocks_in_which_the_list_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("femo.training.abaw.dataset.crops.BLOCK_BYTES", 61)
    assert read_zip(write_zip(tmp_path / "cropped.zip"))["1-1-640x480"].frames.tolist() == [1, 2, 3]


def test_cut_off_and_damaged_zips_are_named(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "cropped.zip")
    data = path.read_bytes()
    path.write_bytes(data[:-30])
    with pytest.raises(AbawError, match="no whole zip"):
        read_zip(path)
    directory = data.index(b"PK\x01\x02")
    path.write_bytes(data[:directory] + b"XX" + data[directory + 2 :])
    with pytest.raises(AbawError, match="not where it should be"):
        read_zip(path)


def test_a_broken_deflated_crop_is_empty_not_an_error(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "cropped.zip")
    data = bytearray(path.read_bytes())
    at = data.index(b"00003.jpg") + len("00003.jpg")
    data[at : at + 6] = b"\xff" * 6
    path.write_bytes(data)
    assert read_zip(path)["1-1-640x480"].read(2) == b""


def test_folder_keeps_names_that_do_not_follow_the_pattern(tmp_path: Path) -> None:
    video = tmp_path / "7-1-640x480"
    video.mkdir()
    for name in ("00002.jpg", "00010.png", "3.jpg", "cover.jpg"):
        (video / name).write_bytes(name.encode())
    (tmp_path / "empty").mkdir()
    [(name, found)] = read_folder(tmp_path).items()
    assert (name, found.frames.tolist()) == ("7-1-640x480", [2, 3, 10])
    assert [found.read(i) for i in range(3)] == [b"00002.jpg", b"3.jpg", b"00010.png"]


def test_the_same_video_in_two_places_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a" / "1-1-640x480").mkdir(parents=True)
    (tmp_path / "a" / "1-1-640x480" / "00001.jpg").write_bytes(b"x")
    with pytest.raises(AbawError, match="1-1-640x480 has crops in"):
        read_crops([write_zip(tmp_path / "cropped.zip"), tmp_path / "a"])


def test_a_crop_takes_21_bytes_in_the_list(tmp_path: Path) -> None:
    path = tmp_path / "cropped.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for frame in range(1, 3001):
            archive.writestr(f"cropped/9-1-640x480/{frame:05d}.jpg", b"")
    video = read_zip(path)["9-1-640x480"]
    held = video.frames.nbytes + video.offset.nbytes + video.size.nbytes + video.method.nbytes
    assert held / 3000 == 21  # bytes a crop; zipfile's own list takes over 400
    assert np.array_equal(video.frames, np.arange(1, 3001))
