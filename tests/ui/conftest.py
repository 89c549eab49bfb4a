"""Chromium on the running app. The browser is Debian's; ``FEMO_CHROMIUM`` names another."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect, sync_playwright

import app
import femo
from femo.demo.server.cache import open_cache
from leaderboard.opening import open_board
from tests.loopback import free_port

PATIENCE_MS = 60_000
"""Plotly is 4.6 MB of script, and the machine may be busy."""
expect.set_options(timeout=PATIENCE_MS)
ARGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]


def settles(page: Page, question: str, answer: Any) -> None:
    """Wait until the page answers a JavaScript question so: what is read once is that of a moment."""
    wanted = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
    try:
        page.wait_for_function(f"wanted => JSON.stringify({question}) === wanted", arg=wanted)
    except TimeoutError:
        assert page.evaluate(question) == answer
        raise


def unfold(button: Locator, *inside: Locator) -> None:
    """Open what is folded, and wait until its fields are there and hold what Gradio lays into them a frame later.

    What is typed or chosen within that frame is lost, which takes a machine to do.
    """
    button.click()
    for field in inside:
        expect(field).to_be_attached()
    button.page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Readings stand still once they have told how far they are, until they are cancelled: none is over before it can be.

    With the test they go on: clips are read one at a time, and the next test would wait for them.
    """
    over = threading.Event()
    for name in ("video", "group"):
        monkeypatch.setattr(femo.Pipeline, name, _held(getattr(femo.Pipeline, name), over))
    yield
    over.set()


def _held(read: Any, over: threading.Event) -> Any:
    def reading(self: femo.Pipeline, source: Any, *, progress: Any, cancel: Any, **settings: Any) -> Any:
        def told(news: Any) -> None:
            progress(news)
            while not cancel() and not over.wait(0.01):
                pass

        return read(self, source, progress=told, cancel=cancel, **settings)

    return reading


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        open_cache() as cache
    ):  # as `python app.py` does: what it keeps for visitors, and where, shows in what they get
        demo = app.build(femo.load(), open_board({"FEMO_STORE": str(tmp_path_factory.mktemp("board"))}))
        cache.keep()
        yield app.launch(demo, prevent_thread_lock=True, quiet=True, server_port=free_port())
        demo.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = os.environ.get("FEMO_CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    yield page
    page.close()


@pytest.fixture(scope="session")
def examples() -> Path:
    return Path(app.__file__).parent / "femo" / "demo" / "examples"
