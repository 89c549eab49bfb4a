"""Who may come in, what browsers are told, and what is said when the disk takes nothing more."""

import asyncio
import errno
import logging
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import gradio as gr
import httpx
import pytest
from fastapi import HTTPException
from starlette.types import Message, Receive, Scope, Send

import app
from femo.demo.server.door import Door, known_names
from femo.demo.server.page import Page
from tests.loopback import free_port


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    def full(name: str) -> str:
        raise OSError(errno.ENOSPC, "No space left on device", "/somewhere/secret")

    def broken(name: str) -> str:
        raise OSError(errno.EIO, "Input/output error")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("cache")))
        with Page(analytics_enabled=False) as demo:
            gr.api(full, api_name="full")
            gr.api(broken, api_name="broken")
        yield app.launch(demo, prevent_thread_lock=True, quiet=True, server_port=free_port())
        demo.close()


def status(address: str, host: str) -> int:
    return httpx.get(f"{address}config", headers={"host": host}, timeout=60).status_code


@pytest.mark.parametrize("host", ["attacker.example", "attacker.example:7860", "localhost.attacker.example", ""])
def test_a_page_of_another_site_gets_nothing(address: str, host: str) -> None:
    """DNS rebinding: the attacker's name points to 127.0.0.1, and the browser sends it along."""
    answer = httpx.get(f"{address}config", headers={"host": host}, timeout=60)
    assert answer.status_code == 421
    assert "FEMO_HOST" in answer.text
    assert "components" not in answer.text


@pytest.mark.parametrize(
    "host", ["localhost:7860", "LOCALHOST", "127.0.0.1", "127.0.0.1:9", "[::1]:7860", "10.0.0.7"]
)
def test_own_names_and_bare_addresses_come_in(address: str, host: str) -> None:
    assert status(address, host) == 200


def test_names_come_from_the_environment_and_from_the_space() -> None:
    names = known_names({"FEMO_HOST": "faces.example.org, Lab", "SPACE_HOST": "user-femo.hf.space"})
    assert {"faces.example.org", "lab", "user-femo.hf.space", "localhost"} <= names
    assert "" not in known_names({})


def test_every_answer_has_the_headers(address: str) -> None:
    for path in ("", "config", "gradio_api/info", "no-such-page"):
        headers = httpx.get(f"{address}{path}", timeout=60).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "frame-ancestors 'self'"
        assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(("space", "framed"), [({}, False), ({"SPACE_ID": "user/femo"}, True)])
def test_a_space_may_be_framed_by_the_hub_and_nothing_else(space: dict[str, str], framed: bool) -> None:
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    door = Door(Starlette(), {"FEMO_HOST": "testserver", **space})
    policy = TestClient(door).get("/").headers["content-security-policy"]
    assert ("https://huggingface.co" in policy) is framed
    assert policy.startswith("frame-ancestors 'self'")
    assert "*" not in policy.replace("https://*.hf.space", "")


def call(address: str, data: bytes, path: str = "gradio_api/call/full") -> httpx.Response:
    body = b'{"data":[' + data + b"]}"
    return httpx.post(f"{address}{path}", content=body, headers={"content-type": "application/json"}, timeout=60)


def test_more_values_than_anyone_needs_are_refused_before_they_are_read(address: str) -> None:
    """Gradio reads them where it answers everyone: ten millions of bytes of them took 39 s."""
    assert call(address, b",".join([b"1"] * 19_000)).status_code == 200
    for path in ("gradio_api/call/full", "gradio_api/queue/join", "gradio_api/run/upload"):
        for many in (b"[],", b"1,", b'{"a":', '"é",'.encode("utf-16")):
            answer = call(address, many * 25_000, path)
            assert (answer.status_code, answer.json()["detail"]) == (
                413,
                "What was sent has more than 20000 values: send less at once.",
            )


def test_a_picture_in_a_request_passes_up_to_a_bound(address: str) -> None:
    assert call(address, b'"data:image/jpeg;base64' + b"A/+9" * 5_000_000 + b'"').status_code == 200
    refused = call(address, b'"' + b"A/+9" * 8_000_000 + b'"')
    assert (refused.status_code, refused.json()["detail"]) == (
        413,
        "What was sent is larger than 32 MB: send files as uploads.",
    )


@pytest.mark.parametrize(
    ("path", "root", "n_handed_on"),
    [
        ("/gradio_api/upload", "", 40),
        ("/faces/gradio_api/upload", "/faces", 40),
        ("/gradio_api/process_recording", "", 40),
        ("/gradio_api/call/upload", "", 20),
    ],
)
def test_a_body_is_handed_on_piece_by_piece_and_an_upload_whole(path: str, root: str, n_handed_on: int) -> None:
    pieces = [{"type": "http.request", "body": b"," * 1000, "more_body": n < 39} for n in range(40)]
    waiting, handed = list(pieces), []

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        while waiting:
            handed.append(await receive())
            assert len(handed) + len(waiting) == 40  # none is taken before it is asked for

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        pass

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "root_path": root,
        "headers": [(b"host", b"localhost")],
    }
    with nullcontext() if n_handed_on == 40 else pytest.raises(HTTPException):
        asyncio.run(Door(read, {})(scope, receive, send))
    assert handed == pieces[:n_handed_on]


def said(address: str, endpoint: str) -> str:
    base = f"{address}gradio_api/call/{endpoint}"
    event = httpx.post(base, json={"data": ["x"]}, timeout=60).json()["event_id"]
    return httpx.get(f"{base}/{event}", timeout=30).text


def test_a_full_disk_is_said_and_other_faults_are_not_told(address: str) -> None:
    answer = said(address, "full")
    assert "Nothing was stored: the disk of this host is full." in answer
    assert "secret" not in answer
    assert "full" not in said(address, "broken")


def test_an_upload_on_a_full_disk_is_said(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object, **__: object) -> object:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("gradio.routes.upload_fn", full)
    answer = httpx.post(
        f"{address}gradio_api/upload", files={"files": ("a.jpg", Path(__file__).read_bytes())}, timeout=60
    )
    assert (answer.status_code, answer.text) == (507, "Nothing was stored: the disk of this host is read-only.")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("queue/data?session_hash=zz", '"session_not_found":true'),
        ("call/full/zz", "event: error"),
    ],
)
def test_a_session_that_is_not_there_is_told_to_the_caller_and_not_to_the_log(
    path: str, told: str, address: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "propagate", True)
    monkeypatch.setattr(logging.getLogger("uvicorn"), "propagate", True)
    answer = httpx.get(f"{address}gradio_api/{path}", timeout=60)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert told in answer.text
    assert "404" in answer.text
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
