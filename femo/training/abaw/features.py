"""The feature cache: one memory-mapped float16 file per video, and an index that says what made it.

Conventions: row i of ``<video>.f16`` belongs to the i-th crop of the video in frame order. A row holds the parts of
``Columns`` one after another; a crop that could not be decoded is a row of NaN. Files grow by appending to
``<video>.f16.partial`` and are renamed when whole, so that a kill costs at most one block. ``index.json`` names the
network by the SHA-256 of its weights and preprocessing, and each video's crops by a digest.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from femo.atomic import write_bytes
from femo.models.config import ModelSpec
from femo.models.weights import find_weights, load_tensors
from femo.networks.heads import AFFECTNET_HEAD
from femo.training.abaw.dataset.crops import Video
from femo.training.abaw.dataset.tasks import AbawError
from femo.types import Floats

Half = npt.NDArray[np.float16]
Stored = Literal["embedding", "scores", "both"]
CachedInput = Literal["embedding", "scores", "logits", "embedding+scores"]

INDEX: Final = "index.json"
SUFFIX: Final = ".f16"
PARTIAL: Final = ".f16.partial"
ITEM_BYTES: Final = 2
DIGEST_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each part of a row stands: embedding, then scores, then logits; a part of width 0 is not stored.

    Attributes:
        embedding: D or 0.
        scores: Number of expression classes or 0; as many logits follow.
    """

    embedding: int
    scores: int

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return self.embedding + 2 * self.scores

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return self.width * ITEM_BYTES

    def of(self, what: CachedInput) -> slice:
        """Return the columns that a head of this input reads.

        Raises:
            AbawError: They were not stored.
        """
        scores_end = self.embedding + self.scores
        slices = {
            "embedding": slice(0, self.embedding),
            "scores": slice(self.embedding, scores_end),
            "logits": slice(scores_end, self.width),
            "embedding+scores": slice(0, scores_end),
        }
        if ("embedding" in what and not self.embedding) or (what != "embedding" and not self.scores):
            raise AbawError(f"the feature cache holds no {what}; extract the features again with --store both")
        return slices[what]

    def holds(self, what: CachedInput) -> bool:
        """Return whether a head of this input can be trained on the cache."""
        return not (("embedding" in what and not self.embedding) or (what != "embedding" and not self.scores))


def stored_columns(store: Stored, embedding_dim: int, n_scores: int) -> Columns:
    """Return the columns for a choice of what to store."""
    return Columns(0 if store == "scores" else embedding_dim, 0 if store == "embedding" else n_scores)


def model_digest(spec: ModelSpec) -> str:
    """Return what identifies the features of a model folder: backbone, AffectNet head and preprocessing.

    Other heads do not matter, so a folder that was trained on a cache goes on using it.
    """
    digest = hashlib.sha256()
    tensors = load_tensors(find_weights(spec))
    names = {head.name for head in spec.heads}
    head = AFFECTNET_HEAD if AFFECTNET_HEAD in names else "expression"
    prefixes = {"backbone.": "backbone.", f"heads.{head}.": "scores."}
    for name in sorted(tensors):
        for prefix, stands_for in prefixes.items():
            if name.startswith(prefix):
                array = np.ascontiguousarray(tensors[name])
                digest.update(f"{stands_for}{name.removeprefix(prefix)} {array.shape}".encode() + array.tobytes())
    temperature = spec.head(head).temperature if head in names else 1.0
    how = (
        spec.arch,
        sorted(spec.arch_args.items()),
        spec.input_size,
        spec.mean,
        spec.std,
        spec.channels,
        temperature,
    )
    digest.update(repr(how).encode())
    return digest.hexdigest()


