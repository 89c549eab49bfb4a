"""Submitted files by the hash of their content: whole, once, and gone where nobody refers to them."""

import os
import uuid
from pathlib import Path

import pytest

from leaderboard.store.database import Store
from leaderboard.store.files import KeptFiles

ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1


def keep(store: Store, path: Path) -> str:
    with store.files.staged(path) as staged:
        return store.files.keep(staged)


def test_files_are_kept_once_by_content(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_bytes(b"abc")
        assert keep(store, tmp_path / name) == ABC_SHA256
    kept = [path for path in (tmp_path / "store" / "files").rglob("*") if path.is_file()]
    assert kept == [store.files.path(ABC_SHA256)]
    assert kept[0].read_bytes() == b"abc"


def test_a_staged_file_that_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    """A refused upload must not stay on the disk of a public server."""
    store = Store(tmp_path / "store")
    (tmp_path / "bad.csv").write_bytes(b"abc")
    with store.files.staged(tmp_path / "bad.csv") as staged:
        assert (staged.sha256, staged.path.read_bytes()) == (ABC_SHA256, b"abc")
    assert [path for path in (tmp_path / "store" / "files").rglob("*") if path.is_file()] == []


def kept(folder: Path) -> KeptFiles:
    return KeptFiles(folder / "files")


def put(files: KeptFiles, source: Path, data: bytes) -> str:
    source.write_bytes(data)
    with files.staged(source) as staged:
        return files.keep(staged)


def test_what_changes_while_it_is_scored_is_kept_as_it_was_scored(tmp_path: Path) -> None:
    source, files = tmp_path / "p.csv", kept(tmp_path)
    source.write_bytes(b"abc")
    with files.staged(source) as staged:
        source.write_bytes(b"something else")
        assert staged.path.read_bytes() == b"abc"
        assert files.keep(staged) == ABC_SHA256
    assert files.path(ABC_SHA256).read_bytes() == b"abc"
    assert list(files.folder.glob(".*")) == []


def test_a_file_larger_than_a_chunk_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leaderboard.store.files._CHUNK", 2)
    assert put(kept(tmp_path), tmp_path / "p.csv", b"abc") == ABC_SHA256


def test_a_source_that_cannot_be_read_leaves_nothing(tmp_path: Path) -> None:
    files = kept(tmp_path)
    with pytest.raises(FileNotFoundError), files.staged(tmp_path / "none.csv"):
        raise AssertionError
    assert list(files.folder.iterdir()) == []


def test_copies_of_the_dead_go_by_age_and_files_by_who_refers_to_them(tmp_path: Path) -> None:
    files = kept(tmp_path)
    parts = [files.folder / f".{uuid.uuid4().hex}.part" for _ in range(2)]
    for part in parts:
        part.write_bytes(b"half")
    os.utime(parts[0], (1, 1))
    assert files.remove_parts() == 1
    assert [part.exists() for part in parts] == [False, True]
    names = [put(files, tmp_path / "p.csv", data) for data in (b"a", b"b", b"c")]
    for name in names[:2]:
        os.utime(files.path(name), (1, 1))
    assert files.remove_orphans({names[0]}, 3600) == 1
    assert [files.path(name).exists() for name in names] == [True, False, True]


def test_what_is_not_the_boards_own_is_never_removed(tmp_path: Path) -> None:
    """A store in a folder of work in which somebody keeps ``files`` already."""
    files = kept(tmp_path)
    mine = [
        "thesis.txt",
        "sub/data.csv",
        ".film.part",
        f"sub/{ABC_SHA256}",
        f"{ABC_SHA256[:2]}/notes.txt",
        ABC_SHA256,
    ]
    for name in mine:
        (files.folder / name).parent.mkdir(exist_ok=True)
        (files.folder / name).write_text("mine")
        os.utime(files.folder / name, (1, 1))
    assert files.remove_orphans(set(), 3600) == files.remove_parts() == 0
    assert [(files.folder / name).read_text() for name in mine] == ["mine"] * len(mine)


def test_a_copy_that_another_process_took_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = kept(tmp_path)
    gone = files.folder / f".{uuid.uuid4().hex}.part"
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter([gone]))
    assert files.remove_parts(0) == 0
