"""No visitor's pixel outlives its hour, a kill or a restart; the examples stay."""

import asyncio
import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from femo.demo.server.cache import AGE_S, SWEEP_S, Cache, open_cache
from femo.demo.server.page import Page
from femo.errors import FemoError
from tests.loopback import free_port

ROOT = Path(__file__).resolve().parents[4]
EXAMPLE = ROOT / "femo/demo/examples/astronaut.jpg"
PHOTO = EXAMPLE.read_bytes()
START_S = 280
STOP_S = 60
APP = f"""
import gradio as gr
import app
from femo.demo.server.page import Page

def build(*_):
    with Page(analytics_enabled=False) as demo:
        gr.Examples([[{str(EXAMPLE)!r}]], [gr.Image()], api_visibility="private")
    return demo

app.zero_gpu.load, app.open_board, app.build = (lambda: None), (lambda: None), build
app.main()
"""
"""The app as it is started, with a page that needs no network."""


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def cache(base: Path) -> Iterator[Cache]:
    with open_cache() as made:
        yield made


@pytest.fixture
def address(cache: Cache) -> Iterator[str]:
    def size(photo: gr.FileData) -> int:
        """Return the size of a photo.

        Args:
            photo: The picture.
        """
        return Path(photo["path"]).stat().st_size

    with Page(analytics_enabled=False) as demo:
        gr.Examples([[str(EXAMPLE)]], [gr.Image()], api_visibility="private")
        gr.api(size, api_name="size")
    cache.keep()
    where = {"server_name": "127.0.0.1", "server_port": free_port()}
    yield str(demo.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False, mcp_server=True, **where)[1])
    demo.close()


def upload(address: str) -> Path:
    (name,) = httpx.post(f"{address}gradio_api/upload", files={"files": ("me.jpg", PHOTO)}, timeout=60).json()
    return Path(name)


@contextmanager
def half_an_upload(address: str) -> Iterator[None]:
    """Send half of a photo, and hang up at the end."""
    url = httpx.URL(address)
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="half.jpg"\r\n\r\n'
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(
            b"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + head + PHOTO[:20_000]
        )
        time.sleep(1)
        yield


