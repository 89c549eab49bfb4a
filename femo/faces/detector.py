"""MTCNN: one picture -> Faces.

The three networks and their weights are those that ship in facenet-pytorch's wheel; the cascade around them is
ours. It follows Zhang et al. 2016 ("Joint Face Detection and Alignment Using Multi-task Cascaded Convolutional
Networks", IEEE Signal Processing Letters 23(10)) with the thresholds, rounding and suppression of facenet-pytorch,
so that both find the same faces. What differs: pictures are shrunk through a chain of halves, P-Net inputs are
filled up to multiples of 16 or more pixels so that few shapes are ever compiled, and boxes are cut to the picture.

Boxes of the two agree at a mean IoU of 0.93: candidates of one face score alike to the fourth digit, and a change
of one grey level decides which of them survives the suppression.
"""

import hashlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from femo.errors import ModelError, WeightsError
from femo.faces import cascade, geometry
from femo.faces.cascade import CELL
from femo.networks.engine import Network, compile_module
from femo.types import RGB, Bools, Faces, Floats, check_shape

if TYPE_CHECKING:
    import torch

R_SIZE, O_SIZE = 24, 48
"""Sides of the crops that R-Net and O-Net look at."""
FINEST = 20
"""Smallest face in pixels that is searched unless a smaller one is asked for."""
LARGE = 40
"""A quick search that stops at larger faces says so: that is so above 1080p."""
QUICK_PIXELS = 576 * 324
"""The first P-Net level has at most this many pixels by default: faces of 40 px in a 1080p picture."""
SURE = 0.95
"""A face that scores less is looked at again: of 400 faces that were measured 2 % do, of 12 false ones all."""
CONFIRMED = 0.66
"""Least mean score of those looks. It drops 11 of the 12 false faces and 1 of the 398 true ones."""
LOOK_SHIFT = 0.1
"""Part of the face's side by which two of the looks are shifted."""
KNOWN_SHARE = 0.7
"""A candidate that lies in a known face by more than this share of its area is that face: the last suppression's share."""
NORMALISE = ((0.5, 0.5, 0.5), (128 / 255, 128 / 255, 128 / 255))
"""The networks want (pixel - 127.5) / 128."""


