"""Before earlier entries are in the store nothing is computed from hidden labels; the host's log says why."""

from pathlib import Path

import pytest

from leaderboard.store.database import Store
from leaderboard.store.entries import EntriesUnread
from leaderboard.store.hub import HubMirror
from leaderboard.store.restoring import refuse_unread, unread
from leaderboard.tasks import TASKS

AFEW, FACES = TASKS["afew"], TASKS["utkface"]


def test_only_hidden_labels_wait_and_only_for_a_mirror(tmp_path: Path) -> None:
    mirror = HubMirror("user/board", Store(tmp_path / "store"))
    assert [unread(task, None) for task in (AFEW, FACES)] == ["", ""]
    assert unread(FACES, mirror) == ""
    assert unread(AFEW, mirror) == (
        "nothing is scored or compared for afew yet, because the board is still reading its earlier entries, which count "
        "against the limits; try again in a few minutes, and tell its host if that goes on"
    )
    mirror._restored = True
    mirror._tried.set()
    assert unread(AFEW, mirror) == ""


def test_what_stands_in_the_way_is_for_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mirror = HubMirror("user/board", Store(tmp_path / "store"))
    with pytest.raises(EntriesUnread, match="still reading"):
        refuse_unread(AFEW, mirror)
    assert caplog.messages == [
        "earlier entries are not read yet, so afew is neither scored nor compared: no answer within 0 s"
    ]
    mirror.problem = "HfHubHTTPError: 500 for url https://hub/user/board"
    mirror._tried.set()
    with pytest.raises(EntriesUnread) as refused:
        refuse_unread(AFEW, mirror)
    assert caplog.messages[1].endswith(mirror.problem)
    assert "hub/user" not in str(refused.value)
    refuse_unread(FACES, mirror)
