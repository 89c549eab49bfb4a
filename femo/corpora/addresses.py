"""Addresses: opened through fsspec, and what is wrong with one said in a sentence that holds no secret.

Conventions: an address is a URL: https, s3, hf, and what else fsspec knows. S3 is asked through Arrow, which is there anyway and
brings its own client. Whatever is shown or written of an address passes through ``femo.media.grants``: tables are handed on, and
a signed address lets everybody in. What cannot be opened is a ``FemoError`` that says what to do about it.
"""

import base64
import os
import re
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from http.client import HTTPException, InvalidURL
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any, Final, TypeVar, cast
from urllib.parse import unquote, urlsplit

from femo.atomic import FULL
from femo.errors import FemoError
from femo.media.grants import WEB, spelt_out, without_secrets

URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
CHUNK: Final = 1 << 20
TIMEOUT_S: Final = 60.0
"""A table on the web that does not answer for so long is given up."""
CONNECT_S: Final = 10.0
"""A store that takes no connection, and one"""
SILENT_S: Final = 10.0
"""that sends no byte for so long, is asked again, three times; three seconds, as is usual, are short for a far or busy one."""
PORT: Final = re.compile(r"(\[[^\]]*\]|[^:]*)(:\d*)?")
"""A host on the web, with its port perhaps."""
S3: Final = ("s3", "s3a")
CREDENTIALS: Final = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, to an account that may read it, or "
    "AWS_NO_SIGN_REQUEST=yes where everybody may",
    "hf": "set HF_TOKEN to a token that may read it",
    "https": "take an address that needs no login; one that is signed may have run out",
}
REFUSED: Final = re.compile(r"ACCESS_DENIED|ACCESS_KEY|SIGNATURE|EXPIRED_TOKEN|INVALID_TOKEN|\b403\b")
"""Words of an error of S3, which Arrow passes on as text;"""
MISSING: Final = re.compile(r"NO_SUCH_BUCKET|NO_SUCH_KEY|RESOURCE_NOT_FOUND|\b404\b")
"""and those of one that says that nothing is there."""
T = TypeVar("T")


def file_system(url: str) -> tuple[Any, str]:
    """Return fsspec's file system of a URL, and the path in it.

    Raises:
        FemoError: Its package is not there, or nobody knows such URLs.
    """
    import fsspec

    if _scheme(url) in S3:
        path = url.partition("://")[2].rstrip("/")
        bucket = path.partition("/")[0]
        if "@" in bucket or ":" in bucket:  # what Arrow would say of it tells a key
            raise FemoError(without_secrets(f"{url} names a user or key; instead, {CREDENTIALS['s3']}"))
        return _s3(bucket), path
    try:
        with asked(url):
            files, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise FemoError(without_secrets(f"{url} cannot be opened: {error}")) from error
    return files, str(path)


def _s3(bucket: str) -> Any:
    """Return the file system of a bucket, asked as the variables say that AWS's own tools take."""
    endpoint, region, unsigned = (
        next((value for name in names if (value := os.environ.get(name))), None)
        for names in (
            ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
            ("AWS_REGION", "AWS_DEFAULT_REGION"),
            ("AWS_NO_SIGN_REQUEST",),
        )
    )
    return _bucket(bucket, endpoint, region, (unsigned or "no").lower() in ("yes", "true", "1"))


@lru_cache(maxsize=64)  # of this process: one client for all files of a bucket
def _bucket(bucket: str, endpoint: str | None, region: str | None, anonymous: bool) -> Any:
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow.fs import S3FileSystem, resolve_s3_region

    with asked(f"s3://{bucket}"):
        if region is None and endpoint is None:
            region = resolve_s3_region(bucket)
        how = {"endpoint_override": endpoint, "region": region, "anonymous": anonymous}
        return ArrowFSWrapper(S3FileSystem(**how, connect_timeout=CONNECT_S, request_timeout=SILENT_S))


def listed(files: Any, path: str) -> dict[str, int | None]:
    """Return the files below a path, or the one that it is, with their bytes where they are known."""
    store = getattr(files, "fs", None)
    if store is None:
        return {name: about.get("size") for name, about in files.find(path, detail=True).items()}
    from pyarrow.fs import FileSelector  # fsspec's own walk passes over what is refused

    [about] = store.get_file_info([path])
    found = [about] if about.is_file else store.get_file_info(FileSelector(path, recursive=True))
    return {each.path: each.size for each in found if each.is_file}