def crops_digest(video: Video) -> str:
    """Return what identifies the crops of a video: frame numbers, and the bytes of three of them."""
    digest = hashlib.sha256(video.frames.tobytes())
    for position in sorted({0, len(video.frames) // 2, len(video.frames) - 1}):
        digest.update(video.read(position))
    return digest.hexdigest()[:DIGEST_LENGTH]


@dataclass(slots=True)
class FeatureCache:
    """A folder of features.

    Attributes:
        folder: Where it lies.
        model: Digest of the network.
        model_name: Name of its folder, for messages.
        columns: What a row holds.
        digests: Video to the digest of its crops, for every video that was started.
    """

    folder: Path
    model: str
    model_name: str
    columns: Columns
    digests: dict[str, str]

    def path(self, video: str) -> Path:
        """Return the finished file of a video."""
        return self.folder / f"{video}{SUFFIX}"

    def partial(self, video: str) -> Path:
        """Return the growing file of a video."""
        return self.folder / f"{video}{PARTIAL}"

    def n_rows(self, video: str) -> int:
        """Return the rows of a finished video, 0 if it is not finished."""
        path = self.path(video)
        return path.stat().st_size // self.columns.row_bytes if path.exists() else 0

    def save(self) -> None:
        """Write the index."""
        document = {
            "format": 1,
            "model": self.model,
            "model_name": self.model_name,
            "embedding": self.columns.embedding,
            "scores": self.columns.scores,
            "videos": self.digests,
        }
        write_bytes(self.folder / INDEX, json.dumps(document, indent=1).encode())

    def rows(self, video: str, start: int = 0, stop: int | None = None) -> Half:
        """Map rows of a finished video, float16 (N, width); nothing is read until it is used.

        Raises:
            AbawError: The file does not hold them.
        """
        n_rows = self.n_rows(video)
        stop = n_rows if stop is None else stop
        if not 0 <= start <= stop <= n_rows:
            raise AbawError(
                f"{self.path(video)} holds {n_rows} rows, expected at least {stop}; run the extraction again"
            )
        if start == stop:
            return np.zeros((0, self.columns.width), np.float16)
        return np.memmap(
            self.path(video),
            np.float16,
            mode="r",
            offset=start * self.columns.row_bytes,
            shape=(stop - start, self.columns.width),
        )

    def unreadable(self, video: str) -> list[int]:
        """Return the positions of the crops that could not be decoded."""
        first_column = np.array(self.rows(video)[:, :1], np.float32)
        positions: list[int] = np.flatnonzero(np.isnan(first_column[:, 0])).tolist()
        return positions


def check_finite(values: Floats, where: str, first: int = 0) -> None:
    """Raise AbawError if a row holds numbers and NaN or infinity.

    Args:
        values: (N, width).
        where: Names the video.
        first: Position of the first row.
    """
    if np.isfinite(values.sum(dtype=np.float32)):
        return
    rows = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(rows):
        raise AbawError(
            f"the features of {where} are not finite at crop {first + int(rows[0])}; the network or the cache is "
            "damaged, so delete that file and extract again"
        )


def open_cache(folder: Path, spec: ModelSpec, columns: Columns) -> FeatureCache:
    """Open a cache, or begin one.

    Raises:
        AbawError: It was made by another network, or stores other parts.
    """
    model = model_digest(spec)
    path = folder / INDEX
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        cache = FeatureCache(folder, model, spec.name, columns, {})
        cache.save()
        return cache
    document = _read_index(path)
    if document["model"] != model:
        raise AbawError(
            f"{folder} holds features of {document['model_name']} ({document['model'][:12]}), not of {spec.name} "
            f"({model[:12]}); use another --features folder"
        )
    found = Columns(int(document["embedding"]), int(document["scores"]))
    if (found.embedding or not columns.embedding) and (found.scores or not columns.scores):
        return FeatureCache(folder, model, spec.name, found, dict(document["videos"]))
    raise AbawError(f"{folder} stores less than is asked for; use another --features folder, or delete it")


def _read_index(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
        if document["format"] != 1 or not isinstance(document["videos"], dict):
            raise ValueError("unknown format")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AbawError(f"{path} is no index of a feature cache ({error}); delete the folder") from error
    return dict(document)
