"""Chromium on the running app. The browser is Debian's; ``FEMO_CHROMIUM`` names another."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

import app
import femo
from leaderboard.opening import open_board
from tests.loopback import free_port

PATIENCE_MS = 60_000
"""Plotly is 4.6 MB of script, and the machine may be busy."""
expect.set_options(timeout=PATIENCE_MS)
ARGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    demo = app.build(femo.load(), open_board({"FEMO_STORE": str(tmp_path_factory.mktemp("board"))}))
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
