"""Decodes the next frames of a clip in a thread of its own while the last ones are read, and lets others look at them.

Conventions: frames wait in a queue whose length depends on their size (``room_for``). Leaving the block stops the thread.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar

Item = TypeVar("Item")

AHEAD_BYTES = 32_000_000
"""Decoded frames that wait: five of 1080p, and"""
AHEAD_FRAMES = 12
"""never more than this many."""
PATIENCE_S = 0.1
"""How long the reading thread waits for room before it looks whether it is still wanted."""


def room_for(frame_bytes: int) -> int:
    """Return how many frames of this size may wait."""
    return max(2, min(AHEAD_FRAMES, AHEAD_BYTES // max(frame_bytes, 1)))


class ReadAhead(Iterator[Item]):
    """Runs an iterator in its own thread, some items ahead; to use in a ``with`` block.

    Its exceptions come out where the next item would. When the block is left the thread has ended, so what the items
    come from may be closed.

    Args:
        items: What to iterate.
        room: Items that may wait.
    """

    def __init__(self, items: Iterable[Item], room: int) -> None:
        self._items = items
        self._waiting: queue.Queue[Item | _End] = queue.Queue(room)
        self._unwanted = threading.Event()
        self._thread = threading.Thread(target=self._read, name="femo-decode", daemon=True)

    def __enter__(self) -> "ReadAhead[Item]":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unwanted.set()
        self._thread.join()

    def __next__(self) -> Item:
        item = self._waiting.get()
        if not isinstance(item, _End):
            return item
        raise item.error

    def _read(self) -> None:
        end = _End(StopIteration())
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except Exception as error:  # noqa: BLE001  raised again in the thread that takes the items
            end = _End(error)
        self._put(end)

    def _put(self, item: "Item | _End") -> bool:
        """Wait for room; False if nobody wants the item any more."""
        while not self._unwanted.is_set():
            with suppress(queue.Full):
                self._waiting.put(item, timeout=PATIENCE_S)
                return True
        return False


@dataclass(frozen=True, slots=True)
class _End:
    """Stands behind the last item: how the iterator ended."""

    error: Exception


def seen_by(look: Callable[[Item], object] | None, items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items, each after ``look`` had it; None looks at nothing."""
    for item in items:
        if look is not None:
            look(item)
        yield item
