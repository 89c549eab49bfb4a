"""A few places, given in the order of asking, so that each of many cameras gets its fair share of the processor."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Lets ``n_places`` threads in at once, first come, first served; ``threading.Lock`` promises no order.

    Args:
        n_places: How many may be in.
    """

    def __init__(self, n_places: int) -> None:
        self._lock = threading.Lock()
        self._free = n_places
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a place, and give it on when left."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                return
            called = threading.Event()
            self._waiting.append(called)
        called.wait()

    def _leave(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
