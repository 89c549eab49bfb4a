"""An app on a host where a second model lies."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import app
import femo
from leaderboard.opening import open_board
from tests.loopback import free_port


@contextmanager
def app_beside(models: Path, board: Path) -> Iterator[str]:
    """Give the address of an app that finds the models in a folder beside its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FEMO_MODELS_DIR", str(models))
        demo = app.build(femo.load(), open_board({"FEMO_STORE": str(board)}))
        yield app.launch(demo, prevent_thread_lock=True, quiet=True, server_port=free_port())
        demo.close()
