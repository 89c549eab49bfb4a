"""When a result still stands: its source, its options and its files are as they were, each told by its bytes."""

import errno
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from femo.errors import MediaError
from femo.output.records import (
    BEGINNING,
    claim,
    places,
    read_record,
    sha256_of,
    source_of,
    stands,
    write_with_record,
)

OPTIONS = {"model": "femo-base", "fps": 5, "boxes": [1, 2]}


def made(folder: Path) -> tuple[Path, Path, Path]:
    """A source, its document, and a picture that was written with it."""
    source, picture, document = (
        folder / "clip.mp4",
        folder / "out" / "pictures" / "1.png",
        folder / "out" / "clip.json",
    )
    picture.parent.mkdir(parents=True)
    source.write_bytes(b"frames")
    picture.write_bytes(b"png")
    write_with_record(document, {"persons": [], "name": "ä"}, source_of(source), OPTIONS, [picture])
    return source, document, picture


def test_a_record_is_the_beginning_of_the_document(tmp_path: Path) -> None:
    source, document, _ = made(tmp_path)
    text = document.read_text(encoding="utf-8")
    assert text.startswith(BEGINNING)
    whole = json.loads(text)
    assert list(whole) == ["made", "persons", "name"]
    assert whole["name"] == "ä"
    assert whole["made"] == read_record(document)
    assert whole["made"]["files"] == {"pictures/1.png": hashlib.sha256(b"png").hexdigest()}
    assert whole["made"]["source"]["sha256"] == hashlib.sha256(b"frames").hexdigest() == sha256_of(source)
    assert (whole["made"]["source"]["name"], whole["made"]["source"]["size"]) == ("clip.mp4", 6)


def test_a_pipe_is_named_as_it_was_and_described_by_its_copy(tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"123")
    said = source_of(Path("/dev/stdin"), tmp_path / "copy")
    assert (said["name"], said["size"], said["sha256"]) == ("stdin", 3, hashlib.sha256(b"123").hexdigest())


def touch(path: Path) -> None:
    os.utime(path, ns=(0, 123))


