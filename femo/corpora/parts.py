"""Part files of the data sets: written aside, renamed, and only then made to count in the manifest.

Conventions: a worker leaves the rows of an input in ``.work/<id>.rows``, three Arrow streams one behind the other, whole or not
at all. The driver lays the rows of many inputs, by number, into part ``n`` of every data set: ``<dataset>/part-<n>.parquet``,
zstd, row groups of ``GROUP_ROWS``. A part that the manifest does not name is what a kill left, and goes at the next start;
nothing else is ever removed from an output folder.
"""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from femo.atomic import FULL, replacing, replacing_on_disk
from femo.corpora.manifest import NAME as MANIFEST
from femo.corpora.manifest import Manifest
from femo.corpora.rows import Tables
from femo.corpora.schema import DATASETS, Schemas
from femo.corpora.sources import known_by
from femo.errors import FemoError
from femo.media.grants import without_secrets

WORK: Final = ".work"
LOCK: Final = ".lock"
SUMMARY: Final = "summary.html"
PART: Final = re.compile(r"part-\d{6,}\.parquet")
GROUP_ROWS: Final = 122_880
"""Rows of a row group: those of DuckDB's own, which it reads in parallel and passes over by their statistics."""


class FullDisk(FemoError):
    """The output cannot be written; the run stops and can go on later."""


def rows_path(out: Path, number: int) -> Path:
    """Return where a worker leaves the rows of an input."""
    return out / WORK / f"{number}.rows"


def shard_path(out: Path, number: int, first: int) -> Path:
    """Return where a worker leaves a shard of an input."""
    return out / WORK / f"{number}-{first}.shard"


def write_rows(path: Path, tables: Tables) -> None:
    """Leave the rows of one input, whole or not at all.

    Raises:
        FullDisk: There is no room.
    """
    try:
        with replacing_on_disk(path) as file:
            for table in tables.by_name().values():
                with pa.ipc.new_stream(file, table.schema) as stream:
                    stream.write_table(table)
    except OSError as error:
        raise unwritable(path.parent.parent, error) from error


def read_rows(path: Path) -> dict[str, pa.Table] | None:
    """Return the rows of one input by data set, None where they are not whole."""
    try:
        with path.open("rb") as file:
            return {name: _stream(file) for name in DATASETS}
    except (OSError, pa.ArrowException):
        return None


def _stream(file: IO[bytes]) -> pa.Table:
    with pa.ipc.open_stream(file) as stream:
        return stream.read_all()


def unwritable(out: Path, error: OSError) -> FullDisk:
    """Say that the output folder takes no more."""
    why = "the disk is full" if error.errno in FULL else (error.strerror or str(error))
    return FullDisk(
        f"{out} cannot be written: {why}; mend it and give the same command again, it goes on from here"
    )


def refuse_foreign(out: Path) -> None:
    """Refuse a folder in which something else lies where the data sets would.

    ``frames`` and ``clips`` are what many people call the folders of their own pictures and recordings.

    Raises:
        FemoError: It holds what no run has written.
    """
    if (out / MANIFEST).exists():
        return
    folders = [
        name for name in (*DATASETS, "failures", WORK) if (out / name).is_dir() and any((out / name).iterdir())
    ]
    files = [name for name in (*DATASETS, "failures", WORK, SUMMARY) if (out / name).is_file()]
    if found := [*folders, *files]:
        raise FemoError(
            f"{out} has {', '.join(found)} of something else, and no {MANIFEST} of a run of femo corpus; "
            "name a folder of its own by --out, which is made if needed."
        )


def is_own(out: str, place: str) -> bool:
    """Tell whether a place is a file of the run in a folder, absolute and without ``..``: a pattern may find it there."""
    before = f"{out}/"
    if not place.startswith(before):
        return False
    top, _, rest = place.removeprefix(before).partition("/")
    own = (MANIFEST, f"{MANIFEST}-wal", f"{MANIFEST}-shm", SUMMARY, LOCK)
    return top in own or (top in (*DATASETS, "failures", WORK) and rest.endswith(".parquet"))


