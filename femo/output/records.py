"""Notes in a result what it was made of, so that a later run knows whether it still stands and whose it is.

Conventions: a record is the first key, ``made``, of a JSON document: ``source`` (name, place, size, time of change and SHA-256),
``options`` and ``files``, the SHA-256 of what was written with it, by path from the document's folder. A result stands when all
of them are as they were. ``earlier`` are paths of what was written before of this source under this name, and not with it: ours
too, but no part of the result. While files are written, a hidden claim beside the document says whose they are.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
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
    earlier = sorted(_left_by(path, source) - {path.name, *hashes})
    record = {"source": source, "options": options, "files": hashes, "earlier": earlier}
    write_text(path, json.dumps({"made": record, **document}, ensure_ascii=False, allow_nan=False) + "\n")
    with suppress(OSError):  # it says nothing wrong where it stays
        _claim_of(path).unlink()


def claim(path: Path, source: Mapping[str, Any], files: Iterable[Path]) -> None:
    """Say whose files are before they are written with a document, should the run end before its record.

    Args:
        path: The document.
        source: As ``write_with_record`` will get it.
        files: What will be written.
    """
    names = _left_by(path, source) | {os.path.relpath(file, path.parent) for file in files}
    record = {"source": source, "files": {}, "earlier": sorted(names)}
    write_text(_claim_of(path), json.dumps({"made": record}, ensure_ascii=False) + "\n")


def _claim_of(path: Path) -> Path:
    return path.with_name(f".{path.stem}.femo")


def places(path: Path, files: Iterable[Path]) -> dict[Path, str | None]:
    """Return the place of the source that each file is from, None where neither the document nor a claim beside it says so.

    Args:
        path: The document.
        files: Itself, or what may have been written with it.
    """
    told = _told(path)
    return {file: told.get(os.path.relpath(file, path.parent)) for file in files}


def _told(path: Path) -> dict[str, str]:
    told: dict[str, str] = {}
    for document, itself in ((_claim_of(path), []), (path, [path.name])):
        if record := read_record(document):
            lists = [names for key in ("files", "earlier") if isinstance(names := record.get(key), dict | list)]
            names = [name for names in lists for name in names if isinstance(name, str)]
            told |= dict.fromkeys([*itself, *names], str(record["source"].get("place")))
    return told


def _left_by(path: Path, source: Mapping[str, Any]) -> set[str]:
    return {name for name, place in _told(path).items() if place == source.get("place")}


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


def stands(path: Path, source: Path, options: Any, wanted: Iterable[Path] = ()) -> bool:
    """Tell whether a document and what was written with it are what this source and these options would give.

    Args:
        path: The document.
        source: What would be read.
        options: Whatever else the result depends on, in JSON's types.
        wanted: Files that must have been written with it.

    Returns:
        False too where the source, or what was written, cannot be read.
    """
    record = read_record(path)
    if record is None or record.get("options") != json.loads(json.dumps(options)):
        return False
    try:
        return source.is_file() and _as_noted(record, path.parent, source, wanted)
    except (OSError, FemoError):  # who makes it again says so
        return False


def _as_noted(record: Mapping[str, Any], folder: Path, source: Path, wanted: Iterable[Path]) -> bool:
    """Tell whether a source and the files that lie in a folder are those of a record."""
    state, noted = source.stat(), record["source"]
    if (noted.get("size"), noted.get("mtime_ns")) != (state.st_size, state.st_mtime_ns):
        return False
    files = record.get("files")
    if not isinstance(files, dict) or not {os.path.relpath(file, folder) for file in wanted} <= set(files):
        return False
    written = {folder / name: digest for name, digest in files.items()}
    if not all(file.is_file() and sha256_of(file) == digest for file, digest in written.items()):
        return False
    return bool(noted == source_of(source))
