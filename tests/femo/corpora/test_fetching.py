"""What brings an input to this machine: the file itself, or a copy that is gone afterwards."""

import functools
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest

from femo.corpora import fetching
from femo.corpora.fetching import fetched, sha256_here
from femo.corpora.parts import FullDisk
from femo.corpora.sources import list_inputs
from femo.errors import FemoError, MediaError
from tests.corpora import silent_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A server on loopback of the files in ``www``."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    (tmp_path / "www").mkdir()
    handler = functools.partial(Quiet, directory=str(tmp_path / "www"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{found.server_address[1]}"
        found.shutdown()
        thread.join()


def test_a_file_is_its_own_place(tmp_path: Path) -> None:
    with fetched(str(tmp_path / "a.mp4"), 1, 1) as path:
        assert path == tmp_path / "a.mp4"  # whether it is there is said by who reads it


def test_a_url_is_a_copy_of_its_name_that_goes(server: str, tmp_path: Path) -> None:
    (tmp_path / "www" / "a clip.mp4").write_bytes(b"abc")
    with fetched(f"{server}/a%20clip.mp4?token=1", 3, 5) as path:
        assert (path.name, path.read_bytes()) == ("a clip.mp4", b"abc")
    assert not path.parent.exists()
    with fetched(server, 10_000, 5) as path:  # a place without a name
        assert path.name == "download"


def test_what_ends_before_it_is_whole_is_given_up(tmp_path: Path) -> None:
    """``http.client`` ends such a read like any other: half a photo would be read, and half a table taken for all."""

    class Halving(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "10000")
            self.end_headers()
            self.wfile.write(b"path\n" + b"a.mp4\n" * 500)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Halving) as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.05,))
        thread.start()
        url = f"http://127.0.0.1:{found.server_address[1]}"
        why = r"only 3,005 of 10,000 bytes came; check the address and the network, and give the command again"
        try:
            with (
                pytest.raises(MediaError, match=rf"/a\.jpg cannot be fetched: {why}"),
                fetched(f"{url}/a.jpg", 1 << 20, 5),
            ):
                pass
            with pytest.raises(FemoError, match=rf"/a\.csv cannot be opened: {why}"):
                list(list_inputs(f"{url}/a.csv"))
        finally:
            found.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("https://h/in/a%20b.mp4?x=/c.mp4#d/e", "a b.mp4"),
        ("https://h/in%2F..", "download"),
        ("https://h", "download"),
        ("https://[::1/a.mp4", "a.mp4"),
        ("https://h/a%00b.mp4", "ab.mp4"),
        ("https://h/%E6%97%A5" + "%E6%97%A5" * 100, "日" * 66),
        ("s3://b/in/a%20?#b.mp4", "a%20?#b.mp4"),
        ("s3://b/..", "download"),
    ],
)
def test_the_name_of_a_copy_is_one_that_a_disk_takes(place: str, name: str) -> None:
    assert fetching._name(place) == name


def test_what_is_larger_than_the_limit_is_given_up(server: str, tmp_path: Path) -> None:
    (tmp_path / "www" / "a.mp4").write_bytes(bytes(2_000_001))
    with (
        pytest.raises(MediaError, match=r"a\.mp4 is larger than the limit of 2 MB"),
        fetched(f"{server}/a.mp4", 2_000_000, 5),
    ):
        pass


