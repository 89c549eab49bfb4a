"""The endpoints as tools for assistants, through the real MCP client."""

import ast
import asyncio
import base64
from pathlib import Path
from typing import Any

import gradio.mcp
import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent, Tool

import leaderboard

TOOLS = {"analyze_photo", "analyze_video", "analyze_group", "live_frame"} | {
    "leaderboard", "validate_submission", "submit_predictions", "compare_submissions",
}  # fmt: skip


def ask(
    address: str, tool: str = "", arguments: dict[str, Any] | None = None, *, source: str = "127.0.0.1"
) -> tuple[list[Tool], CallToolResult | None]:
    """List the tools, and call one."""

    async def session() -> tuple[list[Tool], CallToolResult | None]:
        async with (
            httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(local_address=source), timeout=60) as http,
            streamable_http_client(f"{address}gradio_api/mcp/", http_client=http) as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            tools = (await client.list_tools()).tools
            return tools, await client.call_tool(tool, arguments or {}) if tool else None

    return asyncio.run(session())


@pytest.fixture(scope="module")
def tools(address: str) -> dict[str, Tool]:
    return {tool.name: tool for tool in ask(address)[0]}


def test_every_endpoint_is_a_tool_with_documented_arguments(tools: dict[str, Tool]) -> None:
    assert set(tools) >= TOOLS
    for name in TOOLS:
        assert (tools[name].description or "").strip(), f"{name} does not say what it does"
        for argument, schema in tools[name].inputSchema["properties"].items():
            assert any(key in schema for key in ("type", "anyOf", "oneOf")), f"{name}: {argument} has no type"
            assert schema.get("description"), f"{name}: {argument} is not described"


def test_no_description_of_an_argument_stops_in_the_middle(tools: dict[str, Tool]) -> None:
    """Gradio takes the first line of each."""
    for name in TOOLS:
        for argument, schema in tools[name].inputSchema["properties"].items():
            assert schema["description"].endswith("."), f"{name}: {argument}: {schema['description']}"


def test_a_tool_answers_with_the_same_json(address: str) -> None:
    _, answer = ask(address, "leaderboard", {"task": "afew"})
    assert answer is not None
    assert not answer.isError
    content = answer.content[0]
    assert isinstance(content, TextContent)
    table = ast.literal_eval(content.text)  # Gradio 6.31 writes Python's form of the JSON document
    assert table["task"] == "afew"
    assert table["rows"]


def test_a_wrong_argument_is_answered_in_one_sentence(address: str) -> None:
    _, answer = ask(address, "leaderboard", {"task": "nope"})
    assert answer is not None
    content = answer.content[0]
    assert isinstance(content, TextContent)
    assert "nope" in content.text
    assert "Traceback" not in content.text


def data_uri(file: Path) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(file.read_bytes()).decode()


def answer_of(address: str, tool: str, arguments: dict[str, Any], **how: Any) -> Any:
    """What a tool answers: its document, or its sentence."""
    _, answer = ask(address, tool, arguments, **how)
    assert answer is not None
    content = answer.content[0]
    assert isinstance(content, TextContent)
    return content.text if answer.isError else ast.literal_eval(content.text)


def test_frames_of_two_assistants_are_two_cameras_and_leave_no_file(
    address: str, portrait: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio sends both on in one session; a third frame of the first one's is read as its first was."""
    monkeypatch.setattr(gradio.mcp, "DEFAULT_TEMP_DIR", str(tmp_path))
    frames = [portrait, portrait.parent / "group.jpg", portrait]
    said = [answer_of(address, "live_frame", {"frame": data_uri(frame)}) for frame in frames]
    assert [[face["id"] for face in one["faces"]] for one in said] == [[1], [1, 2, 3, 4, 5, 6], [1]]
    assert said[0] == said[2]
    assert said[0]["faces"][0]["reading"] == {"state": "sure", "reasons": []}
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_upload_can_be_named_by_its_address(address: str, portrait: Path) -> None:
    own = []
    for file in (portrait, Path(leaderboard.__file__).parent / "sandbox" / "afew.csv"):
        sent = {"files": (file.name, file.read_bytes())}
        [path] = httpx.post(f"{address}gradio_api/upload", files=sent, timeout=60).json()
        own.append(f"{address}gradio_api/file={path}")
    assert len(answer_of(address, "analyze_photo", {"photo": own[0]})["faces"]) == 1
    checked = answer_of(address, "validate_submission", {"task": "sandbox-afew", "file": own[1]})
    assert checked["valid"] is True


@pytest.mark.parametrize("photo", ["gradio_api/file=/etc/passwd", "config", "gradio_api/file="])
def test_an_address_inside_the_network_is_not_read(address: str, photo: str) -> None:
    said = answer_of(address, "analyze_photo", {"photo": address + photo})
    assert said == "The address does not lie in the open Internet, so it is not read."


@pytest.mark.parametrize(("source", "owns"), [("127.0.0.1", True), ("127.0.0.2", False)])
def test_an_assistant_elsewhere_does_not_sit_at_this_computer(address: str, source: str, owns: bool) -> None:
    """Gradio sends its call on from here, and who sits here may keep private entries."""
    predictions = (Path(leaderboard.__file__).parent / "sandbox" / "afew.csv").read_bytes()
    sent = {"files": ("afew.csv", predictions)}
    [path] = httpx.post(f"{address}gradio_api/upload", files=sent, timeout=60).json()
    entry = {"task": "sandbox-afew", "file": f"{address}gradio_api/file={path}", "system": source, "private": True}
    said = answer_of(address, "submit_predictions", entry, source=source)
    assert ("all visitors of this page are one user" in str(said)) is not owns
