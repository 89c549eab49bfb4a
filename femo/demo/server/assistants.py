"""Calls of assistants: Gradio's MCP server sends all of them on from this host, through one client and so one session.

Conventions: such a call is a visitor of its own, for nothing tells one assistant from another. Its address is that of the caller:
on the way in it is written into a header, which Gradio sends on with the call, and there it is taken from it. The header holds a
secret of this process, so nobody else can say where they come from.
"""

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

import fastapi
import gradio as gr
import gradio.mcp
from gradio.route_utils import API_PREFIX
from starlette.types import Scope

from femo.demo.server.front import inner_path

ADDRESS: Final = b"x-femo-caller"
SECRET: Final = secrets.token_hex(16)


def is_from_assistant(request: fastapi.Request | gr.Request | None) -> bool:
    """Tell whether Gradio's MCP server sends a call on; who says so without being it counts by address alone."""
    return request is not None and request.headers.get("x-gradio-user") == "mcp"


def keep_caller(scope: Scope) -> None:
    """Let a request come from the address that it came from first, also when the MCP server sends it on."""
    told = [value.decode("latin-1") for name, value in scope["headers"] if name == ADDRESS]
    headers = [(name, value) for name, value in scope["headers"] if name != ADDRESS]
    secret, _, host = (told or [""])[0].partition(" ")
    if host and secrets.compare_digest(secret.encode("latin-1"), SECRET.encode()):
        scope["client"] = (host, 0)
    if inner_path(scope).startswith(f"{API_PREFIX}/mcp") and scope.get("client"):
        headers.append((ADDRESS, f"{SECRET} {scope['client'][0]}".encode("latin-1")))
    scope["headers"] = headers


def forget_copy(upload: Path) -> None:
    """Delete what the MCP server has kept of a file that came with a ``data:`` address: it writes it before it uploads it."""
    with suppress(OSError):  # another call has deleted one of them
        data = upload.read_bytes()
        for copy in Path(gradio.mcp.DEFAULT_TEMP_DIR).glob(f"*/{upload.name}"):
            if copy != upload and copy.stat().st_size == len(data) and copy.read_bytes() == data:
                copy.unlink()
