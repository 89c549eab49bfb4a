"""Files of the author over HTTP on loopback: whole and the pinned ones, or none."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from femo.errors import WeightsError
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
