"""The endpoints as tools for assistants, through the real MCP client."""

import ast
import asyncio
from typing import Any

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent, Tool

TOOLS = {"analyze_photo", "analyze_video", "analyze_group", "live_frame"} | {
    "leaderboard", "validate_submission", "submit_predictions", "compare_submissions",
}  # fmt: skip


def ask(
    address: str, tool: str = "", arguments: dict[str, Any] | None = None
) -> tuple[list[Tool], CallToolResult | None]:
    """List the tools, and call one."""

    async def session() -> tuple[list[Tool], CallToolResult | None]:
        async with (
            streamable_http_client(f"{address}gradio_api/mcp/") as (read, write, _),
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
