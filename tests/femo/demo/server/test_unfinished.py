"""What an upload has written goes where it comes to nothing, on a server that runs as the app's does."""

import errno
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio.route_utils import GradioUploadFile

import app
from femo.demo.server.page import Page
from tests.loopback import free_port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        with Page(analytics_enabled=False) as demo:
            pass
        yield app.launch(demo, prevent_thread_lock=True, quiet=True, server_port=free_port())
        demo.close()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def upload(address: str, *names: str) -> httpx.Response:
    sent = [("files", (name, name.encode() * 1000)) for name in names]
    return httpx.post(f"{address}gradio_api/upload", files=sent, timeout=60)


def test_an_upload_that_finds_the_disk_full_leaves_it_as_it_was(
    address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, before = GradioUploadFile.write, files(folder)

    async def full_at_the_second(self: GradioUploadFile, data: bytes) -> None:
        if self.filename == "b.jpg":
            assert len(files(folder)) == len(before) + 2
            raise OSError(errno.ENOSPC, "No space left on device")
        await write(self, data)

    monkeypatch.setattr(GradioUploadFile, "write", full_at_the_second)
    answer = upload(address, "a.jpg", "b.jpg")
    assert (answer.status_code, answer.text) == (507, "Nothing was stored: the disk of this host is full.")
    assert files(folder) == before


def test_an_upload_whose_name_is_refused_leaves_nothing(address: str, folder: Path) -> None:
    before = files(folder)
    assert upload(address, "..").status_code >= 400
    assert files(folder) == before


def test_an_upload_that_is_broken_off_leaves_nothing(address: str, folder: Path) -> None:
    before, url = files(folder), httpx.URL(address)
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="half.jpg"\r\n\r\n'
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(
            b"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + head + b"x" * 20_000
        )
        end_s = time.monotonic() + 20
        while len(files(folder)) == len(before) and time.monotonic() < end_s:
            time.sleep(0.05)
        assert len(files(folder)) == len(before) + 1
    end_s = time.monotonic() + 20
    while files(folder) != before and time.monotonic() < end_s:
        time.sleep(0.05)
    assert files(folder) == before


def test_an_upload_that_has_come_whole_stays(address: str) -> None:
    places = [Path(place) for place in upload(address, "a.jpg", "b.jpg").json()]
    assert [place.read_bytes() for place in places] == [b"a.jpg" * 1000, b"b.jpg" * 1000]