def within(timeout_s: float, call: Callable[[], T]) -> T:
    """Return what a call returns, or raise what it raises; file systems have their own patience, some of them without an end.

    Raises:
        TimeoutError: It takes longer; its thread is left alone.
    """
    outcome: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def work() -> None:
        try:
            outcome.put((call(), None))
        except BaseException as error:  # noqa: BLE001  handed to who waits
            outcome.put((None, error))

    threading.Thread(target=work, name="femo-address", daemon=True).start()
    try:
        value, error = outcome.get(timeout=timeout_s)
    except Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return cast(T, value)


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """Open a file or URL to read.

    Raises:
        FemoError: It cannot be opened, or read.
    """
    with asked(name):
        if name.startswith(WEB):
            file = _copied(name)
        elif URL.match(name):
            files, path = file_system(name)
            file = files.open(path, "rb")
        else:
            file = Path(name).open("rb")  # noqa: SIM115  closed below
    with file, asked(name) if URL.match(name) else nullcontext():
        yield file


def _copied(url: str) -> IO[bytes]:
    """Return a copy of a file on the web that can be sought in; it is gone once it is closed."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115  closed by who reads it
    try:
        copy.writelines(pieces(url, TIMEOUT_S))
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy


def pieces(url: str, timeout_s: float) -> Iterator[bytes]:
    """Yield what a file on the web holds.

    Raises:
        ConnectionError: The connection ended before all of it had come, which ``http.client`` says of no read of a set length.
    """
    n_bytes = 0
    with answer(url, timeout_s) as stream:
        while piece := stream.read(CHUNK):
            n_bytes += len(piece)
            yield piece
        if missing := getattr(stream, "length", None):
            raise ConnectionError(f"only {n_bytes:,} of {n_bytes + missing:,} bytes came")


def answer(url: str, timeout_s: float) -> Any:
    """Return what a server on the web answers, as a stream; whom the address names is told to this server alone."""
    try:
        split = urlsplit(spelt_out(url))
    except ValueError as error:
        raise InvalidURL(str(error)) from error
    who, _, host = split.netloc.rpartition("@")
    if not PORT.fullmatch(host):  # what Python says of it tells a password
        raise InvalidURL("its port is no number; in a user or password / is written %2F")
    request = urllib.request.Request(split._replace(netloc=host).geturl(), headers={"User-Agent": "femo"})
    if who:
        basic = base64.b64encode(unquote(who).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {basic}")
    return urllib.request.urlopen(request, timeout=timeout_s)


@contextmanager
def asked(name: str, what: str = "opened", timeout_s: float = TIMEOUT_S) -> Iterator[None]:
    """Say in one sentence why a file or URL cannot be had, and what to do about it.

    Args:
        name: Its path or address.
        what: What is done with it.
        timeout_s: Seconds after which it is given up.

    Raises:
        FemoError: It cannot be had.
    """
    try:
        yield
    except FemoError:
        raise
    except _errors() as error:
        inner = getattr(error, "reason", None)
        cause = inner if isinstance(inner, Exception) else error
        if isinstance(cause, TimeoutError):
            said = f"did not answer within {timeout_s:g} s"
        else:
            said = f"cannot be {what}: {_reason(cause)}{_remedy(error, name) if URL.match(name) else ''}"
        raise FemoError(without_secrets(f"{name} {said}.")) from error


def _errors() -> tuple[type[Exception], ...]:
    """Return what says that something cannot be had; of a package that is not loaded nothing is raised."""
    named = (("aiohttp", "ClientError"), ("huggingface_hub.errors", "HTTPError"))
    loaded = [(sys.modules[module], name) for module, name in named if module in sys.modules]
    return (OSError, HTTPException, *(getattr(module, name) for module, name in loaded))


def _reason(error: Exception) -> str:
    text = (getattr(error, "strerror", None) or str(error)).strip() or type(error).__name__
    return text.splitlines()[0].partition(" Detail: ")[0].removesuffix(" No response body.").rstrip(".: ")


def _remedy(error: Exception, url: str) -> str:
    if getattr(error, "errno", None) in FULL:
        return f"; a copy of it has no room in {tempfile.gettempdir()}"
    status = getattr(error, "code", None) or getattr(getattr(error, "response", None), "status_code", None)
    refused = isinstance(error, PermissionError) or REFUSED.search(str(error)) is not None
    if refused or status in (401, 403):
        scheme = "https" if url.startswith(WEB) else _scheme(url).replace("s3a", "s3")
        return f"; {CREDENTIALS.get(scheme, 'give credentials that may read it')}"
    if isinstance(error, FileNotFoundError) or MISSING.search(str(error)) or status in (404, 410):
        return "; check the address" + (", and that HF_TOKEN may read it" if _scheme(url) == "hf" else "")
    return "; check the address and the network, and give the command again with --retry-failures"


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()
