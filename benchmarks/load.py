"""The app under load: callers of photos alone and beside clips and cameras, and a soak whose counts end at zero.

``LOAD_S`` is the seconds of each measurement (20), ``SOAK_S`` those of the soak (600).
"""

import base64
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
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


class Crowd:
    """Visitors of one kind, each in a thread, until they are told to go home.

    Attributes:
        spent_s: Seconds of each answer.
        failures: What was said instead of an answer.
    """

    def __init__(self, visit: Callable[["Crowd", int], None], n_visitors: int) -> None:
        self.spent_s: list[float] = []
        self.failures: list[str] = []
        self.home = threading.Event()
        self._threads = [threading.Thread(target=visit, args=(self, index)) for index in range(n_visitors)]
        for thread in self._threads:
            thread.start()

    def go_home(self) -> None:
        self.home.set()
        for thread in self._threads:
            thread.join()


class Site:
    """The running app, and the ways to call it."""

    def __init__(self, address: str, clip: Path) -> None:
        self.address, self.clip = address, clip
        functions = httpx.get(f"{address}config").json()["dependencies"]
        self.stream = next(function["id"] for function in functions if function["connection"] == "stream")

    def ask(self, crowd: Crowd, endpoint: str, file: Path) -> None:
        """Upload and call again and again."""
        with httpx.Client(base_url=self.address, timeout=600) as http:
            while not crowd.home.is_set():
                start_s = time.monotonic()
                (path,) = http.post("gradio_api/upload", files={"files": (file.name, file.read_bytes())}).json()
                call = f"gradio_api/call/{endpoint}"
                event = http.post(call, json={"data": [{"path": path}]}).json()["event_id"]
                answer = http.get(f"{call}/{event}").text
                if "event: complete" in answer:
                    crowd.spent_s.append(time.monotonic() - start_s)
                else:
                    crowd.failures.append(answer[:200])

    def photos(self, crowd: Crowd, _: int) -> None:
        self.ask(crowd, "analyze_photo", PHOTO)

    def clips(self, crowd: Crowd, _: int) -> None:
        self.ask(crowd, "analyze_video", self.clip)

    def camera(self, crowd: Crowd, index: int) -> None:
        """Open a camera again whenever its time is over; an answer is a drawn frame."""
        picture = "data:image/jpeg;base64," + base64.b64encode(PHOTO.read_bytes()).decode()
        data = [{"url": picture}, None, False]
        round_ = 0
        while not crowd.home.is_set():
            round_ += 1
            session = f"camera-{os.getpid()}-{index}-{round_}"
            body: dict[str, Any] = {"data": data, "fn_index": self.stream, "session_hash": session}
            with httpx.Client(base_url=self.address, timeout=600) as http:
                event = http.post("gradio_api/queue/join", json=body).json()["event_id"]
                self._frames(http, crowd, event, body)

    def _frames(self, http: httpx.Client, crowd: Crowd, event: str, body: dict[str, Any]) -> None:
        start_s = time.monotonic()
        with http.stream("GET", f"gradio_api/queue/data?session_hash={body['session_hash']}") as answer:
            for line in answer.iter_lines():
                news = json.loads(line[6:]) if line.startswith("data: ") else {}
                if news.get("msg") == "process_completed" and not news["success"]:
                    crowd.failures.append(json.dumps(news["output"])[:200])
                if crowd.home.is_set() or news.get("msg") == "process_completed":
                    http.post(f"gradio_api/stream/{event}/close")
                    return
                if news.get("msg") == "process_streaming":
                    crowd.spent_s.append(time.monotonic() - start_s)
                    start_s = time.monotonic()
                    http.post(f"gradio_api/stream/{event}", json=body | {"event_id": event})


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
        for n_callers in CALLERS:
            for beside in ("nobody", "a clip", f"{N_CAMERAS} cameras"):
                rows.append(_measured(here, n_callers, beside, seconds))
        soak = _soak(here, demo, cache, float(os.environ.get("SOAK_S", "600")))
    header = ["photo callers", "beside", "photos/s", "p50 s", "p95 s", "frames/s per camera", "failures"]
    return f"## Load\n\nSeconds from upload to answer.\n\n{table(header, rows)}\n\n{soak}"


def _measured(here: Site, n_callers: int, beside: str, seconds: float) -> list[object]:
    others = {"nobody": (here.photos, 0), "a clip": (here.clips, 1)}.get(beside, (here.camera, N_CAMERAS))
    background = Crowd(*others)
    callers = Crowd(here.photos, n_callers)
    time.sleep(seconds)
    for crowd in (callers, background):
        crowd.go_home()
    spent_s = sorted(callers.spent_s) or [float("nan")]
    fps = len(background.spent_s) / seconds / N_CAMERAS if "cameras" in beside else None
    return [
        n_callers, beside, f"{len(callers.spent_s) / seconds:.1f}", f"{statistics.median(spent_s):.2f}",
        f"{spent_s[int(0.95 * (len(spent_s) - 1))]:.2f}", "" if fps is None else f"{fps:.1f}",
        len(callers.failures) + len(background.failures),
    ]  # fmt: skip


def _soak(here: Site, demo: app.gr.Blocks, cache: Cache, seconds: float) -> str:
    """Keep everything busy, then count what is left; memory is compared from a tenth of the time on."""
    n_threads = threading.active_count()
    crowds = [Crowd(here.photos, 4), Crowd(here.clips, 1), Crowd(here.camera, 4)]
    time.sleep(seconds / 10)
    before = psutil.Process().memory_info().rss
    time.sleep(seconds * 0.9)
    grown = psutil.Process().memory_info().rss / before - 1
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
    verdict = "passed" if not any(left.values()) and grown < GROWTH else "FAILED"
    calls = sum(len(crowd.spent_s) for crowd in crowds)
    return (
        f"Soak of {seconds:.0f} s, {calls:,} calls: {verdict}. Left: {counts}; threads {n_threads} before, "
        f"{threading.active_count()} after; memory {100 * grown:+.1f} % over its last nine tenths."
    )
