"""Sends the faces of neighbouring frames through the networks together, while the next frames are tracked.

Conventions: ``Crops`` are the faces cut out for each network, uint8 (N, S, S, 3); ``Read`` is what comes back, the scores
of all heads and the embeddings of the first network. Results arrive in the order of the frames, in the thread of the
caller.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from femo.timelines import Rows
from femo.types import Floats, Scores

BATCH_FACES = 32
"""A batch is full with so many faces,"""
BATCH_FRAMES = 32
"""or after so many frames."""

Crops: TypeAlias = tuple[npt.NDArray[np.uint8], ...]
Read: TypeAlias = tuple[dict[str, Scores], Floats]


class Batches:
    """One thread that reads faces; to use in a ``with`` block, one for each clip.

    Args:
        score: Reads faces; runs in the other thread.
        done: Gets rows and what was read of them.
    """

    def __init__(self, score: Callable[[Crops], Read], done: Callable[[Rows, Read], None]) -> None:
        self._score = score
        self._done = done
        self._rows: list[Rows] = []
        self._crops: list[Crops] = []
        self._n_faces = 0
        self._under_way: deque[tuple[Rows, Future[Read]]] = deque()
        self._thread = ThreadPoolExecutor(1, "femo-network")

    def __enter__(self) -> "Batches":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)

    def put(self, rows: Rows, crops: Crops) -> None:
        """Take the faces of one frame."""
        self._rows.append(rows)
        self._crops.append(crops)
        self._n_faces += len(rows.row)
        if self._n_faces >= BATCH_FACES or len(self._rows) >= BATCH_FRAMES:
            self._send()
            self._settle(at_most=1)

    def finish(self) -> None:
        """Read what is left, and wait for it."""
        if self._rows:
            self._send()
        self._settle(at_most=0)

    def _send(self) -> None:
        rows = Rows(*(np.concatenate(part) for part in zip(*self._rows, strict=True)))
        crops = tuple(np.concatenate(part) for part in zip(*self._crops, strict=True))
        self._under_way.append((rows, self._thread.submit(self._score, crops)))
        self._rows, self._crops, self._n_faces = [], [], 0

    def _settle(self, at_most: int) -> None:
        """Hand over results until at most so many batches are under way."""
        while len(self._under_way) > at_most:
            rows, job = self._under_way.popleft()
            self._done(rows, job.result())
