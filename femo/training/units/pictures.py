"""Measures pictures that are cut to one face already, such as those of FER2013."""

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from femo.mesh import crops, pose
from femo.mesh.canonical import EYE_CORNERS
from femo.mesh.reader import MeshReader
from femo.meshes import MEASURED, Meshes
from femo.networks.mesh import SIDE
from femo.types import Bools, Floats

BATCH = 64
FIRST_LOOK = 1.2
"""Side of the first square in sides of the picture: FER2013's faces fill four fifths of it, and the mesh wants 1.5 faces."""


def measure_pictures(
    images: npt.NDArray[np.uint8], reader: MeshReader, report: Callable[[int], None] | None = None
) -> tuple[Floats, Bools]:
    """Look twice at each picture: as a whole, then where the first mesh lies, as MediaPipe does from frame to frame.

    Args:
        images: uint8 (N, H, W), grey.
        reader: The mesh.
        report: Told how many pictures are done.

    Returns:
        Points turned to the front (N, 468, 3), and which pictures were measured (N,).
    """
    frontal, seen = [], []
    for start in range(0, len(images), BATCH):
        meshes, turned = looked_twice(list(enlarged(images[start : start + BATCH])), reader)
        frontal.append(turned)
        seen.append(meshes.reason == MEASURED)
        if report:
            report(min(start + BATCH, len(images)))
    return np.concatenate(frontal), np.concatenate(seen)


def enlarged(images: npt.NDArray[np.uint8]) -> Iterator[npt.NDArray[np.uint8]]:
    """Return grey pictures (N, H, W) as the mesh takes them, (192, 192, 3) each."""
    for image in images:
        large = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        yield np.repeat(np.asarray(large, np.uint8)[..., None], 3, axis=2)


def looked_twice(pictures: Sequence[npt.NDArray[np.uint8]], reader: MeshReader) -> tuple[Meshes, Floats]:
    """Return meshes of N pictures (192, 192, 3) with one face each, and their points turned to the front (N, 468, 3)."""
    whole = np.array([SIDE / 2, SIDE / 2, FIRST_LOOK * SIDE, 0, SIDE, SIDE], np.float32)
    placing = np.repeat(whole[None], len(pictures), axis=0)
    first = reader.read(_cut(pictures, placing), placing)
    seen = first.reason == MEASURED
    placing[seen] = _around(first.landmarks[seen], placing[seen])
    meshes = reader.read(_cut(pictures, placing), placing)
    return meshes, pose.align(np.nan_to_num(meshes.landmarks), reader.face)[1]


def _cut(pictures: Sequence[npt.NDArray[np.uint8]], placing: Floats) -> npt.NDArray[np.uint8]:
    return np.concatenate([crops.cut(picture, placing[i : i + 1]) for i, picture in enumerate(pictures)])


def _around(landmarks: Floats, placing: Floats) -> Floats:
    """Return the square around a mesh, level with its eyes."""
    out = placing.copy()
    low, high = landmarks[..., :2].min(axis=1), landmarks[..., :2].max(axis=1)
    out[:, :2] = (low + high) / 2
    out[:, crops.LENGTH] = crops.WIDER * (high - low).max(axis=1)
    left, right = (landmarks[:, corners, :2].mean(axis=1) for corners in EYE_CORNERS)
    out[:, crops.ANGLE] = np.arctan2(right[:, 1] - left[:, 1], right[:, 0] - left[:, 0])
    return out
