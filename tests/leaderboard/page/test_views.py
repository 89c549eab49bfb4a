"""What the tab shows for an address, a task or a click, without a browser: the state of each component."""

import errno
import html
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from leaderboard.board import Board
from leaderboard.errors import ReferenceInvalid
from leaderboard.page import answers
from leaderboard.page.layout import ALL_GROUPS, BADGES, MAIN, BoardLayout
from leaderboard.page.views import BoardViews
from leaderboard.reading.reference import load_reference
from leaderboard.store.database import Store
from leaderboard.store.details import Details
from leaderboard.store.entries import PUBLISHED, RESCORED, SELF_REPORTED, Entry, StoredScore, new_entry
from leaderboard.store.hub import HubMirror
from leaderboard.tasks import TASKS
from tests.leaderboard.writing import text

SANDBOX = TASKS["sandbox-afew"]


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoardLayout]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("cache")))
        with gr.Blocks(analytics_enabled=False):
            yield BoardLayout()


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


def opened(views: BoardViews, **asked: str) -> dict[Any, Any]:
    return views.open_page(asked, here(), None)


def test_an_empty_address_shows_the_first_task(views: BoardViews) -> None:
    state, on = opened(views), views.on
    assert state[on.task] == next(iter(TASKS))
    assert state[on.report] == ""
    assert state[on.comparing].open is False
    assert views.open_page(None, here(), None)[on.task] == state[on.task]


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


def test_one_entry_is_not_offered_beside_itself(views: BoardViews, tmp_path: Path) -> None:
    entry, on = submit(views, tmp_path, "sad"), views.on
    state = opened(views, task=SANDBOX.name)
    assert (state[on.first].value, state[on.second].value) == (entry.id, None)
    assert [value for _, value in state[on.second].choices] == [entry.id]
    asked = opened(views, task=SANDBOX.name, first=entry.id)
    assert (asked[on.first].value, asked[on.second].value) == (entry.id, None)


def test_another_task_shows_only_the_ticked_rows_and_so_do_its_files(views: BoardViews) -> None:
    on, ticked = views.on, [RESCORED, SELF_REPORTED]
    state = views.open_task("afew", ticked, here(), None)
    assert on.badges not in state  # the visitor's ticks stay
    assert state[on.table] == views.show("afew", state[on.group].value, ticked, MAIN)[on.table]
    assert "<tr" not in state[on.table]
    _, text = downloaded(views, "CSV", "afew", state[on.group].value, ticked, MAIN)
    assert len(text.splitlines()) == 1
    everything = views.open_task("afew", list(BADGES), here(), None)
    assert "<tr" in everything[on.table]


def test_a_page_that_opens_shows_every_kind_of_row_and_ticks_it(views: BoardViews) -> None:
    state, on = opened(views, task="afew"), views.on
    assert state[on.badges] == list(BADGES)
    assert state[on.table] == views.show("afew", state[on.group].value, list(BADGES), MAIN)[on.table]


def test_a_private_entry_may_be_chosen_by_its_owner(views: BoardViews, tmp_path: Path) -> None:
    secret = submit(views, tmp_path, "sad", private=True)
    elsewhere = gr.Request(client=SimpleNamespace(host="203.0.113.9"), headers={"host": "example.org"})  # type: ignore[arg-type]
    mine, theirs = (views.open_task(SANDBOX.name, list(BADGES), who, None) for who in (here(), elsewhere))
    on = views.on
    assert (
        [value for _, value in mine[on.mine].choices]
        == [value for _, value in mine[on.first].choices]
        == [secret.id]
    )
    assert theirs[on.mine].choices == theirs[on.first].choices == []
    assert "1 of 5 submissions used today" in mine[on.who]
    assert "99 left in all" in theirs[on.who]


def test_what_is_left_is_not_said_before_earlier_entries_are_read(layout: BoardLayout, tmp_path: Path) -> None:
    board = Board(Store(tmp_path / "store"), load_reference)
    board.mirror = HubMirror("user/board", board.store)
    views = BoardViews(board, layout)
    said = opened(views, task="sandbox-afew")[layout.who]
    assert "nothing is scored or compared for sandbox-afew yet, because the board is still reading its" in said
    assert "used today" not in said
    assert "0 of 5 submissions used today" in opened(views, task="utkface")[layout.who], (
        "its labels are not hidden"
    )


def test_on_a_space_a_visitor_is_asked_to_sign_in(views: BoardViews, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "user/femo")
    assert "sign in with Hugging Face first" in opened(views)[views.on.who]


def downloaded(views: BoardViews, kind: str, *filters: Any) -> tuple[str, str]:
    """Return the name and the text of a file that a button makes."""
    made = views.download(kind, *filters)
    path = Path(next(made).value["path"])
    assert path.is_relative_to(views.on.export.GRADIO_CACHE)  # whence a visitor may have it
    assert next(made, None) is None
    return path.name, path.read_text(encoding="utf-8")