def send_by_mcp(address: str) -> str:
    """Call the tool with a photo in a ``data:`` address."""

    async def call() -> str:
        async with (
            streamable_http_client(f"{address}gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            data = "data:image/jpeg;base64," + base64.b64encode(PHOTO).decode()
            return str((await client.call_tool("size", {"photo": data})).content)

    return asyncio.run(call())


def test_whatever_came_in_goes_by_its_age_and_the_examples_stay(address: str, cache: Cache) -> None:
    own = files(cache.folder)
    assert [path.name for path in own] == ["astronaut.jpg"]
    assert upload(address).is_relative_to(cache.folder)
    with half_an_upload(address):
        pass
    assert str(len(PHOTO)) in send_by_mcp(address)
    came = files(cache.folder) - own
    assert len(came) >= 3, came

    cache.sweep()
    assert files(cache.folder) - own == came, "nothing is old yet"
    cache.sweep(age_s=0)

    assert files(cache.folder) == own
    assert upload(address).is_file(), "the folder works on"


def test_what_still_waits_for_its_turn_stays_however_long_that_takes(cache: Cache) -> None:
    waits, other = cache.folder / "ab" / "clip.mp4", cache.folder / "cd" / "clip.mp4"
    for path in (waits, other):
        path.parent.mkdir()
        path.write_bytes(b"clip")
    in_use = {waits}
    cache.watch(lambda: in_use)
    cache.sweep(age_s=-1)
    assert (waits.exists(), other.exists()) == (True, False)
    in_use.clear()
    cache.sweep(age_s=-1)
    assert not waits.parent.exists()


def test_the_promise_of_the_pages_is_kept() -> None:
    """The pages and the README say: within the hour."""
    assert AGE_S + 2 * SWEEP_S <= 3600


def test_the_schedule_sweeps(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("femo.demo.server.cache.SWEEP_S", 0.05)
    monkeypatch.setattr(Cache.sweep, "__defaults__", (0.2,))
    with open_cache() as cache:
        told = threading.Event()
        cache.watch(swept=told.set)
        photo = cache.folder / "photo.jpg"
        photo.write_bytes(PHOTO)
        end_s = time.monotonic() + 20
        while photo.exists() and time.monotonic() < end_s:
            time.sleep(0.05)
        assert not photo.exists()
        assert told.wait(20)
        assert Path(os.environ["TMPDIR"]).is_dir()


def test_a_folder_that_goes_while_a_sweep_looks_keeps_nothing_else(cache: Cache) -> None:
    """Pages write into a ``TemporaryDirectory``; every one that a visitor needs no more may go at any moment."""
    gone, photo = cache.folder / "tmp" / "tmp_gone", cache.folder / "files" / "ab" / "photo.jpg"
    for folder in (gone, photo.parent):
        folder.mkdir()
    photo.write_bytes(PHOTO)
    scandir = os.scandir

    def looks(path: str | Path = ".") -> object:
        if str(path) == str(gone):
            gone.rmdir()
        return scandir(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.scandir", looks)
        cache.sweep(age_s=-1)
    assert not gone.exists()
    assert not photo.parent.exists()


@pytest.mark.parametrize("fails", ["in_use", "swept"])
def test_a_sweep_that_fails_is_not_the_last(
    fails: str, base: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("femo.demo.server.cache.SWEEP_S", 0.05)
    monkeypatch.setattr(Cache.sweep, "__defaults__", (-1.0,))
    calls = {"in_use": 0, "swept": 0}
    again = threading.Event()

    def called(name: str) -> frozenset[Path]:
        calls[name] += 1
        if name == fails and calls[name] == 1:
            raise RuntimeError("Set changed size during iteration")
        if name == "swept" and calls[fails] > 1:
            again.set()
        return frozenset()

    with open_cache() as cache:
        photo = cache.folder / "photo.jpg"
        photo.write_bytes(PHOTO)
        cache.watch(lambda: called("in_use"), lambda: called("swept") and None)
        assert again.wait(20)
        assert not photo.exists()
    (record,) = [record for record in caplog.records if record.name == "femo.demo.server.cache"]
    assert "was not swept; the next sweep is in 0.05 s" in record.getMessage()
    assert "Set changed size" in str(record.exc_text)


RUNNING: list[subprocess.Popen[bytes]] = []


@pytest.fixture
def processes() -> Iterator[None]:
    """Ends what a test has started, should it fail."""
    yield
    for process in RUNNING:
        process.kill()
    RUNNING.clear()


def start(base: Path, store: Path) -> tuple[subprocess.Popen[bytes], str]:
    port = free_port()
    environment = os.environ | {
        "GRADIO_TEMP_DIR": str(base), "GRADIO_SERVER_PORT": str(port), "FEMO_STORE": str(store),
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", APP], cwd=ROOT, env=environment)
    RUNNING.append(process)
    address, end_s = f"http://127.0.0.1:{port}/", time.monotonic() + START_S
    while time.monotonic() < end_s and process.poll() is None:
        try:
            httpx.get(f"{address}config", timeout=60)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return process, address
    raise AssertionError("the app did not start")


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("processes")
def test_nothing_is_left_after_a_kill_and_a_restart_nor_after_a_stop(base: Path, tmp_path: Path) -> None:
    process, address = start(base, tmp_path)
    photo = upload(address)
    with half_an_upload(address):
        process.kill()
        process.wait()
    killed = files(base)
    assert photo in killed
    assert len(killed) >= 3, "a kill leaves everything behind"

    process, address = start(base, tmp_path)

    assert not files(base) & killed
    assert upload(address).is_file()
    process.send_signal(signal.SIGTERM)
    assert process.wait(STOP_S) == 0
    assert not files(base)
    assert not list(base.glob("run-*"))


def test_a_run_that_lives_is_left_alone(base: Path) -> None:
    with open_cache() as first:
        (first.folder / "photo.jpg").write_bytes(PHOTO)
        os.environ["GRADIO_TEMP_DIR"] = str(base)
        with open_cache() as second:
            assert second.folder != first.folder
            assert (first.folder / "photo.jpg").is_file()
    assert list(base.iterdir()) == []


@pytest.mark.parametrize("n_starts", [1, 2])
def test_what_is_written_while_a_run_is_removed_goes_at_a_later_start(n_starts: int, base: Path) -> None:
    """A handler's thread outlives the server for a moment: what it writes makes the folder anew."""
    rmtree, left = shutil.rmtree, Path()

    def written_meanwhile(folder: Path, ignore_errors: bool) -> None:
        rmtree(folder, ignore_errors=ignore_errors)
        if folder in left.parents:
            left.parent.mkdir(parents=True)
            left.write_bytes(PHOTO)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shutil.rmtree", written_meanwhile)
        with open_cache() as cache:
            left = cache.folder / "files" / "ab" / "copy.mp4"
        for _ in range(n_starts - 1):
            with open_cache():
                pass
    assert left.is_file()
    with open_cache():
        assert not left.exists()
    assert list(base.iterdir()) == []


def test_folders_of_somebody_else_are_left_alone(base: Path) -> None:
    mine = [base / name / "results.csv" for name in ("run-1", "run-baseline", "run-abcdefgh", "runs")]
    for path in mine:
        path.parent.mkdir(parents=True)
        path.write_text("mine")
    (base / "run-1.lock").touch()
    (base / "run-00000000").mkdir()
    (base / "run-00000000.lock").touch()  # of a run that was killed
    with open_cache():
        assert [path.exists() for path in mine] == [True] * 4
        assert not (base / "run-00000000").exists()
    assert [path.read_text() for path in mine] == ["mine"] * 4


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    with pytest.raises(FemoError, match="cannot be written: the disk of this host is full; set GRADIO_TEMP_DIR"):
        open_cache().__enter__()
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(FemoError, match="cannot be written: Not a directory"):
        open_cache().__enter__()


def test_a_default_folder_that_somebody_else_laid_out_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user of the computer waits with a link where the folder would be, to get every photo."""
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    (tmp_path / "trap").mkdir()
    (tmp_path / f"femo-{os.getuid()}").symlink_to(tmp_path / "trap")
    with pytest.raises(FemoError, match="belongs to somebody else"):
        open_cache().__enter__()
    assert list((tmp_path / "trap").iterdir()) == []


def test_a_result_in_a_temporary_folder_reaches_the_visitor(cache: Cache) -> None:
    """Pages write into a ``TemporaryDirectory`` and leave it once Gradio has its copy."""

    def written() -> Iterator[str]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "faces.csv"
            path.write_text("face,happiness\n")
            yield str(path)

    with Page(analytics_enabled=False) as demo:
        made = gr.File()
        gr.Button().click(written, None, made, api_name="written")
    where = {"server_name": "127.0.0.1", "server_port": free_port()}
    address = str(demo.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False, **where)[1])
    try:
        call = httpx.post(f"{address}gradio_api/call/written", json={"data": []}, timeout=60).json()
        told = httpx.get(f"{address}gradio_api/call/written/{call['event_id']}", timeout=60).text
        (place,) = set(re.findall(r'"path": "([^"]+)"', told))
        assert httpx.get(f"{address}gradio_api/file={place}", timeout=60).text == "face,happiness\n"
    finally:
        demo.close()
    assert Path(place).is_relative_to(cache.folder)
    assert [path.name for path in files(cache.folder)] == ["faces.csv"]
