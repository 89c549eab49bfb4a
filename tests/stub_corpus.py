"""A run whose worker invents its rows in the driver's own process, so that a test can kill it many times.

The rows follow from the bytes of the input; every read is a line of ``<source>/../reads.log``. A process that is to die kills
itself with SIGKILL, as ``kill -9`` does, at the n-th call of a function of ``femo.corpora``, wherever that is.
"""

import hashlib
import os
import signal
import sys
import time
from collections.abc import Collection
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import psutil

from femo.corpora import reading, run
from femo.corpora.fetching import fetched
from femo.corpora.manifest import Facts, Input
from femo.corpora.options import Options
from femo.corpora.parts import rows_path, write_rows
from femo.corpora.reading import Order, Refused, Setup
from femo.corpora.rows import Origin, tables_of
from femo.corpora.schema import Schemas, schemas_of
from femo.corpora.spreading import Job, Work
from femo.errors import FemoError
from femo.models.find import find_models

SCHEMAS: list[Schemas] = []
SETUP: list[Setup] = []


class Here:
    """A crew of one: this process."""

    n_workers = 1

    def __init__(self, n_workers: int, work: Work) -> None:
        [setup] = work.start_with
        self._setup: Setup = setup

    def submit(self, worker: int, job: Job) -> Any:
        return (job, read(self._setup, job[0].item))

    def wait(self, running: Collection[Any], timeout_s: float | None) -> Collection[Any]:
        return list(running)

    def result(self, handle: Any) -> Any:
        return handle[1]

    def replace(self, worker: int) -> None:
        raise AssertionError("this worker does not die alone")

    def close(self) -> None:
        pass


def read(setup: Setup, item: Input) -> Facts | Refused:
    """Invent the rows of one input: as many as its content is long; ``bad`` cannot be read, ``slow`` takes a while,
    and of ``unsure`` no reading is sure."""
    try:
        with fetched(item.place, 1 << 20, 5) as path:
            data = path.read_bytes()
    except (OSError, FemoError) as error:
        return Refused(f"{item.clip}: {getattr(error, 'strerror', None) or error}")
    if item.clip.startswith("slow"):
        time.sleep(0.2)
    with (setup.out.parent / "reads.log").open("a") as log:
        log.write(f"{item.clip}\n")
    if data.startswith(b"bad"):
        return Refused(f"{item.clip} is bad")
    n = len(data)
    judged = "unsure" if item.clip.startswith("unsure") else "sure"
    rows = {"frame": np.arange(1, n + 1), "time_s": np.arange(n) / 25, "person": 1 + np.arange(n) % 2}
    frames = pd.DataFrame({**rows, "valence": np.frombuffer(data, np.uint8) / 255, "reading": judged})
    about = {"kind": "clip", "n_frames": n, "duration_s": n / 25}
    origin = Origin(item.id, item.clip, item.place, hashlib.sha256(data).hexdigest(), n, 0.5)
    tables = tables_of(SCHEMAS[0], origin, [frames], {}, about)
    write_rows(rows_path(setup.out, item.id), tables)
    return tables.facts


def start(setup: Setup) -> None:
    """Be a worker in a process or an actor of its own."""
    specs = find_models(None)
    SCHEMAS[:] = [schemas_of(specs, setup.options.identity(specs))]
    SETUP[:] = [setup]


def do(order: Order) -> Facts | Refused:
    """Read as ``read`` does; an input named ``deadly`` kills its worker the first time."""
    mark = SETUP[0].out.parent / f"{order.item.clip}.died"
    if order.item.clip.startswith("deadly") and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return read(SETUP[0], order.item)


def nothing() -> None:
    """Start a worker that needs nothing."""


def big_job(number: int) -> tuple[int, int, int]:
    """Fill some 20 MB and let them go; returns number, process and the bytes that this holds then."""
    np.ones(2_000_000 + 1_000_000 * (number % 3)).sum()
    return number, os.getpid(), psutil.Process().memory_info().rss


def go_spread(source: Path, out: Path, **more: Any) -> run.CorpusReport:
    """Run with real workers that invent their rows."""
    with patch.object(reading, "start", start), patch.object(reading, "do", do):
        return run.corpus(source, out, **more)


def go(
    source: str | Path, out: Path, die_at: int | None = None, part_inputs: int = 3, **more: Any
) -> run.CorpusReport:
    """Run; parts are written after a few inputs, so that there are many moments to die in."""
    specs = find_models(None)
    options = {name: more[name] for name in ("smooth", "group") if name in more}
    SCHEMAS[:] = [schemas_of(specs, Options(**options).identity(specs))]
    with patch.object(run, "Processes", Here), patch.object(run, "PART_INPUTS", part_inputs):
        if die_at is not None:
            _die_at(die_at)
        return run.corpus(source, out, **more)


def go_once_told(source: Path, out: Path) -> None:
    """Run, and hold in the last input until the file ``<source>/../go on`` is there."""
    n_inputs = len(list(source.iterdir()))

    def held(setup: Setup, item: Input) -> Facts | Refused:
        outcome = read(setup, item)
        while item.id == n_inputs and not (source.parent / "go on").exists():
            time.sleep(0.02)
        return outcome

    with patch.object(Here, "submit", lambda self, worker, job: (job, held(self._setup, job[0].item))):
        go(source, out)


def _die_at(call: int) -> None:
    left = call

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal left
        if event in ("call", "c_call", "c_return") and "corpora" in frame.f_code.co_filename:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
