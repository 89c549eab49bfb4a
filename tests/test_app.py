"""Where the app listens, and why it does not start."""

import errno
import socket
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import pytest

import app
from femo.errors import FemoError
from leaderboard.store.entries import StoreUnwritable

HOST = "127.0.0.1"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_it_starts_on_a_host_too_busy_to_answer_within_three_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio asks its own server for the page, once, and takes a late answer for a network that is closed."""
    monkeypatch.setattr("gradio.networking.url_ok", lambda url: False)
    with gr.Blocks() as demo:
        gr.Markdown("here")
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
    try:
        address = app.launch(demo, prevent_thread_lock=True, quiet=True, server_port=port, mcp_server=False)
        assert httpx.get(address, timeout=60).status_code == 200
    finally:
        demo.close(verbose=False)


def test_a_taken_port_is_passed_over(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADIO_SERVER_PORT", raising=False)
    with socket.create_server((HOST, 0)) as other:
        free = other.getsockname()[1]
    monkeypatch.setattr(app, "PORTS", [taken, free])
    assert app.free_port(HOST) == free


def test_the_environment_names_the_port_and_a_taken_one_is_said(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_SERVER_PORT", str(taken))
    with pytest.raises(SystemExit, match=f"No free port at 127.0.0.1 \\({taken}\\)"):
        app.free_port(HOST)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "The app cannot start: the disk of this host is full; set ",
        ),
        (
            OSError(errno.EROFS, "Read-only file system"),
            "The app cannot start: the disk of this host is read-only; set ",
        ),
        (StoreUnwritable("the store cannot be read: the disk of this host is full"), "the store cannot be read: "),
        (FemoError("there is no model"), "there is no model"),
    ],
)
def test_a_start_says_why_not(
    error: Exception, sentence: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr(app.zero_gpu, "load", fails)
    with pytest.raises(SystemExit, match=f"^{sentence}"):
        app.main()
    assert not list(tmp_path.glob("run-*"))


def test_a_start_that_fails_otherwise_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fails() -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file")

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr(app.zero_gpu, "load", fails)
    with pytest.raises(FileNotFoundError):
        app.main()


def test_a_port_that_needs_rights_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Guarded(socket.socket):
        def bind(self, address: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "socket", Guarded)
    monkeypatch.setenv("GRADIO_SERVER_PORT", "80")
    with pytest.raises(SystemExit) as said:
        app.free_port(HOST)
    assert str(said.value) == (
        "GRADIO_SERVER_PORT is 80, which this user has no right to open; set it to another, such as 7860."
    )


def test_a_port_that_another_took_meanwhile_is_said(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both looked for a free port at the same time."""
    monkeypatch.setattr(app, "free_port", lambda host: taken)
    with gr.Blocks() as demo:
        gr.Markdown("here")
    with pytest.raises(SystemExit) as said:
        app.launch(demo, prevent_thread_lock=True, quiet=True, mcp_server=False)
    assert str(said.value) == (
        f"Port {taken} at 127.0.0.1 cannot be served: another program took it while the app started, or this host is too "
        "busy; start the app again."
    )


@pytest.mark.parametrize("wanted", ["99999", "-1", "0", "٧٨٦٠", "7_860", "9" * 4000])
def test_a_port_that_is_none_is_named(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is no integer at all, Gradio's import has said so before."""
    monkeypatch.setenv("GRADIO_SERVER_PORT", wanted)
    with pytest.raises(SystemExit) as said:
        app.free_port(HOST)
    assert str(said.value) == f"GRADIO_SERVER_PORT is {wanted!r}, expected a whole number from 1 to 65535."


@pytest.mark.parametrize(
    "host", ["no.such.host.invalid", "192.0.2.1", "2001:db8::1", "fe80::1", "a" * 300, "a..b"]
)
def test_an_address_that_is_not_this_computers_is_named(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """192.0.2.0/24 and 2001:db8::/32 are nobody's (RFC 5737, RFC 3849)."""
    monkeypatch.delenv("GRADIO_SERVER_PORT", raising=False)
    with pytest.raises(SystemExit, match=r"^GRADIO_SERVER_NAME is ") as said:
        app.free_port(host)
    assert str(said.value).endswith(f"{host!r}, expected an address or a name of this computer, such as 0.0.0.0.")