CHANGES: dict[str, Callable[[Path, Path, Path], Any]] = {
    "the source has other bytes of the same length": lambda source, _, __: (source.write_bytes(b"FRAMES"),),
    "the source is gone": lambda source, _, __: source.unlink(),
    "the source was touched": lambda source, _, __: touch(source),
    "the document is gone": lambda _, document, __: document.unlink(),
    "the picture is gone": lambda _, __, picture: picture.unlink(),
    "the picture is another": lambda _, __, picture: picture.write_bytes(b"gif"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_result_stands_until_anything_changes(change: str, tmp_path: Path) -> None:
    source, document, picture = made(tmp_path)
    assert stands(document, source, OPTIONS)
    CHANGES[change](source, document, picture)
    assert not stands(document, source, OPTIONS)


def test_bytes_count_even_where_size_and_time_are_the_same(tmp_path: Path) -> None:
    source, document, _ = made(tmp_path)
    before = source.stat()
    source.write_bytes(b"FRAMES")
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not stands(document, source, OPTIONS)


def test_options_are_compared_as_json_has_them(tmp_path: Path) -> None:
    source, document, _ = made(tmp_path)
    assert stands(document, source, {**OPTIONS, "boxes": (1, 2)})
    assert not stands(document, source, {**OPTIONS, "fps": 6})
    assert not stands(document, source, {**OPTIONS, "more": None})


def closed(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """Let a file be there, and nobody open it."""
    opens = Path.open

    def guarded(path: Path, *how: Any, **more: Any) -> Any:
        if path == file:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opens(path, *how, **more)

    monkeypatch.setattr(Path, "open", guarded)


def test_what_cannot_be_opened_is_said_as_of_any_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, _, _ = made(tmp_path)
    closed(monkeypatch, source)
    for describe in (sha256_of, source_of):
        with pytest.raises(MediaError, match=rf"^{source} cannot be opened: Permission denied\.$"):
            describe(source)
    with pytest.raises(MediaError, match=r"gone\.mp4 cannot be opened: No such file or directory\.$"):
        source_of(tmp_path / "gone.mp4")


@pytest.mark.parametrize("which", [0, 2])
def test_a_result_whose_source_or_picture_cannot_be_opened_does_not_stand(
    which: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, document, _ = files = made(tmp_path)
    assert stands(document, source, OPTIONS)
    closed(monkeypatch, files[which])
    assert not stands(document, source, OPTIONS)


def test_a_result_whose_source_lies_in_a_closed_folder_does_not_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, document, _ = made(tmp_path)

    def refused(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refused)
    assert not stands(document, source, OPTIONS)


def test_what_is_wanted_must_have_been_written_with_it(tmp_path: Path) -> None:
    source, document, picture = made(tmp_path)
    assert stands(document, source, OPTIONS, [picture])
    beside = document.with_suffix(".csv")
    beside.write_text("of a run before")
    assert not stands(document, source, OPTIONS, [picture, beside])


def test_a_record_and_a_claim_say_whose_files_are(tmp_path: Path) -> None:
    source, document, picture = made(tmp_path)
    place = source_of(source)["place"]
    more = [document.with_suffix(suffix) for suffix in (".csv", ".srt", ".eaf")]
    assert places(document, [document, picture, *more]) == {
        document: place, picture: place, **dict.fromkeys(more, None),
    }  # fmt: skip
    claim(document, source_of(source), more[:2])
    assert sorted(path.name for path in document.parent.iterdir()) == [".clip.femo", "clip.json", "pictures"]
    assert list(places(document, [document, picture, *more]).values()) == [place] * 4 + [None]
    write_with_record(document, {}, source_of(source), OPTIONS, [])  # the files were not written after all
    assert sorted(path.name for path in document.parent.iterdir()) == ["clip.json", "pictures"]
    record = read_record(document)
    assert record is not None
    assert (record["files"], record["earlier"]) == ({}, ["clip.csv", "clip.srt", "pictures/1.png"])
    assert list(places(document, [document, picture, *more]).values()) == [place] * 4 + [None]
    assert not stands(document, source, OPTIONS, [picture])  # ours, but of another run


def test_another_source_takes_nothing_over(tmp_path: Path) -> None:
    _, document, picture = made(tmp_path)
    other = tmp_path / "other.mp4"
    other.write_bytes(b"x")
    write_with_record(document, {}, source_of(other), OPTIONS, [])
    assert places(document, [document, picture]) == {document: source_of(other)["place"], picture: None}


@pytest.mark.parametrize("files", ["[3, null]", "7", '{"pictures/1.png": 3}'])
def test_whose_files_are_is_told_by_names_only(files: str, tmp_path: Path) -> None:
    _, document, picture = made(tmp_path)
    document.write_text(f'{BEGINNING}{{"source": {{"place": ["p"]}}, "files": {files}, "earlier": {files}}}}}')
    assert places(document, [picture]) == {picture: "['p']" if "1.png" in files else None}


def test_another_source_of_the_same_bytes_is_another(tmp_path: Path) -> None:
    source, document, _ = made(tmp_path)
    other = source.with_name("other.mp4")
    other.write_bytes(source.read_bytes())
    os.utime(other, ns=(0, source.stat().st_mtime_ns))
    assert not stands(document, other, OPTIONS)


@pytest.mark.parametrize(
    "text",
    ["", "{}", '{"persons": []}', BEGINNING, BEGINNING + "3}", BEGINNING + "{}}",
     BEGINNING + '{"source": []}}', BEGINNING + "[1]}"],
)  # fmt: skip
def test_what_has_no_record_does_not_stand(text: str, tmp_path: Path) -> None:
    source, document, _ = made(tmp_path)
    document.write_text(text)
    assert read_record(document) is None
    assert not stands(document, source, OPTIONS)


@pytest.mark.parametrize("files", ['["pictures/1.png"]', "3", '{"pictures/1.png": 7}', '{"..": "0"}', "null"])
def test_a_record_whose_files_are_no_hashes_does_not_stand(files: str, tmp_path: Path) -> None:
    source, document, _ = made(tmp_path)
    record = read_record(document)
    assert record is not None
    document.write_text(f'{BEGINNING}{json.dumps(record)[:-1]}, "files": {files}}}}}')
    assert not stands(document, source, OPTIONS)


def test_a_document_that_is_no_text_has_no_record(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(BEGINNING.encode() + b"\xff\xfe")
    assert read_record(tmp_path / "a.json") is None
    assert read_record(tmp_path) is None
