"""What a source lists: names, places, sizes, in an order that stays."""

import errno
import io
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from femo.corpora.fetching import fetched
from femo.corpora.sources import list_inputs
from femo.errors import FemoError, MediaError
from tests.hub_server import HubServer


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.mp4", "a/x.JPG", "a/notes.txt", ".hidden.png", ".git/c.png", "z.avif"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "tree"


def test_a_folder_gives_its_media_by_path(tree: Path) -> None:
    found = list(list_inputs(tree))
    assert [entry.clip for entry in found] == ["b.mp4", "z.avif", "a/x.JPG"]
    assert [entry.place for entry in found] == [str(tree / entry.clip) for entry in found]
    assert [entry.size for entry in found] == [5, 6, 7]
    assert found[0].mtime_ns == (tree / "b.mp4").stat().st_mtime_ns


def test_links_to_folders_elsewhere_are_followed_once_and_none_in_a_circle(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "disk" / "in").mkdir(parents=True)
    (tmp_path / "disk" / "in" / "d.mp4").write_bytes(b"d")
    links = {
        "a/disk": tmp_path / "disk",
        "again": tmp_path / "disk" / "in",
        "self": tree,
        "up": tmp_path,
        "b": tree / "a",
    }
    for name, target in links.items():
        (tree / name).symlink_to(target)
    (tmp_path / "disk" / "back").symlink_to(tree)
    (tree / "link.mp4").symlink_to(tree / "b.mp4")
    names = [entry.clip for entry in list_inputs(tree)]
    assert sorted(names) == ["a/x.JPG", "again/d.mp4", "b.mp4", "link.mp4", "z.avif"]
    (tree / "again").unlink()
    assert "a/disk/in/d.mp4" in [entry.clip for entry in list_inputs(tree)]