class Detector:
    """Finds faces. Any number of threads may use one detector.

    Args:
        min_face: Smallest face searched, in pixels, >= 12. None looks for faces of 20 pixels in small pictures and
            raises that with the size, to 40 at 1080p and 97 at 12 megapixels.
        thresholds: Least score after P-Net, R-Net and O-Net, 0-1.
        factor: Ratio of neighbouring pyramid levels, in (0, 1).
        device: Where the networks run, see ``engine.choose_device``.

    Raises:
        ModelError: An argument lies outside its range.
        WeightsError: facenet-pytorch, whose wheel holds the weights, is not installed whole.
    """

    def __init__(
        self,
        *,
        min_face: int | None = None,
        thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7),
        factor: float = 0.709,
        device: str | None = None,
    ) -> None:
        if not 0 < factor < 1:
            raise ModelError(f"The pyramid factor is {factor}, expected a number between 0 and 1")
        self.min_face = check_min_face(min_face)
        self.thresholds = thresholds
        self.factor = factor
        self._pnet = _network("pnet", (1, None, None, 3), 1, device)
        self._rnet = _network("rnet", (None, R_SIZE, R_SIZE, 3), 128, device)
        self._onet = _network("onet", (None, O_SIZE, O_SIZE, 3), 64, device)

    def detect(self, rgb: RGB, min_face: int | None = None, known: Faces | None = None) -> Faces:
        """Find the faces of one picture.

        Args:
            rgb: uint8 (H, W, 3).
            min_face: Overrides the detector's own for this picture, in pixels, >= 12.
            known: Faces of this picture that ``refine`` gave already. They come back among the others, and R-Net and
                O-Net do not look at them again: with six faces that is a third of the time.

        Returns:
            Faces largest first, boxes inside the picture; empty if there are none, or none can be that large.

        Raises:
            ModelError: ``min_face`` is below 12.
        """
        check_shape("rgb", rgb, (None, None, 3))
        smallest = check_min_face(min_face) or self.min_face or quick_min_face(*rgb.shape[:2])
        halves = geometry.halves(rgb, CELL)
        known = Faces.empty() if known is None else known
        boxes = self._propose(halves, smallest)
        boxes = boxes[~cascade.inside(boxes, geometry.square(known.xyxy), KNOWN_SHARE)]
        boxes = self._filter(halves, boxes)
        return self._settle(halves, boxes, known)

    def refine(self, rgb: RGB, xyxy: Floats) -> Faces:
        """Look again with O-Net alone, where faces are expected: well under a millisecond for a few of them.

        Args:
            rgb: uint8 (H, W, 3).
            xyxy: float32 (N, 4), about where the faces are; they are squared first, as the cascade does.

        Returns:
            N faces in the order given, none dropped: ``score`` says whether a face is there. A box outside the
            picture keeps its place, cut to at least one pixel, with score 0.
        """
        if not len(xyxy):
            return Faces.empty()
        height, width = rgb.shape[:2]
        squares = geometry.square(xyxy)
        inside = geometry.area(geometry.clip(squares, width, height)) >= 1
        boxes, score, points = (
            squares.copy(),
            np.zeros(len(xyxy), np.float32),
            np.zeros((len(xyxy), 5, 2), np.float32),
        )
        points[:] = ((squares[:, :2] + squares[:, 2:]) / 2)[:, None]
        if inside.any():
            # From full size: halving the few faces costs less than halving the picture, 0.1 against 0.7 ms at 1080p.
            boxes[inside], score[inside], points[inside] = self._look([rgb], squares[inside])
        kept = cascade.at_least_a_pixel(boxes, width, height)
        score[geometry.area(geometry.clip(boxes, width, height)) < 1] = 0
        return Faces(kept, score, points)

    def _propose(self, halves: list[RGB], smallest: int) -> Floats:
        """P-Net over the pyramid: squared candidate boxes (N, 4)."""
        found = [np.zeros((0, 9), np.float32)]
        for level in cascade.pyramid(halves, smallest, self.factor):
            cells = np.concatenate([self._cells(level, *band) for band in cascade.bands(level)])
            found.append(cells[cascade.suppress(cells[:, :4], cells[:, 4], 0.5)])
        boxes = np.concatenate(found)
        boxes = boxes[cascade.suppress(boxes[:, :4], boxes[:, 4], 0.7)]
        size = boxes[:, 2:4] - boxes[:, :2]
        return geometry.square(boxes[:, :4] + boxes[:, 5:9] * np.tile(size, 2))

    def _cells(self, level: cascade.Level, first: int, n_before: int, rgb: RGB) -> Floats:
        """P-Net over one band of a level: its cells above the threshold (N, 9), without ``n_before`` rows of an earlier one."""
        move, face = self._pnet(rgb[None])
        rows = slice(n_before, n_before + cascade.cells(level.height) - first)
        columns = slice(cascade.cells(level.width))
        return cascade.candidates(
            face[0, 1, rows, columns], move[0, :, rows, columns], level.scale, self.thresholds[0], first
        )

    def _filter(self, halves: list[RGB], boxes: Floats) -> Floats:
        """R-Net on the candidates: fewer, better squared boxes (N, 4)."""
        boxes = boxes[cascade.visible(boxes, halves[0])]
        if not len(boxes):
            return boxes
        move, face = self._rnet(cascade.crops(halves, boxes, R_SIZE))
        keep = face[:, 1] > self.thresholds[1]
        boxes, score, move = boxes[keep], face[keep, 1], move[keep]
        pick = cascade.suppress(boxes, score, 0.7)
        return geometry.square(cascade.moved(boxes[pick], move[pick]))

    def _settle(self, halves: list[RGB], boxes: Floats, known: Faces) -> Faces:
        """O-Net on what is left: the faces, with those that are known."""
        boxes = boxes[cascade.visible(boxes, halves[0])]
        if not len(boxes) and not len(known):
            return Faces.empty()
        boxes, score, points = self._look(halves, boxes)
        keep = score > self.thresholds[2]
        boxes, score = np.concatenate([known.xyxy, boxes[keep]]), np.concatenate([known.score, score[keep]])
        points = np.concatenate([known.keypoints, points[keep]])
        pick = cascade.suppress_inner(boxes, score, 0.7)
        height, width = halves[0].shape[:2]
        boxes, score, points = geometry.clip(boxes[pick], width, height), score[pick], points[pick]
        whole = (boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1)
        new = np.asarray(pick)[whole] >= len(known)
        faces = Faces(boxes[whole], score[whole], points[whole])
        faces = faces.select(~new | self._confirm(halves, faces))
        return faces.select(np.argsort(-geometry.area(faces.xyxy), kind="stable"))

    def _confirm(self, halves: list[RGB], faces: Faces) -> Bools:
        """Tell which faces stay faces when O-Net sees the doubtful ones mirrored, a little higher and a little lower; (N,).

        What is no face scores well by the chance of one crop, and falls in others.
        """
        kept = np.ones(len(faces), np.bool_)
        doubtful = np.flatnonzero(faces.score < SURE)
        if len(doubtful):
            squares = geometry.square(faces.xyxy[doubtful])
            shift = (LOOK_SHIFT * (squares[:, 3] - squares[:, 1]))[:, None] * np.array([0, 1, 0, 1], np.float32)
            straight, higher, lower = (
                cascade.crops(halves, box, O_SIZE) for box in (squares, squares - shift, squares + shift)
            )
            looks = np.concatenate([straight, straight[:, :, ::-1], higher, lower])
            face = self._onet(np.ascontiguousarray(looks))[2][:, 1]
            kept[doubtful] = face.reshape(4, -1).mean(axis=0) >= CONFIRMED
        return kept

    def _look(self, halves: list[RGB], squares: Floats) -> tuple[Floats, Floats, Floats]:
        """O-Net: boxes (N, 4) not yet cut to the picture, scores (N,), keypoints (N, 5, 2)."""
        move, place, face = self._onet(cascade.crops(halves, squares, O_SIZE))
        size = squares[:, 2:] - squares[:, :2] + 1
        points = np.stack([place[:, :5], place[:, 5:]], axis=2) * size[:, None] + squares[:, None, :2] - 1
        return cascade.moved(squares, move), np.minimum(face[:, 1], 1), points.astype(np.float32)


