"""Uploads that were refused, broken off, or found the disk full: what they have written by then goes at once.

Conventions: Gradio writes the parts of an upload to temporary files in its folder and moves them when all have come; of most
that do not get so far it leaves the files to lie, and a full disk stays full. So each request notes the files that it makes.
"""

from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

import gradio.route_utils
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from femo.demo.server.door import UPLOADS
from femo.demo.server.front import inner_path

_WRITTEN: Final[ContextVar[list[Path] | None]] = ContextVar("written", default=None)
"""The temporary files of the request that is being read."""


class Unfinished:
    """ASGI middleware: removes the temporary files of each upload that is not answered with success.

    Args:
        app: What takes the uploads.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        gradio.route_utils.NamedTemporaryFile = _noted  # type: ignore[attr-defined]  # it offers no other way in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or inner_path(scope) not in UPLOADS:
            await self._app(scope, receive, send)
            return
        written: list[Path] = []
        is_taken = has_ended = False

        async def answer(message: Message) -> None:
            nonlocal is_taken
            if message["type"] == "http.response.start":
                is_taken = message["status"] < 400
                _remove([] if is_taken else written)
            await send(message)

        noting = _WRITTEN.set(written)
        try:
            await self._app(scope, receive, answer)
            has_ended = True
        finally:
            _WRITTEN.reset(noting)
            _remove([] if is_taken and has_ended else written)


def _remove(written: list[Path]) -> None:
    for path in written:
        with suppress(OSError):  # gone already, or on a disk that has become read-only: a sweep sees to it
            path.unlink()


def _noted(*args: Any, **how: Any) -> Any:
    """Make a temporary file, and note whose it is."""
    file = NamedTemporaryFile(*args, **how)  # noqa: SIM115  Gradio writes to it and closes it
    if (written := _WRITTEN.get()) is not None:
        written.append(Path(file.name))
    return file
