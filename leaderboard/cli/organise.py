"""``python -m leaderboard new``: an organiser's own challenge in one command."""

from pathlib import Path
from typing import Annotated, Any

import typer

from leaderboard.challenges import challenges_folder, new_challenge
from leaderboard.cli.options import JsonOut, Say, finish, opened

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

        title = "Smiles in the wild"
        metric = "accuracy"            # or macro-f1, ccc (valence and arousal), binary-f1 (one column per class)
        classes = ["none", "smile"]    # in the order of their ids, from 0
        key = "clip"                   # or image, frame
        split = "test"
        per_day = 5
        in_all = 50
        opens = 2026-01-01
        closes = 2026-03-31
        licence = "CC BY 4.0"

    Example: python -m leaderboard new smiles my-challenge/
    """

    def work(say: Say) -> dict[str, Any]:
        opened()
        task = new_challenge(name, folder)
        signature = opened().labels.signature(task)
        say(f"{task.name} is served from {challenges_folder() / task.name}")
        say(f"scores are compared under {signature}")
        say(f"try it: python -m leaderboard template {task.name} > predictions.csv")
        return {"task": task.name, "signature": signature, "format": task.format}

    finish(json, work)
