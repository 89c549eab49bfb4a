"""Starts the demo: ``python app.py``, then open http://127.0.0.1:7860.

The composition root: builds the pipeline and the board, mounts the tabs, launches. ``GRADIO_SERVER_NAME`` and
``GRADIO_SERVER_PORT`` choose another address, ``FEMO_HOST`` the names that it answers to, ``GRADIO_TEMP_DIR`` where visitors'
files lie for their hour, ``FEMO_MODEL`` another model, ``FEMO_STORE`` and ``FEMO_REFERENCE`` where the leaderboard keeps
submissions and finds labels.
"""

import errno
import os
import re
import signal
import socket
import sys
from typing import Any, Final

import gradio as gr
from starlette.middleware import Middleware

import femo
from femo.demo import about, group, live, photo, theme, video, zero_gpu
from femo.demo.choice import Choice, present_models
from femo.demo.markup import file
from femo.demo.server import front
from femo.demo.server.cache import open_cache
from femo.demo.server.caller import max_job_s
from femo.demo.server.disk import why_unwritable
from femo.demo.server.door import Door, refuse_when_full
from femo.demo.server.page import Page
from femo.demo.server.unfinished import Unfinished
from femo.demo.watch import player
from femo.errors import FemoError
from leaderboard.board import Board
from leaderboard.errors import LeaderboardError
from leaderboard.opening import labels_hint, open_board
from leaderboard.page.own_clip import clip_scorer
from leaderboard.page.tab import build_tab

PORTS: Final = range(7860, 7960)
MAX_PORT: Final = 65_535
NO_ADDRESS: Final = "GRADIO_SERVER_NAME is {!r}, expected an address or a name of this computer, such as 0.0.0.0."
NO_RIGHT: Final = (
    "GRADIO_SERVER_PORT is {}, which this user has no right to open; set it to another, such as 7860."
)
NOT_SERVED: Final = (
    "Port {} at {} cannot be served: another program took it while the app started, or this host is too busy; "
    "start the app again."
)
LAUNCH: Final[dict[str, Any]] = {
    "mcp_server": True,
    "ssr_mode": False,
    "run_history": False,  # faces belong in nobody's history
    "enable_monitoring": False,
    "max_file_size": "500mb",
    "footer_links": ["api", "settings"],
    "_frontend": False,  # else Gradio asks for its own page first and gives up after three seconds, which a busy host needs
    "state_session_capacity": 500,  # each page is one, of .4 MB and what it shows; of Gradio's 10,000 that is 4 GB
}


def build(pipeline: femo.Pipeline, board: Board) -> Page:
    """Put the tabs together."""
    demo: Page
    models = Choice(pipeline, present_models())
    with Page(title=front.TITLE, analytics_enabled=False) as demo:
        gr.HTML(theme.header(pipeline.model))
        with gr.Tabs(overflow_behavior="wrap"):
            with gr.Tab("Photo", id="photo"):
                photo.build(models)
            with gr.Tab("Video", id="video"):
                video.build(models, clip_scorer(board))
            with gr.Tab("Group", id="group"):
                group.build(pipeline)
            with gr.Tab("Live", id="live"):
                live.build(pipeline)
            with gr.Tab("Leaderboard", id="leaderboard"):
                build_tab(board)
            with gr.Tab("About", id="about"):
                about.build(pipeline)
        demo.load(None, None, None, js=file("tabs.js"))
    return demo


def free_port(host: str) -> int:
    """Return ``GRADIO_SERVER_PORT``, or the first free port from 7860 on.

    Gradio looks for one by itself, but its MCP server does not survive a second try.

    Raises:
        SystemExit: None is free, or one of the variables says none.
    """
    wanted = os.environ.get("GRADIO_SERVER_PORT", "").strip()
    if wanted and not (re.fullmatch("[0-9]{1,5}", wanted) and 1 <= int(wanted) <= MAX_PORT):
        raise SystemExit(f"GRADIO_SERVER_PORT is {wanted!r}, expected a whole number from 1 to {MAX_PORT}.")
    for port in [int(wanted)] if wanted else PORTS:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except (OSError, UnicodeError) as error:
                if _is_no_address(error):
                    raise SystemExit(NO_ADDRESS.format(host)) from error
                if wanted and isinstance(error, PermissionError):
                    raise SystemExit(NO_RIGHT.format(port)) from error
                continue
            return port
    raise SystemExit(
        f"No free port at {host} ({wanted or 'tried 7860 to 7959'}); set GRADIO_SERVER_PORT to another."
    )


def _is_no_address(error: Exception) -> bool:
    """Tell whether a port could not be had because the host's name is none of this computer's."""
    return isinstance(error, socket.gaierror | UnicodeError) or (
        isinstance(error, OSError) and error.errno in (errno.EADDRNOTAVAIL, errno.EINVAL)
    )


def launch(demo: gr.Blocks, **changes: Any) -> str:
    """Start the server and return its address; ``changes`` go to Gradio's ``launch``.

    Raises:
        SystemExit: There is no port to serve at.
    """
    css = theme.CSS + file("player.css") + file("group.css")
    look = {"theme": theme.theme(), "css": css, "head": player.script()}
    host = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
    address = {"server_name": host, "server_port": free_port(host)}
    # made anew, because Gradio writes the server's own settings into it
    door = {
        "middleware": [Middleware(Door), Middleware(Unfinished), Middleware(front.Front)],
        "routes": front.routes(),
    }
    door |= {"exception_handlers": {OSError: refuse_when_full}}
    how = {**LAUNCH, **look, **address, "app_kwargs": door, **changes}
    try:
        return str(demo.launch(**how)[1])
    except OSError as error:
        if error.errno is not None:  # Gradio's own, which says that it has no port, has none
            raise
        raise SystemExit(NOT_SERVED.format(how["server_port"], host)) from error


def main() -> None:
    """Serve until stopped, and leave no visitor's file behind.

    Raises:
        SystemExit: The app cannot start; it says why.
    """
    try:
        max_job_s()  # a wrong FEMO_MAX_JOB_S is said now, not to the first visitor
        with open_cache() as cache:
            demo = build(zero_gpu.load(), open_board())
            if hint := labels_hint():
                sys.stderr.write(f"{hint}\n")
            cache.keep()
            cache.watch(demo.files_in_use, demo.drop_swept)
            signal.signal(signal.SIGTERM, lambda *_: demo.close(verbose=False))
            try:
                launch(demo)
            finally:
                demo.close(verbose=False)
    except (FemoError, LeaderboardError) as error:
        raise SystemExit(str(error)) from error
    except OSError as error:
        reason = why_unwritable(error)
        if not reason:
            raise
        folders = "GRADIO_TEMP_DIR and FEMO_STORE"
        raise SystemExit(f"The app cannot start: {reason}; set {folders} to folders with room.") from error


if __name__ == "__main__":
    main()
