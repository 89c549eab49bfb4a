"""Who may come in, and what browsers are told: the names of the host, and headers on every answer.

Conventions: a page of another site that had its own name point to this address (DNS rebinding) sends that name as ``Host``,
so only known names get an answer, and bare addresses, which such a page cannot use. ``FEMO_HOST`` adds names, separated by
commas; a Space knows its own. A Space is shown in a frame of huggingface.co; anywhere else only pages of this host may
frame the app.
"""

import ipaddress
import os
import socket
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from femo.demo.server.disk import why_unwritable

ON_A_SPACE: Final = "frame-ancestors 'self' https://huggingface.co https://*.hf.space"
ELSEWHERE: Final = "frame-ancestors 'self'"


def known_names(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the names by which this host may be called, in lower case."""
    listed = ",".join(environ.get(name, "") for name in ("FEMO_HOST", "SPACE_HOST"))
    own = {"localhost", socket.gethostname().lower()}
    return frozenset({name.strip().lower() for name in listed.split(",") if name.strip()} | own)


class Door:
    """ASGI middleware: refuses unknown names, and adds the headers.

    Args:
        app: What is behind the door.
        environ: ``FEMO_HOST``, ``SPACE_HOST``, ``SPACE_ID``.
    """

    def __init__(self, app: ASGIApp, environ: Mapping[str, str] = os.environ) -> None:
        self._app = app
        self._names = known_names(environ)
        self._frame = ON_A_SPACE if "SPACE_ID" in environ else ELSEWHERE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-content-type-options"] = "nosniff"
                headers.append("content-security-policy", self._frame)  # beside Gradio's own, both hold
                headers["referrer-policy"] = "same-origin"
            await send(message)

        host = _name(Headers(scope=scope).get("host", ""))
        if host in self._names or _is_address(host):
            await self._app(scope, receive, answer)
            return
        sentence = f"This app does not answer to the name {host!r}: set FEMO_HOST to the names of its host."
        await PlainTextResponse(sentence, 421)(scope, receive, answer)


async def refuse_when_full(request: Request, error: Exception) -> Response:
    """Answer a request that the disk could not serve, such as an upload.

    Raises:
        Exception: Something else went wrong.
    """
    reason = why_unwritable(error)
    if not reason:
        raise error
    return PlainTextResponse(f"Nothing was stored: {reason}.", 507)


def _name(host: str) -> str:
    """Return the host of a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if host.count(":") == 1 else host.lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
