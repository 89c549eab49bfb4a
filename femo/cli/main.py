"""The ``femo`` command, put together.

Conventions: exit status 0 done, 1 a named problem with the input (one line on stderr each, no traceback), 2 wrong
usage. A command on many files goes on after a bad one and ends with status 1 and a list. ``--json -`` writes to stdout.
Heavy imports happen inside the commands, so ``femo --help`` answers at once.
"""

import errno
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated

import typer

from femo import __version__
from femo.atomic import FULL
from femo.cli.corpus import corpus
from femo.cli.evaluate import evaluate
from femo.cli.group import group
from femo.cli.models import app as models
from femo.cli.output import say, speak_any_text
from femo.cli.photo import photo
from femo.cli.train_abaw import train_abaw
from femo.cli.train_affect import train_affect
from femo.cli.train_clips import train_clips
from femo.cli.train_faces import train_faces
from femo.cli.train_look import train_look
from femo.cli.train_units import train_units
from femo.cli.video import video
from femo.errors import FemoError

app = typer.Typer(
    name="femo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Reads emotion from faces: photos, videos, groups.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"femo {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave."),
    ] = False,
) -> None:
    """Hold what stands before a command."""


app.command("photo")(photo)
app.command("video")(video)
app.command("group")(group)
app.command("corpus")(corpus)
app.command("evaluate")(evaluate)

train = typer.Typer(no_args_is_help=True, help="Train a model; each recipe's --help names its data layout.")
train.command("faces")(train_faces)
train.command("clips")(train_clips)
train.command("abaw")(train_abaw)
train.command("units")(train_units)
train.command("look")(train_look)
train.command("affect")(train_affect)
app.add_typer(train, name="train")
app.add_typer(models, name="models")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit status."""
    speak_any_text()
    warnings.filterwarnings("ignore", module="PIL")  # what is wrong with a photo is said in our own sentence
    try:
        app(args=arguments, prog_name="femo")
    except FemoError as error:
        say(f"femo: {error}")
        sys.exit(1)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            say(f"femo: {error.filename} cannot be read or written: its name is too long")
        elif error.errno in FULL:
            say(f"femo: {error.filename or 'a file'} cannot be written: the disk is full")
        else:
            raise
        sys.exit(1)
