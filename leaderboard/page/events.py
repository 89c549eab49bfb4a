"""What happens on the Leaderboard tab: thin handlers that ask the board and fill the components.

Conventions: files for download are written to a folder that is gone once Gradio has copied them into its cache.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import gradio as gr
from gradio.context import Context

from leaderboard.board import Board
from leaderboard.errors import LeaderboardError
from leaderboard.page import answers, cards
from leaderboard.page.api import NO_FILE, QUEUE, NotSignedIn, one_sentence, owner, owns, submitter
from leaderboard.page.history import history
from leaderboard.page.layout import ALL_GROUPS, BADGES, FILES, MAIN, BoardLayout
from leaderboard.page.markup import render
from leaderboard.page.table import board_table
from leaderboard.schema import Task
from leaderboard.standings.export import export
from leaderboard.standings.table import Row, groups
from leaderboard.store.entries import PUBLISHED, RESCORED, Entry, utc_now
from leaderboard.tasks import get_task

QUIET: Final[dict[str, Any]] = {"api_visibility": "private", **QUEUE}
ONE_USER: Final = (
    " Nobody logs in here, so all visitors of this page are this one user, who may submit; private entries are kept, and "
    "entries published and withdrawn, only on the computer that runs the page."
)
PUBLIC_NOTE: Final = "Names, links and notes are shown to everyone; the file itself is kept, and never shown."


class BoardEvents:
    """The handlers of one tab.

    Args:
        board: Where entries come from and go to.
        on: The components.
    """

    def __init__(self, board: Board, on: BoardLayout) -> None:
        self.board = board
        self.on = on

    def wire(self) -> None:
        """Register the events."""
        on, page = self.on, Context.root_block
        if page is None:
            raise RuntimeError("build_tab must be called inside gr.Blocks")
        shown = [on.table, on.plot, *on.files]
        whole = [on.group, on.by, on.about, on.format, on.who, on.first, on.second, on.mine, on.listed, *shown]
        gr.on([page.load, on.task.change], self.open_task, [on.task], whole, **QUIET)
        gr.on([on.task.change], self.clear, None, [on.report, on.compared, on.outcome, on.template], **QUIET)
        filters = [on.task, on.group, on.badges, on.by]
        gr.on([on.group.input, on.badges.input, on.by.input], self.show, filters, shown, **QUIET)
        on.table.click(self.choose, [on.task], on.report, **QUIET)
        on.make_template.click(self.write_template, [on.task], [on.template], **QUIET)
        on.compare.click(self.compare_two, [on.task, on.first, on.second], on.compared, **QUIET)
        on.check.click(self.check_file, [on.task, on.file], on.outcome, **QUIET)
        for button, handler, inputs in (
            (on.submit, self.submit_file, [on.task, on.file, *on.texts, on.private]),
            (on.claimed, self.claim_score, [on.task, on.claim, on.split, *on.texts]),
            (on.withdraw, self.withdraw_entry, [on.mine]),
            (on.publish, self.publish_entry, [on.mine]),
        ):
            event = button.click(handler, inputs, [on.outcome], **QUIET)
            event.then(self.open_task, [on.task], whole, **QUIET)

    def open_task(
        self, name: str, request: gr.Request, profile: gr.OAuthProfile | None
    ) -> Iterator[dict[Any, Any]]:
        """Fill everything that depends on the task."""
        task = get_task(name)
        with one_sentence():
            rows = self.board.rows(task)
        known = groups(rows)
        group = known[0] if known else ALL_GROUPS
        entries = self.board.store.entries(task.name)
        who, own = self._visitor(task, request, profile)
        scored = [
            _choice(entry)
            for entry in entries
            if entry.badge == RESCORED and entry.removed is None and (not entry.private or entry in own)
        ]
        host = owns(profile, request) and profile is None
        with TemporaryDirectory() as folder:
            yield {
                self.on.group: gr.Dropdown([*known, ALL_GROUPS], value=group),
                self.on.by: gr.Dropdown([MAIN, *task.parts], value=MAIN, visible=bool(task.parts)),
                self.on.about: cards.about(task, self.board.labels.signature(task), host, utc_now()[:10]),
                self.on.format: f"**Format.** {task.format}\n\n{PUBLIC_NOTE}",
                self.on.who: who,
                self.on.first: gr.Dropdown(scored, value=scored[0][1] if scored else None),
                self.on.second: gr.Dropdown(scored, value=scored[-1][1] if scored else None),
                self.on.mine: gr.Dropdown(
                    [_choice(entry) for entry in own if entry.withdrawn is None], value=None
                ),
                self.on.listed: cards.own_card(task, own),
                **self._shown(task, rows, group, list(BADGES), Path(folder)),
            }

    def _visitor(
        self, task: Task, request: gr.Request, profile: gr.OAuthProfile | None
    ) -> tuple[str, list[Entry]]:
        """Return (who submits and how much is left, the entries that are the visitor's alone)."""
        try:
            user = submitter(profile)
        except NotSignedIn as error:
            return render("visitor", user="", said=str(error)), []
        quota, left = self.board.quota(task), self.board.left(task, user)
        used = f"{quota.per_day - left.per_day} of {quota.per_day} submissions used today"
        closing = f" Open until {task.closes} (UTC)." if task.closes else ""
        said = f"{used} (UTC), {left.in_all} left in all.{closing}{ONE_USER if profile is None else ''}"
        mine = self.board.mine(task, user) if owns(profile, request) else []
        return render("visitor", user=user, said=said), mine

    def show(self, name: str, group: str, badges: list[str], by: str) -> Iterator[dict[Any, Any]]:
        """Show other rows of the same task, or rank them by a part of the score."""
        task = get_task(name)
        with one_sentence(), TemporaryDirectory() as folder:
            rows = self.board.rows(task, None if by == MAIN else by)
            yield self._shown(task, rows, group, badges, Path(folder))

    def _shown(self, task: Task, rows: list[Row], group: str, badges: list[str], folder: Path) -> dict[Any, Any]:
        chosen = [row for row in rows if group in (ALL_GROUPS, row.group) and row.badge in badges]
        paths = [folder / f"{task.name}{suffix}" for suffix in FILES.values()]
        for path, kind in zip(paths, FILES, strict=True):
            path.write_text(
                export(chosen, task, self.board.labels.signature(task), kind.lower()), encoding="utf-8"
            )
        drawn = chosen if group != ALL_GROUPS else []
        return {
            self.on.table: board_table(chosen, task),
            self.on.plot: gr.Plot(history(drawn, task), visible=bool(drawn)),
            **dict(zip(self.on.files, map(str, paths), strict=True)),
        }

    def clear(self) -> list[Any]:
        """Forget what belonged to another task."""
        return [cards.EMPTY_REPORT, "", "", gr.File(visible=False)]

    def write_template(self, name: str) -> Iterator[Any]:
        """Write a valid file with every key."""
        with one_sentence(), TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}-template.csv"
            path.write_text(self.board.template(get_task(name)), encoding="utf-8")
            yield gr.File(str(path), visible=True)

    def choose(self, name: str, event: gr.EventData) -> str:
        """Show the report of a clicked row."""
        task = get_task(name)
        with one_sentence():
            row = next((row for row in self.board.rows(task) if row.id == event.id), None)
            if row is None:
                return cards.EMPTY_REPORT
            report = None if row.badge == PUBLISHED else self.board.report(task, row.id)
        return cards.row_card(task, row, report)

    def compare_two(
        self,
        name: str,
        first: str | None,
        second: str | None,
        request: gr.Request,
        profile: gr.OAuthProfile | None,
    ) -> str:
        """Show which of two submissions is better."""
        if not first or not second:
            return cards.refusal_card(LeaderboardError("choose two submissions that were scored here").to_dict())
        own = owns(profile, request)
        answer = answers.answered(lambda: answers.comparison(self.board, first, second, submitter(profile), own))
        if "error" in answer:
            return cards.refusal_card(answer)
        names = [self.board.store.entry(entry_id).system for entry_id in (first, second)]
        return cards.comparison_card(get_task(name), names[0], names[1], answer)

    def check_file(self, name: str, path: str | None) -> str:
        """Say whether a file could be scored."""
        if not path:
            return cards.refusal_card(NO_FILE.to_dict())
        answer = answers.validation(self.board, name, Path(path))
        if "error" in answer:
            return cards.refusal_card(answer)
        return cards.valid_card(answer["n_rows"], answer["keys_checked"], answer["notes"])

    def submit_file(
        self,
        name: str,
        path: str | None,
        system: str,
        team: str,
        links: str,
        note: str,
        private: bool,
        request: gr.Request,
        profile: gr.OAuthProfile | None,
    ) -> str:
        """Score a file and publish it, unless it is to stay private."""

        def work() -> answers.Answer:
            user = owner(profile, request) if private else submitter(profile)
            if not path:
                raise NO_FILE
            return answers.submission(self.board, name, Path(path), user, system, team, links, note, private)

        answer = answers.answered(work)
        if "error" in answer:
            return cards.refusal_card(answer)
        rows = self.board.rows(get_task(name))
        row = next((row for row in rows if row.id == answer["entry"]), None)
        if private:
            return cards.done_card(
                "Scored", f"{system}: {answer['score']['main']}, seen by you only until you publish it."
            )
        if row is None:
            return cards.done_card("Scored", f"{answer['score']['main']}; an earlier entry of {system} is better.")
        return (cards.SAVING if "saving" in answer else "") + cards.row_card(get_task(name), row, answer["score"])

    def claim_score(
        self,
        name: str,
        score: str,
        split: str,
        system: str,
        team: str,
        links: str,
        note: str,
        profile: gr.OAuthProfile | None,
    ) -> str:
        """List a score that nobody here has checked."""

        def work() -> answers.Answer:
            texts = (system, team, links, note)
            return answers.self_report(self.board, name, submitter(profile), score, split, texts)

        answer = answers.answered(work)
        if "error" in answer:
            return cards.refusal_card(answer)
        return cards.done_card("Listed", f"{system} is in the table as self-reported, without a rank.")

    def withdraw_entry(self, entry_id: str | None, request: gr.Request, profile: gr.OAuthProfile | None) -> str:
        """Take back one's own entry."""

        def work() -> answers.Answer:
            return answers.withdrawal(self.board, entry_id or "", owner(profile, request))

        answer = answers.answered(work)
        if "error" in answer:
            return cards.refusal_card(answer)
        return cards.done_card(
            "Withdrawn", "The entry has left the table; an earlier one of the system stands again."
        )

    def publish_entry(self, entry_id: str | None, request: gr.Request, profile: gr.OAuthProfile | None) -> str:
        """Show one's own private entry to everybody."""

        def work() -> answers.Answer:
            return answers.publication(self.board, entry_id or "", owner(profile, request))

        answer = answers.answered(work)
        if "error" in answer:
            return cards.refusal_card(answer)
        return cards.done_card("Published", "The entry is in the table.")


def _choice(entry: Entry) -> tuple[str, str]:
    score = f"{entry.scores[-1].shown:z.{min(get_task(entry.task).precision, 4)}f}"
    return f"{entry.system} ({score}, {entry.created[:10]})", entry.id