def test_rows_are_filtered_by_group_and_badge_and_so_are_the_files(views: BoardViews) -> None:
    on, filters = views.on, ("afew", "val · faces-only", [PUBLISHED], MAIN)
    state = views.show(*filters)
    files = {kind: downloaded(views, kind, *filters) for kind in on.files}
    assert [name for name, _ in files.values()] == ["afew.csv", "afew.json", "afew.tex"]
    n_rows = sum(
        row.group == "val · faces-only" and row.badge == PUBLISHED for row in views.board.rows(TASKS["afew"])
    )
    assert len(files["CSV"][1].splitlines()) == 1 + n_rows
    assert state[on.table].count("<tr") == 1 + n_rows
    assert state[on.plot].visible is False  # all of one year
    assert views.show("afew", "val · complete", [PUBLISHED], MAIN)[on.plot].visible is True


def test_a_button_works_however_long_the_page_is_open(views: BoardViews, layout: BoardLayout) -> None:
    """Files that were made with the page went with a sweep 50 minutes later, and the buttons with them."""
    state = opened(views, task="afew")
    filters = ("afew", state[layout.group].value, list(BADGES), MAIN)
    shutil.rmtree(layout.export.GRADIO_CACHE, ignore_errors=True)
    assert downloaded(views, "CSV", *filters)[1].startswith("rank_best,")
    assert not {*layout.files.values(), layout.export} & set(state), "no file is made before it is asked for"
    with pytest.raises(gr.Error, match="no task is called"):
        next(views.download("CSV", "nothing", *filters[1:]))


def test_a_disk_that_takes_nothing_takes_the_files_and_not_the_table(views: BoardViews) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    asked = {"task": "afew", "group": "val · complete"}
    filters = ("afew", "val · complete", [PUBLISHED], MAIN)
    before, filtered = opened(views, **asked)[views.on.table], views.show(*filters)[views.on.table]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leaderboard.page.views.TemporaryDirectory", full)
        assert opened(views, **asked)[views.on.table] == before
        assert views.show(*filters)[views.on.table] == filtered
        with pytest.raises(OSError, match="No space left on device"):  # the page says it of every event
            next(views.download("CSV", *filters))


def test_the_course_over_the_years_is_drawn_of_one_group_only(views: BoardViews) -> None:
    state = views.show("afew", ALL_GROUPS, list(BADGES), MAIN)
    assert state[views.on.plot].visible is False
    nothing = views.show("afew", ALL_GROUPS, [], MAIN)
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


def test_labels_of_one_task_that_cannot_be_read_stop_no_other(
    layout: BoardLayout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host's file is damaged: the page opens, that task's table too, and the others are scored."""
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setenv("LOGNAME", "ada")
    folder = tmp_path / "labels" / "affectnet-8"
    folder.mkdir(parents=True)
    text(folder / "labels.csv", "image,expression", "a.png,glad")
    board = Board(
        Store(tmp_path / "store"), lambda task: load_reference(task, None if task.sandbox else tmp_path / "labels")
    )
    views = BoardViews(board, layout)
    with pytest.raises(ReferenceInvalid):
        board.labels.signature(TASKS["affectnet-8"])
    assert "SENet-50" in opened(views)[views.on.overview]
    table = opened(views, task="affectnet-8")[views.on.table]
    assert "EfficientNet" in table
    assert submit(views, tmp_path, "happy").badge == RESCORED
    said = answers.validation(
        board, "affectnet-8", text(tmp_path / "p.csv", "image,expression", "a.png,happiness")
    )
    assert said["error"] == answers.BROKEN_LABELS
    assert "labels.csv" not in str(said)
    with pytest.raises(gr.Error) as told:
        list(views.write_template("affectnet-8"))
    assert html.unescape(told.value.message) == answers.BROKEN_LABELS


def test_what_is_used_today_is_not_what_earlier_days_used(
    views: BoardViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of five in all were used on another day: none today, although only two are left."""
    score = StoredScore("sig", 0.1, {"main": 0.1, "split": "val"}, "2026-01-01T12:00:00+00:00")
    for number in range(3):
        views.board.store.add(new_entry(SANDBOX, "ada", Details(f"net {number}"), score))
    monkeypatch.setitem(TASKS, SANDBOX.name, replace(SANDBOX, quota_in_all=5))
    said = opened(views, task=SANDBOX.name)[views.on.who]
    assert "0 of 5 submissions used today (UTC), 2 left in all" in said


def test_lists_show_the_score_that_ranks_not_the_newest(views: BoardViews, tmp_path: Path) -> None:
    entry = submit(views, tmp_path, "happy")
    main = f"{entry.scores[0].shown:.4f}"
    views.board.store.add_score(entry.id, replace(entry.scores[0], signature="other labels", shown=0.9876))
    state, on = opened(views, task=SANDBOX.name), views.on
    for choices in (state[on.first].choices, state[on.mine].choices):
        assert [label for label, _ in choices] == [f"happy ({main}, {entry.created[:10]})"]
    assert f"<td>{main}</td>" in state[on.listed]
    assert "0.9876" not in state[on.listed]


def test_files_for_download_say_what_they_are_ranked_by(views: BoardViews) -> None:
    filters = ("utkface", ALL_GROUPS, list(BADGES), "gender_accuracy")
    csv, json, latex = (downloaded(views, kind, *filters)[1] for kind in views.on.files)
    assert csv.splitlines()[0].endswith(",ranked_by")
    assert csv.splitlines()[1].endswith(",gender_accuracy")
    assert '"ranked_by": "gender_accuracy"' in json
    assert "& gender accuracy &" in latex
