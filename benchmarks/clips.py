"""Group clips: no slower than the video path on the same clip, and descriptors per minute by number of processes."""

import tempfile
import time
from pathlib import Path

import numpy as np

import femo
from benchmarks.measure import table, take_turns
from benchmarks.photo import portraits
from femo.training.clips_features import Extraction, extract
from femo.training.clips_layout import LabelledClip
from tests.clips import write_clip

SIDES_1080P = (300, 260, 240, 220, 200, 180, 160)
SIDES_360P = (150, 120)
N_FRAMES = 50
N_CLIPS = 8
N_CLIP_FRAMES = 24


def shifted(picture: np.ndarray, n_frames: int) -> list[np.ndarray]:
    """Return frames in which the whole picture drifts by two pixels a frame and back."""
    return [np.roll(picture, 2 * min(k % 20, 20 - k % 20), axis=1) for k in range(n_frames)]


def group_section(folder: Path) -> str:
    """Group against video on a 1080p clip with seven faces."""
    clip = write_clip(folder / "seven.mp4", shifted(portraits(1920, 1080, SIDES_1080P), N_FRAMES))
    pipeline = femo.load()
    seconds = take_turns(
        {"Pipeline.video": lambda: pipeline.video(clip), "Pipeline.group": lambda: pipeline.group(clip)}, rounds=3
    )
    rows = [[name, f"{1000 * spent / N_FRAMES:.1f}", f"{N_FRAMES / spent:.0f}"] for name, spent in seconds.items()]
    ratio = seconds["Pipeline.group"] / seconds["Pipeline.video"]
    found = int(pipeline.group(clip).face_count.max(initial=0))
    return (
        f"1920×1080, {N_FRAMES} frames, {found} faces at once:\n\n"
        + table(["", "ms per frame", "frames per second"], rows)
        + f"\n\nGroup takes {ratio:.2f} times as long as video."
    )


def descriptor_section(folder: Path) -> str:
    """Descriptor extraction in one and two processes, start of the processes included."""
    picture = portraits(640, 360, SIDES_360P)
    clips = [
        LabelledClip(f"c{k}", write_clip(folder / f"c{k}.mp4", shifted(picture, N_CLIP_FRAMES)), 0)
        for k in range(N_CLIPS)
    ]
    rows = []
    for n_processes in (1, 2):
        what = Extraction(None, "vgaf-mean-std", folder / f"cache{n_processes}")
        start = time.perf_counter()
        extract(what, clips, n_processes, lambda done, of: None)
        spent = time.perf_counter() - start
        rows.append([n_processes, f"{60 * N_CLIPS / spent:.0f}", f"{N_CLIPS * N_CLIP_FRAMES / spent:.0f}"])
    return (
        f"Descriptors (vgaf-mean-std) of {N_CLIPS} clips, 640×360, {N_CLIP_FRAMES} frames, two faces:\n\n"
        + table(["processes", "clips per minute", "frames per second"], rows)
    )


def run() -> str:
    """Return the section of RESULTS.md."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return f"## Group clips\n\n{group_section(folder)}\n\n{descriptor_section(folder)}"
