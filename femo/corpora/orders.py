"""What there is still to do in a run: inputs in their order, and the shards of long clips before them.

Conventions: an input is settled once: with its facts, or with the sentence why not. A long clip is settled when its shards are
joined; a shard that lies in the work folder since an earlier run is not read again.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from femo.corpora.manifest import Facts, Input, Manifest
from femo.corpora.parts import shard_path
from femo.corpora.reading import Cut, Order, Outcome, Read, Refused, Uncut
from femo.corpora.spreading import Job


@dataclass(slots=True)
class _Long:
    """A clip in shards."""

    cut: Cut
    left: set[int]
    read_s: float = 0.0


@dataclass(slots=True)
class Orders:
    """Gives orders to workers and takes what comes of them.

    Attributes:
        out: The output folder.
        manifest: Knows what waits, and which shards are read.
    """

    out: Path
    manifest: Manifest
    _queue: deque[Order] = field(default_factory=deque)
    _long: dict[int, _Long] = field(default_factory=dict)
    _waiting: Iterator[Input] | None = None

    def take(self) -> Job | None:
        """Return the next order, None where there is none for now."""
        if self._queue:
            return (self._queue.popleft(),)
        if self._waiting is None:
            self._waiting = self.manifest.waiting()
        item = next(self._waiting, None)
        return None if item is None else (Order(item),)

    def share(self, order: Order) -> float:
        """Return which share of its clip a shard is, 0-1; 0 of what is no shard, or not waited for any more."""
        long, span = self._long.get(order.item.id), order.span
        return 0.0 if long is None or span is None else (span.stop - span.first) / long.cut.spans[-1].stop

    def settle(self, order: Order, outcome: Outcome) -> Facts | Refused | None:
        """Return what an input came to, None while something of it is still to do."""
        number = order.item.id
        if order.span is not None and number not in self._long:  # another shard has settled the clip already
            shard_path(self.out, number, order.span.first).unlink(missing_ok=True)
            return None
        if isinstance(outcome, Cut):
            self._begin(order.item, outcome)
        elif isinstance(outcome, Read):
            self._count(order, outcome)
        elif isinstance(outcome, Uncut):
            self._forget(number)
            self._queue.appendleft(Order(order.item, whole=True))
        else:
            self._forget(number)
            return outcome
        return None

    def _begin(self, item: Input, cut: Cut) -> None:
        """Order the shards that are not read yet."""
        read = self.manifest.shards(item.id, cut.sha256)
        missing = [span for span in cut.spans if (span.first, span.stop) not in read]
        self._long[item.id] = _Long(cut, {span.first for span in missing}, sum(read.values()))
        self._queue.extend(Order(item, span=span) for span in missing)
        if not missing:
            self._join(item)

    def _count(self, order: Order, read: Read) -> None:
        """Note one shard; behind the last one they are joined."""
        long, span = self._long[order.item.id], order.span
        assert span is not None
        self.manifest.add_shard(order.item.id, span.first, span.stop, long.cut.sha256, read.read_s)
        long.left.discard(span.first)
        long.read_s += read.read_s
        if not long.left:
            self._join(order.item)

    def _join(self, item: Input) -> None:
        long = self._long[item.id]
        self._queue.appendleft(Order(item, cut=long.cut, read_s=long.read_s))

    def _forget(self, number: int) -> None:
        """Drop what is ordered of a clip, and what lies in the work folder."""
        long = self._long.pop(number, None)
        if long is None:
            return
        self._queue = deque(order for order in self._queue if order.item.id != number)
        for span in long.cut.spans:
            shard_path(self.out, number, span.first).unlink(missing_ok=True)
