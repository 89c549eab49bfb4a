"""Files of the author over HTTP on loopback: whole and the pinned ones, or none."""

import hashlib
import http.server
import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from femo.errors import WeightsError
from femo.upstream import download as download_module
from femo.upstream.download import check_file, download
from femo.upstream.importer import import_model
from tests.femo.upstream.describing import MTL, SMALL, describe


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """A plain web server on loopback: ``files`` by path; a value that begins with ``cut:`` is cut in mid-transfer."""
    files: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            data = files.get(self.path)
            self.send_response(404 if data is None else 200)
            cut = data is not None and data.startswith(b"cut:")
            self.send_header("Content-Length", str(len(data or b"") + (100 if cut else 0)))
            self.end_headers()
            self.wfile.write(data or b"")

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", files
    server.shutdown()
    server.server_close()


def test_download_is_checked_by_either_hash(
    tmp_path: Path, resnet_file: Path, serve: tuple[str, dict[str, bytes]]
) -> None:
    url, files = serve
    files["/a/net.onnx"] = data = resnet_file.read_bytes()
    seen: list[tuple[int, int | None]] = []
    git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    for pin in ({"sha256": hashlib.sha256(data).hexdigest()}, {"git_sha1": git}):
        sources = [{"url": f"{url}/a/net.onnx", **pin}]
        spec = describe(tmp_path, "resnet18", 32, 8, MTL, **SMALL, sources=sources)
        made = import_model(spec, None, tmp_path / "net", lambda done, total: seen.append((done, total)))
        assert seen[-1] == (len(data), len(data))
        config = json.loads((made.folder / "config.json").read_text())
        assert config["imported"]["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("path", "pin", "expected"),
    [
        ("/net.onnx", {"sha256": "0" * 64}, "expected 000.*not the published file"),
        ("/net.onnx", {"git_sha1": "0" * 40}, "git object id"),
        ("/net.onnx", {}, "pins neither"),
        ("/none.onnx", {"sha256": "0" * 64}, "answered 404; give a local copy with --file"),
        ("/cut.onnx", {"sha256": "0" * 64}, "cut off|cannot be fetched"),
    ],
)
def test_download_that_cannot_be_trusted(
    tmp_path: Path, serve: tuple[str, dict[str, bytes]], path: str, pin: dict[str, str], expected: str
) -> None:
    url, files = serve
    files |= {"/net.onnx": b"something", "/cut.onnx": b"cut: short"}
    spec = describe(tmp_path, "resnet18", 32, 8, MTL, **SMALL, sources=[{"url": url + path, **pin}])
    with pytest.raises(WeightsError, match=expected):
        import_model(spec, None, tmp_path / "net")
    assert not (tmp_path / "net").exists()


def git_sha1(data: bytes, tmp_path: Path) -> str:
    """The id that git itself gives a file."""
    (tmp_path / "blob").write_bytes(data)
    done = subprocess.run(
        ["git", "hash-object", str(tmp_path / "blob")], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_file_is_checked_as_git_does(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"weights\0\n")
    check_file(path, {"git_sha1": git_sha1(b"weights\0\n", tmp_path)})
    check_file(path, {"sha256": hashlib.sha256(b"weights\0\n").hexdigest(), "git_sha1": "wrong: sha256 counts"})
    with pytest.raises(
        WeightsError,
        match=r"^net\.onnx has git object id [0-9a-f]{40}, expected [0-9a-f]{40}: it is not the published file$",
    ):
        check_file(path, {"git_sha1": git_sha1(b"weights\0", tmp_path)})
    with pytest.raises(WeightsError, match=r"^the source of net\.onnx pins neither sha256 nor git_sha1"):
        check_file(path, {"url": "https://example.org"})


def test_what_is_fetched_lies_under_its_name_and_progress_is_told(
    tmp_path: Path, serve: tuple[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, files = serve
    files["/commit/a%20net.onnx?raw=1"] = data = b"x" * 100
    monkeypatch.setattr(download_module, "BLOCK_BYTES", 60)
    told: list[tuple[int, int | None]] = []
    source = {"url": f"{url}/commit/a%20net.onnx?raw=1", "sha256": hashlib.sha256(data).hexdigest()}
    path = download(source, tmp_path, lambda *bytes_: told.append(bytes_))
    assert (path, path.read_bytes()) == (tmp_path / "a%20net.onnx", data)
    assert told[-1] == (100, 100)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert [one.name for one in tmp_path.iterdir()] == ["a%20net.onnx"]


@pytest.mark.parametrize("limit", [{"MAX_BYTES": 99}, {"MAX_TOTAL_S": -1.0}])
def test_what_never_ends_is_given_up_and_leaves_nothing(
    limit: dict[str, float], tmp_path: Path, serve: tuple[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, files = serve
    files["/net.onnx"] = b"x" * 100
    for name, value in limit.items():
        monkeypatch.setattr(download_module, name, value)
    (tmp_path / "net.onnx").write_bytes(b"the old one")
    with pytest.raises(WeightsError, match="does not end: given up after 100 bytes"):
        download({"url": f"{url}/net.onnx", "sha256": "0" * 64}, tmp_path)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("net.onnx", b"the old one")]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/a", "/etc/passwd", ""])
def test_other_addresses_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"is no http address$"):
        download({"url": url, "sha256": "0" * 64}, tmp_path)


def test_a_host_that_is_away_is_said(tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and listens to nobody
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/net.onnx"
        with pytest.raises(WeightsError, match=r"cannot be fetched .*; give a local copy with --file instead$"):
            download({"url": url, "sha256": "0" * 64}, tmp_path)
    assert list(tmp_path.iterdir()) == []
