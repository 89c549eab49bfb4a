"""Where an assistant's call comes from, and what is kept of its file."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio.mcp
import pytest
from starlette.types import Scope

from femo.demo.server.assistants import ADDRESS, SECRET, forget_copy, is_from_assistant, keep_caller
from femo.demo.server.door import Door

MCP = "/gradio_api/mcp/"


def scope(path: str, host: str, *told: bytes, root: str = "") -> Scope:
    headers = [(b"host", b"localhost"), *((ADDRESS, value) for value in told)]
    return {"type": "http", "path": root + path, "root_path": root, "headers": headers, "client": (host, 5)}


def told(request: Scope) -> list[bytes]:
    return [value for name, value in request["headers"] if name == ADDRESS]


@pytest.mark.parametrize("root", ["", "/behind"])
@pytest.mark.parametrize("host", ["192.0.2.7", "::1"])
def test_a_call_that_is_sent_on_comes_from_where_it_came_first(host: str, root: str) -> None:
    first = scope(MCP, host, root=root)
    keep_caller(first)
    assert first["client"] == (host, 5)
    [header] = told(first)
    onward = scope("/gradio_api/queue/join", "127.0.0.1", header, root=root)
    keep_caller(onward)
    assert onward["client"] == (host, 0)
    assert told(onward) == []


@pytest.mark.parametrize(
    "header", [b"192.0.2.1", b"secret 192.0.2.1", b"", b" ", b" 192.0.2.1", b"\xff\xfe 192.0.2.1"]
)
@pytest.mark.parametrize("path", [MCP, "/gradio_api/queue/join"])
def test_nobody_else_can_say_where_they_come_from(header: bytes, path: str) -> None:
    forged = scope(path, "192.0.2.7", header, header)
    keep_caller(forged)
    assert forged["client"] == ("192.0.2.7", 5)
    assert told(forged) == ([f"{SECRET} 192.0.2.7".encode()] if path == MCP else [])


def test_the_door_tells_the_app() -> None:
    seen: list[Any] = []

    async def app(request: Scope, *_: Any) -> None:
        seen.append(request["client"][0])

    async def nothing(*_: Any) -> Any:
        raise AssertionError("nothing is read or sent")

    onward = scope("/gradio_api/queue/join", "127.0.0.1", f"{SECRET} 192.0.2.7".encode())
    asyncio.run(Door(app, {})(onward, nothing, nothing))
    assert seen == ["192.0.2.7"]


@pytest.mark.parametrize(
    ("headers", "expected"), [({"x-gradio-user": "mcp"}, True), ({"x-gradio-user": "api"}, False), ({}, False)]
)
def test_gradio_says_which_calls_it_sends_on(headers: dict[str, str], expected: bool) -> None:
    request: Any = SimpleNamespace(headers=headers)
    assert is_from_assistant(request) is expected
    assert is_from_assistant(None) is False


def test_the_copy_goes_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradio.mcp, "DEFAULT_TEMP_DIR", str(tmp_path))
    files = {
        "up/file.jpg": b"face",
        "copy/file.jpg": b"face",
        "other/file.jpg": b"ecaf",
        "copy/another.jpg": b"face",
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    forget_copy(tmp_path / "up" / "file.jpg")
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.jpg")}
    assert left == set(files) - {"copy/file.jpg"}
    (tmp_path / "up" / "file.jpg").unlink()
    forget_copy(tmp_path / "up" / "file.jpg")  # another call has read it too
