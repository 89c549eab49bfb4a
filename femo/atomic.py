"""Writes a file whole or not at all.

Conventions: what is written lies beside its target under another name and is renamed when it is whole, so a crash leaves
the old file or none, and two writers never mix.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

from femo.errors import FemoError

FULL: Final = (errno.ENOSPC, errno.EDQUOT)
"""What the system says where a disk has no room, or this user may take no more of it."""


@contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[Path]:
    """Give the path of a temporary file that takes the place of ``path`` when the block ends well.

    Raises:
        FemoError: The folder is missing or cannot be written to.
    """
    target = Path(path)
    try:
        folder, stream = target.is_dir(), target.is_char_device() or target.is_fifo()
    except OSError as error:  # such as a name that is too long
        raise _refusal(target, error) from error
    if folder:
        raise FemoError(f"{target} cannot be written: it is a folder.")
    if stream:  # such as /dev/stdout: written to, never replaced
        yield target
        return
    try:
        real = target.resolve()  # a link goes on pointing where it does
        partial = real.with_name(f".{real.name[:40]}.{uuid4().hex[:8]}.part")
        partial.touch(exist_ok=False)
    except (OSError, ValueError) as error:
        raise _refusal(target, error) from error
    try:
        yield partial
        partial.replace(real)
    except OSError as error:
        if error.errno in FULL and error.filename is None:  # nobody says where there is no room
            error.filename = str(target)
        raise
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def _refusal(target: Path, error: OSError | ValueError) -> FemoError:
    return FemoError(f"{target} cannot be written: {getattr(error, 'strerror', None) or error}.")


@contextmanager
def replacing_on_disk(path: str | PathLike[str]) -> Iterator[IO[bytes]]:
    """Give a file to write that takes the place of ``path`` once its bytes are on the disk, so that no power cut halves it.

    Raises:
        FemoError: The folder is missing or cannot be written to.
    """
    with replacing(path) as partial, partial.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all; its folder is made if needed.

    Raises:
        FemoError: It cannot be written there.
    """
    with suppress(OSError):  # said in one sentence below
        path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_bytes(data)
