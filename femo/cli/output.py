"""What every command of ``femo`` says and writes: lines on stderr, JSON documents, the exit status."""

import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import typer


def speak_any_text() -> None:
    """Let stdout and stderr take any text: what their encoding has no letter for is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def named_files(outputs: Iterable[str | Path | None]) -> list[Path]:
    """Return the files among a command's outputs: neither those left out nor ``-``, which is stdout."""
    return [Path(output) for output in outputs if output is not None and str(output) != "-"]


def say(message: str) -> None:
    """Print one line on stderr."""
    typer.echo(message, err=True)


def write_json(out: str, document: Any) -> None:
    """Write a JSON document to a file, whole or not at all, or to stdout for ``-``."""
    import json

    from femo.output.export.files import write_text

    if out == "-":
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
