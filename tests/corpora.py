"""What tests of corpora share: small sources, runs in processes of their own, tables read back, and a server without answers."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from tests import clips

ROOT = Path(__file__).resolve().parents[1]


def read(out: Path, dataset: str) -> pd.DataFrame:
    """Return a data set as readers see it: all of its files together."""
    files = sorted((out / dataset).glob("*.parquet"))
    return pd.concat([pq.read_table(file).to_pandas() for file in files], ignore_index=True)


def write_clips(folder: Path, n: int, n_frames: int = 3) -> Path:
    """Write n clips of one face, no two alike."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(n):
        frames = []
        for k in range(n_frames):
            picture = clips.canvas(160, 120, number)
            clips.paste(picture, clips.portrait(), 20 + 3 * k + number % 9, 4, 112)
            frames.append(picture)
        clips.write_clip(folder / f"clip{number:03d}.mp4", frames)
    return folder


def begin(*arguments: object) -> "subprocess.Popen[str]":
    """Start ``femo corpus`` in a process of its own, with its progress as JSON on stdout."""
    command = [sys.executable, "-m", "femo", "corpus", *map(str, arguments), "--json-progress"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def silent_server() -> Iterator[str]:
    """Give the URL of a server on loopback that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
