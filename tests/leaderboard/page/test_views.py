"""What the tab shows for an address, a task or a click, without a browser: the state of each component."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from leaderboard.board import Board
from leaderboard.page.layout import ALL_GROUPS, BADGES, MAIN, BoardLayout
from leaderboard.page.views import BoardViews
from leaderboard.reading.reference import load_reference
from leaderboard.store.database import Store
from leaderboard.store.details import Details
from leaderboard.store.entries import PUBLISHED, Entry
from leaderboard.tasks import TASKS
from tests.leaderboard.writing import text

SANDBOX = TASKS["sandbox-afew"]


@pytest.fixture(scope="module")
def layout() -> BoardLayout:
    with gr.Blocks(analytics_enabled=False):
        return BoardLayout()


@pytest.fixture
def views(layout: BoardLayout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BoardViews:
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setenv("LOGNAME", "ada")
    return BoardViews(Board(Store(tmp_path / "store"), load_reference), layout)


def here() -> gr.Request:
    """A visitor who sits at the computer that runs the page."""
    return gr.Request(client=SimpleNamespace(host="127.0.0.1"), headers={"host": "127.0.0.1:7860"})  # type: ignore[arg-type]


def submit(views: BoardViews, folder: Path, emotion: str, private: bool = False) -> Entry:
    header, *rows = views.board.template(SANDBOX).splitlines()
    path = text(folder / "p.csv", header, *(f"{row.split(',')[0]},{emotion}" for row in rows))
    return views.board.submit(SANDBOX, path, "ada", Details(emotion), private=private)


def only(states: Iterator[dict[Any, Any]]) -> dict[Any, Any]:
    (state,) = states
    return state


def opened(views: BoardViews, **asked: str) -> dict[Any, Any]:
    return only(views.open_page(asked, here(), None))


def test_an_empty_address_shows_the_first_task(views: BoardViews) -> None:
    state, on = opened(views), views.on
    assert state[on.task] == next(iter(TASKS))
    assert state[on.report] == ""
    assert state[on.comparing].open is False
    assert only(views.open_page(None, here(), None))[on.task] == state[on.task]


def test_an_address_names_task_group_part_and_row(views: BoardViews) -> None:
    state, on = opened(views, task="afew", group="val · faces-only", row="published-1"), views.on
    assert state[on.task] == "afew"
    assert state[on.group].value == "val · faces-only"
    row = next(row for row in views.board.rows(TASKS["afew"]) if row.id == "published-1")
    assert row.system in state[on.report]
    by = opened(views, task="utkface", by="ethnicity_accuracy")
    assert (by[on.by].value, by[on.by].visible) == ("ethnicity_accuracy", True)
    assert opened(views, task="afew")[on.by].visible is False


@pytest.mark.parametrize(
    "asked",
    [{"task": "<b>"}, {"task": "abaw-expr", "group": "x", "by": "x", "row": "x", "first": "x", "second": "x"}],
)
def test_an_address_that_names_nothing_gets_the_defaults(asked: dict[str, str], views: BoardViews) -> None:
    state, on = opened(views, **asked), views.on
    assert (state[on.task], state[on.by].value, state[on.report]) == ("abaw-expr", MAIN, "")
    assert state[on.group].value in [value for _, value in state[on.group].choices]
    assert (state[on.first].value, state[on.second].value) == (None, None)


def test_two_entries_of_an_address_are_chosen_to_compare(views: BoardViews, tmp_path: Path) -> None:
    entries = [submit(views, tmp_path, emotion) for emotion in ("sad", "happy", "fear")]
    ids = [entry.id for entry in entries]
    state, on = opened(views, task=SANDBOX.name, first=ids[2], second=ids[0]), views.on
    assert (state[on.first].value, state[on.second].value, state[on.comparing].open) == (ids[2], ids[0], True)
    default = opened(views, task=SANDBOX.name)
    choices = [value for _, value in default[on.first].choices]
    assert sorted(choices) == sorted(ids)
    assert (default[on.first].value, default[on.second].value) == (choices[0], choices[-1])
    assert default[on.comparing].open is False
    label = next(label for label, value in default[on.first].choices if value == ids[0])
    assert label == f"sad ({entries[0].scores[0].shown:.4f}, {entries[0].created[:10]})"


def test_a_private_entry_may_be_chosen_by_its_owner(views: BoardViews, tmp_path: Path) -> None:
    secret = submit(views, tmp_path, "sad", private=True)
    elsewhere = gr.Request(client=SimpleNamespace(host="203.0.113.9"), headers={"host": "example.org"})  # type: ignore[arg-type]
    mine, theirs = (only(views.open_task(SANDBOX.name, who, None)) for who in (here(), elsewhere))
    on = views.on
    assert (
        [value for _, value in mine[on.mine].choices]
        == [value for _, value in mine[on.first].choices]
        == [secret.id]
    )
    assert theirs[on.mine].choices == theirs[on.first].choices == []
    assert "1 of 5 submissions used today" in mine[on.who]
    assert "99 left in all" in theirs[on.who]


def test_on_a_space_a_visitor_is_asked_to_sign_in(views: BoardViews, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "user/femo")
    assert "sign in with Hugging Face first" in opened(views)[views.on.who]


def test_rows_are_filtered_by_group_and_badge_and_so_are_the_files(views: BoardViews) -> None:
    on = views.on
    shown = views.show("afew", "val · faces-only", [PUBLISHED], MAIN)
    state = next(shown)
    csv_file = Path(state[on.files[0]])
    assert csv_file.name == "afew.csv"
    n_rows = sum(
        row.group == "val · faces-only" and row.badge == PUBLISHED for row in views.board.rows(TASKS["afew"])
    )
    assert len(csv_file.read_text(encoding="utf-8").splitlines()) == 1 + n_rows
    assert state[on.table].count("<tr") == 1 + n_rows
    assert state[on.plot].visible is True
    shown.close()
    assert not csv_file.exists()  # Gradio has its copy by then


def test_the_course_over_the_years_is_drawn_of_one_group_only(views: BoardViews) -> None:
    state = next(views.show("afew", ALL_GROUPS, list(BADGES), MAIN))
    assert state[views.on.plot].visible is False
    nothing = next(views.show("afew", ALL_GROUPS, [], MAIN))
    assert "<tr" not in nothing[views.on.table]


def test_a_template_has_every_key(views: BoardViews) -> None:
    written = views.write_template(SANDBOX.name)
    file = next(written)
    path = Path(file.value["path"] if isinstance(file.value, dict) else file.value)
    assert path.name.startswith("sandbox-afew-template")
    assert len(path.read_text().splitlines()) == 61
    written.close()
    with pytest.raises(gr.Error, match="it has no template"):
        next(views.write_template("lfw"))


def test_clicks_choose_a_task_and_a_row(views: BoardViews, tmp_path: Path) -> None:
    def click(**data: str) -> Any:
        return SimpleNamespace(**data)

    entry = submit(views, tmp_path, "sad")
    assert views.pick(click(task="vgaf")) == "vgaf"
    with pytest.raises(gr.Error, match="no task is called"):
        views.pick(click(task="nothing"))
    with pytest.raises(gr.Error, match="no task is called"):
        views.pick(click())
    assert "sad" in views.choose(SANDBOX.name, click(id=entry.id))
    assert views.choose(SANDBOX.name, click(id="nobody")) == views.choose(SANDBOX.name, click()) == ""


def test_another_task_forgets_what_was_asked_of_the_last(views: BoardViews) -> None:
    *cards, template = views.clear()
    assert (cards, template.visible) == (["", "", ""], False)
