"""The components of the Leaderboard tab, and nothing that moves them."""

import os
from typing import Final

import gradio as gr

from leaderboard.page.markup import file
from leaderboard.store.entries import PUBLISHED, RESCORED, SELF_REPORTED
from leaderboard.tasks import TASKS

BADGES: Final = (PUBLISHED, RESCORED, SELF_REPORTED)
ALL_GROUPS: Final = "everything"
MAIN: Final = "main score"
FILES: Final = {"CSV": ".csv", "JSON": ".json", "LaTeX": ".tex"}
"""Kinds of export and their suffixes."""


class BoardLayout:
    """Builds the components inside the current ``gr.Tab``."""

    def __init__(self) -> None:
        self.asked = gr.JSON(visible=False)
        with gr.Row(equal_height=True):
            self.head = gr.HTML(
                "Best scores",
                html_template=f"<style>{file('board.css')}</style><b>${{value}}</b>",
                padding=False,
                scale=5,
            )
            self.go = gr.Button("Submit yours", variant="primary", scale=1, min_width=140, elem_id="board-go")
        self.overview = gr.HTML(
            js_on_load=file("overview.js"), apply_default_css=False, elem_id="board-overview", padding=False
        )
        with gr.Row():
            choices = [(task.title, task.name) for task in TASKS.values()]
            self.task = gr.Dropdown(
                choices, value=choices[0][1], label="Task", scale=3, min_width=240, elem_id="board-task"
            )
            self.group = gr.Dropdown(
                [ALL_GROUPS], value=ALL_GROUPS, label="Ranked together", scale=3, min_width=240
            )
            self.by = gr.Dropdown(
                [MAIN], value=MAIN, label="Ranked by", scale=2, min_width=150, elem_id="board-by"
            )
            self.badges = gr.CheckboxGroup(BADGES, value=list(BADGES), label="Show", scale=4, min_width=280)
        self.about = gr.HTML(padding=False)
        self.table = gr.HTML(
            js_on_load=file("board.js"), apply_default_css=False, elem_id="board-table", padding=False
        )
        with gr.Row():
            self.files = {kind: gr.Button(f"Export {kind}", size="sm", min_width=90) for kind in FILES}
        self.export = gr.DownloadButton("Download", visible="hidden")
        self.plot = gr.Plot(show_label=False, elem_id="board-history")
        self.report = gr.HTML(js_on_load=file("report.js"), apply_default_css=False, elem_id="board-report")
        with gr.Accordion("Compare two submissions", open=False) as self.comparing:
            self._comparing()
        with gr.Accordion("Submit predictions", open=False, elem_id="board-submit"):
            self._submitting()

    def _comparing(self) -> None:
        with gr.Row():
            self.first = gr.Dropdown([], label="First", elem_id="board-first")
            self.second = gr.Dropdown([], label="Second", elem_id="board-second")
        self.compare = gr.Button("Compare", variant="secondary")
        self.compared = gr.HTML(apply_default_css=False, elem_id="board-compared")

    def _submitting(self) -> None:
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=300):
                self.format = gr.Markdown()
                self.make_template = gr.Button("Make a template", size="sm")
                self.template = gr.File(
                    label="Template", visible=False, interactive=False, elem_id="board-template"
                )
            with gr.Column(scale=3, min_width=300):
                if "OAUTH_CLIENT_ID" in os.environ:
                    gr.LoginButton()
                self.who = gr.HTML()
                self.file = gr.File(label="Prediction file (txt, csv, zip or gz)", type="filepath", height=140)
                self.texts = [
                    gr.Textbox(label="System", max_length=80, placeholder="what the table shall call it"),
                    gr.Textbox(label="Team", max_length=80),
                    gr.Textbox(label="Links", placeholder="https://… paper, code; separated by blanks"),
                    gr.Textbox(label="Note", max_length=500, lines=2),
                ]
                self.private = gr.Checkbox(label="Private: only you see it until you publish it")
                with gr.Row():
                    self.check = gr.Button("Check the file")
                    self.submit = gr.Button("Score and publish", variant="primary")
                self.outcome = gr.HTML(apply_default_css=False, elem_id="board-outcome")
        with gr.Accordion("Report a score without a file", open=False):
            with gr.Row():
                self.claim = gr.Textbox(
                    label="Score", placeholder="as your paper states it, such as 0.5927", max_length=20
                )
                self.split = gr.Textbox(label="Split", placeholder="val or test", max_length=40)
            self.claimed = gr.Button("List as self-reported (uses the names and links above)")
        with gr.Accordion("Withdraw one of your entries, or publish a private one", open=False):
            self.listed = gr.HTML(apply_default_css=False, elem_id="board-own")
            self.mine = gr.Dropdown([], label="Entry", elem_id="board-mine")
            with gr.Row():
                self.publish = gr.Button("Publish")
                self.withdraw = gr.Button("Withdraw", variant="stop")
