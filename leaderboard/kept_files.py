"""Submitted files, kept once each under the hash of their content.

Conventions: a file appears under its final name only when all of its bytes are on disk, so a reader never sees
half of one. Names are SHA-256 in hex; nothing of a submitter's own file name reaches the file system.
"""

import hashlib
import os
import time
import uuid
from collections.abc import Container
from pathlib import Path

_CHUNK = 1 << 20


class KeptFiles:
    """A folder of files by content hash; safe to use from many threads and processes.

    Args:
        folder: Created if missing.

    Raises:
        OSError: The folder cannot be created.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, path: Path) -> str:
        """Copy a file in and return its SHA-256; content that is there already is kept once."""
        digest = hashlib.sha256()
        part = self.folder / f".{uuid.uuid4().hex}.part"
        with path.open("rb") as source, part.open("wb") as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        name = digest.hexdigest()
        kept = self.path(name)
        kept.parent.mkdir(exist_ok=True)
        part.replace(kept)
        for folder in (kept.parent, self.folder):
            _fsync(folder)
        return name

    def path(self, sha256: str) -> Path:
        """Return where the content with this hash lies."""
        return self.folder / sha256[:2] / sha256

    def remove_orphans(self, referred: Container[str], older_than_s: float) -> int:
        """Remove files that are not ``referred`` to and older than this. Return how many were removed."""
        limit = time.time() - older_than_s
        orphans = [
            path
            for path in self.folder.rglob("*")
            if path.is_file() and path.name not in referred and path.stat().st_mtime < limit
        ]
        for path in orphans:
            path.unlink()
        return len(orphans)


def _fsync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
