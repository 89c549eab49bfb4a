"""What browsers and link previews are told of the page before any script runs."""

import io
from collections.abc import Iterator
from html.parser import HTMLParser

import gradio as gr
import httpx
import pytest
from PIL import Image

import app
from femo.demo.server import front
from femo.demo.server.page import Page
from tests.loopback import free_port


class Head(HTMLParser):
    """The tags of a page's head: metas by name, links by relation."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.metas: dict[str, list[str]] = {}
        self.links: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "meta" and (name := said.get("property") or said.get("name")):
            self.metas.setdefault(name, []).append(said.get("content") or "")
        if tag == "link":
            self.links.setdefault(said.get("rel") or "", []).append(said.get("href") or "")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("cache")))
        with Page(title=front.TITLE, analytics_enabled=False) as demo:
            gr.Markdown("a page")
        yield app.launch(demo, prevent_thread_lock=True, quiet=True, server_port=free_port())
        demo.close()


def test_a_preview_sees_femo_and_its_own_card(address: str) -> None:
    head = Head(httpx.get(address, timeout=60).text)
    assert head.metas["og:title"] == ["femo: emotion from faces"]
    assert head.metas["og:image"] == [f"{address}card.png"]
    assert head.metas["og:url"] == [address]
    assert "expression" in head.metas["og:description"][0]
    assert not [value for values in head.metas.values() for value in values if "radio" in value]
    card = httpx.get(head.metas["og:image"][0], timeout=60)
    assert card.headers["content-type"] == "image/png"
    size = (int(head.metas["og:image:width"][0]), int(head.metas["og:image:height"][0]))
    assert Image.open(io.BytesIO(card.content)).size == size == (1200, 630)


def test_behind_a_proxy_the_card_has_the_address_that_the_visitor_used(address: str) -> None:
    sent = {"x-forwarded-proto": "https", "x-forwarded-host": "faces.example.org"}
    assert Head(httpx.get(address, headers=sent, timeout=60).text).metas["og:image"] == [
        "https://faces.example.org/card.png"
    ]
    evil = httpx.get(address, headers={"x-forwarded-host": '"><script>alert(1)</script>'}, timeout=60).text
    assert "<script>alert" not in evil


def test_icons_and_manifest_are_our_own(address: str) -> None:
    head = Head(httpx.get(address, timeout=60).text)
    assert head.links["manifest"] == ["manifest.json"]
    manifest = httpx.get(f"{address}manifest.json", timeout=60)
    assert manifest.headers["content-type"] == "application/manifest+json"
    assert manifest.json()["short_name"] == "femo"
    listed = [icon["src"] for icon in manifest.json()["icons"]]
    for name in {"favicon.ico", *head.links["icon"], *head.links["apple-touch-icon"], *listed}:
        icon = httpx.get(address + name, timeout=60)
        assert icon.status_code == 200, name
        if icon.headers["content-type"] == "image/png":
            assert icon.content == front.ICON.read_bytes()
        else:
            assert icon.content == (front.ASSETS / "icon.svg").read_bytes()


def test_the_frame_stands_in_the_served_page_and_only_there(address: str) -> None:
    page = httpx.get(address, timeout=60)
    assert "max-width: 1200px" in page.text.partition("</head>")[0]
    assert int(page.headers.get("content-length", len(page.content))) == len(page.content)
    assert "og:image" not in httpx.get(f"{address}config", timeout=60).text
    assert httpx.get(f"{address}no-such-page", timeout=60).status_code == 404
