"""A Ray cluster of one machine for tests, and drivers that work on it, each in processes of its own.

Everything listens on loopback only: with clusters of several machines switched off, as they are by default on macOS and Windows,
Ray takes 127.0.0.1 for the address of its node; told that address alone, it would look for another one that others reach.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.corpora import ROOT

START_S = 90.0
TRIES = 4
_DRIVERS: "list[subprocess.Popen[str]]" = []


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a head or a driver that keeps to loopback, and to a folder of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    ray = {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_TMPDIR": str(folder),
        "RAY_raylet_start_wait_time_s": f"{START_S:.0f}",  # of a busy machine; Ray's own is 60
        "GRPC_ENABLE_FORK_SUPPORT": "0",  # with it the head's server for a new client often dies as it is forked
    }
    return {**kept, **ray, "PYTHONPATH": str(ROOT), **more}


class Head:
    """The head of a cluster with two cores, started and killed at will on the same ports.

    Args:
        folder: Of its sessions; short, as sockets lie below it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self._log = folder, folder / "head.log"
        self._ports = _free_ports()
        self.address, self.client = (f"127.0.0.1:{port}" for port in self._ports)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it takes drivers; on a busy machine Ray's own parts may miss each other, so try again."""
        for _ in range(TRIES):
            if self._started():
                return
            self.kill()
        raise RuntimeError(f"the head did not start: {self._log.read_text()}")

    def _started(self) -> bool:
        port, client = self._ports
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=2"]
        command += ["--node-ip-address=127.0.0.1", f"--port={port}", f"--ray-client-server-port={client}"]
        command += ["--include-dashboard=false", "--include-log-monitor=false", "--disable-usage-stats"]
        command += ["--object-store-memory=100000000", f"--temp-dir={self.folder}"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=environment(self.folder), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=ROOT
            )
        until = time.monotonic() + START_S
        while "Ray runtime started" not in self._log.read_text():
            if self._process.poll() is not None or time.monotonic() > until:
                return False
            time.sleep(0.2)
        return True

    def processes(self) -> list[psutil.Process]:
        """Return the head's processes, and those of its workers."""
        if self._process is None or self._process.poll() is not None:
            return []
        root = psutil.Process(self._process.pid)
        return [root, *root.children(recursive=True)]

    def kill(self) -> None:
        """End all of it at once, as a crash of the machine does."""
        family = self.processes()
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(family, timeout=30)
        if self._process is not None:
            self._process.wait()


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


@contextmanager
def head_in(folder: Path) -> Iterator[Head]:
    """Give a head that runs; whatever of it is left ends with the block."""
    head = Head(folder)
    try:
        head.start()
        yield head
    finally:
        head.kill()


def drive(
    code: str, folder: Path, *arguments: object, more: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    """Start a driver: Python code with its arguments in ``sys.argv``."""
    driver = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment(folder, **(more or {})),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _DRIVERS.append(driver)
    return driver


def end_drivers() -> None:
    """End the drivers that a test which failed has left."""
    for driver in _DRIVERS:
        if driver.poll() is None:
            driver.kill()
        driver.communicate()
    _DRIVERS.clear()
