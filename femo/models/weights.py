"""ModelSpec -> verified local file -> tensors.

Conventions: safetensors only, never pickle. A file is used only after its size and SHA-256 agree with the model
folder; the check is remembered per process by path, size and modification time (``_CHECKED``, the one cache here).
"""

import hashlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from femo.errors import WeightsError
from femo.models.config import WEIGHTS as WEIGHTS
from femo.models.config import ModelSpec, WeightFile
from femo.models.hub import discard, hub_file

SCALE = ".scale"
"""After the name of an int8 matrix: what each of its rows is multiplied by."""
BLOCK_BYTES = 1 << 20

Tensors = Mapping[str, npt.NDArray[np.float32]]

_CHECKED: dict[tuple[str, int, int], str] = {}
_LOCK = threading.Lock()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def verify(path: Path, expected: WeightFile) -> Path:
    """Return ``path`` if the file is the expected one.

    Raises:
        WeightsError: It is missing, or size or SHA-256 differ.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise WeightsError(
            f"{path} is missing, which config.json beside it lists: get the whole folder again (git checkout in a clone, "
            "else install femo anew, or copy every file of the folder)"
        ) from error
    if stat.st_size != expected.size:
        raise WeightsError(
            f"{path} has {stat.st_size:,} bytes, expected {expected.size:,}: it is incomplete or another file"
        )
    key = (str(path), stat.st_size, stat.st_mtime_ns)
    with _LOCK:
        found = _CHECKED.get(key)
    if found is None:
        found = file_sha256(path)
        with _LOCK:
            _CHECKED[key] = found
    if found != expected.sha256:
        raise WeightsError(f"{path} has SHA-256 {found}, expected {expected.sha256}: delete it and fetch it again")
    return path


def missing_files(spec: ModelSpec) -> list[str]:
    """Return the files that a local folder lists and does not have; one missing is enough and nothing can be read."""
    return [file.name for file in spec.files if not (spec.folder / file.name).is_file()]


def find_weights(spec: ModelSpec) -> Path:
    """Return the verified weight file of a model; one that lives on the Hub is downloaded if need be.

    Raises:
        WeightsError: The folder names no weights, or the file is missing or damaged and cannot be had.
    """
    if any(file.name == spec.weights for file in spec.files):
        return find_file(spec, spec.weights)
    raise WeightsError(
        f"{spec.name} has no weights here yet; get them with: femo models import {spec.name} "
        f"(or femo models fetch {spec.name} where FEMO_HUB_REPO is set)"
    )


def find_file(spec: ModelSpec, name: str) -> Path:
    """Return one verified file of a model; one that lives on the Hub is downloaded if need be.

    Raises:
        WeightsError: The folder does not name it, or it is missing or damaged and cannot be had.
    """
    for file in spec.files:
        if file.name == name:
            return verify(spec.folder / file.name, file) if spec.hub is None else _from_hub(spec, file)
    raise WeightsError(f"{spec.folder / 'config.json'} does not list {name} under files")


def classifier_files(spec: ModelSpec, but: str = "") -> list[Path]:
    """Return the classifiers of the clip heads, verified, which go wherever the network goes; ``but`` is a head left out.

    Raises:
        WeightsError: A file is not listed, or missing or damaged and cannot be had.
    """
    heads = [head for head in spec.clip_heads if head.source == "trained" and head.name != but]
    return [find_file(spec, head.file) for head in heads if head.file is not None]


def find_files(spec: ModelSpec) -> list[Path]:
    """Return every file of a model, verified, in the order of its config: weights, a second network, clip classifiers.

    Raises:
        WeightsError: The folder names no weights, or a file is missing or damaged and cannot be had.
    """
    find_weights(spec)
    return [find_file(spec, file.name) for file in spec.files]


def _from_hub(spec: ModelSpec, file: WeightFile) -> Path:
    """Return a file of a Hub repository; a cached one that is damaged is fetched once more."""
    assert spec.hub is not None
    cached = (spec.folder / file.name).exists()
    path = hub_file(spec.hub, spec.name, file.name, file.size)
    try:
        return verify(path, file)
    except WeightsError:
        discard(path)
        if not cached:
            raise
    path = hub_file(spec.hub, spec.name, file.name, file.size)
    try:
        return verify(path, file)
    except WeightsError:
        discard(path)
        raise


def load_tensors(path: Path, prefix: str = "") -> dict[str, npt.NDArray[np.float32]]:
    """Read the tensors whose name begins with ``prefix`` as float32, the prefix kept; int8 ones times their scales.

    Raises:
        WeightsError: The file is no whole safetensors file, an int8 tensor has no scale for each row, or a number is infinite or
            none.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118
            stored = {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} is not a whole safetensors file: {error}") from error
    rounded = {name for name, value in stored.items() if value.dtype == np.int8}
    out = {}
    for name, value in stored.items():
        if name in rounded:
            out[name] = _scaled(path, name, value, stored.get(name + SCALE))
        elif name.removesuffix(SCALE) not in rounded:
            out[name] = np.asarray(value, dtype=np.float32)
    wild = [name for name, value in out.items() if not np.isfinite(value).all()]
    if wild:  # every reading of such a network is NaN
        raise WeightsError(f"{path}: {wild[0]} holds numbers that are not finite")
    return out


def _scaled(
    path: Path, name: str, rounded: npt.NDArray[np.int8], scale: npt.NDArray[Any] | None
) -> npt.NDArray[np.float32]:
    if rounded.ndim < 2 or scale is None or scale.shape != rounded.shape[:1]:
        found = "none" if scale is None else f"one of shape {scale.shape}"
        raise WeightsError(
            f"{path}: {name} is int8, expected {name}{SCALE} with a number for each row, found {found}"
        )
    with np.errstate(over="ignore", invalid="ignore"):  # found among all that is not finite
        return np.asarray(rounded * scale.reshape(-1, *[1] * (rounded.ndim - 1)), np.float32)


def weights_sha256(spec: ModelSpec) -> str:
    """Return the SHA-256 that the folder states for its weights, which identifies the network."""
    return next(file.sha256 for file in spec.files if file.name == spec.weights)
