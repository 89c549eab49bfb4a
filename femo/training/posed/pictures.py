"""Makes pictures of posed expressions out of calm faces: the points of the mesh are moved, the picture with them.

Conventions: pictures are RGB uint8 (N, S, S, 3), points (468, 2) in their pixels. No wrinkle comes with a unit; those of the
expression are drawn where the pose says how deep they are (``creases``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from femo.mesh.reader import MeshReader
from femo.meshes import MEASURED
from femo.networks.mesh import SIDE
from femo.training.posed.creases import Creases
from femo.training.posed.expressions import Pose, draw
from femo.training.units.moves import Moves
from femo.training.units.pictures import looked_twice
from femo.training.units.warping import warp
from femo.types import RGB, Doubles, Ints

WIDEST_GAP = 0.1
"""Lips further apart, in distances between the eyes, are no mouth at rest."""
MOST_YAW = 30.0
BATCH = 64
REPORT_EVERY = 1000


@dataclass(frozen=True, slots=True, eq=False)
class PosedFaces:
    """Made pictures.

    Attributes:
        images: uint8 (N, S, S, 3).
        poses: N, what each shows.
        rows: int64 (N,), the face that it was made of.
    """

    images: npt.NDArray[np.uint8]
    poses: tuple[Pose, ...]
    rows: Ints


class Poser:
    """Moves faces.

    Args:
        reader: The mesh.
    """

    def __init__(self, reader: MeshReader) -> None:
        self._reader, self._moves, self._creases = reader, Moves(reader.face), Creases(reader.face)

    def points(self, images: npt.NDArray[np.uint8]) -> Iterator[Doubles | None]:
        """Yield for each picture (N, S, S, 3) the points of its face, None of one that is turned away or not at rest."""
        scale = images.shape[1] / SIDE
        for start in range(0, len(images), BATCH):
            part = images[start : start + BATCH]
            small = [
                np.asarray(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
                for image in part
            ]
            meshes = looked_twice(small, self._reader)[0]
            gaps, yaws = meshes.column("mouth_opening"), meshes.column("yaw")
            calm = (meshes.reason == MEASURED) & (gaps <= WIDEST_GAP) & (np.abs(yaws) <= MOST_YAW)
            for row, usable in enumerate(calm):
                yield meshes.landmarks[row, :, :2].astype(np.float64) * scale if usable else None

    def picture(self, face: RGB, points: Doubles, pose: Pose) -> RGB:
        """Return a face (S, S, 3) whose points (468, 2) lie where the pose takes them."""
        moved = self._moves(points, pose.amounts, pose.side)
        made = warp(face, points, moved, self._reader.face.triangles, teeth=pose.teeth)
        return self._creases.draw(made, moved, pose) if any(pose.creases) else made


def make(
    images: npt.NDArray[np.uint8], reader: MeshReader, n_each: int, seed: int, report: Callable[[int], None]
) -> PosedFaces:
    """Return ``n_each`` pictures of each calm face.

    Args:
        images: uint8 (N, S, S, 3), neutral faces; those that ``Poser.points`` passes over are left out.
        reader: The mesh.
        n_each: Pictures of each.
        seed: Chooses what they show.
        report: Told now and then how many pictures there are.
    """
    rng, poser = np.random.default_rng(seed), Poser(reader)
    made: list[tuple[RGB, Pose, int]] = []
    for row, points in enumerate(poser.points(images)):
        if points is None:
            continue
        for _ in range(n_each):
            pose = draw(rng)
            made.append((poser.picture(images[row], points, pose), pose, row))
            if len(made) % REPORT_EVERY == 0:
                report(len(made))
    return _gathered(made, images)


def remake(images: npt.NDArray[np.uint8], reader: MeshReader, poses: Sequence[Pose]) -> PosedFaces:
    """Return each picture (N, S, S, 3) with its own pose; those that ``Poser.points`` passes over are left out."""
    poser = Poser(reader)
    made = [
        (poser.picture(images[row], points, poses[row]), poses[row], row)
        for row, points in enumerate(poser.points(images))
        if points is not None
    ]
    return _gathered(made, images)


def _gathered(made: Sequence[tuple[RGB, Pose, int]], images: npt.NDArray[np.uint8]) -> PosedFaces:
    pictures = np.array([picture for picture, _, _ in made], np.uint8).reshape(-1, *images.shape[1:])
    return PosedFaces(
        pictures, tuple(pose for _, pose, _ in made), np.array([row for _, _, row in made], np.int64)
    )
