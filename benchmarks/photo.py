"""A whole photo: detector and one network, beside facenet-pytorch's MTCNN and the same network in eager torch.

Pictures are composed of scikit-image's public-domain portrait (NASA, Eileen Collins).
"""

import time
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import skimage.data
import timm
import torch
from facenet_pytorch import MTCNN

from benchmarks.measure import table, take_turns
from femo.faces import geometry
from femo.faces.detector import Detector, quick_min_face
from femo.networks.engine import Network, compile_module
from femo.pipeline import Pipeline, load
from femo.types import RGB, Floats

SIZE = 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
ROUNDS = 5
SAME_FACE_IOU = 0.5
PEER_MIN_FACE = 20
SECOND_ROUNDS = 15


def portraits(width: int, height: int, sides: tuple[int, ...]) -> RGB:
    """Return square portraits of these sides in pixels, in rows of three, on a grey canvas."""
    canvas = np.full((height, width, 3), 127, np.uint8)
    columns = min(len(sides), 3)
    rows = -(-len(sides) // columns)
    for index, side in enumerate(sides):
        row, column = divmod(index, columns)
        left, top = column * width // columns, row * height // rows
        face = cv2.resize(skimage.data.astronaut(), (side, side), interpolation=cv2.INTER_AREA)
        canvas[top : top + side, left : left + side] = face[: height - top, : width - left]
    return canvas


PICTURES = {
    "640×360, 1 face": portraits(640, 360, (350,)),
    "640×360, 3 faces": portraits(640, 360, (210, 190, 170)),
    "1920×1080, 1 face": portraits(1920, 1080, (1000,)),
    "1920×1080, 6 faces": portraits(1920, 1080, (530, 460, 400, 520, 350, 300)),
}


class Peer:
    """facenet-pytorch's MTCNN, then the network in eager torch on all faces at once."""

    def __init__(self, network: torch.nn.Module, min_face: int) -> None:
        self._network = network
        self._mtcnn = MTCNN(keep_all=True, min_face_size=min_face)

    def boxes(self, rgb: RGB) -> Floats:
        found, _ = self._mtcnn.detect(rgb)
        boxes = np.zeros((0, 4), np.float32) if found is None else np.asarray(found, np.float32)
        return geometry.clip(boxes, rgb.shape[1], rgb.shape[0])

    def photo(self, rgb: RGB) -> Floats:
        crops = [rgb[int(y1) : int(y2), int(x1) : int(x2)] for x1, y1, x2, y2 in self.boxes(rgb)]
        pixels = np.stack([cv2.resize(crop, (SIZE, SIZE)) for crop in crops]).astype(np.float32) / 255
        planes = ((pixels - np.float32(MEAN)) / np.float32(STD)).transpose(0, 3, 1, 2)
        with torch.inference_mode():
            return np.asarray(self._network(torch.from_numpy(np.ascontiguousarray(planes))).numpy())


class Femo:
    """The same steps with femo's parts."""

    def __init__(self, detector: Detector, network: Network, min_face: int) -> None:
        self._detector, self._network, self._min_face = detector, network, min_face

    def boxes(self, rgb: RGB) -> Floats:
        return self._detector.detect(rgb, self._min_face).xyxy

    def photo(self, rgb: RGB) -> Floats:
        return self._network(geometry.crop(rgb, self.boxes(rgb), SIZE))[0]


def compare(name: str, rgb: RGB, min_face: str, peer: Peer, femo: Femo) -> list[object]:
    """Measure one picture; a row of the table."""
    start = time.perf_counter()
    got = femo.boxes(rgb)
    first = time.perf_counter() - start
    want = peer.boxes(rgb)
    overlap = geometry.iou(want, got).max(axis=1)
    if len(want) != len(got) or overlap.min() < SAME_FACE_IOU:
        raise RuntimeError(f"{name}: facenet-pytorch finds {len(want)} faces and femo {len(got)}, or others")
    contenders = {
        "peer": lambda: peer.photo(rgb),
        "femo": lambda: femo.photo(rgb),
        "peer boxes": lambda: peer.boxes(rgb),
        "femo boxes": lambda: femo.boxes(rgb),
    }
    spent = {part: seconds * 1000 for part, seconds in take_turns(contenders, ROUNDS).items()}
    return [
        name,
        min_face,
        len(want),
        f"{overlap.mean():.2f}",
        f"{spent['peer']:.0f}",
        f"{spent['femo']:.1f}",
        f"**{spent['peer'] / spent['femo']:.1f}×**",
        f"{spent['peer boxes']:.0f}",
        f"{spent['femo boxes']:.1f}",
        f"{spent['peer boxes'] / spent['femo boxes']:.1f}×",
        f"{first * 1000:.0f}",
    ]


def second_rows() -> list[list[object]]:
    """Measure ``Pipeline.photo`` of the embedded model with its second network and without it."""
    whole = load()
    alone = Pipeline(whole.detector, [replace(reader, second=None) for reader in whole.readers], mesh=whole.mesh)
    rows: list[list[object]] = []
    for name, rgb in PICTURES.items():
        contenders = {"one": partial(alone.photo, rgb), "both": partial(whole.photo, rgb)}
        spent = {part: seconds * 1000 for part, seconds in take_turns(contenders, SECOND_ROUNDS).items()}
        rows.append([name, f"{spent['one']:.1f}", f"{spent['both']:.1f}", f"{spent['both'] / spent['one']:.2f}×"])
    return rows


def run() -> str:
    torch.manual_seed(0)
    module = timm.create_model("efficientnet_b0", num_classes=8).eval()
    shape = (None, SIZE, SIZE, 3)
    network = compile_module(module, shape, name="bench-photo", normalise=(MEAN, STD), device="cpu")
    detector = Detector(device="cpu")
    rows = []
    for name, rgb in PICTURES.items():
        quick = quick_min_face(*rgb.shape[:2])
        for theirs, ours in sorted({(PEER_MIN_FACE, PEER_MIN_FACE), (quick, quick), (PEER_MIN_FACE, quick)}):
            sizes = str(ours) if theirs == ours else f"{theirs} / {ours}"
            rows.append(compare(name, rgb, sizes, Peer(module, theirs), Femo(detector, network, ours)))
    header = ("picture", "min_face", "faces, same in both", "mean IoU", "peer ms", "femo ms", "ratio")
    header = (*header, "peer boxes ms", "femo boxes ms", "ratio", "first of this size ms")
    return f"""## A whole photo

Detector and EfficientNet-B0 (224 px, random weights, all faces in one batch), median of {ROUNDS} rounds in which both
take turns. Peer: facenet-pytorch's MTCNN and the same network in eager torch. `min_face` is the same for both, 20 pixels
(facenet-pytorch's default) or femo's default for the size; `20 / 40` is each at its own default. Every row checks that
both find the same faces. The last column is femo's first search in a picture with these settings.

{table(header, rows)}

The embedded model as shipped, mesh and everything, median of {SECOND_ROUNDS} rounds: what its second network costs, which reads
photos and no videos.

{table(("picture", "first network alone, ms", "both, ms", "ratio"), second_rows())}
"""
