"""Sends the faces of neighbouring frames through the networks together, while the next frames are tracked.

Conventions: ``Crops`` are the faces cut out for each network, uint8 (N, S, S, 3); ``Read`` is what comes back, the scores
of all heads, the embeddings of the first network and identities, with rows of NaN for faces that were not looked at. They arrive
in the order of the frames, in the thread of the caller.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from femo.clips import adaptive
from femo.clips.timelines import Rows
from femo.meshes import Meshes
from femo.types import Bools, Floats, Ints, Scores

BATCH_FACES = 32
"""A batch is full with so many faces,"""
BATCH_FRAMES = 32
"""or after so many frames. Where frames may be passed over, batches are as long as the coarsest stride, and"""
CHOOSY_FACES = 256
"""hold up to so many faces: 39 MB at 224 pixels."""

Crops: TypeAlias = tuple[npt.NDArray[Any], ...]
"""Behind the crops for each network there may be those for the mesh, and where they lie."""


class Read(NamedTuple):
    """What networks say of N faces.

    Attributes:
        scores: Head name to Scores of N rows.
        embedding: float32 (N, D), of the first network.
        identity: float32 (N, I) at unit length; (N, 0) where no network has such a head.
        meshes: N meshes, None where faces are not measured.
    """

    scores: dict[str, Scores]
    embedding: Floats
    identity: Floats
    meshes: Meshes | None = None

    @property
    def who(self) -> Floats:
        """What tells people apart: the identity, or the embedding where there is none."""
        return self.identity if self.identity.shape[1] else self.embedding


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

    def put(self, rows: Rows, crops: Crops, *, fresh: bool = False) -> None:
        """Take the faces of one frame; a fresh one begins a batch, so that what is read with it depends on no frame before."""
        if fresh:
            self.finish()
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
        seen = looks[-1][1].scores["expression"].values
        out = np.full((len(index), len(tracks), seen.shape[1]), np.nan, np.float32)
        out[np.searchsorted(index, frame[mine]), person[mine]] = seen
        return out

    present = np.zeros((int(frame.max()) + 1, len(tracks)), np.bool_)
    present[frame, person] = True
    adaptive.refine(look, len(present), rate, present)
    return _together(looks, len(frame))


def _together(looks: list[tuple[Bools, Read]], n_faces: int) -> Read:
    """Lay what was read in several looks on all faces."""
    first = looks[0][1]

    def empty(n_columns: int) -> Floats:
        return np.full((n_faces, n_columns), np.nan, np.float32)

    embedding, identity = empty(first.embedding.shape[1]), empty(first.identity.shape[1])
    values = {name: empty(len(head.labels)) for name, head in first.scores.items()}
    meshes = None if first.meshes is None else Meshes.unread(n_faces)
    for mine, part in looks:
        if meshes is not None and part.meshes is not None:
            meshes.put(mine, part.meshes)
        embedding[mine], identity[mine] = part.embedding, part.identity
        for name, head in part.scores.items():
            values[name][mine] = head.values
    scores = {name: head.with_values(values[name]) for name, head in first.scores.items()}
    return Read(scores, embedding, identity, meshes)
