"""What the buttons of the tab answer, without a browser."""

from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from leaderboard.board import Board
from leaderboard.page.events import BoardEvents
from leaderboard.page.layout import BoardLayout
from leaderboard.reading.reference import load_reference
from leaderboard.store.database import Store
from leaderboard.store.entries import SELF_REPORTED
from leaderboard.tasks import TASKS
from tests.leaderboard.writing import text

SANDBOX = TASKS["sandbox-afew"]
HERE = gr.Request(client=SimpleNamespace(host="127.0.0.1"), headers={"host": "127.0.0.1:7860"})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def layout() -> BoardLayout:
    with gr.Blocks(analytics_enabled=False):
        return BoardLayout()


@pytest.fixture
def events(layout: BoardLayout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BoardEvents:
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("FEMO_HOST", raising=False)
    monkeypatch.setenv("LOGNAME", "ada")
    return BoardEvents(Board(Store(tmp_path / "store"), load_reference), layout)


@pytest.fixture
def files(events: BoardEvents, tmp_path: Path) -> list[str]:
    header, *rows = events.board.template(SANDBOX).splitlines()
    moods = ("happy", "sad", "fear")
    return [
        str(text(tmp_path / f"{mood}.csv", header, *(f"{row.split(',')[0]},{mood}" for row in rows)))
        for mood in moods
    ]


def submit(
    events: BoardEvents, path: str | None, system: str = "net", private: bool = False, note: str = ""
) -> str:
    return events.submit_file(SANDBOX.name, path, system, "", "", note, private, HERE, None)


def board_id(events: BoardEvents, path: str, private: int = 0) -> str:
    """Submit a file of the system "net", and return the new entry's id."""
    before = {entry.id for entry in events.board.store.entries(SANDBOX.name)}
    submit(events, path, private=bool(private))
    (entry,) = {entry.id for entry in events.board.store.entries(SANDBOX.name)} - before
    return entry


def ids(events: BoardEvents) -> dict[str, str]:
    return {entry.system: entry.id for entry in events.board.store.entries(SANDBOX.name)}


def test_events_need_a_page_around_them(events: BoardEvents) -> None:
    with pytest.raises(RuntimeError, match=r"inside gr\.Blocks"):
        events.wire()


def test_a_file_is_checked_and_nothing_is_kept(events: BoardEvents, files: list[str], tmp_path: Path) -> None:
    assert "60 rows" in events.check_file(SANDBOX.name, files[0])
    assert "there is no file: upload a prediction file first" in events.check_file(SANDBOX.name, None)
    wrong = text(tmp_path / "wrong.csv", "clip,emotion", "<b>nobody</b>,happy")
    answer = events.check_file(SANDBOX.name, str(wrong))
    assert "61 problems" in answer
    assert "<b>nobody" not in answer
    assert ids(events) == {}


def test_an_earlier_and_better_entry_of_the_system_stays_in_the_table(
    events: BoardEvents, files: list[str]
) -> None:
    ranked = sorted(files, key=lambda path: -events.board.score_own(SANDBOX, Path(path), n_draws=0).main)
    best, worst = submit(events, ranked[0]), submit(events, ranked[-1])
    assert "<h3" in best
    assert "an earlier entry of net is as good or better." in worst
    assert len(events.board.rows(SANDBOX)) == 1


def test_without_a_file_or_a_name_nothing_is_submitted(events: BoardEvents, files: list[str]) -> None:
    assert "there is no file" in submit(events, None)
    assert "the system name is empty" in submit(events, files[0], " ")
    assert ids(events) == {}


def test_names_in_answers_are_text(events: BoardEvents, files: list[str]) -> None:
    evil = "<script>alert(1)</script>"
    for private, path in ((True, files[0]), (False, files[1])):
        answer = submit(events, path, evil, private, note=evil)
        assert "<script" not in answer
        assert "&lt;script&gt;" in answer


def test_a_score_without_a_file_is_listed_as_reported(events: BoardEvents) -> None:
    answer = events.claim_score("afew", "0.5", "val", "net", "", "https://example.org", "", None)
    assert "net is in the table as self-reported, without a rank." in answer
    assert [row.badge for row in events.board.rows(TASKS["afew"]) if row.system == "net"] == [SELF_REPORTED]
    assert "must be a number such as 0.5927" in events.claim_score(
        "afew", "a half", "val", "net", "", "", "", None
    )


def test_two_entries_are_compared_by_name(events: BoardEvents, files: list[str]) -> None:
    submit(events, files[0], "one"), submit(events, files[1], "two")
    known = ids(events)
    card = events.compare_two(SANDBOX.name, known["one"], known["two"], HERE, None)
    assert "one" in card
    assert "two" in card
    for pair in ((None, known["two"]), (known["one"], ""), (None, None)):
        assert "choose two submissions that were scored here" in events.compare_two(
            SANDBOX.name, *pair, HERE, None
        )
    assert "no entry" in events.compare_two(SANDBOX.name, known["one"], "f" * 32, HERE, None)


def test_a_private_entry_is_published_then_withdrawn(events: BoardEvents, files: list[str]) -> None:
    assert "seen by you only until you publish it" in submit(events, files[0], private=True)
    assert events.board.rows(SANDBOX) == []
    (entry,) = ids(events).values()
    assert "The entry is in the table." in events.publish_entry(entry, HERE, None)
    assert len(events.board.rows(SANDBOX)) == 1
    assert "<p>The entry has left the table.</p>" in events.withdraw_entry(entry, HERE, None)
    assert events.board.rows(SANDBOX) == []


def test_what_is_withdrawn_or_published_is_told_as_the_table_has_it(events: BoardEvents, files: list[str]) -> None:
    """Of one system the table has the best entry, and where that is withdrawn the next one."""
    ranked = sorted(files, key=lambda path: -events.board.score_own(SANDBOX, Path(path), n_draws=0).main)
    best, middle, worst = (
        board_id(events, path, private) for path, private in zip(ranked, (0, 0, 1), strict=True)
    )
    better = "The entry is not in the table, because another one of net is as good or better."
    assert better in events.publish_entry(worst, HERE, None)
    assert "The entry is withdrawn; it was not in the table." in events.withdraw_entry(worst, HERE, None)
    assert "has left the table; an earlier one" not in (gone := events.withdraw_entry(best, HERE, None))
    assert "The entry has left the table; another one of net stands in its place." in gone
    assert [row.id for row in events.board.rows(SANDBOX)] == [middle]


def test_nothing_chosen_asks_to_choose_first(events: BoardEvents) -> None:
    withdrawn, published = (ask(None, HERE, None) for ask in (events.withdraw_entry, events.publish_entry))
    for answer in (withdrawn, published, events.withdraw_entry("", HERE, None)):
        assert "<p>choose one of your entries first</p>" in answer
    assert "<h3>Nothing was withdrawn</h3>" in withdrawn
    assert "<h3>Nothing was published</h3>" in published


def test_a_refusal_says_what_was_not_done(events: BoardEvents, files: list[str]) -> None:
    assert "<h3>Nothing was scored</h3>" in submit(events, None)
    assert "<h3>Nothing was compared</h3>" in events.compare_two(SANDBOX.name, None, None, HERE, None)
    assert "<h3>Nothing was compared</h3>" in events.compare_two(SANDBOX.name, "x", "y", HERE, None)
    claimed = events.claim_score("afew", "a half", "val", "net", "", "", "", None)
    assert "<h3>Nothing was listed</h3>" in claimed
    assert "<h3>Nothing was withdrawn</h3>" in events.withdraw_entry("x", HERE, None)
    assert "<h3>Nothing was published</h3>" in events.publish_entry("x", HERE, None)


def test_an_entry_is_not_compared_with_itself(events: BoardEvents, files: list[str]) -> None:
    entry = board_id(events, files[0])
    answer = events.compare_two(SANDBOX.name, entry, entry, HERE, None)
    assert "net cannot be compared with itself: choose two submissions" in answer


def test_on_a_space_nothing_happens_without_a_login(
    events: BoardEvents, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPACE_ID", "user/femo")
    for answer in (
        submit(events, files[0]),
        submit(events, files[0], private=True),
        events.claim_score("afew", "0.5", "val", "net", "", "https://example.org", "", None),
        events.withdraw_entry("f" * 32, HERE, None),
    ):
        assert "sign in with Hugging Face first" in answer
    assert ids(events) == {}
