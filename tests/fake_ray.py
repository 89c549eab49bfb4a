"""As much of Ray as ``femo.corpora`` asks for, in this process: the engine's own errors without a cluster.

What holds on a real cluster is tested by ``make test-ray``.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


class RayError(Exception):
    """The root of Ray's errors."""


class RayTaskError(RayError):
    """What a job raised."""

    def __init__(self, cause: Any) -> None:
        super().__init__(str(cause))
        self.cause = cause


class RaySystemError(RayError):
    """Ray itself broke."""


class Handle:
    """What an actor's call gives: done when it is asked for."""

    def __init__(self, run: Callable[[], Any]) -> None:
        self.run = run


class FakeRay:
    """A cluster of some cores and GPUs.

    Args:
        cpus: Of all nodes.
        gpus: Of all nodes.
        place: Host and port of its head, as Ray writes them.
    """

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError, RaySystemError=RaySystemError)

    def __init__(self, cpus: float = 2, gpus: float = 0, place: str = "no port") -> None:
        self.resources = {"CPU": cpus} | ({"GPU": gpus} if gpus else {})
        self.place, self.connected = place, False
        self.identity = "a"
        """What its head calls it."""
        self.begun: list[dict[str, Any]] = []
        self.given: list[dict[str, Any]] = []
        self.killed: list[Any] = []
        self.refuse: Exception | None = None
        """What the next question to the cluster raises."""

    def _asked(self) -> None:
        if self.refuse is not None:
            raise self.refuse

    def is_initialized(self) -> bool:
        return self.connected

    def init(self, **how: Any) -> None:
        self._asked()
        self.begun.append(how)
        self.connected = True

    def shutdown(self) -> None:
        self.connected = False

    def get_runtime_context(self) -> Any:
        return SimpleNamespace(gcs_address=self.place)

    def cluster_resources(self) -> dict[str, float]:
        return self.resources

    def remote(self, kind: type) -> Any:
        def options(**how: Any) -> Any:
            def make(*arguments: Any) -> Any:
                self.given.append(how)
                actor = kind(*arguments)
                return SimpleNamespace(do=SimpleNamespace(remote=lambda job: Handle(lambda: actor.do(job))))

            return SimpleNamespace(remote=make)

        return SimpleNamespace(options=options)

    def wait(
        self, running: list[Handle], num_returns: int, timeout: float | None
    ) -> tuple[list[Handle], list[Handle]]:
        self._asked()
        return ([], running) if timeout == 0 else (running[:num_returns], running[num_returns:])

    def get(self, handle: Handle) -> Any:
        self._asked()
        try:
            return handle.run()
        except RayError:
            raise
        except (Exception, MemoryError) as error:
            raise RayTaskError(error) from error

    def kill(self, actor: Any) -> None:
        self._asked()
        self.killed.append(actor)
