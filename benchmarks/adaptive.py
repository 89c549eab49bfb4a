"""``femo video --every auto``: the share of frames that it looks at and how often it decides as every-frame analysis.

Clips are drawn: a portrait (scikit-image's, NASA, public domain) glides through the picture. In some its light turns from red to
blue and back at known frames; in one there are two persons. ``FEMO_BENCH_CLIP`` names one more clip.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.measure import table
from femo import load
from femo.clips.summaries import count_alike, transitions
from femo.clips.timelines import RawVideo
from femo.labels import AFFECTNET_8
from femo.models.weights import find_weights, load_tensors
from femo.networks.heads import Heads
from femo.pipeline import Pipeline, Reader
from femo.types import RGB
from tests.clips import canvas, paste, portrait, second_face, write_clip

N_FRAMES = int(os.environ.get("FEMO_BENCH_AUTO_FRAMES", "400"))
RATES = (0.01, 0.05, 0.1, 0.3, 0.5)
SMOOTH = "mean:15"
ROUNDS = 3
FACE_PX = 200
RED, BLUE = (1.25, 0.8, 0.7), (0.7, 0.8, 1.25)
SURENESS = 4
"""Of the tint's head: logits of the two classes differ by twice as much, so the surest probability is 0.9997."""


def tinted(tint: tuple[float, float, float]) -> RGB:
    """Return the portrait in another light."""
    return np.clip(portrait() * np.array(tint), 0, 255).astype(np.uint8)


def reads_tint(pipeline: Pipeline) -> Pipeline:
    """Return the embedded network with an expression head that takes red light for happiness and blue for sadness.

    So the changes are known. Its direction is the difference of the two embeddings, and between them it is undecided.
    """
    [reader] = pipeline.readers
    crops = []
    for tint in (RED, BLUE):
        picture = canvas(640, 360)
        paste(picture, tinted(tint), 60, 60, FACE_PX)
        crops.append(reader.crop(picture, pipeline.detector.detect(picture))[0])
    red, blue = reader.backbone.embed(np.stack(crops))
    direction = SURENESS * (red - blue) / float(np.square(red - blue).sum())
    tensors = dict(load_tensors(find_weights(reader.spec)))
    weight = np.zeros((len(AFFECTNET_8), len(red)), np.float32)
    bias = np.full(len(AFFECTNET_8), -2 * SURENESS, np.float32)
    for label, sign in (("happiness", 1), ("sadness", -1)):
        row = AFFECTNET_8.index(label)
        weight[row], bias[row] = sign * direction, -sign * float(direction @ (red + blue)) / 2
    tensors |= {"heads.expression.weight": weight, "heads.expression.bias": bias}
    return Pipeline(pipeline.detector, [Reader(reader.spec, reader.backbone, Heads(reader.spec.heads, tensors))])


def draw(path: Path, looks: Sequence[RGB], every: int, second: bool = False) -> Path:
    """Write a clip whose face takes the next light after so many frames."""
    ground = canvas(640, 360)
    frames = []
    for index in range(N_FRAMES):
        picture = ground.copy()
        left = 20 + round(80 * np.sin(index / 40) ** 2)
        paste(picture, looks[index // every % len(looks)], left, 60, FACE_PX)
        if second:
            paste(picture, second_face(), 400, 60, FACE_PX)
        frames.append(picture)
    return write_clip(path, frames)


def timed(pipeline: Pipeline, path: Path, fpr: float | None) -> tuple[RawVideo, tuple[float, float]]:
    """Read a clip at the adaptive rate, or all of it; with the seconds and processor seconds that it took."""
    start = time.perf_counter(), time.process_time()
    raw = pipeline.raw_video(path) if fpr is None else pipeline.raw_video(path, every="auto", fpr=fpr)
    return raw, (time.perf_counter() - start[0], time.process_time() - start[1])


def compare(pipeline: Pipeline, title: str, path: Path) -> list[list[str]]:
    """Return the rows of one clip: every rate beside every-frame analysis, all taking turns."""
    spent: dict[float | None, list[tuple[float, float]]] = {fpr: [] for fpr in (None, *RATES)}
    read: dict[float | None, RawVideo] = {}
    for _ in range(ROUNDS):
        for fpr, times in spent.items():
            read[fpr], seconds = timed(pipeline, path, fpr)
            times.append(seconds)
    every = read[None].result(SMOOTH)
    changes = sum(int(transitions(line)["count"].sum()) for line in every.timelines)
    rows = []
    for fpr in RATES:
        same, of = count_alike(read[fpr].result(SMOOTH), every)
        cells = [title, str(len(every.time_s)), str(changes), f"{fpr:g}", f"{100 * read[fpr].read_share:.1f} %"]
        ratios = np.median(spent[fpr], axis=0) / np.median(spent[None], axis=0)
        rows.append([*cells, f"{100 * same / max(of, 1):.1f} % of {of}", *(f"{ratio:.2f}" for ratio in ratios)])
    return rows


def run() -> str:
    """Return the section of RESULTS.md."""
    pipeline = load()
    looks = (tinted(RED), tinted(BLUE))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = {
            "one light": draw(folder / "one.mp4", looks[:1], N_FRAMES),
            "the light changes every 100 frames": draw(folder / "slow.mp4", looks, 100),
            "the light changes every 20 frames": draw(folder / "quick.mp4", looks, 20),
            "the same beside a second person": draw(folder / "two.mp4", looks, 20, second=True),
        }
        known = reads_tint(pipeline)
        rows = [row for title, path in clips.items() for row in compare(known, title, path)]
        rows += compare(pipeline, "one light, the embedded model's own head", folder / "one.mp4")
        if own := os.environ.get("FEMO_BENCH_CLIP"):
            rows += compare(pipeline, "a clip of one's own, the embedded model's own head", Path(own))
    head = ["clip", "frames", "changes of expression seen", "false-positive rate", "frames looked at"]
    head += ["decided as on every frame", "time of every frame", "processor time"]
    return (
        "## Adaptive frame rate\n\n"
        "The embedded network with a head that reads the tint of the light, so that changes are known, and with its own. "
        "Thresholds follow from the rate; a model folder trained on Aff-Wild2 brings calibrated ones. 640×360, smoothed by "
        f"{SMOOTH}. Faces are found and followed on every frame either way; the network that reads them is spared. Times are "
        f"medians of {ROUNDS} rounds in which all rates take turns.\n\n{table(head, rows)}"
    )
