"""The way to a Ray cluster: found, and watched, so that a run ends with a sentence once its head is gone.

Conventions: Ray itself ends the process of a driver without a word 60 s after the head went, and would start a cluster of its own
in the middle of a run that has lost its connection. So whatever is asked of Ray is asked through ``Cluster``.
"""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final

from femo.errors import FemoError

GONE: Final = "the Ray cluster is gone; start it and give the same command again, it goes on from here"
PATIENCE_S: Final = 30.0
"""A head that is started again on the same place within this time is taken up again, if it keeps its state outside of itself."""
BETWEEN_S: Final = 1.0
"""Between two looks after the head."""
TRIES: Final = 4
"""Now and then the head's server for a new ``ray://`` connection dies as it is forked (ray issue 63202); the next one lives."""


class NoCluster(FemoError):
    """No cluster runs on this machine, and none is named."""


class Cluster:
    """A connection to a cluster; taken over where this process has one already, and then left open at the end.

    Args:
        address: Such as ``ray://head:10001`` or ``head:6379``; None takes the one that runs on this machine.

    Raises:
        NoCluster: None is named and none runs here.
        FemoError: ray is not installed, or no cluster answers.
    """

    def __init__(self, address: str | None) -> None:
        self.ray = ray = _ray()
        self._ours = not ray.is_initialized()
        if self._ours:
            _connect(ray, address)
        self._head = _place(ray.get_runtime_context().gcs_address)
        if not _answers(self._head):  # seen from outside, through the port of Ray's client, which notices itself
            self._head = None
        self._identity = None if self._head is None else _identity(ray, self._head)
        self._seen_s = time.monotonic()
        self.gone = False

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Ask something of the cluster.

        Raises:
            FemoError: It is gone.
        """
        errors = self.ray.exceptions
        if self.gone or not self.ray.is_initialized():
            raise self._lost()
        try:
            yield
        except errors.RayTaskError:  # of the job itself, whatever else it is
            raise
        except (ConnectionError, errors.RaySystemError, *_rpc_errors()) as error:
            raise self._lost() from error

    def look(self) -> None:
        """Look whether the head is still there, and wait for it a while if it is not.

        Raises:
            FemoError: It is gone, or another cluster has taken its place: nobody would ever tell how the jobs ended.
        """
        if self._head is None or time.monotonic() - self._seen_s < BETWEEN_S:
            return
        away = False
        while not _answers(self._head):
            away = True
            if time.monotonic() - self._seen_s > PATIENCE_S:
                raise self._lost()
            time.sleep(BETWEEN_S)
        if away and _identity(self.ray, self._head) != self._identity:
            raise self._lost()
        self._seen_s = time.monotonic()

    def _lost(self) -> FemoError:
        self.gone = True
        return FemoError(GONE)

    def leave(self) -> None:
        """Close the connection if it was opened here."""
        if self._ours and self.ray.is_initialized():
            self.ray.shutdown()


def _ray() -> ModuleType:
    try:
        import ray
    except ImportError as error:
        raise FemoError("the engine ray needs the package ray: pip install -e '.[ray]' in femo's clone") from error
    return ray


def _rpc_errors() -> tuple[type[Exception], ...]:
    """Return what Ray's client lets through where a head that was started again does not know it."""
    grpc = sys.modules.get("grpc")  # loaded with the first connection of the client
    return () if grpc is None else (grpc.RpcError,)


def _connect(ray: ModuleType, address: str | None) -> None:
    for left in reversed(range(TRIES)):
        try:
            ray.init(address=address or "auto", log_to_driver=False, logging_level="error")
            return
        except ConnectionAbortedError as error:
            if not left:
                raise _unanswered(address, error) from error
            time.sleep(BETWEEN_S)
        except (OSError, RuntimeError, ValueError) as error:
            if address is None and isinstance(error, ConnectionError):
                raise NoCluster("no Ray cluster runs on this machine; name one with an address") from error
            raise _unanswered(address, error) from error


def _unanswered(address: str | None, error: Exception) -> FemoError:
    lines = str(error).split("\n")  # the last of a traceback of the server's
    said = next((line.strip() for line in reversed(lines) if line.strip()), type(error).__name__)
    return FemoError(f"no Ray cluster answers at {address or 'this machine'}: {said}")


def _place(address: str) -> tuple[str, int] | None:
    host, _, port = address.rpartition(":")
    return (host.strip("[]"), int(port)) if port.isdigit() else None


def _identity(ray: ModuleType, place: tuple[str, int]) -> str | None:
    """Return the name of a head's cluster, None if it does not say; it stays where a head keeps its state outside of itself."""
    from ray._raylet import GcsClient  # type: ignore[attr-defined]  # its stub leaves it out

    host, port = place
    try:
        return str(GcsClient(address=f"[{host}]:{port}" if ":" in host else f"{host}:{port}").cluster_id.hex())
    except (OSError, RuntimeError, ray.exceptions.RayError):
        return None


def _answers(place: tuple[str, int] | None) -> bool:
    if place is None:
        return False
    try:
        with socket.create_connection(place, BETWEEN_S):
            return True
    except OSError:
        return False
