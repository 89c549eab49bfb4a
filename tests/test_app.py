"""Where the app listens."""

import socket
from collections.abc import Iterator

import pytest

import app

HOST = "127.0.0.1"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


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
