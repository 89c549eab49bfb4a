"""The page's front: what browsers and link previews are told of it before any script runs.

Conventions: Gradio's page names Gradio in its social tags and gets its styles late, which makes the page jump; ``Front`` puts
ours into the served HTML. Icon, social card and manifest lie in ``assets/``, and ``assets/README.md`` says how they are made.
"""

import re
from pathlib import Path
from typing import Any, Final

import gradio
from markupsafe import Markup
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from femo.demo.markup import file, render

ASSETS: Final = Path(__file__).parent.parent / "assets"
ICON: Final = ASSETS / "icon.png"
NAME: Final = "femo"
TITLE: Final = "femo: emotion from faces"
SAID: Final = "Drop in a photo or a clip, see every face’s expression over time. Nothing is kept."
PAPER: Final = "#F5F3EE"
MANIFEST: Final[dict[str, Any]] = {
    "name": TITLE,
    "short_name": NAME,
    "description": SAID,
    "start_url": "./",
    "display": "standalone",
    "background_color": PAPER,
    "theme_color": PAPER,
    "icons": [
        {"src": "icon.png", "sizes": "512x512", "type": "image/png", "purpose": "any"},
        {"src": "icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
    ],
}
_OTHERS: Final = re.compile(
    r'<meta\s+(?:property="og:|name="twitter:)[^>]*/>\s*|<link rel="manifest"[^>]*/>\s*', re.DOTALL
)
"""Tags of Gradio's page that say what ours say."""
_SCRIPTS: Final = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
CHARTS: Final = next((f"assets/{path.name}" for path in sorted(_SCRIPTS.glob("PlotlyPlot-*.js"))), "")
"""Gradio's script for charts, which takes half a second to start; ``ready.js`` has it at hand before the first chart comes."""
_STYLE: Final = Markup(file("first.css"))
_SCRIPT: Final = Markup(file("answers.js") + file("ready.js") + file("names.js"))


def routes() -> list[Route]:
    """Return the addresses of icon, card and manifest; they go before Gradio's own."""
    names = ("icon.svg", "icon.png", "card.png")
    pictures = [Route(f"/{name}", _served(ASSETS / name), name=name) for name in names]
    return [*pictures, Route("/favicon.ico", _served(ICON)), Route("/manifest.json", _manifest)]


def _served(path: Path) -> Any:
    def serve(request: Request) -> Response:
        return FileResponse(path, headers={"cache-control": "max-age=86400"})

    return serve


def _manifest(request: Request) -> Response:
    return JSONResponse(MANIFEST, media_type="application/manifest+json")


def fronted(page: str, base: str) -> str:
    """Return Gradio's page with our head.

    Args:
        page: The served HTML.
        base: Address of the app, for previews that read no relative one; ends in a slash.
    """
    ours = {"title": TITLE, "said": SAID, "paper": PAPER, "charts": CHARTS, "style": _STYLE, "script": _SCRIPT}
    head = render("front", base=base, **ours)
    before, tag, after = _OTHERS.sub("", page).partition("</head>")
    return before + head + tag + after


class Front:
    """ASGI middleware: rewrites the head of the page at the app's root; all else passes untouched.

    Args:
        app: What serves the page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["method"] != "GET" or inner_path(scope) not in ("", "/"):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def answer(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            headers = MutableHeaders(scope=start)
            if headers.get("content-type", "").startswith("text/html"):
                body = fronted(body.decode("utf-8"), _base(scope)).encode("utf-8")
                headers["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, answer)


def inner_path(scope: Scope) -> str:
    """Return the path of a request below the app's root."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


def _base(scope: Scope) -> str:
    """Return the address by which the visitor came; what a proxy says of it counts, as it does for Gradio."""
    headers = Headers(scope=scope)
    scheme = headers.get("x-forwarded-proto", scope["scheme"]).partition(",")[0].strip()
    host = headers.get("x-forwarded-host", headers.get("host", "")).partition(",")[0].strip()
    return f"{scheme}://{host}{scope.get('root_path', '')}/"
