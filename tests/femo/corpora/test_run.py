"""A run into one folder: exactly once whatever is killed, and every change noticed and named.

Most runs invent their rows (``tests.stub_corpus``): what is under test is the driver, its manifest and its files.
"""

import errno
import os
import random
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from femo.corpora.parts import locked
from femo.corpora.run import corpus
from femo.corpora.spreading import Ended, spread
from femo.errors import FemoError, WeightsError
from tests.corpora import read
from tests.small_models import add_second, write_small
from tests.stub_corpus import go, go_once_told


def _source(folder: Path, n: int) -> Path:
    source = folder / "source"
    source.mkdir()
    for number in range(n):
        (source / f"{number:02d}.mp4").write_bytes(bytes(range(1 + number, 5 + 2 * number)))
    return source


def _reads(out: Path) -> list[str]:
    log = out.parent / "reads.log"
    return log.read_text().split() if log.exists() else []


def test_a_driver_killed_at_ten_points_leaves_every_row_once(tmp_path: Path) -> None:
    source = _source(tmp_path, 12)
    (source / "05.mp4").write_bytes(b"bad")
    (tmp_path / "whole").mkdir()
    go(source, tmp_path / "whole" / "out")
    out = tmp_path / "killed" / "out"
    out.parent.mkdir()
    forks = get_context("forkserver")
    forks.set_forkserver_preload(["tests.stub_corpus"])
    chance, kills = random.Random(18), 0
    while kills < 10:
        process = forks.Process(target=go, args=(source, out, chance.randint(20, 6000)))
        process.start()
        process.join(60)
        assert process.exitcode in (0, -9)
        kills += process.exitcode == -9
        if process.exitcode == 0:  # done before its time came: one more input, and on
            (source / f"{90 - kills}.mp4").write_bytes(bytes(range(kills, kills + 9)))
    report = go(source, out)
    assert report.progress.n_done + report.progress.n_failed == len(list(source.iterdir()))
    for dataset in ("frames", "persons", "clips", "failures"):
        found, expected = (read(folder, dataset) for folder in (out, tmp_path / "whole" / "out"))
        keys = [name for name in ("clip", "person", "frame") if name in found]
        assert not found.duplicated(keys).any()
        found = found[found["clip"].isin(expected["clip"]) | found["clip"].isin(["05.mp4"])]
        pd.testing.assert_frame_equal(
            found.sort_values(keys, ignore_index=True), expected.sort_values(keys, ignore_index=True)
        )
    assert set(read(out, "clips")["clip"]) | {"05.mp4"} == {path.name for path in source.iterdir()}
    assert sorted(path.name for path in (out / ".work").iterdir()) == []
    # a kill costs at most the input whose end was not noted yet, and the one that was begun meanwhile
    assert len(_reads(out)) <= len(list(source.iterdir())) + 2 * kills


def test_the_second_of_two_runs_into_one_folder_refuses(tmp_path: Path) -> None:
    source, out = _source(tmp_path, 1), tmp_path / "out"
    with (
        locked(out),
        pytest.raises(FemoError, match=r"another run is writing into .*out; wait for it, or name another folder"),
    ):
        go(source, out)
    assert go(source, out).progress.n_done == 1


def test_while_one_process_writes_another_refuses_and_spoils_nothing(tmp_path: Path) -> None:
    source, out = _source(tmp_path, 4), tmp_path / "out"
    (source / "slow.mp4").write_bytes(
        b"slow"
    )  # sorted behind the others: they are read while this one still waits
    forks = get_context("forkserver")
    forks.set_forkserver_preload(["tests.stub_corpus"])
    process = forks.Process(target=go_once_told, args=(source, out))
    process.start()
    try:
        until_s = time.monotonic() + 60
        while len(_reads(out)) < 5:  # in the middle of the last input
            assert process.is_alive()
            assert time.monotonic() < until_s
            time.sleep(0.02)
        with pytest.raises(
            FemoError, match=r"another run is writing into .*out; wait for it, or name another folder"
        ):
            go(source, out)
        (tmp_path / "go on").touch()
        process.join(60)
    finally:
        process.kill()
        process.join()
    assert process.exitcode == 0
    assert sorted(read(out, "clips")["clip"]) == sorted(path.name for path in source.iterdir())
    assert len(_reads(out)) == 5


def test_names_that_two_sources_have_in_common_are_counted(tmp_path: Path) -> None:
    source, out = _source(tmp_path, 3), tmp_path / "out"
    assert go(source, out).n_shared_names == 0
    (tmp_path / "second").mkdir()
    second = _source(tmp_path / "second", 2)
    assert go(second, out).n_shared_names == 2
    clips = read(out, "clips")
    assert sorted(clips["clip"]) == ["00.mp4", "00.mp4", "01.mp4", "01.mp4", "02.mp4"]
    assert clips["clip_id"].is_unique
    assert clips["place"].is_unique


