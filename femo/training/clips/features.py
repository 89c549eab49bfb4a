"""Extracts the descriptor of every clip, in parallel, with a cache that survives a kill.

Conventions: the cache has one ``.npy`` file per clip (float32 (4 D,)), in a folder named after the network's weights and the
descriptor, so vectors of two networks never mix; a file is written beside its place and renamed. Clips that cannot be read
are named together at the end, and nothing is trained on a part of the data.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from femo.atomic import replacing
from femo.clips.descriptors import make_descriptor
from femo.corpora.processes import in_processes
from femo.corpora.spreading import Work
from femo.errors import FemoError
from femo.models.find import find_models
from femo.models.weights import weights_sha256
from femo.pipeline import Pipeline, load
from femo.training.clips.layout import LabelledClip
from femo.types import Floats

N_SHOWN = 10
_WORKER: dict[str, Pipeline] = {}
"""The pipeline of a worker process, by model name: made once per process."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What is computed, and where it is kept."""

    model: str | None
    descriptor: str
    cache: Path
    min_face: int | None = None

    def folder(self) -> Path:
        """Return the cache folder of this network, descriptor and smallest face."""
        spec = find_models(self.model)[0]
        key = f"{weights_sha256(spec)} {self.descriptor} {self.min_face}"
        return self.cache / f"{spec.name}-{self.descriptor}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def load_once(model: str | None) -> Pipeline:
    """Return this process's pipeline of a model."""
    key = model or ""
    if key not in _WORKER:
        _WORKER[key] = load(model)
    return _WORKER[key]


def describe(pipeline: Pipeline, path: Path, name: str, min_face: int | None = None) -> Floats:
    """Return the descriptor (4 D,) of one clip."""
    descriptor = make_descriptor(name, pipeline.readers[0].spec.embedding_dim)
    pipeline.raw_video(path, min_face=min_face, measure=False, descriptors=[descriptor])
    return descriptor.vector()


def _extract_one(what: Extraction, clip: LabelledClip, out: Path) -> str | None:
    """Describe one clip into the cache; returns the problem, if there is one."""
    try:
        vector = describe(load_once(what.model), clip.path, what.descriptor, what.min_face)
    except FemoError as error:
        return str(error)
    with replacing(out) as partial, partial.open("wb") as file:
        np.save(file, vector)
    return None


def extract(
    what: Extraction, clips: Sequence[LabelledClip], n_processes: int, report: Callable[[int, int], None]
) -> Floats:
    """Return the descriptors (N, 4 D) of all clips; those in the cache are not computed again.

    Args:
        what: Network, descriptor, cache.
        clips: What to describe.
        n_processes: Processes that work at once; 1 works in this one.
        report: Gets clips done and their number.

    Raises:
        FemoError: Clips cannot be read; all are named.
    """
    folder = what.folder()
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{_safe(clip)}.npy" for clip in clips]
    waiting = [(clip, file) for clip, file in zip(clips, files, strict=True) if not file.exists()]
    problems: list[str] = []
    n_done = len(clips) - len(waiting)
    report(n_done, len(clips))
    for problem in _run(what, waiting, n_processes):
        n_done += 1
        report(n_done, len(clips))
        problems += [problem] if problem else []
    if problems:
        shown = "; ".join(problems[:N_SHOWN])
        raise FemoError(f"{len(problems)} of {len(clips)} clips cannot be read: {shown}")
    return np.stack([np.load(file, allow_pickle=False) for file in files])


def _safe(clip: LabelledClip) -> str:
    """File name of a clip in the cache; changes with the clip's size and time."""
    stat = clip.path.stat()
    key = f"{clip.path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _run(what: Extraction, waiting: Sequence[tuple[LabelledClip, Path]], n_processes: int) -> Iterator[str | None]:
    if n_processes <= 1 or len(waiting) < 2:
        yield from (_extract_one(what, clip, file) for clip, file in waiting)
        return
    jobs = [(what, clip, file) for clip, file in waiting]
    for done in in_processes(n_processes, Work(load_once, (what.model,), _extract_one), jobs):
        yield from (problem for _, problem in done)
