"""The running app on loopback, with the embedded model, once for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client

import app
import femo
from femo.demo.server.cache import open_cache
from leaderboard.opening import open_board
from tests.loopback import free_port


@pytest.fixture(scope="session")
def pipeline() -> femo.Pipeline:
    return femo.load()


@pytest.fixture(scope="session")
def address(pipeline: femo.Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        open_cache() as cache
    ):  # as `python app.py` does: what it keeps for callers, and where, shows in what they get
        demo = app.build(pipeline, open_board({"FEMO_STORE": str(tmp_path_factory.mktemp("board"))}))
        cache.keep()
        try:
            yield app.launch(demo, prevent_thread_lock=True, quiet=True, server_port=free_port())
        finally:
            demo.close()


@pytest.fixture(scope="session")
def config(address: str) -> Any:
    """What the page is told of its components and events."""
    return httpx.get(f"{address}config", timeout=60).json()


@pytest.fixture(scope="session")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    client = Client(
        address,
        verbose=False,
        download_files=str(tmp_path_factory.mktemp("downloads")),
        httpx_kwargs={"timeout": 60},
    )
    yield client
    client.close()


@pytest.fixture(scope="session")
def portrait() -> Path:
    """The public-domain portrait among the demo's examples."""
    return Path(app.__file__).parent / "femo" / "demo" / "examples" / "astronaut.jpg"
