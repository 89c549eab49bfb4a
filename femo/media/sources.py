"""Makes what can be read only once, such as a pipe, a file that can be read again.

Conventions: the copy lies in the system's folder for temporary files, under the name of its source so that messages name
that, and is gone when the block ends.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

from femo.errors import MediaError

CHUNK = 1 << 20


@contextmanager
def rereadable(source: Any, max_bytes: int) -> Iterator[Any]:
    """Give ``source`` itself, or the path of a copy where it is a pipe or a device, or a file that cannot seek.

    Args:
        source: Path, bytes, binary file, or anything else, which is given back as it is.
        max_bytes: What is refused is larger.

    Raises:
        MediaError: It is larger, or cannot be opened or copied.
    """
    if not is_stream(source):
        yield source
        return
    name = Path(os.fspath(source)).name if isinstance(source, str | os.PathLike) else "the stream"
    with TemporaryDirectory(prefix="femo-") as folder:
        copy = Path(folder) / name
        with copy.open("wb") as file:
            _fill(file, source, max_bytes)
        yield copy


def spooled(source: Any, max_bytes: int) -> IO[bytes]:
    """Return the content of a stream as a file without a name, at its start.

    Raises:
        MediaError: It is larger, or cannot be opened or copied.
    """
    file: Any = TemporaryFile()  # noqa: SIM115  closed by who asked for it
    try:
        _fill(file, source, max_bytes)
    except MediaError:
        file.close()
        raise
    file.seek(0)
    return file  # type: ignore[no-any-return]


def is_stream(source: Any) -> bool:
    """Tell whether a source can be read only once."""
    if isinstance(source, str | os.PathLike):
        try:
            mode = Path(source).stat().st_mode
        except (OSError, ValueError):
            return False  # said where it is opened
        return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)
    return hasattr(source, "read") and hasattr(source, "seekable") and not source.seekable()


def _fill(file: IO[bytes], source: Any, max_bytes: int) -> None:
    try:
        if isinstance(source, str | os.PathLike):
            with Path(source).open("rb") as stream:
                _copy(stream, file, Path(source).name, max_bytes)
        else:
            _copy(source, file, "the stream", max_bytes)
    except (OSError, ValueError) as error:
        raise MediaError(f"{source} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def _copy(stream: IO[bytes], file: IO[bytes], name: str, max_bytes: int) -> None:
    size = 0
    while chunk := stream.read(CHUNK):
        if not isinstance(chunk, bytes):
            raise MediaError("The file object gives text; open it in binary mode.")
        size += len(chunk)
        if size > max_bytes:
            raise MediaError(f"{name} is larger than the limit of {max_bytes / 1e6:g} MB (max_bytes).")
        file.write(chunk)