def test_changed_options_are_named(tmp_path: Path) -> None:
    source, out = _source(tmp_path, 1), tmp_path / "out"
    go(source, out)
    with pytest.raises(FemoError, match=r"out was made with smooth mean:15, not none; give the same options"):
        go(source, out, smooth="none")
    with pytest.raises(FemoError, match=r"group False, not True"):
        go(source, out, group=True)
    assert len(read(out, "clips")) == 1


def test_a_changed_file_is_named_and_read_again_and_a_touched_one_is_not(tmp_path: Path) -> None:
    source, out = _source(tmp_path, 5), tmp_path / "out"
    go(source, out)
    (source / "01.mp4").write_bytes(bytes([200] * 7))
    os.utime(source / "02.mp4", ns=(5, 5))
    (source / "09.mp4").write_bytes(b"new")
    report = go(source, out)
    assert report.changed == ("01.mp4",)
    assert sorted(_reads(out)[5:]) == ["01.mp4", "09.mp4"]
    frames = read(out, "frames")
    assert frames["clip"].value_counts()["01.mp4"] == 7
    assert frames.loc[frames["clip"] == "01.mp4", "valence"].tolist() == pytest.approx([200 / 255] * 7)
    assert sorted(read(out, "clips")["clip"]) == [f"{n:02d}.mp4" for n in (0, 1, 2, 3, 4, 9)]
    assert go(source, out).changed == ()
    assert len(_reads(out)) == 7


def _table(path: Path, cells: list[bytes], mtime_ns: int, **how: Any) -> None:
    """Hold cells as Hugging Face's data sets hold pictures."""
    pd.DataFrame({"image": [{"bytes": cell, "path": None} for cell in cells]}).to_parquet(path, **how)
    os.utime(path, ns=(mtime_ns, mtime_ns))


def _told(out: Path) -> dict[str, list[int]]:
    """The bytes that each clip's rows were made of."""
    frames = read(out, "frames")
    return {name: (rows["valence"] * 255).round().astype(int).tolist() for name, rows in frames.groupby("clip")}


def test_rows_of_a_table_are_read_again_where_their_content_has_changed(tmp_path: Path) -> None:
    table, out = tmp_path / "set.parquet", tmp_path / "out"
    one, two, three = bytes([1] * 3), bytes([2] * 3), bytes([3] * 3)
    _table(table, [one, two, three], 1_000)
    go(table, out)
    assert _told(out) == {"set#0": [1] * 3, "set#1": [2] * 3, "set#2": [3] * 3}
    _table(table, [two, one, three], 2_000)
    report = go(table, out)
    assert (report.changed, report.progress.n_done) == (("set#0", "set#1"), 3)
    assert _told(out) == {"set#0": [2] * 3, "set#1": [1] * 3, "set#2": [3] * 3}
    assert sorted(_reads(out)[3:]) == ["set#0", "set#1"]
    _table(table, [two, one, three], 3_000, row_group_size=1, compression="none")  # laid out anew, the same cells
    assert go(table, out).changed == ()
    _table(table, [three, one], 4_000)
    assert go(table, out).changed == ("set#0",)
    assert _told(out)["set#0"] == [3] * 3
    assert len(_reads(out)) == 6


def test_rows_of_tables_that_an_earlier_version_read_are_compared_once(tmp_path: Path) -> None:
    """It kept neither size nor time of them."""
    table, out = tmp_path / "set.parquet", tmp_path / "out"
    _table(table, [b"one", b"two"], 1_000)
    go(table, out)
    with closing(sqlite3.connect(out / "manifest.sqlite")) as known, known:
        known.execute("UPDATE inputs SET size = NULL, mtime_ns = NULL")
    _table(table, [b"one", b"2"], 1_000)
    assert go(table, out).changed == ("set#1",)
    assert go(table, out).changed == ()


def test_a_file_that_was_read_and_cannot_be_read_any_more_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = _source(tmp_path, 3), tmp_path / "out"
    go(source, out)
    closed, opens = source / "01.mp4", Path.open

    def guarded(path: Path, *how: Any, **more: Any) -> Any:
        if path == closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opens(path, *how, **more)

    os.utime(closed, ns=(5, 5))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", guarded)
        report = go(source, out)
    assert (report.changed, report.failures) == (("01.mp4",), (("01.mp4", "01.mp4: Permission denied"),))
    assert sorted(read(out, "clips")["clip"]) == ["00.mp4", "02.mp4"]
    assert go(source, out, retry_failures=True).progress.n_done == 3


