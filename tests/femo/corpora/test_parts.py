"""Part files: whole rows of whole inputs, and nothing that the manifest does not name."""

import errno
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from femo.corpora import parts as part_files
from femo.corpora.manifest import Manifest
from femo.corpora.options import Options
from femo.corpora.parts import FullDisk, Parts, read_rows, rows_path, shard_path, write_rows
from femo.corpora.rows import Origin, tables_of
from femo.corpora.schema import DATASETS, Schemas, schemas_of
from femo.corpora.sources import Entry
from femo.errors import FemoError
from femo.models.find import find_models
from tests.corpora import read


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    specs = find_models(None)
    return schemas_of(specs, Options().identity(specs))


class Folder:
    """An output folder with some inputs that are registered."""

    def __init__(self, out: Path, schemas: Schemas, n: int) -> None:
        out.mkdir()
        self.out, self.schemas = out, schemas
        self.manifest = Manifest(out / "manifest.sqlite")
        self.manifest.register([Entry(f"/in/{k}.mp4", f"{k}.mp4", 1, 1) for k in range(1, n + 1)])
        self.parts = Parts(out, self.manifest, schemas)
        self.parts.sweep()

    def leave(self, number: int, n_rows: int = 2) -> None:
        """Be a worker that has read an input."""
        frames = pd.DataFrame(
            {
                "frame": np.arange(1, n_rows + 1), "time_s": np.arange(n_rows) / 25.0, "person": 1,
                "valence": np.float32(number / 10), "reading": "sure",
            }
        )  # fmt: skip
        about = {"kind": "clip", "n_frames": n_rows, "duration_s": 1.0}
        origin = Origin(number, f"{number}.mp4", f"/in/{number}.mp4", "ab", 1, 0.5)
        tables = tables_of(self.schemas, origin, [frames], {}, about)
        write_rows(rows_path(self.out, number), tables)
        self.manifest.settle([(number, tables.facts)], [])

    def clips(self) -> list[str]:
        return sorted(read(self.out, "clips")["clip"])

    def files(self, dataset: str) -> list[str]:
        return sorted(path.name for path in (self.out / dataset).iterdir())


@pytest.fixture
def folder(tmp_path: Path, schemas: Schemas) -> Iterator[Folder]:
    found = Folder(tmp_path / "out", schemas, 5)
    yield found
    found.manifest.close()


