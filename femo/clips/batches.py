"""Sends the faces of neighbouring frames through the networks together, while the next frames are tracked.

Conventions: ``Crops`` are the faces cut out for each network, uint8 (N, S, S, 3); ``Read`` is what comes back, the scores
of all heads and the embeddings of the first network, with rows of NaN for faces that were not looked at. Results arrive
in the order of the frames, in the thread of the caller.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from femo.clips import adaptive
from femo.clips.timelines import Rows
from femo.types import Bools, Floats, Ints, Scores

BATCH_FACES = 32
"""A batch is full with so many faces,"""
BATCH_FRAMES = 32
"""or after so many frames. Where frames may be passed over, batches are as long as the coarsest stride, and"""
CHOOSY_FACES = 256
"""hold up to so many faces: 39 MB at 224 pixels."""

Crops: TypeAlias = tuple[npt.NDArray[np.uint8], ...]
Read: TypeAlias = tuple[dict[str, Scores], Floats]
Score: TypeAlias = Callable[[Crops], Read]


class Batches:
    """One thread that reads faces; to use in a ``with`` block, one for each clip.

    Args:
        score: Reads faces; runs in the other thread.
        done: Gets rows and what was read of them.
        rate: Pass over frames whose neighbours say enough; None reads every face.
    """

    def __init__(
        self, score: Score, done: Callable[[Rows, Read], None], rate: adaptive.AdaptiveRate | None = None
    ) -> None:
        self._score = score
        self._done = done
        self._rate = rate
        self._max_frames = BATCH_FRAMES if rate is None else rate.strides[0] + 1
        self._max_faces = BATCH_FACES if rate is None else CHOOSY_FACES
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
        if self._n_faces >= self._max_faces or len(self._rows) >= self._max_frames:
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
        self._under_way.append((rows, self._thread.submit(self._read, rows, crops)))
        self._rows, self._crops, self._n_faces = [], [], 0

    def _settle(self, at_most: int) -> None:
        """Hand over results until at most so many batches are under way."""
        while len(self._under_way) > at_most:
            rows, job = self._under_way.popleft()
            self._done(rows, job.result())

    def _read(self, rows: Rows, crops: Crops) -> Read:
        if self._rate is None or not len(rows.row):
            return self._score(crops)
        return read_choosily(self._score, rows, crops, self._rate)


def read_choosily(score: Score, rows: Rows, crops: Crops, rate: adaptive.AdaptiveRate) -> Read:
    """Read as few of the faces as the rate allows; the others get rows of NaN.

    Args:
        score: Reads faces.
        rows: N >= 1 faces of neighbouring frames.
        crops: Their crops.
        rate: When to look more closely.
    """
    frame = rows.row - rows.row.min()
    tracks, person = np.unique(rows.track, return_inverse=True)
    looks: list[tuple[Bools, Read]] = []

    def look(index: Ints) -> Floats:
        mine = np.isin(frame, index)
        looks.append((mine, score(tuple(crop[mine] for crop in crops))))
        seen = looks[-1][1][0]["expression"].values
        out = np.full((len(index), len(tracks), seen.shape[1]), np.nan, np.float32)
        out[np.searchsorted(index, frame[mine]), person[mine]] = seen
        return out

    adaptive.refine(look, int(frame.max()) + 1, rate)
    return _together(looks, len(frame))


def _together(looks: list[tuple[Bools, Read]], n_faces: int) -> Read:
    """Lay what was read in several looks on all faces."""
    first_scores, first_embedding = looks[0][1]
    embedding = np.full((n_faces, first_embedding.shape[1]), np.nan, np.float32)
    values = {
        name: np.full((n_faces, len(head.labels)), np.nan, np.float32) for name, head in first_scores.items()
    }
    for mine, (scores, part) in looks:
        embedding[mine] = part
        for name, head in scores.items():
            values[name][mine] = head.values
    return {name: head.with_values(values[name]) for name, head in first_scores.items()}, embedding