def test_failures_have_their_sentence_and_are_read_again_when_asked(tmp_path: Path) -> None:
    source, out = _source(tmp_path, 3), tmp_path / "out"
    good = (source / "01.mp4").read_bytes()
    (source / "01.mp4").write_bytes(b"bad" + good[3:])
    state = (source / "01.mp4").stat()
    report = go(source, out)
    assert report.failures == (("01.mp4", "01.mp4 is bad"),)
    failures = read(out, "failures")
    assert failures[["clip", "problem"]].values.tolist() == [["01.mp4", "01.mp4 is bad"]]
    (source / "01.mp4").write_bytes(good)
    os.utime(source / "01.mp4", ns=(state.st_atime_ns, state.st_mtime_ns))
    assert go(source, out).failures == report.failures  # nobody asked
    assert go(source, out, retry_failures=True).failures == ()
    assert len(read(out, "failures")) == 0
    assert len(read(out, "clips")) == 3


REFUSED = {
    "gone": "does not exist",
    "columns.csv": "expected any of path, file",
    "latin.csv": "is no table in UTF-8",
    "cut.parquet": "is no readable Parquet file",
    "nowhere://x/y": "Protocol not known",
    "http://127.0.0.1:1/list.csv": "cannot be opened: .*refused",
}


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "columns.csv").write_text("id,what\n1,b.mp4\n")
    (tmp_path / "latin.csv").write_bytes(
        b"path\n" + b"a.mp4\n" * 2000 + b"caf\xe9.mp4\n"
    )  # much is listed before it is seen
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")


@pytest.mark.usefixtures("refused")
@pytest.mark.parametrize(("source", "why"), REFUSED.items())
def test_a_source_that_is_refused_leaves_no_folder_and_takes_none_away(
    tmp_path: Path, source: str, why: str
) -> None:
    new = tmp_path / "there" / "new" / "out"
    new.parent.parent.mkdir()
    with pytest.raises(FemoError, match=why):
        go(source, new)
    assert list(new.parent.parent.iterdir()) == []
    own = tmp_path / "own"
    for path in (own / "frames", own / "clips"):
        path.mkdir(parents=True)
    (own / "notes.txt").write_bytes(b"mine")
    (own / ".lock").write_bytes(b"mine too")
    with pytest.raises(FemoError, match=why):
        go(source, own)
    assert sorted(path.name for path in own.iterdir()) == [".lock", "clips", "frames", "notes.txt"]
    assert [(own / name).read_bytes() for name in ("notes.txt", ".lock")] == [b"mine", b"mine too"]


@pytest.mark.usefixtures("refused")
def test_a_folder_that_a_run_has_been_in_stays_when_a_source_is_refused(tmp_path: Path) -> None:
    source, out = _source(tmp_path, 3), tmp_path / "out"
    go(source, out)
    before = {path: path.read_bytes() for path in out.rglob("*.parquet")}
    assert len(before) == 4
    for refused, why in REFUSED.items():
        with pytest.raises(FemoError, match=why):
            go(refused, out)
    assert {path: path.read_bytes() for path in out.rglob("*.parquet")} == before
    assert go(source, out).progress.n_done == 3
    assert len(_reads(out)) == 3


