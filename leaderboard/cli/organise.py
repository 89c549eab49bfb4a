"""``python -m leaderboard new``: an organiser's own challenge in one command."""

from pathlib import Path
from typing import Annotated, Any

import typer

from leaderboard.challenges import challenges_folder, new_challenge
from leaderboard.cli.options import JsonOut, Say, finish, opened
from leaderboard.store.entries import utc_now
from leaderboard.store.phases import phase

Source = Annotated[
    Path,
    typer.Argument(metavar="FOLDER", help="Holds challenge.toml, and beside it the labels (a file or a folder)."),
]


def new(
    name: Annotated[str, typer.Argument(metavar="TASK", help="Name of the new task.")],
    folder: Source,
    json: JsonOut = None,
) -> None:
    """Serve your own challenge beside the built-in ones: FOLDER holds its declaration and its labels.

    challenge.toml, of which only title, metric and classes must be there:

    \b
        title = "Smiles in the wild"
        # or macro-f1, ccc (valence and arousal), binary-f1 (one column per class)
        metric = "accuracy"
        classes = ["none", "smile"]    # in the order of their ids, from 0
        key = "clip"                   # or image, frame
        split = "test"
        per_day = 5
        in_all = 50
        opens = 2026-01-01
        closes = 2026-03-31
        licence = "CC BY 4.0"

    Of several phases each is a task of its own, here smiles-dev and smiles-test. They stand below all else, and split, limits
    and days in them, not above:

    \b
        [[phases]]
        name = "dev"
        labels = "dev.csv"             # beside challenge.toml
        closes = 2026-02-28
        [[phases]]
        name = "test"
        labels = "test.csv"
        opens = 2026-03-01
        closes = 2026-03-31
        in_all = 5

    Example: python -m leaderboard new smiles my-challenge/
    """

    def work(say: Say) -> dict[str, Any]:
        opened()
        tasks, board = new_challenge(name, folder), opened()
        say(f"{', '.join(task.name for task in tasks)}: served from {challenges_folder() / name}")
        for task in tasks:
            now = phase(task, utc_now()[:10])
            days = "".join(
                f", {what} {day}" for what, day in (("from", task.opens), ("until", task.closes)) if day
            )
            say(f"{task.name} is {now}{days}; scores are compared under {board.labels.signature(task)}")
        say(f"try it: python -m leaderboard template {tasks[0].name} > predictions.csv")
        known = [
            {"task": one.name, "signature": board.labels.signature(one), "format": one.format} for one in tasks
        ]
        return known[0] | {"phases": known[1:] and known}

    finish(json, work)
