"""The app under load: callers of photos alone and beside clips and cameras, and a soak whose counts end at zero.

``LOAD_S`` is the seconds of each measurement (20; 0 measures nothing but the soak), ``SOAK_S`` those of the soak (600). Callers
come from a process of their own (``benchmarks.callers``), on the same cores. Cameras send a frame when the last was answered, at
most every 0.15 s, as the page does.

The soak's memory is that of the app's process, compared from a tenth of the time on: until then networks are compiled for sizes
that are met, and each thread gets its heap. The level is stated beside it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

import app
import femo
from benchmarks.made import make_clip
from benchmarks.measure import table
from femo.demo.server.cache import Cache, open_cache
from leaderboard.opening import open_board

PHOTO = Path(app.__file__).parent / "femo/demo/examples/astronaut.jpg"
CALLERS = (1, 4, 16, 32)
N_CAMERAS = 16
GROWTH = 0.05
ROOT = Path(app.__file__).parent


class Crowd:
    """Visitors of one kind, in a process of their own, until they go home.

    Attributes:
        spent_s: Seconds of each answer; known once they went home, as are
        failures: What was said instead of an answer, and
        seconds: How long they were there.
    """

    def __init__(self, address: str, kind: str, n_visitors: int, file: Path) -> None:
        self.spent_s: list[float] = []
        self.failures: list[str] = []
        self.seconds = 0.0
        command = [sys.executable, "-m", "benchmarks.callers", address, kind, str(n_visitors), str(file)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)

    def go_home(self) -> None:
        met = json.loads(self._process.communicate()[0])
        self.spent_s, self.failures, self.seconds = met["spent_s"], met["failures"], met["seconds"]

    @property
    def per_s(self) -> float:
        return len(self.spent_s) / self.seconds


class Site:
    """The running app, and who calls it."""

    def __init__(self, address: str, clip: Path) -> None:
        self.address, self.clip = address, clip

    def photos(self, n_callers: int) -> Crowd:
        return Crowd(self.address, "analyze_photo", n_callers, PHOTO)

    def clips(self, n_callers: int) -> Crowd:
        return Crowd(self.address, "analyze_video", n_callers, self.clip)

    def cameras(self, n_cameras: int) -> Crowd:
        return Crowd(self.address, "camera", n_cameras, PHOTO)


@contextmanager
def site() -> Iterator[tuple[Site, app.gr.Blocks, Cache]]:
    with tempfile.TemporaryDirectory() as folder, open_cache() as cache:
        clip = make_clip(Path(folder) / "clip.mp4", 640, 360, (120,), 150)
        demo = app.build(femo.load(), open_board({"FEMO_STORE": folder}))
        cache.keep()
        address = app.launch(demo, prevent_thread_lock=True, quiet=True)
        yield Site(address, clip), demo, cache
        demo.close(verbose=False)


def run() -> str:
    """Measure, and return the section."""
    seconds = float(os.environ.get("LOAD_S", "20"))
    with site() as (here, demo, cache):
        rows = []
        for n_callers in CALLERS if seconds else ():
            for beside in ("nobody", "a clip", f"{N_CAMERAS} cameras"):
                rows.append(_measured(here, n_callers, beside, seconds))
        soak = _soak(here, demo, cache, float(os.environ.get("SOAK_S", "600")))
    header = ["photo callers", "beside", "photos/s", "p50 s", "p95 s", "frames/s per camera", "failures"]
    return f"## Load\n\nSeconds from upload to answer.\n\n{table(header, rows)}\n\n{soak}"


def _measured(here: Site, n_callers: int, beside: str, seconds: float) -> list[object]:
    background = here.clips(1) if beside == "a clip" else here.cameras(N_CAMERAS if "cameras" in beside else 0)
    callers = here.photos(n_callers)
    time.sleep(seconds)
    for crowd in (callers, background):
        crowd.go_home()
    spent_s = sorted(callers.spent_s) or [float("nan")]
    fps = background.per_s / N_CAMERAS if "cameras" in beside else None
    return [
        n_callers, beside, f"{callers.per_s:.1f}", f"{statistics.median(spent_s):.2f}",
        f"{spent_s[int(0.95 * (len(spent_s) - 1))]:.2f}", "" if fps is None else f"{fps:.1f}",
        len(callers.failures) + len(background.failures),
    ]  # fmt: skip


def _soak(here: Site, demo: app.gr.Blocks, cache: Cache, seconds: float) -> str:
    """Keep everything busy, then count what is left."""
    n_threads, process = threading.active_count(), psutil.Process()
    crowds = [here.photos(4), here.clips(1), here.cameras(4)]
    time.sleep(seconds / 10)
    before = process.memory_info().rss
    time.sleep(seconds * 0.9)
    after = process.memory_info().rss
    for crowd in crowds:
        crowd.go_home()
    time.sleep(5)
    cache.sweep(age_s=0)
    left = {
        "files": sum(path.is_file() and path not in cache.kept for path in cache.folder.rglob("*")),
        "events": len(demo._queue.event_ids_to_events),
        "threads named femo": sum(thread.name.startswith("femo-video") for thread in threading.enumerate()),
    }
    counts = ", ".join(f"{n} {what}" for what, n in left.items())
    grown, failures = after / before - 1, sum(len(crowd.failures) for crowd in crowds)
    passed = not any(left.values()) and not failures and grown < GROWTH
    calls = " and ".join(
        f"{len(c.spent_s):,} {what}" for c, what in zip(crowds, ("photos", "clips", "camera frames"), strict=True)
    )
    return (
        f"Soak of {seconds:.0f} s, {calls}, {failures} failures: {'passed' if passed else 'FAILED'}. Left: {counts}; threads "
        f"{n_threads} before, {threading.active_count()} after; memory {100 * grown:+.1f} % over its last nine tenths: "
        f"{before / 1e6:.0f} MB, then {after / 1e6:.0f} MB, {len(demo.app.state_holder.session_data)} sessions kept."
    )