@pytest.mark.parametrize("place", ["{server}/a.mp4", "{table}#a:0"])
def test_no_room_for_a_copy_ends_the_run_and_is_no_fault_of_the_input(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    class Full(TemporaryDirectory[str]):
        def __enter__(self) -> str:
            folder = super().__enter__()
            for name in ("a.mp4", "row-0"):
                (Path(folder) / name).symlink_to("/dev/full")
            return folder

    (tmp_path / "www" / "a.mp4").write_bytes(b"abc")
    pd.DataFrame({"a": [b"abc"]}).to_parquet(tmp_path / "t.parquet")
    where = place.format(server=server, table=tmp_path / "t.parquet")
    monkeypatch.setattr(fetching, "TemporaryDirectory", Full)
    with pytest.raises(FullDisk, match=r"cannot be written: the disk is full; mend it"), fetched(where, 100, 5):
        pass
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with (
        pytest.raises(FullDisk, match=r"none cannot be written: No such file or directory"),
        fetched(where, 100, 5),
    ):
        pass


def test_what_is_not_there_is_said(server: str) -> None:
    with (
        pytest.raises(MediaError, match=r"gone\.mp4 cannot be fetched: .*(404|Not Found|not found)"),
        fetched(f"{server}/gone.mp4", 100, 5),
    ):
        pass
    with pytest.raises(MediaError, match=r"memory://nothing/a\.mp4"), fetched("memory://nothing/a.mp4", 100, 5):
        pass


def test_a_row_of_a_table_is_found_in_its_row_group(tmp_path: Path) -> None:
    table = tmp_path / "t.parquet"
    rows = [{"bytes": bytes([n]) * 2, "path": None} for n in range(7)]
    pd.DataFrame({"image": rows, "plain": [bytes([n]) * 3 for n in range(7)]}).to_parquet(table, row_group_size=3)
    for number in (6, 0, 3):
        with fetched(f"{table}#image:{number}", 100, 1) as path:
            assert (path.name, path.read_bytes()) == (f"row-{number}", bytes([number]) * 2)
        with fetched(f"{table}#plain:{number}", 100, 1) as path:
            assert path.read_bytes() == bytes([number]) * 3


def test_rows_that_hold_nothing_and_tables_that_are_none_are_said(tmp_path: Path) -> None:
    table = tmp_path / "t.parquet"
    rows = [{"bytes": None, "path": "there.png"}, {"bytes": b"a", "path": None}]
    pd.DataFrame({"image": rows}).to_parquet(table)
    with (
        pytest.raises(MediaError, match=r"row 0 of .* holds no bytes in 'image', only the path 'there\.png'"),
        fetched(f"{table}#image:0", 100, 1),
    ):
        pass
    with pytest.raises(MediaError, match=r"t\.parquet cannot be read: .*mask"), fetched(f"{table}#mask:1", 100, 1):
        pass
    (tmp_path / "b.parquet").write_bytes(b"no table")
    with pytest.raises(MediaError, match=r"b\.parquet cannot be read"), fetched(f"{tmp_path}/b.parquet#a:0", 9, 1):
        pass
    with pytest.raises(MediaError, match=r"gone\.parquet"), fetched(f"{tmp_path}/gone.parquet#a:0", 9, 1):
        pass


def test_neighbouring_rows_read_their_group_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "t.parquet"
    pd.DataFrame({"a": [bytes([n]) for n in range(1, 9)]}).to_parquet(table, row_group_size=4)
    opened, times = fetching.opened, []

    def counted(name: str) -> Any:
        times.append(name)
        return opened(name)

    monkeypatch.setattr(fetching, "opened", counted)
    for number in range(8):
        with fetched(f"{table}#a:{number}", 9, 1) as path:
            assert path.read_bytes() == bytes([number + 1])
    assert len(times) == 3  # the list of groups, and two groups


def test_a_url_without_an_answer_is_given_up() -> None:
    with (
        silent_server() as url,
        pytest.raises(MediaError, match=r"/a.mp4 did not answer within 0.2 s"),
        fetched(f"{url}/a.mp4", 100, 0.2),
    ):
        pass


def test_a_refused_connection_is_said() -> None:
    with silent_server() as url:
        pass
    with pytest.raises(MediaError, match=r"/a.mp4 cannot be fetched: .*refused"), fetched(f"{url}/a.mp4", 9, 1):
        pass


def test_what_lies_here_is_known_by_its_content_and_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "a b.mp4").write_bytes(b"abc")
    os.mkfifo(tmp_path / "pipe")
    table = tmp_path / "t.parquet"
    pd.DataFrame({"a": [{"bytes": b"abc", "path": None}, {"bytes": None, "path": "x.png"}]}).to_parquet(table)
    abc = hashlib.sha256(b"abc").hexdigest()
    for place in (f"{tmp_path}/a b.mp4", f"file://{tmp_path}/a%20b.mp4", f"{table}#a:0", f"file://{table}#a:0"):
        assert sha256_here(place) == abc, place
    elsewhere = ("https://127.0.0.1:1/a.mp4", "s3://mine/t.parquet#a:0")
    for place in (
        f"{table}#a:1",
        f"{table}#a:2",
        f"{table}#b:0",
        f"{tmp_path}/gone",
        tmp_path,
        f"{tmp_path}/pipe",
        *elsewhere,
    ):
        assert sha256_here(str(place)) is None, place


def test_a_table_that_is_written_anew_is_not_taken_for_what_it_was(tmp_path: Path) -> None:
    """In one process, such as a notebook, whose earlier run has kept parts of it."""
    table = tmp_path / "t.parquet"
    for mtime_ns, cells in ((1_000, [b"one", b"two"]), (2_000, [b"two", b"one", b"new"])):
        pd.DataFrame({"a": cells}).to_parquet(table, row_group_size=mtime_ns // 1_000)
        os.utime(table, ns=(mtime_ns, mtime_ns))
        for row, cell in enumerate(cells):
            with fetched(f"{table}#a:{row}", 9, 1) as path:
                assert path.read_bytes() == cell
