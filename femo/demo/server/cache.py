"""The folder with what visitors send and get, and its sweeping: no picture outlives its hour, a kill, or a restart.

Conventions: a run of the app has a folder of its own, locked for as long as the run lives, in ``GRADIO_TEMP_DIR`` or in the
user's part of the system's folder for temporary files. Gradio's uploads and results lie in ``files`` in it, and Python's
temporary files in ``tmp`` beside that: Gradio takes no copy of a result that lies in its own folder already. A start removes
the folders of runs that have ended, however they ended; a thread removes what is older than ``AGE_S``, whoever wrote it, but
for the files of those who still wait for their turn or whose turn it is: Gradio's own ``delete_cache`` knows neither these
nor uploads that were broken off, nor what came with ``data:`` addresses over MCP.
"""

import logging
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import gradio.mcp
from filelock import FileLock, Timeout

from femo.demo.server.disk import why_unwritable
from femo.errors import FemoError

AGE_S: Final = 3000.0
"""What is older goes at the next sweep, so that nothing is there after an hour but what still waits to be read."""
SWEEP_S: Final = 300.0
PREFIX: Final = "run-"
NAME: Final = re.compile(rf"{PREFIX}[a-z0-9_]{{8}}")
"""As ``tempfile.mkdtemp`` names folders."""
log: Final = logging.getLogger(__name__)


class Cache:
    """One run's folder. Made by ``open_cache``.

    Attributes:
        folder: Where everything lies.
        kept: What is the app's own and stays.
    """

    def __init__(self, folder: Path, lock: FileLock) -> None:
        self.folder = folder
        self._lock = lock
        self.kept = frozenset({folder / "files", folder / "tmp"})
        self._closed = threading.Event()
        self._in_use: Callable[[], Collection[Path]] = frozenset
        self._swept: Callable[[], None] = lambda: None

    def keep(self) -> None:
        """Keep what lies in the folder now, before the first visitor: the examples."""
        self.kept = frozenset(self.folder.rglob("*"))

    def sweep(self, age_s: float = AGE_S) -> None:
        """Delete what is older than ``age_s`` seconds and not in use, and folders that are empty."""
        oldest, stays = time.time() - age_s, self.kept | frozenset(self._in_use())
        # os.walk passes over a folder that goes while it looks, where Python 3.11's rglob raises
        walk = os.walk(self.folder, topdown=False)
        for path in (Path(parent, name) for parent, folders, files in walk for name in (*files, *folders)):
            if path in stays:
                continue
            with suppress(OSError):  # gone already, or a folder that is in use
                if path.lstat().st_ctime < oldest:
                    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()

    def watch(
        self, in_use: Callable[[], Collection[Path]] = frozenset, swept: Callable[[], None] = lambda: None
    ) -> None:
        """Sweep on schedule until ``close``, in a thread of its own; what ``in_use`` returns by then stays.

        Args:
            in_use: The files of those who wait or whose turn it is.
            swept: Is told of each sweep.
        """
        self._in_use, self._swept = in_use, swept
        threading.Thread(target=self._watch, name="femo-sweep", daemon=True).start()

    def close(self) -> None:
        """Delete the folder."""
        self._closed.set()
        _remove(self.folder, self._lock)

    def _watch(self) -> None:
        while not self._closed.wait(SWEEP_S):
            try:
                self.sweep()
                self._swept()
            except Exception:  # whatever it was: without a next sweep pictures stay until the app stops
                log.exception("%s was not swept; the next sweep is in %g s.", self.folder, SWEEP_S)


@contextmanager
def open_cache() -> Iterator[Cache]:
    """Make this run's folder, clear up after earlier runs, and let everything that writes files write there.

    Raises:
        FemoError: The folder cannot be written, or is not the user's own.
    """
    base = _base()
    try:
        base.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_ended_runs(base)
        cache = _new_run(base)
    except OSError as error:
        raise FemoError(
            f"{base} cannot be written: {why_unwritable(error) or error.strerror or error}; "
            "set GRADIO_TEMP_DIR to a folder that can."
        ) from error
    before = {name: os.environ.get(name) for name in ("GRADIO_TEMP_DIR", "TMPDIR")}, tempfile.tempdir
    os.environ["GRADIO_TEMP_DIR"] = gradio.mcp.DEFAULT_TEMP_DIR = str(cache.folder / "files")
    os.environ["TMPDIR"] = tempfile.tempdir = str(cache.folder / "tmp")
    try:
        yield cache
    finally:
        cache.close()
        environ, tempfile.tempdir = before
        for name, value in environ.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _base() -> Path:
    """Return the folder of all runs; the default is refused where another user could have laid it out."""
    wanted = os.environ.get("GRADIO_TEMP_DIR")
    if wanted:
        return Path(wanted).resolve()
    user = os.getuid() if hasattr(os, "getuid") else 0
    base = Path(tempfile.gettempdir()).resolve() / f"femo-{user}"
    if base.is_symlink() or (base.exists() and hasattr(os, "getuid") and base.stat().st_uid != user):
        raise FemoError(f"{base} belongs to somebody else; set GRADIO_TEMP_DIR to a folder of your own.")
    return base


def _new_run(base: Path) -> Cache:
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    lock = FileLock(base / f"{folder.name}.lock")
    lock.acquire()
    for name in ("files", "tmp"):
        (folder / name).mkdir()
    return Cache(folder, lock)


def _remove_ended_runs(base: Path) -> None:
    """Remove the folders whose lock nobody holds: the system frees a lock when its process ends, killed or not.

    A folder without one is somebody else's: many people call those of their experiments ``run-1``.
    """
    for folder in base.glob(f"{PREFIX}*"):
        path = base / f"{folder.name}.lock"
        if not NAME.fullmatch(folder.name) or not path.exists() or not folder.is_dir() or folder.is_symlink():
            continue
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        _remove(folder, lock)


def _remove(folder: Path, lock: FileLock) -> None:
    """Delete the folder of a run; its lock stays where somebody still writes there, so that a later start removes the rest."""
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    if not folder.exists():
        Path(lock.lock_file).unlink(missing_ok=True)