def test_rows_come_back_as_they_were_left(folder: Folder) -> None:
    folder.leave(3, n_rows=4)
    rows = read_rows(rows_path(folder.out, 3))
    assert rows is not None
    assert {name: len(table) for name, table in rows.items()} == {"frames": 4, "persons": 1, "clips": 1}
    assert rows["frames"]["clip_id"].to_pylist() == [3] * 4
    assert rows["frames"].schema.equals(folder.schemas.of("frames"), check_metadata=True)
    whole = rows_path(folder.out, 3).read_bytes()
    for n_bytes in (0, 100, len(whole) // 2, len(whole) - 100):
        rows_path(folder.out, 3).write_bytes(whole[:n_bytes])
        assert read_rows(rows_path(folder.out, 3)) is None
    assert read_rows(rows_path(folder.out, 9)) is None


def test_a_part_holds_the_rows_of_its_inputs_in_every_data_set(folder: Folder) -> None:
    for number in (1, 2, 4):
        folder.leave(number)
    folder.parts.commit([1, 4])
    for dataset in DATASETS:
        assert folder.files(dataset) == ["part-000001.parquet"]
    assert folder.clips() == ["1.mp4", "4.mp4"]
    assert read(folder.out, "frames")["clip_id"].tolist() == [1, 1, 4, 4]
    assert not rows_path(folder.out, 1).exists()
    assert (rows_path(folder.out, 2).exists(), folder.manifest.pending()) == (True, [2])
    folder.parts.commit([2])
    assert folder.files("frames") == ["part-000001.parquet", "part-000002.parquet"]
    folder.parts.commit([])
    assert folder.manifest.parts() == {1, 2}


def test_small_tables_are_gathered_into_whole_row_groups(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_files, "GROUP_ROWS", 5)
    for number, n_rows in ((1, 3), (2, 4), (3, 1)):
        folder.leave(number, n_rows)
    folder.parts.commit([1, 2, 3])
    about = pq.ParquetFile(folder.out / "frames" / "part-000001.parquet").metadata
    assert [about.row_group(k).num_rows for k in range(about.num_row_groups)] == [5, 2, 1]


def test_what_a_kill_left_goes_and_what_counts_stays(folder: Folder) -> None:
    for number in (1, 2, 3):
        folder.leave(number)
    folder.parts.commit([1])
    folder.manifest.add_shard(4, 0, 25, "aa", 1.0)
    kept = [rows_path(folder.out, 2), shard_path(folder.out, 4, 0)]
    kept[1].write_bytes(b"shard")
    lost = [
        folder.out / "frames" / "part-000002.parquet", rows_path(folder.out, 9), shard_path(folder.out, 4, 25),
        folder.out / ".work" / "part-000002.clips",
    ]  # fmt: skip
    for path in lost:
        path.write_bytes(b"half")
    rows_path(folder.out, 3).write_bytes(b"half")
    folder.parts.sweep()
    assert [path.exists() for path in kept] == [True, True]
    assert [path.exists() for path in lost] == [False] * 4
    assert (folder.manifest.pending(), folder.files("frames")) == ([2], ["part-000001.parquet"])
    assert [item.id for item in folder.manifest.waiting()] == [3, 4, 5]  # 3 is read again


def test_an_input_is_dropped_from_its_part_and_the_others_stay(folder: Folder) -> None:
    for number in (1, 2, 3):
        folder.leave(number)
    folder.parts.commit([1, 2, 3])
    folder.manifest.register([Entry("/in/2.mp4", "2.mp4", 9, 9)])
    folder.parts.drop(1, [2])
    assert folder.clips() == ["1.mp4", "3.mp4"]
    assert read(folder.out, "persons")["clip_id"].tolist() == [1, 3]
    assert folder.files("frames") == ["part-000002.parquet"]
    assert 2 in [item.id for item in folder.manifest.waiting()]
    schema = pq.read_schema(folder.out / "clips" / "part-000002.parquet")
    assert schema.metadata[b"femo.dataset"] == b"clips"


def test_failures_are_one_file_that_is_made_anew(folder: Folder) -> None:
    folder.manifest.settle([], [(2, "two is bad"), (1, "one is bad")])
    folder.parts.write_failures()
    assert read(folder.out, "failures").values.tolist() == [
        [1, "1.mp4", "/in/1.mp4", "one is bad"],
        [2, "2.mp4", "/in/2.mp4", "two is bad"],
    ]
    folder.manifest.retry_failures()
    folder.parts.write_failures()
    assert (len(read(folder.out, "failures")), folder.files("failures")) == (0, ["failures.parquet"])


def test_rows_that_are_lost_before_they_are_laid_down_are_said(folder: Folder) -> None:
    folder.leave(1)
    rows_path(folder.out, 1).write_bytes(b"half")
    with pytest.raises(FemoError, match=r"1\.rows is damaged; give the same command again"):
        folder.parts.commit([1])
    assert folder.manifest.parts() == set()


@pytest.mark.parametrize(
    ("number", "why"),
    [(errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "the disk is full"), (errno.EACCES, "Permission denied")],
)
def test_a_folder_that_takes_no_more_is_said(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, number: int, why: str
) -> None:
    folder.leave(1)

    def full(path: Path) -> None:
        raise OSError(number, "Permission denied")

    monkeypatch.setattr(part_files, "_sync", full)
    with pytest.raises(FullDisk, match=rf"out cannot be written: {why}; mend it and give the same command again"):
        folder.parts.commit([1])
    assert (folder.manifest.parts(), folder.manifest.pending()) == (set(), [1])
