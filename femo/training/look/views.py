"""What mesh and network make of pictures that hold one face each, whole, cut out and changed.

Conventions: pictures are RGB uint8 (N, S, S, 3). The first view is what the network is shown at run time, the others are what
people upload (``femo.training.faces.augment``): who learns from all of them learns what does not depend on place, light and
damage.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import numpy.typing as npt
import torch

from femo.faces import geometry
from femo.labels import ABAW_AU
from femo.mesh.reader import MeshReader
from femo.meshes import MEASURED
from femo.networks.mesh import SIDE
from femo.readers import Reader
from femo.training.faces.augment import Augmentation, augment
from femo.training.faces.boxes import find_faces
from femo.training.generated.generator import Generator
from femo.training.look.codes import UTKFACE, Source, read_pictures
from femo.training.look.drawn import DRAWN
from femo.training.units.pictures import BATCH, looked_twice
from femo.types import Bools, Floats

CHANGES = Augmentation(keep_whole=0.4, grey=0.25).weakened(0.4)
"""Weaker than in the training of a network: what can hardly be seen should not be learnt from."""


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """N pictures.

    Attributes:
        points: float32 (N, 12), logits of the maps of the mesh; NaN where a unit or a face has none.
        measured: bool (N,), which faces have a mesh.
        seen: Embeddings, float32 (N, D) each; the first are those of run time.
    """

    points: Floats
    measured: Bools
    seen: tuple[Floats, ...]

    @classmethod
    def join(cls, parts: "Sequence[Views]") -> "Views":
        """Return the pictures of all parts, in order; each part has as many views."""
        seen = zip(*(part.seen for part in parts), strict=True)
        return cls(
            np.concatenate([part.points for part in parts]),
            np.concatenate([part.measured for part in parts]),
            tuple(np.concatenate(view) for view in seen),
        )


def look(
    pictures: npt.NDArray[np.uint8], network: Reader, mesh: MeshReader, n_changed: int, *, cut: bool
) -> Views:
    """Look at pictures.

    Args:
        pictures: uint8 (N, S, S, 3), one face each, which fills the picture.
        network: Whose embeddings are wanted.
        mesh: The mesh with its maps, without what a network sees.
        n_changed: Views of changed pictures, beside those of the face as it is cut out and of the whole picture.
        cut: Faces are cut out by the detector's box at run time; else pictures are cut to the face already.
    """
    size, channels_first = network.spec.input_size, np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))
    images = torch.from_numpy(channels_first)
    with TemporaryDirectory() as folder:
        boxes = find_faces(images, Path(folder) / "boxes.npy")[:, :4]
    whole = geometry.squash(list(pictures), size)
    own = _cut(pictures, boxes.numpy(), size) if cut else whole
    rng = torch.Generator().manual_seed(0)
    changed = [_changed(images, boxes, size, rng) for _ in range(n_changed)]
    points, measured = _measure(pictures, mesh)
    return Views(points, measured, tuple(network.backbone.embed(view) for view in (own, whole, *changed)))


def look_at(
    codes: Sequence[Source],
    data: Path,
    network: Reader,
    mesh: MeshReader,
    n_changed: int,
    generator: Generator | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Views:
    """Look at coded pictures, in their order: FER+'s are cut to the face already, the others are cut out as at run time."""
    pictures = read_pictures(codes, data, generator, say)
    ours = np.array([one.origin in (UTKFACE, DRAWN) for one in codes])
    views, rows = [], []
    for cut in (True, False):
        rows.append(np.flatnonzero(ours == cut))
        if len(rows[-1]):
            chosen = np.stack([pictures[row] for row in rows[-1]])
            views.append(look(chosen, network, mesh, n_changed, cut=cut))
    order = np.argsort(np.concatenate(rows))
    joined = Views.join(views)
    return Views(joined.points[order], joined.measured[order], tuple(view[order] for view in joined.seen))


def _cut(pictures: npt.NDArray[np.uint8], boxes: Floats, size: int) -> npt.NDArray[np.uint8]:
    """Return faces (N, size, size, 3) by their boxes, in shares of the picture; the whole picture where there is none."""
    side = pictures.shape[1]
    everything = np.array([0, 0, 1, 1], np.float32)
    shares = np.where(np.isfinite(boxes).all(axis=1, keepdims=True), boxes, everything)
    return np.concatenate(
        [
            geometry.crop(picture, box[None] * side, size)
            for picture, box in zip(pictures, shares.astype(np.float32), strict=True)
        ]
    )


def _changed(images: torch.Tensor, boxes: torch.Tensor, size: int, rng: torch.Generator) -> npt.NDArray[np.uint8]:
    out = []
    for start in range(0, len(images), BATCH):
        rows = slice(start, start + BATCH)
        batch = augment(images[rows].float() / 255, boxes[rows], size, CHANGES, rng)
        out.append((batch.permute(0, 2, 3, 1) * 255).round().to(torch.uint8).numpy())
    return np.ascontiguousarray(np.concatenate(out))


def _measure(pictures: npt.NDArray[np.uint8], mesh: MeshReader) -> tuple[Floats, Bools]:
    """Return the logits of the maps (N, 12) and which faces have a mesh (N,)."""
    points = np.full((len(pictures), len(ABAW_AU)), np.nan, np.float32)
    measured = np.zeros(len(pictures), np.bool_)
    method = cv2.INTER_AREA if pictures.shape[1] >= SIDE else cv2.INTER_CUBIC
    for start in range(0, len(pictures), BATCH):
        rows = slice(start, start + BATCH)
        sized = [
            np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=method), np.uint8)
            for picture in pictures[rows]
        ]
        meshes, frontal = looked_twice(sized, mesh)
        measured[rows] = meshes.reason == MEASURED
        points[rows] = np.where(measured[rows, None], mesh.units.logits(frontal), np.float32(np.nan))
    return points, measured
