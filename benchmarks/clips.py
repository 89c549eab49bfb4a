"""Group clips: no slower than the video path on the same clip, and descriptors per minute by number of processes."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import femo
from benchmarks.measure import table, take_turns
from benchmarks.photo import portraits
from tests.clips import write_clip

SIDES_1080P = (300, 260, 240, 220, 200, 180, 160)
SIDES_360P = (150, 120)
N_FRAMES = 50
N_CLIPS = int(os.environ.get("FEMO_BENCH_CLIPS", "60"))
N_CLIP_FRAMES = 24


def shifted(picture: np.ndarray, n_frames: int) -> list[np.ndarray]:
    """Return frames in which the whole picture drifts by two pixels a frame and back."""
    return [np.roll(picture, 2 * min(k % 20, 20 - k % 20), axis=1) for k in range(n_frames)]


def group_section(folder: Path) -> str:
    """Group against video on a 1080p clip with seven faces."""
    clip = write_clip(folder / "seven.mp4", shifted(portraits(1920, 1080, SIDES_1080P), N_FRAMES))
    pipeline = femo.load()
    seconds = take_turns(
        {"Pipeline.video": lambda: pipeline.video(clip), "Pipeline.group": lambda: pipeline.group(clip)}, rounds=9
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
    """Descriptor extraction in one and two processes, each from a fresh start, and what a clip costs."""
    picture = portraits(640, 360, SIDES_360P)
    clips = folder / "clips"
    clips.mkdir()
    for k in range(N_CLIPS):
        write_clip(clips / f"c{k:03d}.mp4", shifted(picture, N_CLIP_FRAMES))
    rows = []
    for n_processes in (1, 2):
        command = [sys.executable, "-m", "benchmarks.clips", str(clips), str(folder / f"cache{n_processes}")]
        done = subprocess.run([*command, str(n_processes)], check=True, capture_output=True, text=True)
        spent = json.loads(done.stdout)
        cells = [f"{60 * N_CLIPS / spent['whole_s']:.0f}", f"{60 / spent['clip_s']:.0f}"]
        cells += [f"{N_CLIP_FRAMES / spent['clip_s']:.0f}", f"{spent['processor_s'] / N_CLIPS:.2f}"]
        rows.append([n_processes, *cells, f"{spent['start_s']:.1f}"])
    head = ["processes", "clips per minute", "the same once started", "frames per second once started"]
    head += ["processor seconds per clip, start included", "seconds until the first clips are done"]
    return (
        f"Descriptors (vgaf-mean-std) of {N_CLIPS} clips, 640×360, {N_CLIP_FRAMES} frames, two faces; of two processes each "
        f"keeps to cores of its own:\n\n{table(head, rows)}"
    )


def extract_child(clips: str, cache: str, n_processes: str) -> dict[str, float]:
    """Describe the clips of a folder and say what it took, importing and compiling included."""
    start, marks = time.perf_counter(), []
    from femo.training.clips.features import Extraction, extract
    from femo.training.clips.layout import LabelledClip

    labelled = [LabelledClip(path.stem, path, 0) for path in sorted(Path(clips).iterdir())]
    what = Extraction(None, "vgaf-mean-std", Path(cache))
    extract(what, labelled, int(n_processes), lambda done, of: marks.append((time.perf_counter(), done)))
    end = time.perf_counter()
    first_s, first = next((time_s, done) for time_s, done in marks if done >= int(n_processes))
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "whole_s": end - start,
        "start_s": first_s - start,
        "clip_s": (marks[-1][0] - first_s) / max(len(labelled) - first, 1),
        "processor_s": sum(each.ru_utime + each.ru_stime for each in used),
    }


def run() -> str:
    """Return the section of RESULTS.md."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return f"## Group clips\n\n{group_section(folder)}\n\n{descriptor_section(folder)}"


if __name__ == "__main__":
    print(json.dumps(extract_child(*sys.argv[1:])))
