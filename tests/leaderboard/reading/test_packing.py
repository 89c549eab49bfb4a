"""A folder as one zip: equal folders give equal bytes, and what may not be submitted is not packed."""

import os
import zipfile
from pathlib import Path

import pytest

from leaderboard.errors import SubmissionRefused
from leaderboard.reading import packing
from leaderboard.reading.packing import pack_folder, refuse_oversized
from tests.leaderboard.writing import text


def test_equal_folders_give_equal_bytes(tmp_path: Path) -> None:
    for name, order in (("one", ["b.txt", "a.txt"]), ("two", ["a.txt", "b.txt"])):
        for file in order:
            text(tmp_path / name / "videos" / file, file)
        pack_folder(tmp_path / name, tmp_path / f"{name}.zip")
        os.utime(tmp_path / name / "videos" / "a.txt", (0, 0))
        (tmp_path / name / "videos" / "b.txt").chmod(0o600)
        pack_folder(tmp_path / name, tmp_path / f"{name}-later.zip")
    data = {(tmp_path / f"{name}.zip").read_bytes() for name in ("one", "two", "one-later", "two-later")}
    assert len(data) == 1
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert {name.split("/")[-1]: archive.read(name) for name in archive.namelist()} == {
            "a.txt": b"a.txt\n", "b.txt": b"b.txt\n",
        }  # fmt: skip
        assert [info.date_time for info in archive.infolist()] == [(1980, 1, 1, 0, 0, 0)] * 2


def test_a_folder_with_a_link_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    text(tmp_path / "folder" / "a.txt", "1")
    (tmp_path / "folder" / "b.txt").symlink_to(tmp_path / "folder" / "a.txt")
    with pytest.raises(SubmissionRefused, match="link"):
        pack_folder(tmp_path / "folder", tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_a_file_is_judged_before_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MAX_FILE_BYTES", 4)
    path = tmp_path / "p.csv"
    path.write_bytes(b"1234")
    refuse_oversized(path, "p.csv")
    path.write_bytes(b"12345")
    with pytest.raises(
        SubmissionRefused, match=r"^p\.csv is refused: p\.csv: expected at most 4 bytes, found 5 bytes$"
    ):
        refuse_oversized(path, "p.csv")
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(SubmissionRefused, match=r"expected a file or folder, found a link$"):
        refuse_oversized(tmp_path / "link", "link")
    with pytest.raises(SubmissionRefused, match=r"expected a file or folder, found nothing there$"):
        refuse_oversized(tmp_path / "none", "none")
