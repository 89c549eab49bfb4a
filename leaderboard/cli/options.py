"""What the commands share: their options, how they open the board, read standard input, and end.

Conventions: exit status 0 done, 1 a named problem with the input (one line on stderr, no traceback), 2 wrong usage.
``--json`` holds the result or the refusal; ``--json -`` writes it to stdout, instead of the lines for people.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from leaderboard.board import Board
from leaderboard.errors import LeaderboardError, SubmissionRefused
from leaderboard.opening import open_board
from leaderboard.reading.private_labels import labels_root
from leaderboard.reading.reference import load_reference
from leaderboard.tasks import Task
from leaderboard.types import Reference

RESTORE_S = 60.0
"""How long a command waits for the entries of a data set."""

Name = Annotated[str, typer.Argument(metavar="TASK", help="Such as abaw-expr, afew or sandbox-afew.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="txt, csv, gz, zip or folder; - is standard input.")]
JsonOut = Annotated[
    str | None, typer.Option("--json", metavar="OUT", help="Write the result as JSON; - is stdout.")
]
LabelsAt = Annotated[
    str | None, typer.Option("--reference", metavar="PATH", help="Labels; default FEMO_REFERENCE.")
]
EntryId = Annotated[
    str, typer.Argument(metavar="ID", help="Entry id, as `mine` and `board --format json` show it.")
]
Say = Callable[[str], None]


def finish(
    json_out: str | None, work: Callable[[Say], dict[str, Any]], reads: Sequence[Path | str | None] = ()
) -> None:
    """Run ``work``, which says its lines for people, write the JSON, and leave with the exit status.

    Args:
        json_out: Where the JSON goes, ``-`` for stdout, or None.
        work: The command.
        reads: Files and folders that the command reads, which the JSON must not replace.
    """
    if refusal := _replaced(json_out, reads):
        print(refusal, file=sys.stderr)
        raise typer.Exit(1)
    lines: list[str] = []
    status = 0
    try:
        result = work(lines.append)
    except LeaderboardError as error:
        print(error, file=sys.stderr)
        if isinstance(error, SubmissionRefused):
            lines += map(str, error.problems)
        result, status = error.to_dict(), 1
    text = json.dumps(result, indent=1) + "\n"
    if json_out == "-":
        print(text, end="")
    else:
        print("".join(f"{line}\n" for line in lines), end="")
    if json_out not in (None, "-"):
        try:
            Path(json_out or "").write_text(text, encoding="utf-8")
        except OSError as error:
            print(f"{json_out}: cannot write the JSON file ({error.strerror})", file=sys.stderr)
            status = 1
    raise typer.Exit(status)


def _replaced(json_out: str | None, reads: Sequence[Path | str | None]) -> str:
    """Say in one sentence that the JSON file would replace what is read, "" where it would not."""
    out = Path(json_out or "-")
    if str(out) == "-" or not out.is_file():
        return ""
    for source in (Path(path) for path in reads if path is not None):
        if source.is_file() and source.samefile(out):
            return f"{out} would replace {source}, which is read; write somewhere else."
        if source.is_dir() and source.resolve() in out.resolve().parents and out.suffix.lower() != ".json":
            return f"{out} would replace a file of {source}, which is read; write somewhere else."
    return ""


def opened(reference: str | None = None, *, only_read: bool = False) -> Board:
    """Return the board of the environment, restored from its data set where it has one.

    Args:
        reference: The option ``--reference``.
        only_read: The command writes nothing: a disk that takes nothing is said on stderr and is no reason to end.
    """
    environment = dict(os.environ)
    if reference is not None:
        environment["FEMO_REFERENCE"] = reference
    board = open_board(environment, only_read=only_read)
    if board.store.frozen:
        print(f"the board is shown as it was last kept ({board.store.frozen})", file=sys.stderr)
    if board.mirror is not None and (problem := board.mirror.wait_restored(RESTORE_S)):
        print(f"{environment['FEMO_STORE']} was not read, so entries may be missing: {problem}", file=sys.stderr)
    return board


def own_labels(task: Task, reference: str | None) -> Reference | None:
    """Return the labels that ``--reference`` names, or None without it."""
    return None if reference is None or not task.scorable else load_reference(task, labels_root(reference))


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    """Yield a regular file or folder for ``path``: a link is followed, a stream is read into a file first.

    The shell's user owns what is named here; what visitors upload never comes this way.
    """
    if str(path) != "-" and (not path.exists() or path.is_file() or path.is_dir()):
        yield _resolved(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / ("standard input" if str(path) in ("-", "/dev/stdin") else path.name)
        with copy.open("wb") as target, open_stream(path) as source:
            shutil.copyfileobj(source, target)
        yield copy


def _resolved(path: Path) -> Path:
    return path.resolve() if path.is_symlink() else path


@contextmanager
def open_stream(path: Path) -> Iterator[Any]:
    """Yield standard input for ``-``, else what can be read from a pipe."""
    if str(path) == "-":
        yield sys.stdin.buffer
    else:
        with path.open("rb") as stream:
            yield stream
