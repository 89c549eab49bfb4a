"""Where MTCNN finds the face in pictures that are cut out already: what training shows half of the time.

Conventions: a row is the box, ``xyxy``, and the five keypoints, x and y of eyes, nose and corners of the mouth, all in shares of
the picture; it is NaN where no face was found near the middle. A picture is
enlarged to ``SIDE`` and framed by a quarter of its own edge pixels first, since the cascade wants room around a face.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from femo.atomic import replacing_on_disk
from femo.faces.detector import Detector
from femo.types import RGB, Floats

SIDE = 144
SMALLEST_SHARE = 1 / 3
"""Smallest face searched, in sides of the picture."""
LEAST_SCORE = 0.8
N_VALUES = 4 + 2 * 5
FARTHEST = 0.25
"""The middle of the face lies at most this far from the picture's, in sides."""


def find_faces(images: Tensor, kept: Path, report: Callable[[int], None] = lambda n: None) -> Tensor:
    """Return the rows (N, 14) of images (N, 1 or 3, S, S), uint8; they are kept in a file, since all of them take minutes.

    Args:
        images: Cut-out faces.
        kept: An ``.npy`` file; what is kept has a digest of the pictures in its name, and is read for the same ones alone.
        report: Told the number of pictures done, now and then.
    """
    kept = kept_of(kept, images)
    if kept.exists():
        return torch.from_numpy(np.load(kept, allow_pickle=False))
    detector = Detector()
    found = np.full((len(images), N_VALUES), np.nan, np.float32)
    for row, image in enumerate(images):
        found[row] = _face(detector, image.permute(1, 2, 0).numpy())
        if row % 1000 == 999:
            report(row + 1)
    keep(kept, found)
    return torch.from_numpy(found)


def kept_of(kept: Path, *of: Tensor) -> Path:
    """Return the file of what is made of these tensors: ``kept`` with a digest of them in its name."""
    digest = hashlib.sha256()
    for tensor in of:
        digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
        for row in tensor:  # one at a time: all pictures together may be a view of fewer
            digest.update(row.contiguous().numpy().data)
    return kept.with_name(f"{kept.stem}-{digest.hexdigest()[:16]}{kept.suffix}")


def keep(path: Path, values: npt.NDArray[Any]) -> None:
    """Write an array, whole or not at all; its folder is made if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing_on_disk(path) as file:
        np.save(file, values)


def _face(detector: Detector, picture: npt.NDArray[np.uint8]) -> Floats:
    """The row of one picture (S, S, C), or NaN."""
    rgb = _framed(picture)
    faces = detector.detect(rgb, min_face=round(SIDE * SMALLEST_SHARE))
    xyxy = (faces.xyxy - SIDE // 4) / SIDE
    off = np.abs((xyxy[:, :2] + xyxy[:, 2:]) / 2 - 0.5).max(axis=1, initial=0)
    fits = np.flatnonzero((off < FARTHEST) & (faces.score > LEAST_SCORE))
    if not len(fits):
        return np.full(N_VALUES, np.nan, np.float32)
    points = (faces.keypoints[fits[0]] - SIDE // 4) / SIDE
    return np.concatenate([xyxy[fits[0]], points.ravel()], dtype=np.float32)


def _framed(picture: npt.NDArray[np.uint8]) -> RGB:
    method = cv2.INTER_CUBIC if picture.shape[0] < SIDE else cv2.INTER_AREA
    side = cv2.resize(picture, (SIDE, SIDE), interpolation=method)
    rgb = np.repeat(side.reshape(SIDE, SIDE, -1), 4 - 1 if side.ndim == 2 else 1, axis=2)
    edge = SIDE // 4
    return np.asarray(cv2.copyMakeBorder(rgb, edge, edge, edge, edge, cv2.BORDER_REPLICATE), np.uint8)
