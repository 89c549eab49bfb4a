"""The command line: ``python -m leaderboard COMMAND``.

Exit status: 0 done, 1 a named problem with the input (one line on stderr, no traceback), 2 wrong usage.
"""

import io
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from leaderboard.cli import entries, files, organise

app = typer.Typer(
    name="python -m leaderboard",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
COMMANDS: tuple[Callable[..., None], ...] = (
    files.validate,
    files.score,
    files.compare,
    files.template,
    entries.submit,
    entries.claim,
    entries.board,
    entries.mine,
    entries.publish,
    entries.withdraw,
    entries.rescore,
    entries.remove,
    organise.new,
)
for command in COMMANDS:
    app.command()(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"leaderboard {version('femo')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave."),
    ] = False,
) -> None:
    """Score prediction files and keep a leaderboard.

    Try it without any labels of your own:

        python -m leaderboard template sandbox-afew > predictions.csv

        python -m leaderboard score sandbox-afew predictions.csv

        python -m leaderboard submit sandbox-afew predictions.csv --system "my net"

        python -m leaderboard board sandbox-afew
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Raises:
        SystemExit: With status 2, for wrong usage.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name may hold letters that a terminal has not
    try:
        app(args=None if arguments is None else list(arguments), standalone_mode=True)
    except SystemExit as done:
        if done.code == 2:
            raise
        return int(done.code or 0)
    return 0
