"""Brings an input to this machine: a file as it is, a URL or a table's bytes as a copy that is gone afterwards.

Conventions: what cannot be had is a ``MediaError`` that names it. A transfer that stands still for ``timeout_s``, or is larger
than the limit, is given up.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import IO, Any, Final
from urllib.parse import unquote, unquote_to_bytes

from femo.corpora.addresses import URL, asked, file_system, opened, pieces, within
from femo.corpora.parts import FullDisk, unwritable
from femo.corpora.sources import FILE, ROW
from femo.errors import FemoError, MediaError
from femo.media.containers import MEGA
from femo.media.grants import WEB, without_secrets
from femo.output.records import sha256_of

PART: Final = 4 << 20
"""What is asked for at once: long enough that a store far away is not asked too often, and seconds of a slow line."""

MOST_BYTES: Final = 200
"""Of a file's name; disks take 255."""


@contextmanager
def fetched(place: str, max_bytes: int, timeout_s: float) -> Iterator[Path]:
    """Give the path of a file that holds an input.

    Args:
        place: As ``femo.corpora.sources`` lists it.
        max_bytes: What is fetched and larger is refused.
        timeout_s: Seconds without an answer or a byte after which it is given up.

    Raises:
        MediaError: It cannot be had.
        FullDisk: There is no room for a copy.
    """
    row = ROW.fullmatch(place)
    if row is None and (place.startswith(FILE) or not URL.match(place)):
        yield _here(place)
        return
    with _room() as folder:
        if row is not None:
            copy = Path(folder) / f"row-{row['row']}"
            data = _cell(row["file"], row["column"], int(row["row"]))
            with copy.open("wb", buffering=0) as file:
                _write(file, data)
        else:
            copy = Path(folder) / _name(place)
            with copy.open("wb", buffering=0) as file:
                _download(place, file, max_bytes, timeout_s)
        yield copy


def sha256_here(place: str) -> str | None:
    """Return the SHA-256 of an input on this machine, a file or what one row of a table holds.

    Returns:
        64 hex digits; None of what lies elsewhere, and of what cannot be read.
    """
    if URL.match(place) and not place.startswith(FILE):
        return None
    row = ROW.fullmatch(place)
    try:
        if row is not None:
            return hashlib.sha256(_cell(row["file"], row["column"], int(row["row"]))).hexdigest()
        path = _here(place)
        return sha256_of(path) if path.is_file() else None  # a pipe might never end
    except (OSError, MediaError):
        return None


@contextmanager
def _room() -> Iterator[str]:
    """Give a folder for a copy that is gone afterwards."""
    try:
        folder = TemporaryDirectory(prefix="femo-", ignore_cleanup_errors=True)
    except OSError as error:
        raise unwritable(Path(gettempdir()), error) from error
    with folder as name:
        yield name


def _write(file: IO[bytes], piece: bytes) -> None:
    """Write to an unbuffered file: that there is no room here must not pass for something that is wrong elsewhere."""
    left = memoryview(piece)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError as error:
        raise unwritable(Path(gettempdir()), error) from error


def _here(place: str) -> Path:
    """Return the path of a file of this machine; where none is called what an address of it says, the address is encoded."""
    plain = place.removeprefix(FILE)
    encoded = plain != place and not os.path.exists(plain)  # noqa: PTH110  a name may hold a null
    return Path(os.fsdecode(unquote_to_bytes(plain)) if encoded else plain)


def _name(place: str) -> str:
    """Return a file name from an address that a disk takes; that of a store may hold what means something else on the web."""
    path = place.partition("://")[2]
    if place.startswith(WEB):
        path = unquote(re.split("[?#]", path)[0].partition("/")[2])
    name = Path(path.replace("\0", "")).name.encode("utf-8", "replace")[:MOST_BYTES].decode("utf-8", "ignore")
    return name if name.strip(".") else "download"


def _download(url: str, file: IO[bytes], max_bytes: int, timeout_s: float) -> None:
    try:
        with asked(url, "fetched", timeout_s):
            _copy(_pieces(url, timeout_s), file, url, max_bytes)
    except (MediaError, FullDisk):
        raise
    except FemoError as error:
        raise MediaError(str(error)) from error


def _pieces(url: str, timeout_s: float) -> Iterator[bytes]:
    """Yield what an address holds; each piece may take so long."""
    if url.startswith(WEB):
        yield from pieces(url, timeout_s)
        return
    files, path = within(timeout_s, lambda: file_system(url))
    stream = within(timeout_s, lambda: files.open(path, "rb"))
    while piece := within(timeout_s, lambda: stream.read(PART)):
        yield piece
    stream.close()  # not where a question stands still: to close might wait for its answer


def _copy(pieces: Iterator[bytes], file: IO[bytes], url: str, max_bytes: int) -> None:
    n_bytes = 0
    for piece in pieces:
        n_bytes += len(piece)
        if n_bytes > max_bytes:
            raise MediaError(without_secrets(f"{url} is larger than the limit of {max_bytes / MEGA:g} MB."))
        _write(file, piece)


def _cell(name: str, column: str, row: int) -> bytes:
    try:
        state = _state(name)
        groups = _row_groups(name, state)
        for number, (first, n_rows) in enumerate(groups):
            if first <= row < first + n_rows:
                value = _group(name, column, number, state)[row - first].as_py()
                data = value.get("bytes") if isinstance(value, dict) else value
                if data:
                    return bytes(data)
                path = value.get("path") if isinstance(value, dict) else None
                raise MediaError(
                    f"row {row} of {without_secrets(name)} holds no bytes in {column!r}, only the path {path!r}."
                )
    except (OSError, FemoError, KeyError, ValueError) as error:
        raise (
            error
            if isinstance(error, MediaError)
            else MediaError(without_secrets(f"{name} cannot be read: {error}"))
        ) from error
    raise MediaError(f"{without_secrets(name)} has no row {row}; it has changed since it was listed.")


def _state(name: str) -> tuple[int, int] | None:
    """Return size and time of change of a table here, by which what is kept of it is told from what it was in an earlier run."""
    try:
        found = os.stat(name.removeprefix(FILE))  # noqa: PTH116  for each row
    except OSError:  # it lies elsewhere, or who opens it says why
        return None
    return found.st_size, found.st_mtime_ns


@lru_cache(maxsize=8)  # of this process: neighbouring rows come one after the other
def _row_groups(name: str, state: tuple[int, int] | None) -> list[tuple[int, int]]:
    import pyarrow.parquet as pq

    with opened(name) as file:
        about = pq.ParquetFile(file).metadata
    found, first = [], 0
    for number in range(about.num_row_groups):
        found.append((first, about.row_group(number).num_rows))
        first += found[-1][1]
    return found


@lru_cache(maxsize=1)  # of this process, for the same reason
def _group(name: str, column: str, number: int, state: tuple[int, int] | None) -> Any:
    import pyarrow.parquet as pq

    with opened(name) as file:
        return pq.ParquetFile(file).read_row_group(number, columns=[column]).column(column)
