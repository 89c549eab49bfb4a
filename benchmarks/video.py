"""A whole clip, every frame read, beside what people run today: MTCNN on every frame and the network on every face.

``FEMO_BENCH_CLIP`` names one more clip of your own, beside those that ``benchmarks.made`` makes.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import timm
import torch
from facenet_pytorch import MTCNN

from benchmarks.made import make_clip
from benchmarks.measure import peak_mb as own_peak_mb
from benchmarks.measure import table, take_turns
from femo.clips import temporal
from femo.faces import geometry
from femo.faces.detector import Detector, quick_min_face
from femo.media.video import open_video
from femo.models.find import find_model
from femo.networks.backbone import Backbone, faces_per_pass
from femo.networks.engine import compile_module
from femo.networks.heads import Heads
from femo.pipeline import Pipeline, Reader, load
from femo.types import RGB, Floats

SIZE = 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
ROUNDS = 5
PEER_FRAMES = 6
"""A peer reads so many frames of the clip per round."""
KERNEL = "mean:15"

RATIOS = (
    *((peer, "femo 224") for peer in ("eager", "onnx", "onnx 20")),
    ("onnx 20", "femo 224 20"),
    *((peer, "femo") for peer in ("eager", "onnx", "onnx 20")),
)
"""Who is compared with whom, in the order of the table's columns."""


def pipeline_224(module: torch.nn.Module, precision: str = "fast") -> Pipeline:
    """Femo with the same network as the peers: EfficientNet-B0 at 224 px, random weights, heads of the default."""
    spec = find_model(None)
    dim = module.num_features
    spec = replace(
        spec, arch="efficientnet_b0", arch_args={}, input_size=SIZE, embedding_dim=dim, mean=MEAN, std=STD
    )
    network = compile_module(
        module,
        (None, SIZE, SIZE, 3),
        name="bench-video",
        normalise=(MEAN, STD),
        precision=precision,
        device="cpu",
        max_batch=faces_per_pass(SIZE),
    )
    random = np.random.default_rng(0)
    tensors = {}
    for head in spec.heads:
        tensors[f"heads.{head.name}.weight"] = random.normal(0, 0.05, (len(head.labels), dim)).astype(np.float32)
        tensors[f"heads.{head.name}.bias"] = np.zeros(len(head.labels), np.float32)
    return Pipeline(Detector(device="cpu"), [Reader(spec, Backbone(spec, network), Heads(spec.heads, tensors))])


class Peer:
    """facenet-pytorch's MTCNN on a frame, then the network on all its faces."""

    def __init__(
        self, module: torch.nn.Module, min_face: int, session: onnxruntime.InferenceSession | None
    ) -> None:
        self._module, self._session = module, session
        self._mtcnn = MTCNN(keep_all=True, min_face_size=min_face)

    def frame(self, rgb: RGB) -> Floats | None:
        found, _ = self._mtcnn.detect(rgb)
        if found is None:
            return None
        boxes = geometry.clip(np.asarray(found, np.float32), rgb.shape[1], rgb.shape[0])
        crops = [rgb[int(y1) : int(y2), int(x1) : int(x2)] for x1, y1, x2, y2 in boxes]
        pixels = np.stack([cv2.resize(crop, (SIZE, SIZE)) for crop in crops]).astype(np.float32) / 255
        planes = np.ascontiguousarray(((pixels - np.float32(MEAN)) / np.float32(STD)).transpose(0, 3, 1, 2))
        if self._session is not None:
            return np.asarray(self._session.run(None, {"pixels": planes})[0])
        with torch.inference_mode():
            return np.asarray(self._module(torch.from_numpy(planes)).numpy())


@contextmanager
def onnx_session(module: torch.nn.Module) -> Iterator[onnxruntime.InferenceSession]:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "network.onnx")
        axes = {"pixels": {0: "n"}, "out": {0: "n"}}
        torch.onnx.export(
            module,
            (torch.zeros(1, 3, SIZE, SIZE),),
            path,
            input_names=["pixels"],
            output_names=["out"],
            dynamic_axes=axes,
            dynamo=False,
        )
        yield onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def decode(path: Path) -> int:
    with open_video(path) as reader:
        return sum(1 for _ in reader)


