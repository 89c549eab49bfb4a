"""Crops -> features, in parallel and resumable: each process takes whole videos and appends block by block.

Memory does not depend on the number of frames: a process holds its network and one block of crops. What is on disk
counts as done; a partial file goes on after its last whole block.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from femo.atomic import FULL
from femo.corpora.processes import in_processes
from femo.corpora.spreading import Work
from femo.faces.geometry import resize
from femo.models.config import ModelSpec, read_spec
from femo.training.abaw.dataset.crops import Video
from femo.training.abaw.dataset.tasks import AbawError
from femo.training.abaw.features import Columns, FeatureCache, Half, check_finite, crops_digest
from femo.types import Floats

BLOCK_CROPS: Final = 128
"""Crops that are read, run and written at a time: 19 MB of pixels at 224."""
POLL_S: Final = 0.5
SPARE_BYTES: Final = 256 << 20
"""Room that is left on the disk."""


class FeatureNetwork(Protocol):
    """What turns crops into rows; the compiled model, or a stand-in of tests."""

    size: int

    def rows(self, crops: npt.NDArray[np.uint8], columns: Columns) -> Floats:
        """Map crops uint8 (N, S, S, 3) to rows float32 (N, width)."""
        ...


class ModelNetwork:
    """Backbone and AffectNet head of a model folder."""

    def __init__(self, spec: ModelSpec) -> None:
        from femo.networks.backbone import Backbone
        from femo.networks.heads import load_heads

        self.size = spec.input_size
        self._backbone = Backbone(spec)
        self._heads = load_heads(spec)

    def rows(self, crops: npt.NDArray[np.uint8], columns: Columns) -> Floats:
        """Return embedding, scores and logits, as far as they are stored."""
        embedding = self._backbone.embed(crops)
        parts: list[Floats] = [embedding] if columns.embedding else []
        if columns.scores:
            logits, scores = self._heads.affectnet_scores(embedding)
            parts += [scores, logits]
        return np.concatenate(parts, axis=1)


@dataclass(frozen=True, slots=True)
class ExtractionState:
    """How far the extraction is.

    Attributes:
        done: Frames on disk, those of earlier runs too.
        total: Frames in all.
        new: Frames of this run.
        elapsed_s: Seconds of this run.
    """

    done: int
    total: int
    new: int
    elapsed_s: float

    @property
    def rate(self) -> float:
        """Frames per second of this run."""
        return self.new / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds left at this rate, None while it is unknown."""
        return (self.total - self.done) / self.rate if self.rate > 0 else None


OnExtraction = Callable[[ExtractionState], None]


def needed_bytes(cache: FeatureCache, videos: Mapping[str, Video]) -> int:
    """Return the disk space that is still needed."""
    missing = sum(len(video.frames) - _on_disk(cache, name) for name, video in videos.items())
    return missing * cache.columns.row_bytes


def _on_disk(cache: FeatureCache, name: str) -> int:
    if n_rows := cache.n_rows(name):
        return n_rows
    partial = cache.partial(name)
    return partial.stat().st_size // cache.columns.row_bytes if partial.exists() else 0


def extract(
    cache: FeatureCache,
    videos: Mapping[str, Video],
    spec: ModelSpec,
    workers: int = 1,
    report: OnExtraction = lambda progress: None,
    network: FeatureNetwork | None = None,
) -> None:
    """Compute the rows of every video that is not in the cache yet.

    Args:
        cache: Where they go.
        videos: Crops by name.
        spec: The model folder.
        workers: Processes; 1 stays in this one.
        report: Gets the progress about twice a second.
        network: Stands in for the model, in this process only.

    Raises:
        AbawError: The cache holds other crops, the disk is full, or a row is not finite.
    """
    todo = _plan(cache, videos)
    need, free = needed_bytes(cache, videos), shutil.disk_usage(cache.folder).free
    if need + SPARE_BYTES > free:
        raise AbawError(
            f"the features need {need / 1e9:.2f} GB more in {cache.folder}, but only {free / 1e9:.2f} GB are free"
        )
    started, before = time.monotonic(), sum(_on_disk(cache, name) for name in videos)
    total = sum(len(video.frames) for video in videos.values())
    finished = sum(len(videos[name].frames) for name in videos if name not in todo)

    def tell(done_rows: int, running: Sequence[str]) -> None:
        done = done_rows + sum(_on_disk(cache, name) for name in running)
        report(ExtractionState(done, total, done - before, time.monotonic() - started))

    if workers == 1 or network is not None:
        network = network or (ModelNetwork(spec) if todo else None)
        for name in todo:
            assert network is not None
            for _ in extract_video(cache, name, videos[name], network):
                tell(finished, [name])
            finished += len(videos[name].frames)
    elif todo:
        _in_processes(cache, videos, todo, spec, workers, finished, tell)
    tell(total, [])


