"""What every command of ``femo`` says and writes: lines on stderr, JSON documents, the exit status."""

from collections.abc import Sequence
from typing import Any

import typer


def say(message: str) -> None:
    """Print one line on stderr."""
    typer.echo(message, err=True)


def write_json(out: str, document: Any) -> None:
    """Write a JSON document to a file, whole or not at all, or to stdout for ``-``."""
    import json

    from femo.output.export.files import write_text

    text = json.dumps(document, indent=2, ensure_ascii=False)
    if out == "-":
        typer.echo(text)
    else:
        write_text(out, text + "\n")


def finish(problems: Sequence[str], n_files: int) -> None:
    """End with status 1 and the list of files that failed, if any did."""
    if problems and n_files > 1:
        say(f"{len(problems)} of {n_files} files failed:")
        for problem in problems:
            say(f"  {problem}")
    if problems:
        raise typer.Exit(1)
