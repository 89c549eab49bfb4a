"""A file is whole or not there, and whatever stands in its place is treated as what it is."""

import errno
from pathlib import Path

import pytest

from femo.atomic import replacing, write_bytes
from femo.errors import FemoError
from femo.output.export.files import write_text


def test_a_crash_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")

    def crash() -> None:
        with replacing(target) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_a_full_disk_is_told_with_the_file_that_has_no_room(tmp_path: Path) -> None:
    for number, name in ((errno.ENOSPC, str(tmp_path / "a.txt")), (errno.EIO, None)):
        with pytest.raises(OSError, match="why") as told, replacing(tmp_path / "a.txt"):
            raise OSError(number, "why")
        assert told.value.filename == name
    assert list(tmp_path.iterdir()) == []


def test_the_file_appears_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    with replacing(target) as partial:
        partial.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_devices_and_links_are_not_replaced(tmp_path: Path) -> None:
    write_text("/dev/null", "x")
    assert Path("/dev/null").is_char_device()
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_bytes_make_their_folder_and_replace_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "made" / "here" / "config.json"
    write_bytes(target, b"old and longer")
    write_bytes(target, b"new")
    assert target.read_bytes() == b"new"
    assert [path.name for path in target.parent.iterdir()] == ["config.json"]
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FemoError, match=r"file/config\.json cannot be written: Not a directory\.$"):
        write_bytes(tmp_path / "file" / "config.json", b"x")


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FemoError, match=r"nowhere/out\.csv cannot be written: No such file or directory\.$"):
        write_text(tmp_path / "nowhere" / "out.csv", "x")
    with pytest.raises(FemoError, match=r"cannot be written: embedded null byte\.$"):
        write_text(tmp_path / "a\0b", "x")
    with pytest.raises(FemoError, match=r"cannot be written: Not a directory\.$"):
        write_text(Path(__file__) / "out.csv", "x")
    with pytest.raises(FemoError, match=r"it is a folder\.$"):
        write_text(tmp_path, "x")
    with pytest.raises(FemoError, match=r"x\.csv cannot be written: File name too long\.$"):
        write_text(tmp_path / f"{'x' * 252}.csv", "x")
