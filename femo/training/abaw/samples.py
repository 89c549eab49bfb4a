"""Labelled rows of a feature cache, read block by block: shuffled for training, in order for scoring.

Conventions: a block is up to ``BLOCK_ROWS`` neighbouring rows of one video. Training shuffles blocks over all videos,
reads ``POOL_BLOCKS`` of them with one map each, shuffles the rows inside that pool and cuts it into batches: the disk is
read in long runs, and memory holds two pools, the one in use and the one being read, whatever the size of the data.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from femo.training.abaw.dataset.split import AnnotatedClip
from femo.training.abaw.features import FeatureCache, Half, check_finite
from femo.types import Floats, Ints

BLOCK_ROWS: Final = 512
INFINITY: Final = 0x7C00
"""Bits of the float16 infinity; NaN has more, and the sign is the highest bit (IEEE 754-2008)."""
POOL_BLOCKS: Final = 32
"""16,384 rows: 42 MB for 1,288 columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Frames of one clip, in the order of their rows.

    Attributes:
        video: Name.
        row: int64 (N,), increasing positions in the cache.
        labels: float32 (N, C).
    """

    video: str
    row: Ints
    labels: Floats


def usable(clip: AnnotatedClip) -> Lines:
    """Return the frames of a clip that have a crop and a label: what is trained on."""
    used = clip.used
    return Lines(clip.video, clip.row[used], clip.labels[used])


def visible(clip: AnnotatedClip) -> Lines:
    """Return the frames of a clip that have a crop, labelled or not: what is predicted."""
    there = clip.row >= 0
    return Lines(clip.video, clip.row[there], clip.labels[there])


def _finite(rows: Half) -> bool:
    """Tell whether no number is NaN or infinite, in two passes over the bits and without a copy."""
    positive, negative = rows.view(np.int16).max(), rows.view(np.uint16).max()
    return bool(positive < INFINITY and negative < 0x8000 | INFINITY)


class Samples:
    """Frames of some clips.

    Args:
        cache: Where their features are.
        lines: Which frames.
    """

    def __init__(self, cache: FeatureCache, lines: Iterable[Lines]) -> None:
        self.cache = cache
        self.lines = [line for line in lines if len(line.row)]
        self._blocks = [
            (i, start)
            for i, line in enumerate(self.lines)
            for start in range(int(line.row[0]), int(line.row[-1]) + 1, BLOCK_ROWS)
        ]

    def __len__(self) -> int:
        return sum(len(line.row) for line in self.lines)

    def labels(self) -> Iterator[Floats]:
        """Yield the labels (N, C) clip by clip."""
        for line in self.lines:
            yield line.labels

    def _span(self, block: tuple[int, int]) -> tuple[Lines, int, int]:
        """Return the clip of a block, and which of its frames the block holds."""
        line = self.lines[block[0]]
        low, high = np.searchsorted(line.row, (block[1], block[1] + BLOCK_ROWS))
        return line, int(low), int(high)

    def _fill(self, out: Half, line: Lines, low: int, high: int) -> None:
        """Read the rows of frames ``low`` to ``high`` into ``out`` (high - low, width)."""
        if low == high:
            return
        first, last = int(line.row[low]), int(line.row[high - 1])
        mapped = self.cache.rows(line.video, first, last + 1)
        if high - low == len(mapped):
            out[:] = mapped
        else:
            np.take(mapped, line.row[low:high] - first, axis=0, out=out, mode="clip")
        if not _finite(out):
            check_finite(out.astype(np.float32), str(self.cache.path(line.video)), first)

    def read(self, blocks: Iterable[tuple[int, int]]) -> tuple[Half, Floats]:
        """Return the rows (N, width) and labels (N, C) of some blocks, one after the other.

        Raises:
            AbawError: A row is not finite.
        """
        spans = [self._span(block) for block in blocks]
        rows = np.empty((sum(high - low for _, low, high in spans), self.cache.columns.width), np.float16)
        start = 0
        for line, low, high in spans:
            self._fill(rows[start : start + high - low], line, low, high)
            start += high - low
        return rows, np.concatenate([line.labels[low:high] for line, low, high in spans])

    def _pools(self, seed: int) -> Iterator[tuple[Half, Floats]]:
        """Yield pools of blocks in random order, the next being read while one is in use."""
        order = np.random.default_rng(seed).permutation(len(self._blocks))
        chosen = [order[i : i + POOL_BLOCKS] for i in range(0, len(order), POOL_BLOCKS)]
        if not chosen:
            return

        def read(pool: Ints) -> tuple[Half, Floats]:
            return self.read(self._blocks[i] for i in pool)

        with ThreadPoolExecutor(1) as reader:
            ahead = reader.submit(read, chosen[0])
            for following in chosen[1:]:
                pool, ahead = ahead.result(), reader.submit(read, following)
                yield pool
            yield ahead.result()

    def batches(self, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield shuffled batches once over all frames: float32 rows (N, width) and labels (N, C).

        Args:
            size: Frames in a batch; the last of a pool may be smaller.
            seed: The same seed gives the same batches.
        """
        rng = np.random.default_rng(seed + 1)
        for pool in self._pools(seed):
            rows, labels = map(torch.from_numpy, pool)
            order = torch.from_numpy(rng.permutation(len(rows)))
            for index in order.split(size):  # index_select copies whole rows, a tenth of the time of rows[index]
                yield rows.index_select(0, index).float(), labels[index]

    def in_order(self) -> Iterator[tuple[int, Tensor, Floats]]:
        """Yield block by block: number of the clip's line, float32 rows (N, width), labels (N, C)."""
        for block in self._blocks:
            rows, labels = self.read([block])
            if len(rows):
                yield block[0], torch.from_numpy(rows).float(), labels