class locked:
    """Holds an output folder for one run; the system lets go of it however the run ends.

    Until ``keep`` is called a run has done nothing: should it end before, what it has made is taken away again, and nothing else.

    Raises:
        FemoError: Another run holds it, or it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._kept = folder, False
        self._missing = [path for path in (folder, *folder.parents) if not path.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            made = set() if (folder / LOCK).exists() else {LOCK}
            self._lock = FileLock(folder / LOCK)
            self._lock.acquire(timeout=0)
            self._found = {path.name for path in folder.iterdir()} - made  # now that no other run changes it
        except OSError as error:
            taken = isinstance(error, Timeout | FileExistsError | FileNotFoundError)
            if taken and (isinstance(error, Timeout) or not os.path.lexists(folder)):  # or taken away just now
                why = f"another run is writing into {folder}; wait for it, or name another folder"
                raise FemoError(why) from error
            raise unwritable(folder, error) from error

    def keep(self) -> None:
        """Let everything stay from now on."""
        self._kept = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if not self._kept:
            for name in (*DATASETS, "failures", WORK):
                self._clear((self._folder / name).rmdir, name)
            for name in (*(MANIFEST + end for end in ("-wal", "-shm", "")), LOCK):
                self._clear((self._folder / name).unlink, name)
        self._lock.release()
        for path in self._missing if not self._kept else ():
            self._clear(path.rmdir, "")

    def _clear(self, remove: Callable[[], None], name: str) -> None:
        if name not in self._found:
            with suppress(OSError):  # not there, or somebody has put something in
                remove()


class Parts:
    """The part files of one output folder.

    Args:
        out: The folder.
        manifest: Says which parts count.
        schemas: Of the run.
    """

    def __init__(self, out: Path, manifest: Manifest, schemas: Schemas) -> None:
        self._out, self._manifest, self._schemas = out, manifest, schemas

    def sweep(self) -> None:
        """Remove what a killed run left, and let inputs wait whose rows are lost."""
        for name in (*DATASETS, "failures"):
            (self._out / name).mkdir(parents=True, exist_ok=True)
        (self._out / WORK).mkdir(exist_ok=True)
        known = {self._path(dataset, number) for number in self._manifest.parts() for dataset in DATASETS}
        for dataset in DATASETS:
            for path in (self._out / dataset).iterdir():
                if path not in known and PART.fullmatch(path.name):
                    path.unlink()
        pending = self._manifest.pending()
        rows = {rows_path(self._out, number) for number in pending}
        rows |= {shard_path(self._out, *shard) for shard in self._manifest.shards_kept()}
        for path in (self._out / WORK).iterdir():
            if path.is_file() and path not in rows:
                path.unlink()
        self._manifest.forget([number for number in pending if read_rows(rows_path(self._out, number)) is None])

    def commit(self, numbers: Sequence[int]) -> None:
        """Lay the rows of inputs into the next part, make it count, and clear the work folder.

        Raises:
            FullDisk: There is no room.
        """
        if not numbers:
            return
        part = self._manifest.next_part()
        found = (self._rows(number) for number in numbers)
        self._write(part, found)
        self._manifest.add_part(part, numbers)
        for number in numbers:
            rows_path(self._out, number).unlink(missing_ok=True)

    def drop(self, part: int, numbers: Sequence[int]) -> None:
        """Write a part anew without the rows of some inputs, which then wait to be read again."""
        new = self._manifest.next_part()
        kept = {}
        for dataset in DATASETS:
            table = pq.read_table(self._path(dataset, part), schema=self._schemas.of(dataset), partitioning=None)
            kept[dataset] = table.filter(pc.invert(pc.is_in(table["clip_id"], pa.array(numbers, pa.int64()))))
        self._write(new, [kept])
        self._manifest.swap_part(part, new, numbers)
        for dataset in DATASETS:
            self._path(dataset, part).unlink(missing_ok=True)

    def write_failures(self) -> None:
        """Write what failed, as the manifest has it now."""
        rows = [
            (number, clip, without_secrets(known_by(place)), why)
            for number, clip, place, why in self._manifest.failures()
        ]
        columns = [[row[i] for row in rows] for i in range(4)]
        table = pa.table(columns, schema=self._schemas.of("failures"))
        try:
            with replacing(self._out / "failures" / "failures.parquet") as partial:
                pq.write_table(table, partial, compression="zstd")
        except OSError as error:
            raise unwritable(self._out, error) from error

    def _path(self, dataset: str, number: int) -> Path:
        return self._out / dataset / f"part-{number:06d}.parquet"

    def _rows(self, number: int) -> dict[str, pa.Table]:
        rows = read_rows(rows_path(self._out, number))
        if rows is None:
            raise FemoError(f"{rows_path(self._out, number)} is damaged; give the same command again")
        return rows

    def _write(self, part: int, found: Iterable[dict[str, pa.Table]]) -> None:
        """Write the part of every data set aside, then rename them."""
        aside = {dataset: self._out / WORK / f"part-{part:06d}.{dataset}" for dataset in DATASETS}
        try:
            writers = {
                dataset: _Grouped(pq.ParquetWriter(path, self._schemas.of(dataset), compression="zstd"))
                for dataset, path in aside.items()
            }
            for tables in found:
                for dataset, writer in writers.items():
                    writer.add(tables[dataset])
            for dataset, writer in writers.items():
                writer.close()
                _sync(aside[dataset])
                aside[dataset].replace(self._path(dataset, part))
                _sync(self._out / dataset)
        except OSError as error:
            raise unwritable(self._out, error) from error


class _Grouped:
    """Gathers small tables into whole row groups."""

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer
        self._tables: list[pa.Table] = []
        self._n_rows = 0

    def add(self, table: pa.Table) -> None:
        """Take some rows."""
        self._tables.append(table)
        self._n_rows += len(table)
        if self._n_rows >= GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        if self._tables:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(pa.concat_tables(self._tables), row_group_size=GROUP_ROWS)
        self._tables, self._n_rows = [], 0


def _sync(path: Path) -> None:
    """Bring a file or the entries of a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
