"""What tests of corpora share: tables read back, and a server without answers."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]


def read(out: Path, dataset: str) -> pd.DataFrame:
    """Return a data set as readers see it: all of its files together."""
    files = sorted((out / dataset).glob("*.parquet"))
    return pd.concat([pq.read_table(file).to_pandas() for file in files], ignore_index=True)


@contextmanager
def silent_server() -> Iterator[str]:
    """Give the URL of a server on loopback that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
