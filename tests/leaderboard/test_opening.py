"""Which board an environment describes: its store, its labels, its challenges."""

from pathlib import Path

import pytest

from leaderboard.errors import ReferenceMissing, UnknownTask
from leaderboard.opening import labels_hint, open_board, open_scorer
from leaderboard.tasks import TASKS, UNSERVED, get_task
from tests.leaderboard.writing import text

AFEW, SANDBOX = TASKS["afew"], TASKS["sandbox-afew"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    text(tmp_path / "labels" / "afew.csv", "clip,emotion", "1,Happy", "2,Sad")
    return {
        "FEMO_STORE": str(tmp_path / "store"),
        "FEMO_REFERENCE": str(tmp_path / "labels"),
        "FEMO_CHALLENGES": str(tmp_path / "challenges"),
    }


def test_the_store_is_where_the_environment_says(environment: dict[str, str], tmp_path: Path) -> None:
    board = open_board(environment)
    assert board.store.folder == tmp_path / "store"
    assert board.mirror is None


@pytest.mark.parametrize("said", [None, ""])
def test_without_a_word_the_store_is_in_the_home_folder(
    said: str | None, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    (tmp_path / "home").mkdir()
    del environment["FEMO_STORE"]
    board = open_board(environment if said is None else environment | {"FEMO_STORE": said})
    assert board.store.folder == tmp_path / "home" / ".femo" / "board"


def test_ones_own_labels_never_stand_in_for_the_sandbox(environment: dict[str, str]) -> None:
    board = open_board(environment)
    assert board.labels.of(AFEW).keys.groups == ("1", "2")
    assert len(board.labels.of(SANDBOX).keys) == 60
    with pytest.raises(ReferenceMissing, match="FEMO_REFERENCE"):
        open_board({key: value for key, value in environment.items() if key != "FEMO_REFERENCE"}).labels.of(AFEW)


def test_hidden_labels_are_signed_with_the_salt_of_the_store(environment: dict[str, str], tmp_path: Path) -> None:
    """What scores without a store has no salt, and neither have the sandbox's labels, which everybody has."""
    first, again = open_board(environment), open_board(environment)
    other = open_board(environment | {"FEMO_STORE": str(tmp_path / "other")})
    plain = open_scorer(environment)
    signatures = [one.labels.signature(AFEW) for one in (first, again, other, plain)]
    assert signatures[0] == signatures[1]
    assert len(set(signatures)) == 3
    assert len({one.labels.signature(SANDBOX) for one in (first, other, plain)}) == 1


def test_a_wrong_challenge_is_named_and_everything_else_is_served(
    environment: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text(tmp_path / "challenges" / "smiles" / "challenge.toml", 'title = "Smiles"')
    for opens in (open_board, open_scorer):
        assert opens(environment).labels.of(AFEW).keys.groups == ("1", "2")
    assert "metric: Field required; the challenge smiles is not served" in caplog.text
    with pytest.raises(UnknownTask, match=r"challenge\.toml: metric: Field required$"):
        get_task("smiles")
    UNSERVED.clear()


def test_who_runs_a_board_is_told_how_to_connect_labels_until_some_are(environment: dict[str, str]) -> None:
    assert "FEMO_REFERENCE" in labels_hint({})
    assert labels_hint(environment) == ""
