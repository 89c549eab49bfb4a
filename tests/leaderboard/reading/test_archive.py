"""Hostile and broken uploads: each ends in a named problem, and nothing is followed, unpacked to disk or kept."""

import gzip
import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

from leaderboard.errors import Problems, SubmissionRefused
from leaderboard.reading import archive
from leaderboard.reading.archive import is_about, is_aside, lone_file, open_texts
from leaderboard.reading.submission import read_submission
from leaderboard.tasks import get_task
from tests.leaderboard.writing import text, zipped


def problems_of(path: Path) -> list[tuple[str, str]]:
    problems = Problems()
    open_texts(path, problems)
    return [(problem.file, problem.found) for problem in problems.first]


def write(folder: Path, data: bytes, name: str = "team.zip") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/evil.txt", "a/../../evil.txt", "..\\evil.txt", "C:evil.txt"]
)
def test_names_that_point_outside_are_refused(name: str, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zip_file:
        member = zipfile.ZipInfo("x.txt")
        member.filename = name
        zip_file.writestr(member, "Happy")
    path = write(tmp_path, buffer.getvalue())
    assert problems_of(path) == [(name, "a name that points outside the zip")]
    with pytest.raises(SubmissionRefused, match="outside the zip"):
        read_submission(get_task("afew"), path)
    assert [child.name for child in tmp_path.iterdir()] == ["team.zip"]


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zip_file:
        member = zipfile.ZipInfo("clip.txt")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        zip_file.writestr(member, "/etc/passwd")
    assert problems_of(write(tmp_path, buffer.getvalue())) == [("clip.txt", "a symbolic link")]


@pytest.mark.parametrize(("where", "found"), [("file", "a link"), ("folder", "a link, device or pipe")])
def test_a_link_on_disk_is_never_followed(where: str, found: str, tmp_path: Path) -> None:
    secret = text(tmp_path / "secret.txt", "Happy")
    folder = tmp_path / "sub"
    folder.mkdir()
    (folder / "clip.txt").symlink_to(secret)
    path = folder / "clip.txt" if where == "file" else folder
    assert problems_of(path) == [("clip.txt", found)]


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert problems_of(tmp_path / "pipe") == [("pipe", "a device or pipe")]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("inner.zip", zipped({"a.txt": "Happy"})),
        ("renamed.txt", zipped({"a.txt": "Happy"})),
        ("inner.txt.gz", gzip.compress(b"Happy", mtime=0)),
        ("renamed-gz.txt", gzip.compress(b"Happy", mtime=0)),
        ("tape.tar", b"Happy"),
    ],
)
def test_archives_within_archives_are_refused(name: str, data: bytes, tmp_path: Path) -> None:
    assert problems_of(write(tmp_path, zipped({name: data}))) == [(name, "an archive inside the submission")]
    inside = "team" if name.endswith(".tar") else name
    if inside != "team":
        found = problems_of(write(tmp_path, gzip.compress(data), "team.gz"))
        assert found == [("team", "an archive inside the submission")]


def test_a_zip_bomb_stops_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight megabytes of zeros in ten kilobytes: nothing beyond the limit is unpacked."""
    monkeypatch.setattr(archive, "MAX_TEXT_BYTES", 2**20)
    bomb = zipped({"a.txt": b"0" * 600_000, "b.txt": b"0" * 8_000_000})
    assert len(bomb) < 20_000
    assert problems_of(write(tmp_path, bomb)) == [("team.zip", "more than that")]
    gz = gzip.compress(b"0" * 2_000_000)
    assert problems_of(write(tmp_path, gz, "team.gz")) == [("team.gz", "more than that")]


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory claims ten bytes for a member that unpacks to a megabyte."""
    data = bytearray(zipped({"a.txt": b"0" * 1_000_000}))
    size = (1_000_000).to_bytes(4, "little")
    assert data.count(size) == 2
    lie = bytes(data).replace(size, (10).to_bytes(4, "little"))
    texts_problems = Problems()
    texts = open_texts(write(tmp_path, lie), texts_problems)
    assert sum(len(found.data) for found in texts) <= 10
    assert texts_problems.count == 1 or texts[0].data == b"0" * 10


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 10)
    members = {f"{i}.txt": "Happy" for i in range(11)}
    assert problems_of(write(tmp_path, zipped(members))) == [("team.zip", "11 files")]
    folder = tmp_path / "sub"
    for name, word in members.items():
        text(folder / name, word)
    assert problems_of(folder) == [("sub", "more than that")]