def test_a_folder_that_goes_while_it_is_made_is_another_run_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one whose source was refused, which takes away what it made; a link to nowhere and a file are neither."""
    source, out = _source(tmp_path, 1), tmp_path / "out"
    make = Path.mkdir

    def gone(path: Path, *how: object, **more: object) -> None:
        if path == out:
            raise FileExistsError(errno.EEXIST, "File exists", str(out))
        make(path, *how, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", gone)
        with pytest.raises(FemoError, match=r"another run is writing into .*out; wait for it"):
            go(source, out)
    out.symlink_to(tmp_path / "nowhere")
    with pytest.raises(FemoError, match="out cannot be written: File exists"):
        go(source, out)
    assert out.is_symlink()


def test_a_folder_of_another_run_is_not_taken_from_it(tmp_path: Path) -> None:
    """The other run holds it, and has made nothing in it yet."""
    source, out = _source(tmp_path, 1), tmp_path / "out"
    with locked(out) as held:
        with pytest.raises(FemoError, match="another run is writing"):
            go(source, out)
        assert (out / ".lock").exists()
        held.keep()
    assert [path.name for path in out.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    "name",
    [
        "clips/part-000001.parquet",
        "frames/0001.png",
        "persons/x",
        "failures/x",
        ".work/1.rows",
        "summary.html",
        "clips",
    ],
)
def test_a_folder_in_which_something_else_lies_is_refused_and_left_as_it_is(tmp_path: Path, name: str) -> None:
    """``clips`` and ``frames`` are what many people call the folders of their own recordings."""
    source, own = _source(tmp_path, 1), tmp_path / "own" / name
    own.parent.mkdir(parents=True)
    own.write_bytes(b"mine")
    with pytest.raises(
        FemoError, match=rf"own has {name.partition('/')[0]} of something else, and no manifest\.sqlite"
    ):
        go(source, tmp_path / "own")
    assert own.read_bytes() == b"mine"
    assert sorted(path.name for path in (tmp_path / "own").iterdir()) == [name.partition("/")[0]]


def test_what_somebody_put_beside_the_parts_stays(tmp_path: Path) -> None:
    source, out = _source(tmp_path, 1), tmp_path / "out"
    (out / "clips").mkdir(parents=True)  # empty, so nothing is lost
    go(source, out)
    beside = [out / "clips" / "holiday.mp4", out / "frames" / "part-1.csv", out / "persons" / "folder" / "x.txt"]
    for path in beside:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"mine")
    go(source, out)
    assert [path.read_bytes() for path in beside] == [b"mine"] * 3


def test_an_output_among_the_inputs_is_no_input(tmp_path: Path) -> None:
    source = _source(tmp_path, 2)
    out = source / "out"
    go(f"{source}/**", out)
    (out / "clips" / "mine.mp4").write_bytes(b"mine")
    assert go(f"{source}/**/*", out).failures == ()
    names = set(read(out, "clips")["clip"].map(os.path.basename))
    assert names - {"reads.log"} == {"00.mp4", "01.mp4", "mine.mp4"}


def test_an_output_among_the_inputs_is_known_by_whatever_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _source(tmp_path, 2)
    monkeypatch.chdir(source.parent)
    out = Path("..") / source.parent.name / source.name / "out"
    go(f"{source.name}/**/*", out)
    assert go(f"{source.name}/**/*", out).failures == ()
    assert {Path(name).name for name in read(out, "clips")["clip"]} - {"reads.log"} == {"00.mp4", "01.mp4"}


def test_an_empty_folder_gives_empty_data_sets(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    report = go(tmp_path / "source", tmp_path / "out")
    assert (report.progress.n_inputs, report.failures) == (0, ())
    assert read(tmp_path / "out", "failures").columns.tolist() == ["clip_id", "clip", "place", "problem"]


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 8 MB, where this user may mount one; elsewhere one whose ``fsync`` says it is full while ``full`` exists."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        true_sync = os.fsync

        def sync(handle: int) -> None:
            if (folder / "ballast").exists():
                raise OSError(errno.ENOSPC, "No space left on device")
            true_sync(handle)

        monkeypatch.setattr(os, "fsync", sync)
    yield folder
    if mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # someone may be looking through it just now


def test_a_full_disk_stops_the_run_and_the_same_command_goes_on(tmp_path: Path, small_disk: Path) -> None:
    source, out = _source(tmp_path, 6), small_disk / "out"
    go(source, out)
    for number in range(6, 20):
        (source / f"{number:02d}.mp4").write_bytes(bytes(range(200)))
    _fill(small_disk)
    with pytest.raises(FemoError, match=r"disk is full"):
        go(source, out)
    (small_disk / "ballast").unlink()
    report = go(source, out, part_inputs=100)
    assert report.progress.n_done == 20
    assert sorted(read(out, "clips")["clip"]) == [f"{n:02d}.mp4" for n in range(20)]


def _fill(disk: Path) -> None:
    """Leave no block free; on a disk that cannot be filled, the file alone says that it is full."""
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        while os.statvfs(disk).f_blocks * os.statvfs(disk).f_frsize < 16 << 20:
            try:
                ballast.write(bytes(4096))
            except OSError:
                return


def test_a_model_that_is_not_whole_is_said_before_anything_begins(tmp_path: Path) -> None:
    model = add_second(write_small(tmp_path / "small"), write_small(tmp_path / "other"), ["gender"])
    (model / "second.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"second\.safetensors is missing"):
        corpus(str(_source(tmp_path, 1)), tmp_path / "out", model=str(model))
    assert not (tmp_path / "out").exists()


def test_the_crew_is_dismissed_before_its_error_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error holds the frames of the run; what they hold ended with the interpreter, with a traceback of its own."""
    model = add_second(write_small(tmp_path / "small"), write_small(tmp_path / "other"), ["gender"])
    (model / "second.safetensors").unlink()
    ended = []

    def watched(*how: Any) -> Iterator[list[Ended]]:
        try:
            yield from spread(*how)
        finally:
            ended.append(True)

    monkeypatch.setattr("femo.corpora.run.find_files", lambda spec: [])
    monkeypatch.setattr("femo.corpora.run.spread", watched)
    with pytest.raises(FemoError, match=r"second\.safetensors is missing") as told:
        corpus(str(_source(tmp_path, 1)), tmp_path / "out", model=str(model), workers=1)
    assert told.value.__traceback__ is not None
    assert ended == [True]
