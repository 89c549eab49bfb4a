"""Who may come in, how much they may send, and what browsers are told: names of the host, and headers on every answer.

Conventions: a page of another site that had its own name point to this address (DNS rebinding) sends that name as ``Host``,
so only known names get an answer, and bare addresses, which such a page cannot use. ``FEMO_HOST`` adds names, separated by
commas; a Space knows its own. A Space is shown in a frame of huggingface.co; anywhere else only pages of this host may
frame the app. Gradio reads what is sent in the one event loop that answers everyone, and its time goes with the number of values
in it, so that number is bounded while the bytes pass; uploads are read piece by piece and have a bound of their own.
"""

import ipaddress
import os
import socket
from collections.abc import Mapping
from typing import Final

from fastapi import HTTPException
from gradio.route_utils import API_PREFIX
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from femo.demo.server.assistants import keep_caller
from femo.demo.server.disk import why_unwritable
from femo.demo.server.front import inner_path

ON_A_SPACE: Final = "frame-ancestors 'self' https://huggingface.co https://*.hf.space"
ELSEWHERE: Final = "frame-ancestors 'self'"
UPLOADS: Final = frozenset({f"{API_PREFIX}/upload", f"{API_PREFIX}/process_recording"})
MOST_BYTES: Final = 32_000_000
"""Of one request that is no upload; a camera frame has some 100 kB."""
TOO_LARGE: Final = f"What was sent is larger than {MOST_BYTES / 1e6:g} MB: send files as uploads."
MOST_VALUES: Final = 20_000
"""Of one request. What the page sends are choices, texts and names of files; 10 MB of empty lists took 39 s on a busy machine."""
BEFORE_A_VALUE: Final = (b",", b"[", b"{", b"&")
"""Each value in JSON or of a form comes after one of these, but the first; in base64 there are none."""


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

        keep_caller(scope)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-content-type-options"] = "nosniff"
                headers.append("content-security-policy", self._frame)  # beside Gradio's own, both hold
                headers["referrer-policy"] = "same-origin"
            await send(message)

        host = _name(Headers(scope=scope).get("host", ""))
        if host in self._names or _is_address(host):
            await self._let_in(scope, _bounded(receive) if _is_read_whole(scope) else receive, answer)
            return
        sentence = f"This app does not answer to the name {host!r}: set FEMO_HOST to the names of its host."
        await PlainTextResponse(sentence, 421)(scope, receive, answer)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; where its answer told a refusal already, that is all, and nothing for the log.

        Gradio tells in its event stream that a session is not there and raises the same 404 again, which anyone could have
        written to the log as a traceback of 70 lines.
        """
        try:
            await self._app(scope, receive, send)
        except RuntimeError as error:  # Starlette's: the answer had begun
            if not isinstance(error.__cause__, HTTPException):
                raise
            await send({"type": "http.response.body", "body": b""})


async def refuse_when_full(request: Request, error: Exception) -> Response:
    """Answer a request that the disk could not serve, such as an upload.

    Raises:
        Exception: Something else went wrong.
    """
    reason = why_unwritable(error)
    if not reason:
        raise error
    return PlainTextResponse(f"Nothing was stored: {reason}.", 507)


def _is_read_whole(scope: Scope) -> bool:
    """Tell whether a request's body is made into values at once, as all are but uploads."""
    return scope["type"] == "http" and inner_path(scope) not in UPLOADS


def _bounded(receive: Receive) -> Receive:
    """Return what hands a body on as it comes, until there is too much of it."""
    n_bytes = n_values = 0

    async def take() -> Message:
        nonlocal n_bytes, n_values
        message = await receive()
        body = message.get("body", b"")
        n_bytes += len(body)
        n_values += sum(body.count(mark) for mark in BEFORE_A_VALUE)
        if n_bytes > MOST_BYTES:
            raise HTTPException(413, TOO_LARGE)
        if n_values > MOST_VALUES:
            raise HTTPException(413, f"What was sent has more than {MOST_VALUES} values: send less at once.")
        return message

    return take


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
