"""Turns at the processor: photos and camera frames share it, so that neither keeps the other out.

Conventions: first come, first served within a kind. Frames go before photos, because many are wanted each second; a photo that
has waited ``LATE_S`` goes before frames, but never twice in a row while a frame waits, so a crowd of photos leaves cameras
every other turn.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["photo", "frame"]
LATE_S: Final = 0.4
"""With its reading and its way a photo is then answered within a second."""


class Turns:
    """Lets ``n_places`` threads in at once.

    Args:
        n_places: How many may be in.
    """

    def __init__(self, n_places: int) -> None:
        self._lock = threading.Lock()
        self._free = n_places
        self._waiting: dict[Kind, deque[tuple[float, threading.Event]]] = {"photo": deque(), "frame": deque()}
        self._last: Kind = "frame"

    @contextmanager
    def turn(self, kind: Kind) -> Iterator[None]:
        """Wait for a place, and give it on when left."""
        self._enter(kind)
        try:
            yield
        finally:
            self._leave()

    def _enter(self, kind: Kind) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            called = threading.Event()
            self._waiting[kind].append((time.monotonic(), called))
        called.wait()

    def _leave(self) -> None:
        with self._lock:
            photos, frames = self._waiting["photo"], self._waiting["frame"]
            if not photos and not frames:
                self._free += 1
                return
            is_late = bool(photos) and time.monotonic() - photos[0][0] >= LATE_S and self._last == "frame"
            self._last = "photo" if is_late or not frames else "frame"
            self._waiting[self._last].popleft()[1].set()


READING: Final = Turns(os.cpu_count() or 1)
"""One place for each core, for photos and frames together."""
