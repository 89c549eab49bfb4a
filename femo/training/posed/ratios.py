"""Measures the folds and furrows that come with an expression: how FER+ differs from its own neutral faces, in the mean.

Conventions: a map lies on the canonical face seen from the front, ``SIDE`` pixels square, and says by which factor light changes
there, as a logarithm; left and right are alike. Of the eyeballs, the lips and, where mouths are open, what lies below them, it
says nothing: points of a mesh do not follow those well enough, and moving them shows them already. That a ratio of pictures
carries what points cannot: Liu, Shan & Zhang 2001 (Expressive expression mapping with ratio images, SIGGRAPH, section 3).

``creases.png`` came from ``average(shown_by(faces, MeshReader()), MeshReader().face)`` with another draw where there are more
than ``MOST``, ``faces`` the training partition of FER+ without the slice that choices are made by: 649 angry, 146 disgusted, 474
afraid, 884 happy, 683 sad, 823 surprised and 808 neutral ones with a mesh.
"""

from collections.abc import Iterable, Mapping

import cv2
import numpy as np
import numpy.typing as npt

from femo.errors import FemoError
from femo.labels import AFFECTNET_8
from femo.mesh import canonical as points_of
from femo.mesh.canonical import CanonicalFace
from femo.mesh.reader import MeshReader
from femo.meshes import MEASURED
from femo.training.faces.ferplus import FerPlus
from femo.training.posed.creases import SIDE, front, levels
from femo.training.units.moves import LOWER_OUTER, UPPER_OUTER
from femo.training.units.pictures import enlarged, looked_twice
from femo.training.units.warping import drape
from femo.types import Doubles, Floats

Shown = Iterable[tuple[npt.NDArray[np.uint8], Doubles]]
"""Pictures uint8 (H, W), and the points (468, 2) of the face in each."""
BROAD_PX = 14.0
"""What is wider than this is light, not skin."""
DARKEST = 20.0
"""Added to a picture before the logarithm, so that noise in the dark does not weigh more."""
OPEN = ("anger", "disgust", "fear", "happiness", "surprise")
"""Expressions whose faces in FER+ mostly have open mouths."""
SURE, SURE_OF = 0.7, {"disgust": 0.4, "fear": 0.5, "neutral": 0.9}
"""Least share of the votes of a face that stands for an expression: FER+ has few clear ones of the first two."""
MOST, MOST_YAW, BATCH = 1000, 20.0, 64


def shown_by(faces: FerPlus, reader: MeshReader) -> dict[str, Shown]:
    """Return the faces that stand for each of ``AFFECTNET_8`` but contempt, at most ``MOST``; meshes are laid as they are read.

    A picture that lies in FER+ twice counts once (1,218 of the training partition's 28,389 do).
    FER+ has as few faces of contempt as of disgust, and they show nothing beside the nose or the brows.
    """
    once = np.array(sorted({image.tobytes(): row for row, image in enumerate(faces.images)}.values()), np.int64)
    rng, out = np.random.default_rng(0), {}
    for name in AFFECTNET_8:
        if name != "contempt":
            rows = once[faces.distribution[once, AFFECTNET_8.index(name)] >= SURE_OF.get(name, SURE)]
            out[name] = _measured(faces.images[np.sort(rng.permutation(rows)[:MOST])], reader)
    return out


def _measured(images: npt.NDArray[np.uint8], reader: MeshReader) -> Shown:
    for start in range(0, len(images), BATCH):
        pictures = list(enlarged(images[start : start + BATCH]))
        meshes = looked_twice(pictures, reader)[0]
        for row in np.flatnonzero((meshes.reason == MEASURED) & (np.abs(meshes.column("yaw")) < MOST_YAW)):
            yield pictures[row][..., 0], meshes.landmarks[row, :, :2].astype(np.float64)


def average(faces: Mapping[str, Shown], face: CanonicalFace) -> npt.NDArray[np.uint8]:
    """Return the maps as ``creases.png`` holds them, uint8 (SIDE, 8 SIDE).

    Args:
        faces: For each of ``AFFECTNET_8`` but contempt, faces that show it. The map of contempt is that of happiness, since
            both draw up a corner of the lips; that of neutral is the mean of the other six.
        face: The canonical one.

    Raises:
        FemoError: There is no face of an expression.
    """
    at = front(face)
    means = {name: _mean(name, pictures, at, face) for name, pictures in faces.items()}
    neutral = means.pop("neutral")
    maps = {name: (mean - neutral) * told(at, name in OPEN) for name, mean in means.items()}
    maps["neutral"] = np.mean(list(maps.values()), axis=0)
    maps["contempt"] = maps["happiness"]
    return levels(np.hstack([maps[name] for name in AFFECTNET_8]))


def _mean(name: str, pictures: Shown, at: Doubles, face: CanonicalFace) -> Floats:
    """Return the mean detail of faces, without their light, (SIDE, SIDE); left and right alike."""
    total, n = np.zeros((SIDE, SIDE), np.float32), 0
    for picture, points in pictures:
        draped = np.full((SIDE, SIDE), picture.mean().round(), np.uint8)
        drape(picture, points, draped, at, face.triangles)
        light = np.log(draped.astype(np.float32) + DARKEST)
        total += light - cv2.GaussianBlur(light, (0, 0), BROAD_PX)
        n += 1
    if not n:
        raise FemoError(f"no picture shows {name} clearly and has a face; expected the training partition of FER+")
    mean = total / n
    return np.asarray((mean + mean[:, ::-1]) / 2, np.float32)


def told(at: Doubles, mouths_open: bool) -> Floats:
    """Return how much of a map counts, (SIDE, SIDE), 0-1, of a face whose points lie at (468, 2)."""
    lips = _hull(at, (*UPPER_OUTER, *LOWER_OUTER, *points_of.LIP_CORNERS))
    hidden = cv2.dilate(lips, np.ones((5, 5)))
    if mouths_open:
        rows, columns = np.nonzero(lips)
        hidden[rows.min() + 3 :, columns.min() - 4 : columns.max() + 5] = 1
    eyes = np.zeros_like(hidden)
    for lids in zip(points_of.UPPER_LIDS, points_of.LOWER_LIDS, points_of.EYE_CORNERS, strict=True):
        eyes = np.maximum(eyes, _hull(at, [point for side in lids for point in side]))
    inside = cv2.erode(_hull(at, range(len(at))), np.ones((15, 15)))
    shown = _soft(inside, 5) * (1 - _soft(hidden, 3 if mouths_open else 2))
    return np.asarray(shown * (1 - _soft(cv2.dilate(eyes, np.ones((3, 3))), 1.2)), np.float32)


def _hull(at: Doubles, points: Iterable[int]) -> npt.NDArray[np.uint8]:
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillConvexPoly(drawn, cv2.convexHull(at[list(points)].astype(np.int32))[:, 0], 1)
    return drawn


def _soft(mask: npt.NDArray[np.generic], px: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), px), np.float32)
