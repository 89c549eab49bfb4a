"""What every command of ``femo`` says and writes: lines on stderr, tables, JSON documents, the exit status."""

import io
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console

STEERING: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
STDOUT: Final = "-"
"""Stands for stdout where a command writes one document or table; a file of that name is ``./-``."""


def speak_any_text() -> None:
    """Let stdout and stderr take any text: what their encoding has no letter for is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def named_files(outputs: Iterable[str | Path | None]) -> list[Path]:
    """Return the files among a command's outputs: neither those left out nor ``-``, which is stdout."""
    return [Path(output) for output in outputs if output is not None and str(output) != STDOUT]


def shown(text: str) -> str:
    """Return a text in which letters that steer a terminal, which a file's name may hold, are spelt out."""
    return STEERING.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def say(message: str) -> None:
    """Print a message on stderr, as ``shown`` has it."""
    typer.echo(shown(message), err=True)


def plain_console() -> "Console":
    """Return stdout for texts meant as they stand: rich would read ``[bold]`` and ``:cat:`` in a file's name as markup."""
    from rich.console import Console

    return Console(markup=False, emoji=False)


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on stdout; a row may have fewer cells than the header."""
    from rich.table import Table

    table = Table(*header)
    for row in rows:
        table.add_row(*map(shown, row))
    plain_console().print(table)


def check_streams(files: Mapping[str, str | None], folders: Mapping[str, Path | None]) -> None:
    """Refuse ``-`` where it cannot be stdout, before anything is read.

    Args:
        files: Option -> the one document or table that it names.
        folders: Option -> the folder or the film that it names.

    Raises:
        BadParameter: Two outputs would mix in one stream, or a folder is called like the stream.
    """
    streamed = [option for option, out in files.items() if out == STDOUT]
    if len(streamed) > 1:
        raise typer.BadParameter(f"{' and '.join(streamed)} cannot both be stdout; name a file")
    for option, folder in folders.items():
        if folder is not None and str(folder) == STDOUT:
            raise typer.BadParameter(f"{option} cannot be stdout, which takes one document or table")


def write_table(out: str, write: Callable[[Path], object]) -> None:
    """Let a table be written to a file, whole or not at all, or to stdout for ``-``."""
    if out != STDOUT:
        write(Path(out))
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        write(path)
        typer.echo(path.read_text(encoding="utf-8"), nl=False)


def write_json(out: str, document: Any) -> None:
    """Write a JSON document to a file, whole or not at all, or to stdout for ``-``."""
    import json

    from femo.output.export.files import write_text

    if out == STDOUT:
        plain = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") != "utf8"
        typer.echo(json.dumps(document, indent=2, ensure_ascii=plain))
    else:
        write_text(out, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def finish(problems: Sequence[str], n_files: int) -> None:
    """End with status 1 and the list of files that failed, if any did."""
    if problems and n_files > 1:
        say(f"{len(problems)} of {n_files} files failed:")
        for problem in problems:
            say(f"  {problem}")
    if problems:
        raise typer.Exit(1)
