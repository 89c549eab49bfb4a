"""What happens on the Leaderboard tab: which event does what, and the thin handlers that ask the board for something."""

from functools import partial
from pathlib import Path
from typing import Any, Final

import gradio as gr
from gradio.context import Context

from leaderboard.board import Board
from leaderboard.errors import LeaderboardError
from leaderboard.page import answers, cards
from leaderboard.page.api import NO_FILE, QUEUE, owner, owns, submitter
from leaderboard.page.layout import MAIN, BoardLayout
from leaderboard.page.views import BoardViews
from leaderboard.store.entries import Entry
from leaderboard.tasks import get_task

NO_PAIR: Final = LeaderboardError("choose two submissions that were scored here")
QUIET: Final[dict[str, Any]] = {"api_visibility": "private", **QUEUE}
READ: Final = "() => [Object.fromEntries(new URLSearchParams(location.search))]"
"""What the page's address asks for; Python checks each value."""
_WRITE: Final = """(%s) => {
  const address = new URL(location), wanted = {tab: 'leaderboard', %s};
  for (const [key, value] of Object.entries(wanted))
    value ? address.searchParams.set(key, value) : address.searchParams.delete(key);
  history.replaceState(history.state, '', address);
}"""
WRITE: Final = _WRITE % (
    "task, group, by",
    f"task, group, by: by === '{MAIN}' ? '' : by, row: '', first: '', second: ''",
)
WRITE_PAIR: Final = _WRITE % ("first, second", "first, second")
SAVE: Final = """(file) => {
  const link = document.createElement('a');
  link.href = file.url;
  link.download = file.orig_name;
  link.click();
}"""
"""Saves the file that was just made."""
GO: Final = """() => {
  const part = document.querySelector('#board-submit'), head = part.querySelector('button');
  if (!head.classList.contains('open')) head.click();
  part.scrollIntoView({behavior: 'smooth'});
}"""
"""Opens the form, from the top of the page."""


