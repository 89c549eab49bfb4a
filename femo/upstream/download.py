"""Fetches one pinned file of the author over HTTPS, whole and checked, or nothing.

A source in ``config.json`` has a ``url`` that names a commit, and what the file must hash to: ``sha256`` where it is
published, else ``git_sha1``, the object id that git itself gives the file (SHA-1 of ``blob SIZE\\0`` and the bytes).

By hand because pooch knows neither that id nor a limit of bytes and of time.
"""

import hashlib
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from femo.errors import WeightsError

BLOCK_BYTES = 1 << 16
MAX_BYTES = 300 << 20
TIMEOUT_S = 30.0
MAX_TOTAL_S = 1800.0

OnBytes = Callable[[int, int | None], None]
"""Called with bytes received and bytes expected, None where the server does not say."""


def check_file(path: Path, source: Mapping[str, Any]) -> None:
    """Compare a file with what its source says.

    Raises:
        WeightsError: It differs, or the source pins nothing.
    """
    data = path.read_bytes()
    if "sha256" in source:
        name, expected, found = "SHA-256", source["sha256"], hashlib.sha256(data).hexdigest()
    elif "git_sha1" in source:
        blob = b"blob %d\0" % len(data) + data
        name, expected, found = "git object id", source["git_sha1"], hashlib.sha1(blob).hexdigest()
    else:
        raise WeightsError(f"the source of {path.name} pins neither sha256 nor git_sha1, so it cannot be trusted")
    if found != expected:
        raise WeightsError(f"{path.name} has {name} {found}, expected {expected}: it is not the published file")


def download(source: Mapping[str, Any], folder: Path, report: OnBytes | None = None) -> Path:
    """Fetch a source into a folder.

    Args:
        source: With ``url`` and a hash.
        folder: Existing; the file is written beside its place and renamed after the check.
        report: Told about progress.

    Raises:
        WeightsError: It cannot be reached, is cut short, never ends, or is another file.
    """
    url = str(source["url"])
    if urlsplit(url).scheme not in ("https", "http"):
        raise WeightsError(f"{url} is no http address")
    path = folder / Path(urlsplit(url).path).name
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        _receive(url, partial, report)
        check_file(partial, source)
        partial.replace(path)
    except urllib.error.HTTPError as error:
        raise WeightsError(f"{url} answered {error.code}; give a local copy with --file instead") from error
    except (OSError, ssl.SSLError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise WeightsError(f"{url} cannot be fetched ({reason}); give a local copy with --file instead") from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def _receive(url: str, partial: Path, report: OnBytes | None) -> None:
    deadline = time.monotonic() + MAX_TOTAL_S
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, partial.open("wb") as file:
        stated = answer.headers.get("Content-Length")
        expected = int(stated) if stated and stated.isdigit() else None
        received = 0
        while block := answer.read1(BLOCK_BYTES):
            received += len(block)
            if received > MAX_BYTES or time.monotonic() > deadline:
                raise WeightsError(f"{url} does not end: given up after {received:,} bytes")
            file.write(block)
            if report is not None:
                report(received, expected)
    if expected is not None and received != expected:
        raise WeightsError(f"{url} was cut off after {received:,} of {expected:,} bytes; try again")
