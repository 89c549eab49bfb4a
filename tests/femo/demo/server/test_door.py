"""Who may come in, what browsers are told, and what is said when the disk takes nothing more."""

import errno
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import pytest

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
