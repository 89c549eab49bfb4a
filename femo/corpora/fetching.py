"""Brings an input to this machine: a file as it is, a URL or a table's bytes as a copy that is gone afterwards.

Conventions: what cannot be had is a ``MediaError`` that names it. A transfer that stands still for ``timeout_s``, or is larger
than the limit, is given up.
"""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final
from urllib.parse import unquote, urlsplit

from femo.corpora.sources import ROW, URL, opened
from femo.errors import FemoError, MediaError
from femo.media.containers import MEGA

CHUNK: Final = 1 << 20


@contextmanager
def fetched(place: str, max_bytes: int, timeout_s: float) -> Iterator[Path]:
    """Give the path of a file that holds an input.

    Args:
        place: As ``femo.corpora.sources`` lists it.
        max_bytes: What is fetched and larger is refused.
        timeout_s: Seconds without an answer or a byte after which it is given up.

    Raises:
        MediaError: It cannot be had.
    """
    row = ROW.fullmatch(place)
    if row is None and not URL.match(place):
        yield Path(place)
        return
    with TemporaryDirectory(prefix="femo-") as folder:
        if row is not None:
            copy = Path(folder) / f"row-{row['row']}"
            copy.write_bytes(_cell(row["file"], row["column"], int(row["row"])))
        else:
            copy = Path(folder) / (Path(unquote(urlsplit(place).path)).name[:100] or "download")
            with copy.open("wb") as file:
                _download(place, file, max_bytes, timeout_s)
        yield copy


def _download(url: str, file: IO[bytes], max_bytes: int, timeout_s: float) -> None:
    try:
        if url.startswith(("http://", "https://")):
            request = urllib.request.Request(url, headers={"User-Agent": "femo"})
            with urllib.request.urlopen(request, timeout=timeout_s) as stream:
                _copy(stream, file, url, max_bytes)
        else:
            with opened(url) as stream:
                _copy(stream, file, url, max_bytes)
    except TimeoutError as error:
        raise MediaError(f"{url} did not answer within {timeout_s:g} s.") from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        late = isinstance(reason, TimeoutError)
        said = f"did not answer within {timeout_s:g} s" if late else f"cannot be fetched: {reason}"
        raise MediaError(f"{url} {said}.") from error
    except MediaError:
        raise
    except FemoError as error:
        raise MediaError(str(error)) from error


def _copy(stream: Any, file: IO[bytes], url: str, max_bytes: int) -> None:
    n_bytes = 0
    while chunk := stream.read(CHUNK):
        n_bytes += len(chunk)
        if n_bytes > max_bytes:
            raise MediaError(f"{url} is larger than the limit of {max_bytes / MEGA:g} MB.")
        file.write(chunk)


def _cell(name: str, column: str, row: int) -> bytes:
    try:
        groups = _row_groups(name)
        for number, (first, n_rows) in enumerate(groups):
            if first <= row < first + n_rows:
                value = _group(name, column, number)[row - first].as_py()
                data = value.get("bytes") if isinstance(value, dict) else value
                if data:
                    return bytes(data)
                path = value.get("path") if isinstance(value, dict) else None
                raise MediaError(f"row {row} of {name} holds no bytes in {column!r}, only the path {path!r}.")
    except (OSError, FemoError, KeyError, ValueError) as error:
        raise error if isinstance(error, MediaError) else MediaError(f"{name} cannot be read: {error}") from error
    raise MediaError(f"{name} has no row {row}; it has changed since it was listed.")


@lru_cache(maxsize=8)  # of this process: neighbouring rows come one after the other
def _row_groups(name: str) -> list[tuple[int, int]]:
    import pyarrow.parquet as pq

    with opened(name) as file:
        about = pq.ParquetFile(file).metadata
    found, first = [], 0
    for number in range(about.num_row_groups):
        found.append((first, about.row_group(number).num_rows))
        first += found[-1][1]
    return found


@lru_cache(maxsize=1)  # of this process, for the same reason
def _group(name: str, column: str, number: int) -> Any:
    import pyarrow.parquet as pq

    with opened(name) as file:
        return pq.ParquetFile(file).read_row_group(number, columns=[column]).column(column)
