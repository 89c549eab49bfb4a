"""What a driver hands to workers, and what they hand back; what a worker does itself is in ``femo.corpora.worker``.

Conventions: a driver imports no network. What is wrong with an input comes back as a sentence; that the output takes no more, or
that the worker cannot start, is an exception and ends the run.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from femo.corpora.manifest import Facts, Input
from femo.corpora.options import Options
from femo.media.pieces import Span

if TYPE_CHECKING:
    from femo.corpora.worker import Worker


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker needs to know.

    Attributes:
        out: Output folder, seen by all workers.
        model: Model folder or folders, as ``femo.load`` takes them.
        options: How inputs are read.
        timeout_s: Seconds without an answer after which a URL is given up.
        shard_s: Longer clips are cut into shards of about so many seconds; infinite cuts none.
    """

    out: Path
    model: str | None
    options: Options
    timeout_s: float
    shard_s: float


@dataclass(frozen=True, slots=True)
class Refused:
    """An input that cannot be read.

    Attributes:
        problem: Why, in one sentence.
    """

    problem: str


@dataclass(frozen=True, slots=True)
class Cut:
    """A clip that is long enough for shards, none of which is read yet.

    Attributes:
        spans: Where its shards lie.
        sha256: Of its content.
        size_bytes: Of its content.
    """

    spans: tuple[Span, ...]
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Read:
    """A shard that lies in the work folder.

    Attributes:
        read_s: Seconds that it took.
        n_frames: Frames analysed in it.
        duration_s: Length of the clip that it is of.
    """

    read_s: float
    n_frames: int = 0
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Uncut:
    """A clip whose shards cannot be read apart, such as one with damaged frames."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is to do with an input: read it, or one shard of it, or join its shards.

    Attributes:
        item: The input.
        whole: Read it without cutting it.
        span: Read this shard only.
        cut: Join these shards.
        read_s: Seconds that reading them took.
    """

    item: Input
    whole: bool = False
    span: Span | None = None
    cut: Cut | None = None
    read_s: float = 0.0


Outcome = Facts | Refused | Cut | Read | Uncut

_WORKER: "list[Worker]" = []
"""The worker of this process, made when it starts."""


def start(setup: Setup) -> None:
    """Make the worker of this process."""
    from femo.corpora.worker import Worker

    _WORKER[:] = [Worker(setup)]


def do(order: Order) -> Outcome:
    """Carry out one order with the worker of this process."""
    return _WORKER[0].do(order)
