"""Files by their address: own uploads under every disguise, and what is fetched."""

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from femo.demo.events import uploaded
from femo.demo.server.addressed import Addressed, own_upload
from femo.errors import MediaError

HERE = "http://127.0.0.1:7860/gradio_api/file="


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "run-abcdefgh"
    for name in ("run-abcdefgh/ab", "run-hgfedcba/cd"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "a photo.jpg").write_bytes(b"jpg")
    (folder / "link.jpg").symlink_to(tmp_path / "run-hgfedcba" / "cd" / "a photo.jpg")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


class Net:
    """What lies in the open Internet: its own address, as bytes."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.came: list[str] = []

    async def get(self, address: str, *, what: str) -> bytes:
        self.asked.append(address)
        await asyncio.sleep(0.01)
        return f"{what} {address}".encode()

    def at_hand(self, *files: Mapping[str, str]) -> list[Any]:
        addressed = Addressed(self.came.append, self.get)

        async def all_at_once() -> list[Any]:
            return await asyncio.gather(*(addressed.at_hand(one) for one in files), return_exceptions=True)

        return asyncio.run(all_at_once())


@pytest.mark.parametrize(
    "root", ["http://127.0.0.1:7860", "https://me-faces.hf.space", "HTTPS://faces.example.org/app"]
)
@pytest.mark.parametrize("blank", [" ", "%20"])
def test_an_own_address_is_the_upload_that_it_names(root: str, blank: str, uploads: Path) -> None:
    net, file = Net(), uploads / "ab" / "a photo.jpg"
    [found] = net.at_hand({"path": f"{root}/gradio_api/file={file.parent}/a{blank}photo.jpg"})
    assert uploaded(found) == file
    assert net.asked == []


@pytest.mark.parametrize(
    "path",
    [
        "{}/../run-hgfedcba/cd/a photo.jpg",
        "{}/%2e%2e/run-hgfedcba/cd/a%20photo.jpg",
        "{}/..%2frun-hgfedcba/cd/a photo.jpg",
        "{}/link.jpg",
        "{}x/ab/a photo.jpg",
        "{}/ab/%00",
        "/etc/passwd",
        "etc/passwd",
        "",
        "{}/%252e%252e/run-hgfedcba/cd/a photo.jpg/../../../../../etc/passwd",
    ],
)
def test_no_address_leads_out_of_the_folder_of_uploads(path: str, uploads: Path) -> None:
    assert own_upload(HERE + path.format(uploads)) is None


def test_dots_that_are_encoded_twice_are_a_name(uploads: Path) -> None:
    named = own_upload(f"{HERE}{uploads}/%252e%252e/run-hgfedcba/cd/a photo.jpg")
    assert named == f"{uploads}/%2e%2e/run-hgfedcba/cd/a photo.jpg"
    with pytest.raises(MediaError, match="does not exist any more"):
        uploaded({"path": named})


@pytest.mark.parametrize(
    "address", ["http://[", "http://[::1/gradio_api/file=/x", "https://faces.example.org/a.jpg"]
)
def test_other_addresses_name_no_upload(address: str, uploads: Path) -> None:
    assert own_upload(address) is None


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://x.org/a/b%20c.jpg?size=2#top", "b c.jpg"),
        ("https://x.org/..%2f..%2fetc%2fpasswd", "passwd"),
        ("https://x.org/%2e%2e", "file"),
        ("https://x.org", "file"),
        ("https://x.org/" + "é" * 300 + ".jpg", "é" * 56 + ".jpg"),
    ],
)
def test_what_is_fetched_becomes_an_upload(address: str, name: str, uploads: Path) -> None:
    net, data = Net(), f"file {address}".encode()
    for files in ({"path": address, "url": "https://elsewhere.org"}, {"url": address}):
        [found] = net.at_hand(files)
        assert uploaded(found) == uploads / hashlib.sha256(data).hexdigest() / name
        assert uploaded(found).read_bytes() == data
        assert net.came[-1] == found["path"]
    assert net.asked == [address] * 2


def test_one_file_is_fetched_at_a_time_and_then_the_next(uploads: Path) -> None:
    net = Net()
    first, second = net.at_hand({"path": "https://x.org/1"}, {"path": "https://x.org/2"})
    assert uploaded(first).read_bytes() == b"file https://x.org/1"
    assert isinstance(second, MediaError)
    assert str(second) == "Another file is being fetched by its address: try again in a moment, or upload yours."
    assert net.asked == ["https://x.org/1"]


def test_the_next_is_fetched_once_a_file_is_written(uploads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the same file could be handed on half written."""
    busy: list[bool] = []
    one = Addressed([].append, Net().get)

    def kept(data: bytes, name: str) -> Path:
        busy.append(one._is_busy)
        return uploads / name

    monkeypatch.setattr("femo.demo.server.addressed._kept", kept)
    asyncio.run(one.at_hand({"path": "https://x.org/1"}))
    assert busy == [True]


def test_a_fetch_that_fails_leaves_the_place_free(uploads: Path) -> None:
    async def fails(*_: Any, **__: Any) -> bytes:
        raise MediaError("The address does not lie in the open Internet, so it is not read.")

    async def twice() -> list[str]:
        said, addressed = [], Addressed([].append, fails)
        for _ in range(2):
            try:
                await addressed.at_hand({"path": "http://127.0.0.1:1/x.jpg"})
            except MediaError as error:
                said.append(str(error))
        return said

    assert asyncio.run(twice()) == ["The address does not lie in the open Internet, so it is not read."] * 2


@pytest.mark.parametrize(
    "file", [{}, {"path": "/etc/passwd"}, {"path": ""}, {"url": "data:image/png;base64,AA"}, {"path": "file:///x"}]
)
def test_what_has_no_address_is_left_to_the_tab(file: dict[str, str], uploads: Path) -> None:
    net = Net()
    assert net.at_hand(file) == [file]
    assert net.asked == []
