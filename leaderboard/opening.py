"""Opens the board that the environment describes: its store, its labels and its challenges.

``FEMO_STORE`` says where submissions live (``~/.femo/board`` without it; ``hf://datasets/USER/REPO`` keeps them in a
private data set as well, see ``leaderboard.store.hub``), ``FEMO_REFERENCE`` where one's own licensed labels are (only
the sandbox tasks have labels without it), ``FEMO_CHALLENGES`` where ``python -m leaderboard new`` puts challenges (without
it ``challenges`` in the folder of ``FEMO_STORE``, else ``~/.femo/challenges``).
"""

import os
from collections.abc import Mapping
from pathlib import Path

from leaderboard.board import Board
from leaderboard.challenges import open_challenges
from leaderboard.connected import Labels
from leaderboard.reading.private_labels import labels_root
from leaderboard.reading.reference import load_reference
from leaderboard.schema import Task
from leaderboard.scorer import Scorer
from leaderboard.store import hub
from leaderboard.store.database import Store
from leaderboard.store.entries import Mirror, StoreUnwritable
from leaderboard.types import Reference


def _labels(environment: Mapping[str, str], salt: bytes = b"") -> Labels:
    root = environment.get("FEMO_REFERENCE")

    def read(task: Task) -> Reference:
        if task.sandbox:
            return load_reference(task)
        return load_reference(task, task.labels or labels_root(root), salt if task.hidden else b"")

    return read


def labels_hint(environment: Mapping[str, str] = os.environ) -> str:
    """Return how whoever runs a board connects labels to it, "" where some are connected."""
    if environment.get("FEMO_REFERENCE"):
        return ""
    return (
        "leaderboard: no labels are connected, so files are scored for the sandbox and for challenges only; FEMO_REFERENCE "
        "names a folder with your own licensed copies (docs/hosting.md)"
    )


def open_scorer(environment: Mapping[str, str] = os.environ) -> Scorer:
    """Return what reads and scores files without a store."""
    open_challenges(environment)
    return Scorer(_labels(environment))


def open_board(
    environment: Mapping[str, str] = os.environ, mirror: Mirror | None = None, *, only_read: bool = False
) -> Board:
    """Return the board; copies that dead processes left in its store are removed.

    Args:
        environment: Names the store, the labels and the challenges.
        mirror: Instead of the one that the store's address asks for.
        only_read: A store whose disk takes nothing is opened as it was last kept; ``store.frozen`` says why then.

    Raises:
        LeaderboardError: The store cannot be used.
    """
    folder = environment.get("FEMO_STORE") or ""
    open_challenges(environment)
    on_hub = folder.startswith(hub.SCHEME)
    place = Path.home() / ".femo" / "board" if on_hub or not folder else Path(folder)
    try:
        store = Store(place)
        store.sweep()
        salt = b"" if on_hub else store.salt()
    except StoreUnwritable as error:
        if not only_read:
            raise
        store = Store(place, str(error))
        return Board(store, _labels(environment, b"" if on_hub else store.salt()))
    if on_hub and mirror is None:
        mirror = hub.HubMirror(hub.repo_of(folder), store).start()
    return Board(store, _labels(environment, salt), mirror=mirror)