def _plan(cache: FeatureCache, videos: Mapping[str, Video]) -> list[str]:
    """Note each video's crops in the index, and return the unfinished ones, longest first."""
    todo, known = [], dict(cache.digests)
    for name, video in videos.items():
        digest = crops_digest(video)
        if cache.digests.setdefault(name, digest) != digest:
            raise AbawError(
                f"{cache.folder} holds features of other crops of video {name}; use another --features folder"
            )
        if cache.n_rows(name) != len(video.frames):
            todo.append(name)
    if cache.digests != known:
        cache.save()
    return sorted(todo, key=lambda name: -len(videos[name].frames))


def extract_video(cache: FeatureCache, name: str, video: Video, network: FeatureNetwork) -> Iterator[int]:
    """Append the missing rows of one video; yields the rows on disk after each block."""
    columns, partial = cache.columns, cache.partial(name)
    try:
        with partial.open("ab") as file, ThreadPoolExecutor(1) as reader:
            done = partial.stat().st_size // columns.row_bytes
            file.truncate(done * columns.row_bytes)
            starts = range(done, len(video.frames), BLOCK_CROPS)
            ahead: Future[list[npt.NDArray[np.uint8] | None]] | None = None
            for start in starts:
                ahead = ahead or reader.submit(_read_block, video, start, network.size)
                crops = ahead.result()
                after = start + BLOCK_CROPS
                ahead = reader.submit(_read_block, video, after, network.size) if after in starts else None
                file.write(_block_rows(crops, name, start, columns, network).tobytes())
                file.flush()
                yield start + len(crops)
            os.fsync(file.fileno())
        partial.replace(cache.path(name))
    except OSError as error:
        if error.errno in FULL:
            raise AbawError(
                f"the disk is full while the features of {name} are written to {cache.folder}; free some space and run "
                "again, it goes on from there"
            ) from error
        raise AbawError(f"the features of {name} cannot be written: {error}") from error


def _read_block(video: Video, start: int, size: int) -> list[npt.NDArray[np.uint8] | None]:
    return [_crop(video, i, size) for i in range(start, min(start + BLOCK_CROPS, len(video.frames)))]


def _crop(video: Video, position: int, size: int) -> npt.NDArray[np.uint8] | None:
    """Decode one crop to RGB (S, S, 3); None where it is damaged."""
    data = np.frombuffer(video.read(position), np.uint8)
    if not len(data):
        return None
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return (
        None
        if bgr is None
        else resize(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False), size, size)
    )


def _block_rows(
    crops: Sequence[npt.NDArray[np.uint8] | None], name: str, start: int, columns: Columns, network: FeatureNetwork
) -> Half:
    readable = [crop for crop in crops if crop is not None]
    out = np.full((len(crops), columns.width), np.nan, np.float16)
    if readable:
        with np.errstate(over="ignore"):
            half = network.rows(np.stack(readable), columns).astype(np.float16)
        check_finite(half.astype(np.float32), f"video {name}", start)
        out[[crop is not None for crop in crops]] = half
    return out


_WORKER: dict[str, FeatureNetwork] = {}
"""The network of a worker process, made once when it starts."""


def _start_worker(folder: str) -> None:
    _WORKER["network"] = ModelNetwork(read_spec(Path(folder)))


def _work(cache: FeatureCache, name: str, video: Video) -> str:
    for _ in extract_video(cache, name, video, _WORKER["network"]):
        pass
    return name


def _in_processes(
    cache: FeatureCache,
    videos: Mapping[str, Video],
    todo: Sequence[str],
    spec: ModelSpec,
    workers: int,
    finished: int,
    tell: Callable[[int, Sequence[str]], None],
) -> None:
    """Give whole videos to processes, the longest first, so that they end together."""
    jobs = [(cache, name, videos[name]) for name in todo]
    left = dict.fromkeys(todo)
    for done in in_processes(workers, Work(_start_worker, (str(spec.folder),), _work), jobs, POLL_S):
        for _, name in done:
            del left[name]
            finished += len(videos[name].frames)
        tell(finished, list(left))
