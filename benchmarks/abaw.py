"""The ABAW recipe at scale: features per second by processes, and training on 1.5 million frames with flat memory.

``FEMO_BENCH_FRAMES`` sets the frames of the training part (default 1,500,000 of 1,288 float16 numbers, 3.9 GB in the
temporary folder, deleted afterwards); it is lowered, and said, where the disk has no room.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from benchmarks.measure import peak_mb, table

N_FEATURES = 1288
BATCH = 256
HIDDEN = 128
DEFAULT_FRAMES = 1_500_000
VIDEO_FRAMES = 5_000
SPARE_BYTES = 4 << 30
N_CROPS = 1_024
CROP_PX = 112


def run() -> str:
    """Return the section of the results page."""
    with tempfile.TemporaryDirectory() as folder:
        extraction = extraction_section(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        training = training_section(Path(folder))
    return f"## ABAW: features and heads\n\n{extraction}\n\n{training}"


def extraction_section(folder: Path) -> str:
    """Time one and two processes on the same crops, each with an empty cache."""
    write_crops(folder / "cropped")
    model = model_folder(folder)
    rows, rates = [], {}
    for workers in (1, 2):
        arguments = [str(folder / "cropped"), str(model), str(folder / f"features-{workers}"), str(workers)]
        rates[workers] = child("extract", arguments)["rate"]
        rows.append((workers, f"{rates[workers]:,.0f}", f"{2_700_000 / rates[workers] / 3600:.1f} h"))
    text = table(("processes", "frames per second", "Aff-Wild2, 2.7 million frames"), rows)
    return (
        f"Features of {N_CROPS:,} crops of {CROP_PX} px (JPEG from a folder, decoded, resized, EfficientNet-B0 at 224 px, "
        "written; warm start, network conversion not counted).\n\n"
        f"{text}\n\nTwo processes against one: {rates[2] / rates[1]:.2f} times. One process already runs its network on all "
        "cores and decodes the next crops meanwhile."
    )


def write_crops(root: Path) -> None:
    """Write the crops as four videos."""
    rng = np.random.default_rng(0)
    for video in range(4):
        folder = root / f"{video + 1}-1-640x480"
        folder.mkdir(parents=True)
        for frame in range(1, N_CROPS // 4 + 1):
            picture = cv2.resize(rng.integers(0, 255, (14, 14, 3), np.uint8), (CROP_PX, CROP_PX))
            cv2.imwrite(str(folder / f"{frame:05d}.jpg"), picture)


def model_folder(folder: Path) -> Path:
    """Write EfficientNet-B0 with random weights, which is as fast as a trained one."""
    from femo.models.write import write_model_folder
    from femo.training.faces.network import FaceNetwork
    from femo.training.priors import prior_heads

    network = FaceNetwork("tf_efficientnet_b0", {}, {"expression": 8})
    expression = {"labels": "affectnet-8", "kind": "distribution", "source": "trained"}
    config = {
        "arch": "tf_efficientnet_b0",
        "input_size": 224,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "embedding_dim": 1280,
        "heads": {"expression": expression, **prior_heads()},
    }
    write_model_folder(folder / "b0", network.state_dict(), config, "# b0\n")
    return folder / "b0"


def extract_child(crops: str, model: str, features: str, workers: str) -> dict[str, float]:
    """Extract and report the rate from the first finished block on, so that starting does not count."""
    from femo.models.config import read_spec
    from femo.training.abaw.dataset.crops import read_folder
    from femo.training.abaw.extract import ExtractionState, extract
    from femo.training.abaw.features import open_cache, stored_columns

    spec = read_spec(Path(model))
    marks: list[tuple[float, int]] = []

    def note(state: ExtractionState) -> None:
        if state.done and (not marks or state.done > marks[-1][1]):
            marks.append((time.perf_counter(), state.done))

    cache = open_cache(Path(features), spec, stored_columns("both", spec.embedding_dim, 8))
    extract(cache, read_folder(Path(crops)), spec, workers=int(workers), report=note)
    (first_s, first), (last_s, last) = marks[0], marks[-1]
    return {"rate": (last - first) / max(last_s - first_s, 1e-9)}


def training_section(folder: Path) -> str:
    """Train on a synthetic cache of full size and one of a quarter, each in its own process."""
    wanted = int(os.environ.get("FEMO_BENCH_FRAMES", DEFAULT_FRAMES))
    room = (shutil.disk_usage(folder).free - SPARE_BYTES) // (2 * N_FEATURES)
    n_frames = max(min(wanted, int(room)), VIDEO_FRAMES * 4)
    found = [child("train", [str(folder), str(n)]) for n in (n_frames // 4, n_frames)]
    names = {
        "read": "read from disk, in long runs",
        "cold": "shuffled batches from disk",
        "cold linear": "one epoch, linear head, from disk",
        "batches": "shuffled batches from memory",
        "linear": "one epoch, linear head, from memory",
        "hidden": "one epoch, 128 hidden neurons, from memory",
        "products": "the two large matrix products of 128 hidden neurons alone",
    }
    reading = {"cold linear": "cold", "linear": "batches", "hidden": "batches"}
    head = ["", *(f"{round(each['n_frames']):,} frames" for each in found), "of the rate of its reading"]
    rows: list[list[str]] = []
    for key, text in names.items():
        whole = found[-1]
        part = f"{100 * whole[reading[key]] / whole[key]:.0f} %" if key in reading else ""
        rows.append([text, *(f"{each['n_frames'] / each[key]:,.0f} frames/s" for each in found), part])
    rows.append(["largest memory of the process", *(f"{each['peak_mb']:,.0f} MB" for each in found), ""])
    lowered = "" if n_frames == wanted else f" (of {wanted:,} wanted, for want of disk space)"
    size = f"{n_frames * N_FEATURES * 2 / 1e9:.1f} GB"
    return (
        f"Training on a synthetic cache of {n_frames:,} × {N_FEATURES:,} float16{lowered}, {size}, beside a quarter of it; EXPR, "
        f"batches of {BATCH}, float32. From disk means that the files are dropped from the machine's memory first.\n\n"
        f"{table(head, rows)}"
    )


def train_child(folder: str, n_frames: str) -> dict[str, float]:
    """Write the cache (as far as it is not there), read it, and train one epoch of each head."""
    from femo.training.abaw.dataset.tasks import TASKS
    from femo.training.abaw.features import Columns, FeatureCache
    from femo.training.abaw.heads import HeadRecipe, HeadTrainer
    from femo.training.abaw.samples import Lines, Samples

    store = FeatureCache(Path(folder), "", "synthetic", Columns(N_FEATURES, 0), {})
    names = [f"video{i}" for i in range(int(n_frames) // VIDEO_FRAMES)]
    lines = [Lines(name, np.arange(VIDEO_FRAMES), write_video(store, i, name)) for i, name in enumerate(names)]
    train, val = Samples(store, lines), Samples(store, lines[:1])
    out: dict[str, float] = {"n_frames": float(len(train))}

    def read() -> None:
        for name in names:
            with store.path(name).open("rb", buffering=0) as file:
                while file.read(1 << 22):
                    pass

    def batches() -> None:
        assert sum(len(rows) for rows, _ in train.batches(BATCH, seed=0)) == len(train)

    forget(store.folder)
    out["read"] = seconds(read)
    forget(store.folder)
    out["cold"] = seconds(batches)
    out["batches"] = seconds(batches)
    for key, hidden in (("cold linear", 0), ("linear", 0), ("hidden", HIDDEN)):
        if key == "cold linear":
            forget(store.folder)
        recipe = HeadRecipe("embedding", hidden, epochs=1, batch=BATCH)
        seen: list[dict[str, float]] = []
        HeadTrainer(train, val, [recipe], TASKS["expr"]).run(seen.append)
        out[key] = len(train) / seen[0]["frames_per_s"]
    out["products"] = products() * len(train) / BATCH
    out["peak_mb"] = peak_mb()
    return out


def seconds(work: Callable[[], None]) -> float:
    """Return how long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def forget(folder: Path) -> None:
    """Drop a folder's files from the machine's memory, so that the next pass reads the disk."""
    os.sync()
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def products() -> float:
    """Return the seconds that a batch costs at least with a hidden layer: its products forward and backward."""
    import torch

    rows, weight = torch.randn(BATCH, N_FEATURES), torch.randn(HIDDEN, N_FEATURES)
    gradient = torch.randn(HIDDEN, BATCH)

    def both() -> None:
        torch.mm(weight, rows.t())
        torch.mm(gradient, rows)

    both()
    return min(seconds(both) for _ in range(200))


@cache
def noise() -> np.ndarray:
    """One video's rows of noise."""
    return np.random.default_rng(0).standard_normal((VIDEO_FRAMES, N_FEATURES), np.float32).astype(np.float16)


def write_video(store: "object", number: int, name: str) -> np.ndarray:
    """Write the rows of one video, class means plus noise, and return its labels (N, 1)."""
    from femo.training.abaw.features import FeatureCache

    assert isinstance(store, FeatureCache)
    rng = np.random.default_rng(number)
    labels = rng.integers(0, 8, VIDEO_FRAMES)
    path = store.path(name)
    if not path.exists():
        rows = np.roll(noise(), number, axis=1)  # drawing 1.9 billion numbers would take longer than all the rest
        rows[np.arange(VIDEO_FRAMES), labels] += np.float16(2)
        path.write_bytes(rows.tobytes())
    return labels[:, None].astype(np.float32)


def child(what: str, arguments: list[str]) -> dict[str, float]:
    """Run a part in a fresh process, whose memory then is its own."""
    command = [sys.executable, "-m", "benchmarks.abaw", what, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


if __name__ == "__main__":
    part = {"extract": extract_child, "train": train_child}[sys.argv[1]]
    print(json.dumps(part(*sys.argv[2:])))
