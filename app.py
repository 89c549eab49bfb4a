"""Starts the demo: ``python app.py``, then open http://127.0.0.1:7860.

The composition root: builds the pipeline and the board, mounts the tabs, launches. ``GRADIO_SERVER_NAME`` and
``GRADIO_SERVER_PORT`` choose another address, ``FEMO_MODEL`` another model, ``FEMO_STORE`` and ``FEMO_REFERENCE`` where the
leaderboard keeps submissions and finds labels.
"""

import os
from typing import Any, Final

import gradio as gr

import femo
from femo.demo import group, group_cards, live, photo, player, theme, video, zero_gpu
from leaderboard.board import Board, open_board
from leaderboard.tab import build_tab

CACHE_S: Final = (600, 3600)
"""Look every ten minutes for uploads and results older than an hour, and delete them."""
LAUNCH: Final[dict[str, Any]] = {
    "mcp_server": True,
    "ssr_mode": False,
    "run_history": False,  # faces belong in nobody's history
    "enable_monitoring": False,
    "max_file_size": "500mb",
    "footer_links": ["api", "settings"],
}


def build(pipeline: femo.Pipeline, board: Board) -> gr.Blocks:
    """Put the tabs together."""
    demo: gr.Blocks
    with gr.Blocks(title=theme.TITLE, analytics_enabled=False, delete_cache=CACHE_S) as demo:
        gr.HTML(theme.header(pipeline.model))
        with gr.Tab("Photo", id="photo"):
            photo.build(pipeline)
        with gr.Tab("Video", id="video"):
            video.build(pipeline)
        with gr.Tab("Group", id="group"):
            group.build(pipeline)
        with gr.Tab("Live camera", id="live"):
            live.build(pipeline)
        with gr.Tab("Leaderboard", id="leaderboard"):
            build_tab(board)
    return demo


def launch(demo: gr.Blocks, **changes: Any) -> str:
    """Start the server and return its address; ``changes`` go to Gradio's ``launch``."""
    css = theme.CSS + player.css() + group_cards.CSS
    look = {"theme": theme.theme(), "css": css, "head": player.script()}
    address = {"server_name": os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")}
    return str(demo.launch(**{**LAUNCH, **look, **address, **changes})[1])


if __name__ == "__main__":
    launch(build(zero_gpu.load(), open_board()))
