"""The Leaderboard tab and its API.

Conventions: only who moves or lays out the page knows Gradio; what a card or table says lies in ``cards``, ``table``,
``history`` and ``answers``, and needs no browser to be tested.
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
