"""The driver: from a source to the data sets, exactly once whatever is killed and when.

An input waits, is read by a worker (its rows lie in the work folder), and is done when a part file holds them. Each step is
committed in the manifest after what it says is on the disk, so that a run that is killed at any point goes on with the same
command: nothing that was read is read again, and no row stands twice.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Final

from femo.clips.adaptive import Every, frame_step
from femo.corpora import reading
from femo.corpora.fetching import sha256_here
from femo.corpora.manifest import NAME, Facts, Input, Manifest
from femo.corpora.options import Options, changes, check_shard_minutes, check_timeout
from femo.corpora.orders import Orders
from femo.corpora.parts import Parts, is_own, locked, refuse_foreign, unwritable
from femo.corpora.processes import Processes, usable_cores
from femo.corpora.progress import CorpusProgress, Engine, Tally
from femo.corpora.reading import Cut, Order, Outcome, Read, Refused, Setup
from femo.corpora.schema import schemas_of
from femo.corpora.sources import list_inputs
from femo.corpora.spreading import Crew, Ended, Work, WorkerDied, spread
from femo.corpora.summary import write_summary
from femo.errors import FemoError
from femo.media.grants import without_secrets
from femo.models.config import ModelSpec
from femo.models.find import find_models
from femo.models.weights import find_files

PART_FRAMES: Final = 500_000
"""A part is written when its inputs have so many faces,"""
PART_INPUTS: Final = 10_000
"""when there are so many of them, or"""
PART_S: Final = 600.0
"""after so many seconds."""
POLL_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class CorpusReport:
    """What a run came to.

    Attributes:
        out: The output folder.
        progress: The counts at the end.
        failures: Name and sentence of the inputs that cannot be read.
        changed: Names of inputs that were read in an earlier run, had changed since, and were read again.
        n_shared_names: How many names in the column ``clip`` stand for several inputs, of several sources.
    """

    out: Path
    progress: CorpusProgress
    failures: tuple[tuple[str, str], ...]
    changed: tuple[str, ...]
    n_shared_names: int


def corpus(
    source: str | PathLike[str],
    out: str | PathLike[str],
    *,
    smooth: str = "mean:15",
    every: Every = 1,
    fpr: float | None = None,
    min_face: int | None = None,
    align: bool = False,
    group: bool = False,
    model: str | None = None,
    prior: str | None = None,
    measure: bool = True,
    column: str | None = None,
    workers: int | None = None,
    engine: Engine = "local",
    address: str | None = None,
    shard_minutes: float = 10.0,
    timeout_s: float = 60.0,
    retry_failures: bool = False,
    pictures: bool = False,
    progress: Callable[[CorpusProgress], object] = lambda progress: None,
) -> CorpusReport:
    """Read every photo and clip of a source into Parquet data sets (``femo.corpora.schema``).

    The same call goes on after a kill. Inputs that cannot be read are rows of ``failures`` and stop nothing.

    Args:
        source: Folder, pattern, table with a column of paths or URLs, URL, or data set on the Hub (``femo.corpora.sources``).
        out: Folder for the data sets ``frames``, ``persons``, ``clips`` and ``failures``.
        smooth: As for ``Pipeline.video``.
        every: The same.
        fpr: The same.
        min_face: The same.
        align: As for ``Pipeline.photo``.
        group: Say the mood of each input too, as ``Pipeline.group`` does; with ``align`` off faces of photos that are turned.
        model: As for ``femo.load``.
        prior: ``natural``, ``halfway``, ``balanced``, or None for the model's own.
        measure: Lay a mesh on each face.
        column: Column of a table that names the inputs or holds their bytes.
        workers: How many read at once; None is one for each core.
        engine: ``local``, processes of this machine, or ``ray``, actors of a cluster that sees source and output folder.
        address: Of the Ray cluster; None takes the one on this machine. Where none runs the work is done by processes, and
            ``progress`` says so.
        shard_minutes: Clips of twice this length or more are cut into shards of it, rounded up to whole minutes; the result is
            the same. ``inf`` cuts none.
        timeout_s: Seconds without an answer after which a URL is given up, above 0, a day at most.
        retry_failures: Read again what failed in an earlier run.
        pictures: Show faces among the examples of the summary page. Not by default: they are personal data, the tables hold none,
            and the page is easily handed on with them.
        progress: Gets how far the run is about twice a second; ``print`` will do.

    Raises:
        FemoError: There is no such source, the folder holds something else, was made with other options or is being written by
            another run, an option is out of range, or the folder takes no more.
    """
    specs = find_models(model)
    every = every if every == "auto" else frame_step(every)
    options = Options(smooth, every, fpr, min_face, align, group, prior, measure)
    options.check(specs)
    if workers is not None and workers < 1:
        raise FemoError(f"workers is {workers}; expected a number from 1.")
    if engine not in ("local", "ray"):
        raise FemoError(f"engine is {engine!r}; expected local or ray.")
    if address is not None and engine != "ray":
        raise FemoError("address belongs to engine='ray'.")
    check_shard_minutes(shard_minutes)
    check_timeout(timeout_s)
    for spec in specs:  # before workers are started, each of which would say it
        find_files(spec)
    folder = Path(out).absolute()
    with locked(folder) as held:
        refuse_foreign(folder)
        manifest = Manifest(folder / NAME)
        try:
            run = _Run(folder, manifest, options, specs, progress)
            run.prepare(source, column, retry_failures)
            held.keep()
            setup = Setup(folder, model, options, timeout_s, shard_minutes * 60)
            run.read(lambda: _crew(engine, workers, Work(reading.start, (setup,), reading.do), address))
            return run.report(pictures)
        finally:
            manifest.close()


def _crew(engine: Engine, workers: int | None, work: Work, address: str | None) -> tuple[Engine, Crew]:
    """Return the workers of an engine; without a cluster on this machine its own processes, and which it came to."""
    if engine == "ray":
        from femo.corpora.actors import Actors
        from femo.corpora.cluster import NoCluster

        try:
            return "ray", Actors(workers, work, address)
        except NoCluster:
            pass
    return "local", Processes(workers or usable_cores(), work)


@dataclass(slots=True)
class _Run:
    """One run into one folder."""

    out: Path
    manifest: Manifest
    options: Options
    specs: Sequence[ModelSpec]
    tell: Callable[[CorpusProgress], object]
    changed: list[str] = field(default_factory=list)
    ready: list[int] = field(default_factory=list)
    n_faces: int = 0
    parts: Parts = field(init=False)
    tally: Tally = field(init=False)
    orders: Orders = field(init=False)
    committed_s: float = field(default_factory=time.perf_counter)

    def prepare(self, source: str | PathLike[str], column: str | None, retry_failures: bool) -> None:
        """Check that the folder is of this kind, clear what a kill left, and take in the source."""
        identity = self.options.identity(self.specs)
        known = self.manifest.fact("identity")
        if known is not None and (said := changes(known, identity)):
            raise FemoError(f"{self.out} was made with {said}; give the same options, or name another folder")
        self.manifest.set_fact("identity", identity)
        self.parts = Parts(self.out, self.manifest, schemas_of(self.specs, identity))
        self.parts.sweep()
        listed, own = list_inputs(source, column), os.path.abspath(self.out)  # noqa: PTH100  without .., as places are
        self.manifest.register(entry for entry in listed if not is_own(own, entry.place))
        self._reread_changed()
        if retry_failures:
            self.manifest.retry_failures()
        self.ready = self.manifest.pending()
        self.tally, self.orders = Tally(self.manifest.counts()), Orders(self.out, self.manifest)

    def _reread_changed(self) -> None:
        """Drop the rows of inputs that have changed; one that was only touched stays, and one that cannot be read fails."""
        by_part: dict[int | None, list[int]] = {}
        touched = []
        for item, sha256, part in self.manifest.changed():
            if sha256_here(item.place) == sha256:
                touched.append(item.id)
                continue
            self.changed.append(item.clip)
            by_part.setdefault(part, []).append(item.id)
        self.manifest.settle_changed(touched, again=False)
        self.manifest.settle_changed(by_part.pop(None, []), again=True)
        for part, ids in by_part.items():
            if part is not None:
                self.parts.drop(part, ids)

    def read(self, crew: Callable[[], tuple[Engine, Crew]]) -> None:
        """Let workers read what waits."""
        self.tell(self.tally.progress())
        if self.manifest.counts().waiting:
            self.tally.engine, workers = crew()
            self.tell(self.tally.progress())
            with closing(spread(workers, self.orders.take, POLL_S)) as rounds:  # an error would hold them open
                self._settle_all(rounds)
        self._commit()
        self.parts.write_failures()
        self.tell(self.tally.progress())

    def _settle_all(self, rounds: Iterator[list[Ended]]) -> None:
        for ended in rounds:
            self._settle(ended)
            late = time.perf_counter() - self.committed_s >= PART_S
            if self.n_faces >= PART_FRAMES or len(self.ready) >= PART_INPUTS or (late and self.ready):
                self._commit()
            self.tell(self.tally.progress())

    def _settle(self, ended: Sequence[Ended]) -> None:
        """Note what ended, in one transaction."""
        read: list[tuple[int, Facts]] = []
        failed: list[tuple[int, str]] = []
        for each in ended:
            order: Order = each.job[0]
            value = each.value if each.error is None else Refused(_sentence(order.item, each.error))
            share = self.orders.share(order)
            outcome = self.orders.settle(order, value)
            self._count_shard(order, value, share)
            if isinstance(outcome, Refused):
                failed.append((order.item.id, outcome.problem))
            elif outcome is not None:
                read.append((order.item.id, outcome))
        if not read and not failed:
            return
        self.manifest.settle(read, failed)
        self.ready += [number for number, _ in read]
        self.n_faces += sum(facts.n_faces for _, facts in read)
        self.tally.n_read += len(read)
        self.tally.n_failed += len(failed)
        self.tally.n_frames += sum(facts.n_frames for _, facts in read)
        self.tally.duration_s += sum(facts.duration_s for _, facts in read)

    def _count_shard(self, order: Order, value: Outcome, share: float) -> None:
        """Show how far a long clip is; a recording of ten hours would else be nothing until it is all."""
        if isinstance(value, Read) and share:
            self.tally.add_shard(order.item.id, share, value.n_frames, value.duration_s)
        elif not isinstance(value, Read | Cut):
            self.tally.drop_shards(order.item.id)

    def _commit(self) -> None:
        self.parts.commit(sorted(self.ready))
        self.ready, self.n_faces, self.committed_s = [], 0, time.perf_counter()

    def report(self, pictures: bool) -> CorpusReport:
        """Write the summary, and return what the run came to."""
        failures = tuple((clip, problem) for _, clip, _, problem in self.manifest.failures())
        progress = self.tally.progress()
        try:
            write_summary(self.out, progress, failures, self.manifest.place if pictures else None)
        except OSError as error:
            raise unwritable(self.out, error) from error
        return CorpusReport(self.out, progress, failures, tuple(self.changed), self.manifest.n_shared_names())


def _sentence(item: Input, error: BaseException) -> str:
    """Say what an error means for one input; what concerns all of them is raised."""
    if isinstance(error, WorkerDied):
        return f"{item.clip}: {error}"
    if isinstance(error, FemoError):
        raise error
    return without_secrets(f"{item.clip}: an error of femo's own, worth a report: {type(error).__name__}: {error}")