def some_frames(path: Path) -> list[RGB]:
    with open_video(path) as reader:
        frames = [frame.rgb for frame in reader]
    return [frames[i] for i in np.linspace(0, len(frames) - 1, PEER_FRAMES).astype(int)]


def whole(
    name: str, path: Path, n_faces: int, module: torch.nn.Module, default: Pipeline, same: Pipeline
) -> tuple[list[str], list[str]]:
    """Measure one clip; a row of times and a row of ratios."""
    frames = some_frames(path)
    n_frames = decode(path)
    min_face = quick_min_face(*frames[0].shape[:2])
    crops = np.zeros((32, SIZE, SIZE, 3), np.uint8)
    backbone = same.readers[0].backbone
    with onnx_session(module) as session:
        eager, onnx, finer = (
            Peer(module, min_face, None),
            Peer(module, min_face, session),
            Peer(module, 20, session),
        )
        contenders = {
            "femo 224": lambda: same.raw_video(path),
            "femo 224 20": lambda: same.raw_video(path, min_face=20),
            "femo": lambda: default.raw_video(path),
            "decode": lambda: decode(path),
            "network": lambda: backbone.embed(crops),
            "onnx": lambda: [onnx.frame(rgb) for rgb in frames],
            "onnx 20": lambda: [finer.frame(rgb) for rgb in frames],
            "eager": lambda: [eager.frame(rgb) for rgb in frames],
        }
        spent = {key: 1000 * seconds for key, seconds in take_turns(contenders, ROUNDS, warm_up=1).items()}
    for key in ("femo 224", "femo 224 20", "femo", "decode"):
        spent[key] /= n_frames
    for key in ("onnx", "onnx 20", "eager"):
        spent[key] = spent[key] / PEER_FRAMES + spent["decode"]
    spent["network"] /= len(crops)
    floor = spent["decode"] + n_faces * spent["network"]
    times = [f"{spent[key]:.0f}" for key in ("eager", "onnx", "onnx 20")]
    times += [f"{spent[key]:.1f}" for key in ("femo 224", "femo 224 20", "femo", "decode", "network")]
    ratios = [f"{spent[peer] / spent[ours]:.1f}×" for peer, ours in RATIOS]
    head = [name, str(n_faces), str(n_frames), str(min_face), *times]
    return head, [name, *ratios, f"{spent['femo 224'] / floor:.2f}"]


def agreement(name: str, path: Path, pipeline: Pipeline) -> list[str]:
    """Compare decisions and boxes with the slow path: the whole cascade and float32 on every frame."""
    result = pipeline.video(path, smooth=KERNEL)
    [reader] = pipeline.readers
    exact = Reader(reader.spec, Backbone(reader.spec, _float32(reader)), reader.heads)
    slow = [np.full((len(result.time_s), 8), np.nan, np.float32) for _ in result.timelines]
    overlaps: list[float] = []
    with open_video(path) as frames:
        for frame in frames:
            found = pipeline.detector.detect(frame.rgb)
            if not len(found):
                continue
            scores = exact.heads.score(exact.backbone.embed(exact.crop(frame.rgb, found)))["expression"].values
            for line, values in zip(result.timelines, slow, strict=True):
                iou = geometry.iou(line.xyxy[frame.index : frame.index + 1], found.xyxy)[0]
                if line.present[frame.index] and iou.max() > 0.3:
                    overlaps.append(float(iou.max()))
                    values[frame.index] = scores[iou.argmax()]
    same, total = 0, 0
    for line, values in zip(result.timelines, slow, strict=True):
        known = temporal.measured(values)
        if known.any():
            smooth = temporal.smooth(
                temporal.interpolate(values), temporal.parse_smoothing(KERNEL), "distribution"
            )
            alike = temporal.decide_class(smooth) == temporal.decide_class(line.scores["expression"].values)
            same, total = same + int(alike[known].sum()), total + int(known.sum())
    return [name, str(total), f"{100 * same / max(total, 1):.1f} %", f"{np.mean(overlaps):.3f}"]


