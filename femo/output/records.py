"""Notes in a result what it was made of, so that a later run knows whether it still stands and whose it is.

Conventions: a record is the first key, ``made``, of a JSON document: ``source`` (name, place, size, time of change and SHA-256),
``options`` and ``files``, the SHA-256 of what was written with it, by path from the document's folder. A result stands when all
of them are as they were.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from femo.errors import FemoError, MediaError
from femo.output.export.files import write_text
from femo.output.names import place_of

BEGINNING: Final = '{"made": '
"""How a document with a record begins; the rest need not be read to find it."""


def source_of(path: Path, content: Path | None = None) -> dict[str, Any]:
    """Describe what is read.

    Args:
        path: The source as it was named.
        content: Where its content lies, where that is elsewhere (the copy of a pipe).

    Raises:
        MediaError: It cannot be opened.
    """
    file = content or path
    with _opening(file):
        state = file.stat()
    return {
        "name": path.name,
        "place": place_of(path),
        "size": state.st_size,
        "mtime_ns": state.st_mtime_ns,
        "sha256": sha256_of(file),
    }


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hex digits.

    Raises:
        MediaError: It cannot be opened.
    """
    with _opening(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    """Say of a file that cannot be opened what is said of any clip."""
    try:
        yield
    except OSError as error:
        raise MediaError(f"{path} cannot be opened: {error.strerror or error}.") from error


def write_with_record(
    path: Path, document: Mapping[str, Any], source: Mapping[str, Any], options: Any, files: Iterable[Path] = ()
) -> None:
    """Write a JSON document that begins with its record; last, because it marks everything as done."""
    hashes = {os.path.relpath(file, path.parent): sha256_of(file) for file in files}
    record = {"source": source, "options": options, "files": hashes}
    write_text(path, json.dumps({"made": record, **document}, ensure_ascii=False, allow_nan=False) + "\n")


def read_record(path: Path) -> dict[str, Any] | None:
    """Return the record of a document, None where there is no document or no record in it."""
    try:
        text = path.read_text(encoding="utf-8")
        if not text.startswith(BEGINNING):
            return None
        record = json.JSONDecoder().raw_decode(text, len(BEGINNING))[0]
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("source"), dict) else None


def stands(path: Path, source: Path, options: Any) -> bool:
    """Tell whether a document and what was written with it are what this source and these options would give.

    Args:
        path: The document.
        source: What would be read.
        options: Whatever else the result depends on, in JSON's types.

    Returns:
        False too where the source, or what was written, cannot be read.
    """
    record = read_record(path)
    if record is None or record.get("options") != json.loads(json.dumps(options)):
        return False
    try:
        return source.is_file() and _as_noted(record, path.parent, source)
    except (OSError, FemoError):  # who makes it again says so
        return False


def _as_noted(record: Mapping[str, Any], folder: Path, source: Path) -> bool:
    """Tell whether a source and the files that lie in a folder are those of a record."""
    state, noted = source.stat(), record["source"]
    if (noted.get("size"), noted.get("mtime_ns")) != (state.st_size, state.st_mtime_ns):
        return False
    files = record.get("files")
    if not isinstance(files, dict):
        return False
    written = {folder / name: digest for name, digest in files.items()}
    if not all(file.is_file() and sha256_of(file) == digest for file, digest in written.items()):
        return False
    return bool(noted == source_of(source))