class BoardEvents:
    """The handlers of one tab.

    Args:
        board: Where entries come from and go to.
        on: The components.
    """

    def __init__(self, board: Board, on: BoardLayout) -> None:
        self.board = board
        self.on = on
        self.views = BoardViews(board, on)

    def wire(self) -> None:
        """Register the events."""
        on, page = self.on, Context.root_block
        if page is None:
            raise RuntimeError("build_tab must be called inside gr.Blocks")
        shown = [on.table, on.plot]
        own = [on.who, on.first, on.second, on.mine, on.listed]
        whole = [on.overview, on.group, on.by, on.about, on.format, *own, *shown]
        opening = [on.task, on.badges, on.report, on.comparing, *whole]
        page.load(self.views.open_page, [on.asked], opening, js=READ, **QUIET)
        cleared = [on.report, on.compared, on.outcome, on.template]
        picked = on.overview.click(self.views.pick, None, [on.task], **QUIET)
        for event in (
            on.task.input(self.views.clear, None, cleared, **QUIET),
            picked.then(self.views.clear, None, cleared, **QUIET),
        ):
            opened = event.then(self.views.open_task, [on.task, on.badges], whole, **QUIET)
            opened.then(None, [on.task, on.group, on.by], None, js=WRITE)
        filters = [on.task, on.group, on.badges, on.by]
        changed = gr.on([on.group.input, on.badges.input, on.by.input], self.views.show, filters, shown, **QUIET)
        changed.then(None, [on.task, on.group, on.by], None, js=WRITE)
        self._wire_files(filters)
        on.table.click(self.views.choose, [on.task], on.report, **QUIET)
        on.go.click(None, None, None, js=GO)
        gr.on([on.first.input, on.second.input], None, [on.first, on.second], None, js=WRITE_PAIR)
        on.make_template.click(self.views.write_template, [on.task], [on.template], **QUIET)
        on.compare.click(self.compare_two, [on.task, on.first, on.second], on.compared, **QUIET)
        on.check.click(self.check_file, [on.task, on.file], on.outcome, **QUIET)
        for button, handler, inputs in (
            (on.submit, self.submit_file, [on.task, on.file, *on.texts, on.private]),
            (on.claimed, self.claim_score, [on.task, on.claim, on.split, *on.texts]),
            (on.withdraw, self.withdraw_entry, [on.mine]),
            (on.publish, self.publish_entry, [on.mine]),
        ):
            event = button.click(handler, inputs, [on.outcome], **QUIET)
            event.then(self.views.open_task, [on.task, on.badges], whole, **QUIET)

    def _wire_files(self, filters: list[Any]) -> None:
        for kind, button in self.on.files.items():
            write = partial(self.views.download, kind)
            made = button.click(write, filters, self.on.export, show_progress_on=[button], **QUIET)
            made.success(None, self.on.export, None, js=SAVE)

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
            return cards.refusal_card(NO_PAIR.to_dict(), "Nothing was compared")
        own = owns(profile, request)
        answer = answers.answered(lambda: answers.comparison(self.board, first, second, submitter(profile), own))
        if "error" in answer:
            return cards.refusal_card(answer, "Nothing was compared")
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
        system: str | None,
        team: str | None,
        links: str | None,
        note: str | None,
        private: bool,
        request: gr.Request,
        profile: gr.OAuthProfile | None,
    ) -> str:
        """Score a file and publish it, unless it is to stay private."""

        def work() -> answers.Answer:
            user = owner(profile, request) if private else submitter(profile)
            if not path:
                raise NO_FILE
            written = (system or "", team or "", links or "", note or "")  # null where nothing was written
            return answers.submission(self.board, name, Path(path), user, *written, bool(private))

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
            return cards.done_card(
                "Scored", f"{answer['score']['main']}; an earlier entry of {system} is as good or better."
            )
        return (cards.SAVING if "saving" in answer else "") + cards.row_card(get_task(name), row, answer["score"])

    def claim_score(
        self,
        name: str,
        score: str | None,
        split: str | None,
        system: str | None,
        team: str | None,
        links: str | None,
        note: str | None,
        profile: gr.OAuthProfile | None,
    ) -> str:
        """List a score that nobody here has checked."""

        def work() -> answers.Answer:
            texts = (system or "", team or "", links or "", note or "")
            return answers.self_report(self.board, name, submitter(profile), score or "", split or "", texts)

        answer = answers.answered(work)
        if "error" in answer:
            return cards.refusal_card(answer, "Nothing was listed")
        return cards.done_card("Listed", f"{system} is in the table as self-reported, without a rank.")

    def _chosen(self, entry_id: str | None) -> Entry:
        if not entry_id:
            raise LeaderboardError("choose one of your entries first")
        return self.board.store.entry(entry_id)

    def _in_table(self, entry: Entry) -> set[str]:
        """Return the ids of the table's rows of the entry's system."""
        rows = self.board.rows(get_task(entry.task))
        return {row.id for row in rows if (row.user, row.system) == (entry.user, entry.system)}

    def withdraw_entry(self, entry_id: str | None, request: gr.Request, profile: gr.OAuthProfile | None) -> str:
        """Take back one's own entry."""

        def work() -> answers.Answer:
            user = owner(profile, request)
            entry = self._chosen(entry_id)
            before = self._in_table(entry)
            answer = answers.withdrawal(self.board, entry.id, user)
            return answer | {"said": cards.withdrawn(entry, before, self._in_table(entry))}

        answer = answers.answered(work)
        if "error" in answer:
            return cards.refusal_card(answer, "Nothing was withdrawn")
        return cards.done_card("Withdrawn", answer["said"])

    def publish_entry(self, entry_id: str | None, request: gr.Request, profile: gr.OAuthProfile | None) -> str:
        """Show one's own private entry to everybody."""

        def work() -> answers.Answer:
            user = owner(profile, request)
            entry = self._chosen(entry_id)
            answer = answers.publication(self.board, entry.id, user)
            return answer | {"said": cards.published(entry, self._in_table(entry))}

        answer = answers.answered(work)
        if "error" in answer:
            return cards.refusal_card(answer, "Nothing was published")
        return cards.done_card("Published", answer["said"])