def test_a_huge_upload_is_refused_by_its_size(tmp_path: Path) -> None:
    """Ten gigabytes on paper (a sparse file): refused before a byte is read."""
    path = tmp_path / "p.txt"
    with path.open("wb") as stream:
        stream.truncate(10 * 2**30)
    assert problems_of(path) == [("p.txt", f"{10 * 2**30} bytes")]
    folder = tmp_path / "sub"
    folder.mkdir()
    path.rename(folder / "p.txt")
    assert problems_of(folder) == [("sub", "more than that")]


def test_deep_folders_are_refused(tmp_path: Path) -> None:
    deep = tmp_path / "sub" / "/".join("abcdefgh")
    text(deep / "clip.txt", "Happy")
    assert problems_of(tmp_path / "sub") == [("g", "a deeper one")]


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.txt": "Happy"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    assert problems_of(write(tmp_path, bytes(data))) == [("a.txt", "an encrypted one")]


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zip_file:
        zip_file.writestr("a.txt", "Happy")
        with pytest.warns(UserWarning, match="Duplicate"):
            zip_file.writestr("a.txt", "Sad")
    assert problems_of(write(tmp_path, buffer.getvalue())) == [("a.txt", "a second file with the same name")]


def test_damaged_archives_are_named(tmp_path: Path) -> None:
    whole = zipped({"a.txt": b"Happy" * 1000})
    assert problems_of(write(tmp_path, whole[:-30])) == [("team.zip", "a damaged one")]
    assert problems_of(write(tmp_path, whole[:60] + b"\0\0\0\0" + whole[64:])) == [("a.txt", "a damaged one")]
    assert problems_of(write(tmp_path, gzip.compress(b"Happy" * 99)[:-9], "t.gz")) == [("t.gz", "a damaged one")]


def test_binary_data_is_named(tmp_path: Path) -> None:
    assert problems_of(write(tmp_path, "Happy".encode("utf-16"), "p.txt")) == [
        ("p.txt", "binary data (or UTF-16)")
    ]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "none.txt") == [("none.txt", "nothing there")]
    with pytest.raises(SubmissionRefused, match="at least one txt or CSV file, found none"):
        read_submission(get_task("afew"), write(tmp_path, zipped({})))


def test_markup_in_a_name_stays_text(tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>\n.txt"
    with pytest.raises(SubmissionRefused) as caught:
        read_submission(get_task("afew"), write(tmp_path, zipped({name: "Joy"})))
    assert caught.value.problems[0].file == "<img src=x onerror=alert(1)>�.txt"
    assert "\n" not in str(caught.value)


def test_too_many_lines_are_refused_before_they_are_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leaderboard.reading import rows

    monkeypatch.setattr(rows, "MAX_ROWS", 100)
    path = text(tmp_path / "p.txt", "image,expression", *(["x"] * 101))
    with pytest.raises(SubmissionRefused, match="at most 100 data lines, found 101 lines"):
        read_submission(get_task("abaw-lsd"), path)


def test_a_directory_of_countless_members_is_not_even_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 10)
    ten, eleven = (zipped({f"{i}.txt": "Happy" for i in range(n)}) for n in (10, 11))
    assert problems_of(write(tmp_path, ten)) == []
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert problems_of(write(tmp_path, eleven)) == [("team.zip", "11 files and folders")]


def test_what_a_computer_adds_to_the_most_files_is_no_reason_to_refuse() -> None:
    assert archive.MAX_ENTRIES >= 2 * archive.MAX_MEMBERS + 1


def test_what_describes_a_folder_or_is_left_behind_is_told_from_the_rest() -> None:
    names = [
        "README",
        "a/Readme.txt",
        "notes.MD",
        "LICENCE.txt",
        "Thumbs.db",
        ".salt",
        "labels.csv",
        "readme2.txt",
    ]
    assert [is_about(name) for name in names] == [True, True, True, True, False, False, False, False]
    assert [is_aside(name) for name in names] == [True] * 6 + [False] * 2


def test_the_only_file_of_a_folder_is_found_at_any_depth_and_two_are_none(tmp_path: Path) -> None:
    assert lone_file(tmp_path) is None
    labels = text(tmp_path / "a" / "b" / "labels.csv", "x")
    for name in ("README.md", ".salt", "a/Thumbs.db"):
        text(tmp_path / name, "x")
    assert lone_file(tmp_path) == labels
    (tmp_path / "elsewhere").symlink_to(tmp_path / "a")
    assert lone_file(tmp_path) is None, "a link to a folder may hold more"
    (tmp_path / "elsewhere").unlink()
    text(tmp_path / "more.txt", "x")
    assert lone_file(tmp_path) is None