def quick_min_face(height: int, width: int) -> int:
    """Return the smallest face in pixels that a quick search of a picture of this size looks for."""
    return max(FINEST, int(np.ceil(CELL * (height * width / QUICK_PIXELS) ** 0.5)))


def quick_notes(width: int, height: int, n_found: int) -> tuple[str, ...]:
    """Say that a quick search passed over small faces, where the picture is large or nobody was found in it.

    Args:
        width: Pixels across.
        height: Pixels down.
        n_found: Faces found.
    """
    smallest = quick_min_face(height, width)
    if smallest > LARGE or (smallest > FINEST and not n_found):
        return (
            f"faces below {smallest} pixels were not looked for; the option smallest face at {FINEST} pixels "
            "(min_face, --min-face) finds them, and takes longer",
        )
    return ()


def check_min_face(min_face: int | None) -> int | None:
    """Return a smallest face as it is; None is a quick search.

    Raises:
        ModelError: It is no whole number, or below 12 pixels.
    """
    if min_face is None:
        return None
    if not isinstance(min_face, int | np.integer) or isinstance(min_face, bool):
        raise ModelError(f"min_face is {min_face!r}, expected a whole number of pixels")
    if min_face < CELL:
        raise ModelError(f"min_face is {min_face}, expected at least {CELL} pixels")
    return min_face


def _network(name: str, shape: tuple[int | None, ...], max_batch: int, device: str | None) -> Network:
    """Compile one of the three networks. In bfloat16 the IoU with facenet-pytorch's boxes stays the same, 0.93."""
    spec = importlib.util.find_spec("facenet_pytorch")
    folders = list(spec.submodule_search_locations or []) if spec else []
    weights = Path(folders[0]) / "data" / f"{name}.pt" if folders else Path(f"{name}.pt")
    if not weights.is_file():
        raise WeightsError(f"The face detector's weights {weights} are missing: install facenet-pytorch==2.5.3")
    key = hashlib.sha256(weights.read_bytes()).hexdigest()
    builders: dict[str, Callable[[], torch.nn.Module]] = {"pnet": _pnet, "rnet": _rnet, "onet": _onet}
    return compile_module(
        builders[name],
        shape,
        name=name,
        key=key,
        normalise=NORMALISE,
        precision="fast",
        device=device,
        max_batch=max_batch,
    )


def _pnet() -> "torch.nn.Module":
    from facenet_pytorch.models.mtcnn import PNet

    return PNet()  # type: ignore[no-any-return]


def _rnet() -> "torch.nn.Module":
    from facenet_pytorch.models.mtcnn import RNet

    return RNet()  # type: ignore[no-any-return]


def _onet() -> "torch.nn.Module":
    from facenet_pytorch.models.mtcnn import ONet

    return ONet()  # type: ignore[no-any-return]
