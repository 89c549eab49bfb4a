"""The Leaderboard tab and its API.

Conventions: Gradio is imported in this module and its ``tab_`` neighbours only; everything that is worth testing
without a browser lies in ``board``, ``standings``, ``tables``, ``figures``, ``cards`` and ``answers``.
"""

from leaderboard.board import Board
from leaderboard.page.api import BoardApi
from leaderboard.page.events import BoardEvents
from leaderboard.page.layout import BoardLayout


def build_tab(board: Board) -> None:
    """Fill the current ``gr.Tab`` and register the API.

    Args:
        board: Where entries come from and go to.
    """
    BoardEvents(board, BoardLayout()).wire()
    BoardApi(board).wire()
