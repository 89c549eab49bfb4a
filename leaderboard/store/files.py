"""Submitted files, kept once each under the hash of their content.

Conventions: a file appears under its final name only when all of its bytes are on disk, so a reader never sees half
of one. What is scored is the staged copy, so a file that changes meanwhile cannot be scored as one thing and kept as
another. Names are SHA-256 in hex; nothing of a submitter's own file name reaches the file system. What has another name is
somebody else's, who called a folder ``files`` too, and is left alone.
"""

import hashlib
import os
import re
import time
import uuid
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20
_KEPT, _PART = re.compile(r"[0-9a-f]{64}"), re.compile(r"\.[0-9a-f]{32}\.part")
PART_AGE_S = 3600.0
"""No submission is read and scored for so long; an older copy has lost its process."""


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A private copy of a submitted file.

    Attributes:
        path: Where the copy lies until it is kept or dropped.
        sha256: Hash of its content.
    """

    path: Path
    sha256: str


class KeptFiles:
    """A folder of files by content hash; safe to use from many threads and processes.

    Args:
        folder: Where they lie.
        make: Whether the folder is created if missing.

    Raises:
        OSError: The folder cannot be created.
    """

    def __init__(self, folder: Path, make: bool = True) -> None:
        self.folder = folder
        if make:
            folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def staged(self, path: Path) -> Iterator[StagedFile]:
        """Yield a copy that is dropped at the end unless ``keep`` took it."""
        part = self.folder / f".{uuid.uuid4().hex}.part"
        digest = hashlib.sha256()
        try:
            with path.open("rb") as source, part.open("wb") as target:
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            yield StagedFile(part, digest.hexdigest())
        finally:
            part.unlink(missing_ok=True)

    def keep(self, staged: StagedFile) -> str:
        """Give a staged copy its final name and return its hash; content that is there already is kept once."""
        kept = self.path(staged.sha256)
        kept.parent.mkdir(exist_ok=True)
        staged.path.replace(kept)
        for folder in (kept.parent, self.folder):
            _fsync(folder)
        return staged.sha256

    def path(self, sha256: str) -> Path:
        """Return where the content with this hash lies."""
        return self.folder / sha256[:2] / sha256

    def remove_parts(self, older_than_s: float = PART_AGE_S) -> int:
        """Remove copies that a process left behind when it died. Return how many were removed."""
        return _remove_old(self._parts(), older_than_s)

    def remove_orphans(self, referred: Container[str], older_than_s: float) -> int:
        """Remove files that are not ``referred`` to and older than this. Return how many were removed."""
        kept = (
            path
            for path in self.folder.glob("??/*")
            if _KEPT.fullmatch(path.name) and path == self.path(path.name)
        )
        return _remove_old([*self._parts(), *(path for path in kept if path.name not in referred)], older_than_s)

    def _parts(self) -> Iterator[Path]:
        return (path for path in self.folder.glob(".*.part") if _PART.fullmatch(path.name))


def _remove_old(paths: Iterable[Path], older_than_s: float) -> int:
    limit = time.time() - older_than_s
    n_removed = 0
    for path in list(paths):
        try:
            if path.stat().st_mtime < limit:
                path.unlink()
                n_removed += 1
        except FileNotFoundError:  # another process kept or removed it meanwhile
            continue
    return n_removed


def _fsync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
