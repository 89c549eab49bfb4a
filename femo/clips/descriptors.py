"""One vector per clip: the video descriptors of SISY 2021, section 3.3.

Conventions: D is the embedding's length; a descriptor is float32 (4 D,), L2-normed, and the zero vector for a clip without
any face. Deviations are those of the population (divided by n), as in the author's code. Descriptors are fed frame by
frame and keep running moments only, so a clip of any length costs the same memory. The order of the four blocks is part of
a descriptor's name, since the paper and the author's code differ in it:

- ``afew-mean-max-min-std`` (the paper) and ``afew-mean-std-min-max`` (the code): over frames, of the largest face.
- ``vgaf-mean-std``: mean and deviation over the faces of a frame, then mean and deviation of that over frames.
"""

from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from femo.errors import ModelError
from femo.faces.geometry import area
from femo.types import Doubles, Floats, Ints


class Moments:
    """Running mean, deviation, smallest and largest of vectors (Welford 1962, in the batch form of Chan et al. 1979)."""

    def __init__(self) -> None:
        self.n = 0
        self._mean: Doubles = np.zeros(0)
        self._squares: Doubles = np.zeros(0)
        self._min: Doubles = np.zeros(0)
        self._max: Doubles = np.zeros(0)

    def add(self, rows: npt.NDArray[np.floating]) -> None:
        """Take in vectors (N, D)."""
        if not len(rows):
            return
        values = np.asarray(rows, np.float64)
        n, mean = len(values), values.mean(axis=0)
        squares = ((values - mean) ** 2).sum(axis=0)
        low, high = values.min(axis=0), values.max(axis=0)
        if self.n:
            delta, total = mean - self._mean, self.n + n
            squares = self._squares + squares + delta**2 * (self.n * n / total)
            mean = self._mean + delta * (n / total)
            low, high = np.minimum(low, self._min), np.maximum(high, self._max)
        self._mean, self._squares, self._min, self._max = mean, squares, low, high
        self.n += n

    def blocks(self) -> dict[str, Doubles]:
        """Return mean, std, min and max, each (D,); only after at least one vector."""
        return {"mean": self._mean, "std": np.sqrt(self._squares / self.n), "min": self._min, "max": self._max}


class Descriptor(Protocol):
    """What describes a clip while it is read."""

    @property
    def n_frames_with_faces(self) -> int:
        """Frames that showed at least one face."""

    def add(self, row: Ints, xyxy: Floats, embedding: Floats) -> None:
        """Take in faces of some whole frames, in the order of the frames."""

    def vector(self) -> Floats:
        """Return the descriptor of what came in so far."""


def frame_parts(row: Ints) -> list[slice]:
    """Cut rows (N,) of frame numbers, equal ones next to each other, into one slice per frame."""
    starts = np.flatnonzero(np.diff(row, prepend=row[:1] - 1)) if len(row) else np.zeros(0, np.int64)
    ends = [*starts[1:].tolist(), len(row)]
    return [slice(start, end) for start, end in zip(starts.tolist(), ends, strict=True)] if len(row) else []


def l2_normed(vector: npt.NDArray[np.floating]) -> Floats:
    """Scale to length 1; the zero vector stays."""
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length else vector, np.float32)


class LargestFace:
    """AFEW: statistics over frames of the embedding of each frame's largest face.

    Args:
        dim: D.
        order: The four blocks, such as ``("mean", "max", "min", "std")``.
    """

    def __init__(self, dim: int, order: tuple[str, ...]) -> None:
        self.dim, self.order = dim, order
        self._moments = Moments()

    @property
    def n_frames_with_faces(self) -> int:
        """Frames that showed at least one face."""
        return self._moments.n

    def add(self, row: Ints, xyxy: Floats, embedding: Floats) -> None:
        """Take in faces of some whole frames: frame numbers (N,), boxes (N, 4), embeddings (N, D)."""
        sizes = area(xyxy)
        chosen = [part.start + int(np.argmax(sizes[part])) for part in frame_parts(row)]
        self._moments.add(embedding[chosen])

    def vector(self) -> Floats:
        """Return (4 D,), L2-normed; zero without faces."""
        if not self._moments.n:
            return np.zeros(4 * self.dim, np.float32)
        blocks = self._moments.blocks()
        return l2_normed(np.concatenate([blocks[name] for name in self.order]))


class AllFaces:
    """VGAF: mean and deviation over the faces of a frame, then over frames. One face in a frame has deviation 0.

    Args:
        dim: D.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._moments = Moments()

    @property
    def n_frames_with_faces(self) -> int:
        """Frames that showed at least one face."""
        return self._moments.n

    def add(self, row: Ints, xyxy: Floats, embedding: Floats) -> None:
        """Take in faces of some whole frames: frame numbers (N,), boxes (N, 4), embeddings (N, D)."""
        frames = []
        for part in frame_parts(row):
            faces = embedding[part].astype(np.float64)
            frames.append(np.concatenate([faces.mean(axis=0), faces.std(axis=0)]))
        self._moments.add(np.array(frames).reshape(len(frames), 2 * self.dim))

    def vector(self) -> Floats:
        """Return (4 D,), L2-normed; zero without faces."""
        if not self._moments.n:
            return np.zeros(4 * self.dim, np.float32)
        blocks = self._moments.blocks()
        return l2_normed(np.concatenate([blocks["mean"], blocks["std"]]))


DESCRIPTORS: Final[dict[str, Callable[[int], Descriptor]]] = {
    "afew-mean-max-min-std": lambda dim: LargestFace(dim, ("mean", "max", "min", "std")),
    "afew-mean-std-min-max": lambda dim: LargestFace(dim, ("mean", "std", "min", "max")),
    "vgaf-mean-std": AllFaces,
}
"""Every descriptor by its name."""


def make_descriptor(name: str, dim: int) -> Descriptor:
    """Return an empty descriptor.

    Args:
        name: One of ``DESCRIPTORS``.
        dim: D, the embedding's length.

    Raises:
        ModelError: Unknown name.
    """
    if name not in DESCRIPTORS:
        raise ModelError(f"no descriptor named {name!r}, expected one of {', '.join(DESCRIPTORS)}")
    return DESCRIPTORS[name](dim)