def _float32(reader: Reader):
    from femo.models.weights import find_weights
    from femo.networks.backbone import build_backbone

    spec = reader.spec
    module = build_backbone(spec, find_weights(spec))
    shape = (None, spec.input_size, spec.input_size, 3)
    return compile_module(
        module, shape, name="exact", normalise=(spec.mean, spec.std), precision="f32", device="cpu"
    )


def scale(folder: Path, default: Pipeline) -> tuple[str, str]:
    """Measure how time grows with frames and with faces."""
    frames = {n: make_clip(folder / f"n{n}.mp4", 640, 360, (300,), n) for n in (50, 200, 800)}
    faces = {n: make_clip(folder / f"f{n}.mp4", 1920, 1080, (260,) * n, 50) for n in (1, 4, 16)}
    turns = {f"n{n}": (lambda p=p: default.raw_video(p)) for n, p in frames.items()}
    turns |= {f"f{n}": (lambda p=p: default.raw_video(p)) for n, p in faces.items()}
    spent = take_turns(turns, 3, warm_up=1)
    peak = {n: peak_mb(path) for n, path in frames.items()}
    rows = [
        [str(n), f"{spent[f'n{n}']:.2f}", f"{1000 * spent[f'n{n}'] / n:.2f}", f"{peak[n]:.0f}"] for n in frames
    ]
    first = table(["frames", "seconds", "ms per frame", "peak memory MB"], rows)
    rows = [[str(n), f"{1000 * spent[f'f{n}'] / 50:.1f}"] for n in faces]
    return first, table(["faces at 1920×1080", "ms per frame"], rows)


def peak_mb(path: Path) -> float:
    """Return the peak memory of a process of its own that reads one clip."""
    command = [sys.executable, "-m", "benchmarks.video", str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def run() -> str:
    torch.manual_seed(0)
    module = timm.create_model("efficientnet_b0", num_classes=0).eval()
    default, same = load(), pipeline_224(module)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = make_clip(folder / "small.mp4", 640, 360, (330,), 150)
        large = make_clip(folder / "large.mp4", 1920, 1080, (430, 400, 380, 460, 420, 440), 75)
        clips = {"640×360, one face": (small, 1), "1920×1080, six faces": (large, 6)}
        if own := os.environ.get("FEMO_BENCH_CLIP"):
            clips["a clip of one's own"] = (Path(own), 1)
        speed = [whole(title, path, n, module, default, same) for title, (path, n) in clips.items()]
        alike = [agreement(title, path, default) for title, (path, _) in clips.items()]
        by_frames, by_faces = scale(folder, default)
    times = ["clip", "faces", "frames", "smallest face px", "eager peer", "ONNX peer", "ONNX peer from 20 px"]
    times += ["femo 224 px", "femo 224 px from 20 px", "femo default", "decoding", "network per face"]
    ratios = ["clip", "eager / femo 224", "ONNX / femo 224", "ONNX from 20 px / femo 224"]
    ratios += ["both from 20 px", "eager / femo default"]
    ratios += ["ONNX / femo default", "ONNX from 20 px / femo default", "femo 224 / (decoding + network)"]
    return f"""## A whole clip

Every frame read; medians of {ROUNDS} rounds in which all take turns. Peers decode, run facenet-pytorch's MTCNN on every
frame, and EfficientNet-B0 at 224 px on its faces in one batch, in eager torch and in ONNX Runtime; they read {PEER_FRAMES} frames
spread over the clip. They look for faces as small as femo does at this size, and once from 20 px on, facenet-pytorch's
default. "femo 224 px" is the whole pipeline with the same network, "femo default" with the embedded model.

Milliseconds per frame:

{table(times, [row for row, _ in speed])}

How many times faster, and how far from the floor:

{table(ratios, [row for _, row in speed])}

### What the shortcuts cost

Decisions after smoothing and boxes of the default, beside the whole cascade and a float32 network on every frame.

{table(["clip", "faces compared", "same expression", "mean IoU"], alike)}

### How time and memory grow

{by_frames}

{by_faces}
"""


if __name__ == "__main__":
    load().raw_video(sys.argv[1])
    print(own_peak_mb())