def test_a_folder_about_one_that_a_link_led_to_gives_the_rest(tmp_path: Path) -> None:
    """Links are followed by name, in whatever order a disk has them: the names of inputs stay."""
    for name in ("disk/in/1.mp4", "disk/2.mp4", "disk/out/3.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    for one, other in (("disk", "disk/in"), ("disk/in", "disk")):
        tree = tmp_path / f"tree {one.count('/')}"
        tree.mkdir()
        (tree / "a").symlink_to(tmp_path / one)
        (tree / "b").symlink_to(tmp_path / other)
    expected = (["a/2.mp4", "a/in/1.mp4", "a/out/3.mp4"], ["a/1.mp4", "b/2.mp4", "b/out/3.mp4"])
    for number, names in enumerate(expected):
        assert [entry.clip for entry in list_inputs(tmp_path / f"tree {number}")] == names


def test_a_folder_that_cannot_be_listed_is_an_input_that_fails(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def guarded(path: str) -> Any:
        if Path(path).name == "a":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert [(entry.clip, entry.place) for entry in list_inputs(tree)][2:] == [("a", str(tree / "a"))]


def test_a_pattern_gives_what_it_matches_whatever_its_ending(tree: Path) -> None:
    assert [Path(entry.clip).name for entry in list_inputs(f"{tree}/**/*t*")] == ["notes.txt"]
    assert [Path(entry.clip).name for entry in list_inputs(f"{tree}/*.mp4")] == ["b.mp4"]
    assert list(list_inputs(f"{tree}/*.mov")) == []


def test_a_table_names_paths_from_its_own_folder_and_urls(tree: Path) -> None:
    text = 'id, video\n1,b.mp4\n2,"https://example.org/c.mp4"\n3,gone.mp4\n4,\n'
    (tree / "list.csv").write_text("\ufeff" + text, encoding="utf-8")
    found = list(list_inputs(tree / "list.csv"))
    assert [(entry.clip, entry.size) for entry in found] == [
        ("b.mp4", 5),
        ("https://example.org/c.mp4", None),
        ("gone.mp4", None),
    ]
    assert found[2].place == str(tree / "gone.mp4")
    pd.DataFrame({"where": ["b.mp4"]}).to_parquet(tree / "list.parquet")
    assert [entry.size for entry in list_inputs(tree / "list.parquet", "where")] == [5]


def test_bytes_in_a_table_are_inputs_as_hugging_face_stores_them(tmp_path: Path) -> None:
    table = tmp_path / "train-0.parquet"
    pictures = [{"bytes": bytes([n]) * 3, "path": f"{n}.png"} for n in range(5)]
    pd.DataFrame({"image": pictures}).to_parquet(table, row_group_size=2)
    found = list(list_inputs(table))
    assert [entry.clip for entry in found] == [f"train-0#{n}" for n in range(5)]
    state = table.stat()
    for entries in (
        found,
        list(list_inputs(f"file://{table}", "image")),
    ):  # a row may have changed where its table has
        assert {(entry.size, entry.mtime_ns) for entry in entries} == {(state.st_size, state.st_mtime_ns)}
    for number in (0, 3, 4):
        with fetched(found[number].place, 100, 1) as path:
            assert path.read_bytes() == bytes([number]) * 3
        assert not path.exists()
    with pytest.raises(MediaError, match=r"has no row 9"), fetched(f"{table}#image:9", 100, 1):
        pass


@pytest.mark.parametrize(
    ("name", "column", "message"),
    [
        ("nothing", None, "nothing does not exist; a source is a folder, a pattern, a table or a URL"),
        ("clips/gone.mp4", None, r"clips/gone.mp4 does not exist; a source is"),
        ("./nothing", None, r"./nothing does not exist; a source is"),
        ("", None, "the source has no name"),
        ("List.CSV", None, "has the columns Name, Pfad, expected"),
        ("s3://", None, "s3:// is no address of files: Not a valid bucket name"),
        (
            "ftp://ann:pass@127.0.0.1:1/a",
            None,
            r"^ftp://…@127\.0\.0\.1:1/a cannot be opened: .*refused; check the address",
        ),
        ("x::https://ann:pass@h/a", None, "^x::https://…@h/a does not exist"),
        ("list.csv", None, r"has the columns id, what, expected any of path, file, url.*--column"),
        ("list.csv", "clips", "has the columns id, what, expected 'clips'"),
        ("bare.csv", None, r"has the columns https://…@h/a\.mp4\?sig=…, b, expected any of"),
        ("stray.csv", None, r"stray\.csv, line 3 is no row of a table: unexpected end of data"),
        ("stray.tsv", None, r"stray\.tsv, line 2 is no row of a table: '\\t' expected after"),
        ("b.mp4", "video", "is no table"),
        ("nowhere://x/y.mp4", None, "nowhere://x/y.mp4 cannot be opened: Protocol not known"),
    ],
)
def test_what_is_no_source_is_said(
    tree: Path, monkeypatch: pytest.MonkeyPatch, name: str, column: str | None, message: str
) -> None:
    monkeypatch.chdir(tree)
    (tree / "list.csv").write_text("id,what\n1,b.mp4\n")
    (tree / "List.CSV").write_text("Name, Pfad\n1,b.mp4\n")
    (tree / "stray.csv").write_text('path,note\nb.mp4,ok\na.jpg,"said: fine\nc.jpg,ok\n')
    (tree / "stray.tsv").write_text('path\tnote\nb.mp4\t"fine" he said\n')
    (tree / "bare.csv").write_text("https://ann:pass@h/a.mp4?sig=secret of' mine,b\n")
    with pytest.raises(FemoError, match=message):
        list(list_inputs(name, column))


def test_an_fsspec_file_system_is_listed_and_read() -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/set/a.mp4", b"abc")
    memory.pipe("/set/b.txt", b"no")
    [entry] = list_inputs("memory://set")
    assert (entry.clip, entry.size) == ("a.mp4", 3)
    with fetched(entry.place, 100, 1) as path:
        assert (path.name, path.read_bytes()) == ("a.mp4", b"abc")
    with pytest.raises(MediaError, match=r"larger than the limit of 2e-06 MB"), fetched(entry.place, 2, 1):
        pass


def test_tables_of_one_name_in_two_folders_give_inputs_of_two_names(tmp_path: Path) -> None:
    """So the Hub itself lays out what it converts: ``default/train/0000.parquet`` and ``default/test/0000.parquet``."""
    import fsspec

    memory = fsspec.filesystem("memory")
    for name in ("train", "test"):
        pd.DataFrame({"image": [b"one"]}).to_parquet(tmp_path / "t.parquet")
        memory.pipe(f"/halves/{name}/0000.parquet", (tmp_path / "t.parquet").read_bytes())
    assert [entry.clip for entry in list_inputs("memory://halves")] == ["test/0000#0", "train/0000#0"]
    assert [entry.clip for entry in list_inputs("memory://halves/train")] == ["0000#0"]


def test_a_table_that_is_damaged_further_down_is_said(tmp_path: Path) -> None:
    table = tmp_path / "list.parquet"
    paths = pa.table({"path": [f"{n:060d}.mp4" for n in range(2000)]})
    pq.write_table(paths, table, compression="none", use_dictionary=False)
    data = table.read_bytes()
    table.write_bytes(data[:4] + b"\xff" * 100 + data[104:])
    with pytest.raises(FemoError, match=r"list\.parquet is no readable Parquet file: \w.*\.$"):
        list(list_inputs(table))


def test_a_name_that_is_no_utf8_is_listed_and_read(tmp_path: Path) -> None:
    """Such as an old archive from Windows has on Linux: Latin-1 in bytes."""
    odd = tmp_path / os.fsdecode(b"caf\xe9 100%25.mp4")
    try:
        odd.write_bytes(b"abc")
    except OSError:  # a disk that takes no such name has none
        return
    [entry] = list_inputs(tmp_path)
    assert (entry.clip, entry.size) == ("caf\\udce9 100%25.mp4", 3)
    assert entry.place.encode().decode() == f"file://{tmp_path}/caf%E9%20100%2525.mp4"
    with fetched(entry.place, 1, 1) as path:
        assert (path, path.read_bytes()) == (odd, b"abc")
    (tmp_path / "a%41.mp4").write_bytes(b"plain")
    with fetched(f"file://{tmp_path}/a%41.mp4", 1, 1) as path:
        assert path.read_bytes() == b"plain"


def test_a_hugging_face_data_set_is_its_files_and_the_rows_of_its_tables(hub: HubServer) -> None:
    from huggingface_hub import HfFileSystem

    HfFileSystem.clear_instance_cache()  # of a test before, at another address
    table = io.BytesIO()
    pd.DataFrame({"image": [{"bytes": b"one", "path": None}, {"bytes": b"two", "path": None}]}).to_parquet(table)
    files = {"clips/a.mp4": b"abc", "README.md": b"# set", "data/train-0.parquet": table.getvalue()}
    hub.put("user/set", files, kind="datasets")
    found = list(list_inputs("hf://datasets/user/set"))
    assert [entry.clip for entry in found] == ["clips/a.mp4", "data/train-0#0", "data/train-0#1"]
    contents = []
    for entry in found:
        with fetched(entry.place, 100, 1) as path:
            contents.append(path.read_bytes())
    assert contents == [b"abc", b"one", b"two"]


def test_a_data_set_is_known_by_its_name_and_its_column_by_its_metadata(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import HfFileSystem

    HfFileSystem.clear_instance_cache()
    monkeypatch.chdir(tmp_path)
    rows = {"path": ["no"], "face": [{"bytes": b"one", "path": None}], "mask": [{"bytes": b"two", "path": None}]}
    about = {
        "info": {"features": {"path": {"_type": "Value"}, "face": {"_type": "Image"}, "mask": {"_type": "Image"}}}
    }
    table = pa.Table.from_pandas(pd.DataFrame(rows)).replace_schema_metadata({"huggingface": json.dumps(about)})
    file = io.BytesIO()
    pq.write_table(table, file)
    hub.put("user/columns", {"data/train-0.parquet": file.getvalue()}, kind="datasets")
    for column, content in ((None, b"one"), ("mask", b"two")):
        [entry] = list_inputs("user/columns", column)
        with fetched(entry.place, 100, 1) as path:
            assert path.read_bytes() == content
    with pytest.raises(
        FemoError, match=r"user/none is no file here, and no data set on the Hugging Face Hub: user/none does"
    ):
        list(list_inputs("user/none"))
    (tmp_path / "user" / "columns").mkdir(parents=True)
    assert list(list_inputs("user/columns")) == []  # a folder of this name comes first
