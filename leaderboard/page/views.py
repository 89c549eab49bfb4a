"""What the Leaderboard tab shows: everything that depends on the task, the address, a click on a row.

Conventions: files are made when asked for, because Gradio's cache, which has them, is swept while pages stay open.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import gradio as gr

from leaderboard.board import Board
from leaderboard.page import cards
from leaderboard.page.api import NotSignedIn, one_sentence, owns, submitter
from leaderboard.page.history import has_course, history
from leaderboard.page.layout import ALL_GROUPS, BADGES, FILES, MAIN, BoardLayout
from leaderboard.page.markup import render
from leaderboard.page.table import board_table
from leaderboard.schema import Task
from leaderboard.standings.export import export, score_text
from leaderboard.standings.overview import Best, best_of, first_group
from leaderboard.standings.table import Row, groups
from leaderboard.store.entries import RESCORED, Entry, utc_now
from leaderboard.store.restoring import unread
from leaderboard.tasks import TASKS, get_task

ONE_USER: Final = (
    " Nobody logs in here, so all visitors of this page are this one user, who may submit; private entries are kept, and "
    "entries published and withdrawn, only on the computer that runs the page."
)
PUBLIC_NOTE: Final = "Names, links and notes are shown to everyone; the file itself is kept, and never shown."


class BoardViews:
    """The handlers that show something and change nothing.

    Args:
        board: Where entries come from.
        on: The components.
    """

    def __init__(self, board: Board, on: BoardLayout) -> None:
        self.board = board
        self.on = on

    def open_page(
        self, asked: dict[str, Any] | None, request: gr.Request, profile: gr.OAuthProfile | None
    ) -> dict[Any, Any]:
        """Show what the page's address asks for: a task, its rows, one row's details, two entries to compare."""
        wanted = {key: str(value) for key, value in (asked or {}).items()}
        task = TASKS.get(wanted.get("task", "")) or next(iter(TASKS.values()))
        pair = (wanted.get("first", ""), wanted.get("second", ""))
        with one_sentence():
            filled = self._filled(task, list(BADGES), wanted, pair, request, profile)
            compares = pair[0] in {entry.id for entry in self._scored(task, [])}
            return {
                self.on.task: task.name,
                self.on.badges: list(BADGES),
                self.on.report: self._details(task, wanted["row"]) if "row" in wanted else "",
                self.on.comparing: gr.Accordion(open=compares),
                **filled,
            }

    def pick(self, event: gr.EventData) -> str:
        """Choose the task whose button was clicked."""
        with one_sentence():
            return get_task(str(getattr(event, "task", ""))).name

    def open_task(
        self, name: str, badges: list[str], request: gr.Request, profile: gr.OAuthProfile | None
    ) -> dict[Any, Any]:
        """Fill everything that depends on the task; which kinds of rows are shown stays as it is ticked."""
        with one_sentence():
            return self._filled(get_task(name), badges, {}, ("", ""), request, profile)

    def _filled(
        self,
        task: Task,
        badges: list[str],
        wanted: Mapping[str, str],
        pair: tuple[str, str],
        request: gr.Request,
        profile: gr.OAuthProfile | None,
    ) -> dict[Any, Any]:
        """Return what everything shows; what is wanted and not there gets the default."""
        by = wanted["by"] if wanted.get("by") in task.parts else MAIN
        signature = self.board.labels.shown_signature(task)
        part = None if by == MAIN else by
        with one_sentence():
            rows = self.board.rows(task, part)
        known = [*groups(rows), ALL_GROUPS]
        group = wanted["group"] if wanted.get("group") in known else first_group(rows, signature is not None)
        who, own = self._visitor(task, request, profile)
        scored = [_choice(entry, task, signature) for entry in self._scored(task, own)]
        ids: list[str | None] = [*(choice[1] for choice in scored)] or [None]
        first, second = (
            one if one in ids else default for one, default in zip(pair, (ids[0], ids[-1]), strict=True)
        )
        mine = [_choice(entry, task, signature) for entry in own if entry.withdrawn is None]
        return {
            self.on.overview: cards.overview(self._bests(), task.name),
            self.on.group: gr.Dropdown(known, value=group or ALL_GROUPS),
            self.on.by: gr.Dropdown([MAIN, *task.parts], value=by, visible=bool(task.parts)),
            self.on.about: cards.about(task, signature, utc_now()[:10]),
            self.on.format: f"**Format.** {task.format}\n\n{PUBLIC_NOTE}",
            self.on.who: who,
            self.on.first: gr.Dropdown(scored, value=first),
            self.on.second: gr.Dropdown(scored, value=None if second == first else second),
            self.on.mine: gr.Dropdown(mine, value=None),
            self.on.listed: cards.own_card(task, own, signature),
            **self._shown(task, rows, group or ALL_GROUPS, badges, part),
        }

    def _bests(self) -> list[Best]:
        """Return every task's best, but for the sandboxes, which hold trials."""
        tasks = [task for task in TASKS.values() if not task.sandbox]
        return [
            best_of(task, self.board.rows(task), self.board.labels.shown_signature(task) is not None)
            for task in tasks
        ]

    def _scored(self, task: Task, own: list[Entry]) -> list[Entry]:
        """Return the entries that can be compared."""
        return [
            entry
            for entry in self.board.store.entries(task.name)
            if entry.badge == RESCORED and entry.removed is None and (not entry.private or entry in own)
        ]

    def _visitor(
        self, task: Task, request: gr.Request, profile: gr.OAuthProfile | None
    ) -> tuple[str, list[Entry]]:
        """Return (who submits and how much is left, the entries that are the visitor's alone)."""
        try:
            user = submitter(profile)
        except NotSignedIn as error:
            return render("visitor", user="", said=str(error)), []
        quota, left = self.board.quota(task), self.board.left(task, user)
        today, _ = self.board.store.used(task.name, user)
        used = f"{today} of {quota.per_day} submissions used today"
        closing = f" Open until {task.closes} (UTC)." if task.closes else ""
        waits = unread(task, self.board.mirror)
        said = f"{waits}." if waits else f"{used} (UTC), {left.in_all} left in all.{closing}"
        said += ONE_USER if profile is None else ""
        mine = self.board.mine(task, user) if owns(profile, request) else []
        return render("visitor", user=user, said=said), mine

    def show(self, name: str, group: str, badges: list[str], by: str) -> dict[Any, Any]:
        """Show other rows of the same task, or rank them by a part of the score."""
        with one_sentence():
            task, part = get_task(name), None if by == MAIN else by
            return self._shown(task, self.board.rows(task, part), group, badges, part)

    def _shown(self, task: Task, rows: list[Row], group: str, badges: list[str], by: str | None) -> dict[Any, Any]:
        chosen = _chosen(rows, group, badges)
        drawn = chosen if group != ALL_GROUPS else []
        return {
            self.on.table: board_table(chosen, task),
            self.on.plot: gr.Plot(history(drawn, task), visible=True)
            if has_course(drawn)
            else gr.Plot(None, visible=False),
        }

    def download(self, kind: str, name: str, group: str, badges: list[str], by: str) -> Iterator[Any]:
        """Write the rows that are shown to a file; ``kind`` is one of ``FILES``."""
        with one_sentence(), TemporaryDirectory() as folder:
            task, part = get_task(name), None if by == MAIN else by
            rows = _chosen(self.board.rows(task, part), group, badges)
            text = export(rows, task, self.board.labels.shown_signature(task), kind.lower(), part)
            path = Path(folder) / f"{task.name}{FILES[kind]}"
            path.write_text(text, encoding="utf-8")
            yield gr.DownloadButton(value=str(path))

    def clear(self) -> list[Any]:
        """Forget what belonged to another task."""
        return ["", "", "", gr.File(visible=False)]

    def write_template(self, name: str) -> Iterator[Any]:
        """Write a valid file with every key."""
        with one_sentence(), TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}-template.csv"
            path.write_text(self.board.template(get_task(name)), encoding="utf-8")
            yield gr.File(str(path), visible=True)

    def choose(self, name: str, event: gr.EventData) -> str:
        """Show the report of a clicked row."""
        with one_sentence():
            task = get_task(name)
        return self._details(task, str(getattr(event, "id", "")))

    def _details(self, task: Task, row_id: str) -> str:
        with one_sentence():
            rows = self.board.rows(task)
            row = next((row for row in rows if row.id == row_id), None)
            if row is None:
                return ""
            report = None if row.citation else self.board.report(task, row.id)
        return cards.row_card(task, row, report, rows)


def _chosen(rows: list[Row], group: str, badges: list[str]) -> list[Row]:
    """Return the rows that the filters leave."""
    return [row for row in rows if group in (ALL_GROUPS, row.group) and row.badge in badges]


def _choice(entry: Entry, task: Task, signature: str | None) -> tuple[str, str]:
    score = score_text(entry.current(signature).shown, task)
    return f"{entry.system} ({score}, {entry.created[:10]})", entry.id
