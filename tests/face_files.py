"""Files of faces in the forms of FER+ and UTKFace, so small that every value is known."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

FERPLUS_COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip


def write_ferplus(
    path: Path, votes: Sequence[Sequence[int]], levels: Sequence[int] | None = None, noise: int = 0
) -> Path:
    """Write a partition whose picture i is all ``levels[i]``, or i, and up to ``noise`` more."""
    grey = np.arange(len(votes)) if levels is None else np.array(levels)
    images = (grey[:, None, None] + _noise(noise, len(votes))).astype(np.uint8)
    np.savez(path, images=images, votes=np.array(votes, np.uint8), columns=np.array(FERPLUS_COLUMNS))
    return path


def write_utkface(path: Path, faces: Mapping[str, int]) -> Path:
    """Write a zip of 200x200 pictures: file name to its level of grey."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, level in faces.items():
            data = cv2.imencode(".jpg", np.full((200, 200, 3), level, np.uint8))[1]
            archive.writestr(zipfile.ZipInfo(name), data.tobytes())
    return path


def _noise(most: int, n: int) -> np.ndarray:
    """Noise that no file of another length has: one partition's pictures must not recur in another's."""
    return np.random.default_rng(n).integers(0, most + 1, (n, 48, 48))
