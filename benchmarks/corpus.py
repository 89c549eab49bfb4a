"""Many clips: the engines beside one process and ``femo video``, memory of a worker, and a manifest of a million inputs.

``FEMO_BENCH_CORPUS`` sets the number of clips (400), ``FEMO_BENCH_INPUTS`` that of the manifest's inputs (1,000,000).
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import psutil
import pyarrow.dataset as ds

from benchmarks.made import make_clip
from benchmarks.measure import peak_mb, table

N_CLIPS = int(os.environ.get("FEMO_BENCH_CORPUS", "400"))
N_INPUTS = int(os.environ.get("FEMO_BENCH_INPUTS", "1000000"))
N_FRAMES = 50
SAMPLE_S = 0.5
Run = dict[str, float]


def run() -> str:
    """Return the section of the results page."""
    with tempfile.TemporaryDirectory() as folder:
        engines = engine_section(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        manifest = manifest_section(Path(folder))
    return f"## Many clips\n\n{engines}\n\n{manifest}"


def engine_section(folder: Path) -> str:
    """Run each engine on the same clips, each from a fresh start and with an empty folder."""
    clips = folder / "clips"
    clips.mkdir()
    first = make_clip(folder / "first.mp4", 640, 360, (150,), N_FRAMES)
    for number in range(N_CLIPS):
        (clips / f"{number:04d}.mp4").write_bytes(first.read_bytes())
    corpus = ["corpus", str(clips)]
    contenders = {
        "femo corpus, one worker": [*corpus, "--workers", "1", "--out", str(folder / "one")],
        "femo corpus, two workers": [*corpus, "--workers", "2", "--out", str(folder / "two")],
        "femo corpus --engine ray, two workers": [
            *corpus,
            *("--engine", "ray", "--workers", "2", "--out", str(folder / "ray")),
        ],
        "femo video *.mp4": ["video", str(clips / "*.mp4"), "--out", str(folder / "video")],
    }
    found = {}
    for name, arguments in contenders.items():
        with ray_head(folder / "head") if "ray" in arguments else nullcontext() as environment:
            found[name] = timed(arguments, environment)
    rows = [
        (
            name,
            f"{each['whole_s']:.0f}",
            f"{each['rate']:.2f}",
            f"{each['rate'] * N_FRAMES:.0f}",
            f"{each['rss_mb']:.0f}",
            f"{100 * each['growth']:+.1f} %",
        )
        for name, each in found.items()
    ]
    one, two, ray, video = (each["rate"] for each in found.values())
    head = (
        "",
        "seconds in all",
        "clips per second once started",
        "frames per second",
        "largest process MB",
        "its growth",
    )
    return (
        f"{N_CLIPS} clips of {N_FRAMES / 25:g} s, 640×360, one face; each run a fresh process. Once started is from the first "
        "clip that is done to the last; growth is the largest process's memory in the last tenth against the second.\n\n"
        f"{table(head, rows)}\n\nTwo workers against one: {two / one:.2f} times; against `femo video`: {two / video:.2f} times; "
        f"Ray against local: {ray / two:.2f} times. Once started the two local workers read for "
        f"{busy(folder / 'two', two):.0%} of the time; the rest is laying out and writing rows, and waiting for the driver."
    )


def busy(out: Path, rate: float) -> float:
    """Return the share of their time in which two workers read, from the seconds that each clip took."""
    read_s = ds.dataset(sorted(out.glob("clips/*.parquet"))).to_table(columns=["read_s"])["read_s"].to_numpy()
    return float(np.median(read_s)) * rate / 2


@contextmanager
def ray_head(folder: Path) -> Iterator[dict[str, str]]:
    """Give the environment of a driver on a Ray cluster of this machine, which listens on loopback only."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder.mkdir()
    environment = {**os.environ, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_ADDRESS": f"127.0.0.1:{port}"}
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=2"]
    command += [f"--port={port}", "--node-ip-address=127.0.0.1", "--include-dashboard=false"]
    command += ["--include-log-monitor=false", "--disable-usage-stats", f"--temp-dir={folder}"]
    started = {name: value for name, value in environment.items() if name != "RAY_ADDRESS"}
    with (folder / "head.log").open("wb") as log:
        head = subprocess.Popen(command, env=started, stdout=log, stderr=log)
    try:
        while "Ray runtime started" not in (folder / "head.log").read_text():
            if head.poll() is not None:
                raise RuntimeError(f"no Ray head: {(folder / 'head.log').read_text()[-2000:]}")
            time.sleep(0.5)
        yield environment
    finally:
        family = [] if head.poll() is not None else psutil.Process(head.pid).children(recursive=True)
        head.terminate()
        _, left = psutil.wait_procs(family, timeout=20)
        for process in left:
            process.kill()
        head.wait()


def timed(arguments: Sequence[str], environment: dict[str, str] | None = None) -> Run:
    """Run one command; watch its lines for finished clips, and its largest process for memory.

    The workers of Ray are the head's processes: theirs count where they are this machine's.
    """
    begin = time.perf_counter()
    extra = ["--json-progress"] if arguments[0] == "corpus" else []
    command = [sys.executable, "-m", "femo", *arguments, *extra]
    marks: list[tuple[float, int]] = []
    errors: list[str] = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        sizes = Sizes(os.getpid())
        sizes.start()
        assert process.stdout is not None
        assert process.stderr is not None
        other = process.stdout if not extra else process.stderr
        drain = threading.Thread(target=lambda: errors.extend(other), daemon=True)
        drain.start()
        for line in process.stdout if extra else process.stderr:
            if extra:
                state = json.loads(line)
                done = (state["elapsed_s"], state["n_done"])
            else:
                done = (time.perf_counter() - begin, int(line.split("/")[0]) if line[:1].isdigit() else 0)
            if done[1] and (not marks or done[1] > marks[-1][1]):
                marks.append(done)
        drain.join()
    whole_s = time.perf_counter() - begin
    sizes.stop()
    if process.returncode or len(marks) < 2:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {''.join(errors)[-2000:]}")
    (first_s, first), (last_s, last) = marks[0], marks[-1]
    rss_mb, growth = sizes.largest()
    return {"whole_s": whole_s, "rate": (last - first) / (last_s - first_s), "rss_mb": rss_mb, "growth": growth}


class Sizes(threading.Thread):
    """Samples the memory of a process and all that it has started, on this machine."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root, self._over = psutil.Process(pid), threading.Event()
        self._seen: dict[int, list[float]] = {}

    def run(self) -> None:
        while not self._over.wait(SAMPLE_S):
            try:
                family = [self._root, *self._root.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            for process in family[1:]:
                try:
                    self._seen.setdefault(process.pid, []).append(process.memory_info().rss / 1e6)
                except psutil.NoSuchProcess:
                    continue

    def stop(self) -> None:
        self._over.set()
        self.join()

    def largest(self) -> tuple[float, float]:
        """Return the most MB of the largest process, and how much it grew from the second tenth to the last."""
        sizes = np.array(max(self._seen.values(), key=max, default=[0.0]))
        tenth = max(len(sizes) // 10, 1)
        early, late = (
            np.median(sizes[tenth : 2 * tenth]) if len(sizes) > 1 else sizes[0],
            np.median(sizes[-tenth:]),
        )
        return float(sizes.max()), float(late / early - 1)


def manifest_section(folder: Path) -> str:
    """List many files into a manifest, and list them again, each in a process of its own."""
    source = folder / "source"
    for number in range(0, N_INPUTS, 10_000):
        below = source / f"{number // 10_000:04d}"
        below.mkdir(parents=True)
        for each in range(min(10_000, N_INPUTS - number)):
            os.close(os.open(below / f"{each:05d}.mp4", os.O_CREAT | os.O_WRONLY))
    rows = []
    for name in ("first start", "second start"):
        command = [sys.executable, "-m", "benchmarks.corpus", str(source), str(folder / "manifest.sqlite")]
        done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        rows.append((name, f"{done['seconds']:.1f}", f"{done['peak_mb']:.0f}"))
    size_mb = (folder / "manifest.sqlite").stat().st_size / 1e6
    return (
        f"A folder of {N_INPUTS:,} files listed into the manifest, up to the first order that a worker gets; the manifest has "
        f"then {size_mb:,.0f} MB on disk.\n\n{table(('', 'seconds', 'largest memory MB'), rows)}"
    )


def start_child(source: str, path: str) -> dict[str, float]:
    """Do what a driver does before its first worker begins."""
    from femo.corpora import run  # noqa: F401  its imports count
    from femo.corpora.manifest import Manifest
    from femo.corpora.orders import Orders
    from femo.corpora.sources import list_inputs

    begin = time.perf_counter()
    manifest = Manifest(Path(path))
    assert manifest.register(list_inputs(source)) == N_INPUTS
    assert manifest.changed() == []
    assert manifest.counts().waiting == N_INPUTS
    assert Orders(Path(path).parent, manifest).take() is not None
    return {"seconds": time.perf_counter() - begin, "peak_mb": peak_mb()}


if __name__ == "__main__":
    print(json.dumps(start_child(*sys.argv[1:])))
