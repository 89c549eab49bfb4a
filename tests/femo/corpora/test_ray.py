"""The engine ray on a real cluster of two workers that the test starts and kills; deselected, ``make test-ray`` runs it."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from PIL import Image

from tests import clips
from tests.corpora import ROOT, read
from tests.ray_cluster import Head, drive, end_drivers, environment, head_in
from tests.small_models import write_small
from tests.stub_corpus import go

pytestmark = [pytest.mark.ray, pytest.mark.timeout(2400)]
LIMIT_S = 600.0
"""A busy machine may take minutes where a quiet one takes seconds; what hangs is to be ended all the same."""

RUN = """
import json, os, sys
from pathlib import Path
from unittest.mock import patch
from femo.corpora import cluster
from femo.errors import FemoError
from tests.stub_corpus import go_spread
source, out, address = sys.argv[1:]
try:
    with patch.object(cluster, "PATIENCE_S", float(os.environ.get("PATIENCE_S", "3"))):
        report = go_spread(Path(source), Path(out), engine="ray", workers=2, address=address or None)
except FemoError as error:
    sys.exit(str(error))
print(json.dumps({**report.progress.to_dict(), "failures": report.failures}))
"""
SPREAD = """
import collections, itertools, json, os, sys
import psutil
from femo.corpora.actors import Actors
from femo.corpora.spreading import Work, spread
from tests.stub_corpus import big_job, nothing

class Watched(Actors):
    flying = most = 0
    def submit(self, worker, job):
        self.flying += 1
        self.most = max(self.most, self.flying)
        return super().submit(worker, job)
    def result(self, handle):
        self.flying -= 1
        return super().result(handle)

numbers, found, own, by_worker = itertools.count(), [], [], collections.Counter()
crew = Watched(2, Work(nothing, (), big_job), sys.argv[1])
def take():  # until each worker has done enough, however late it began
    enough = len(by_worker) == 2 and min(by_worker.values()) >= 80
    return None if enough else (next(numbers),)
for ended in spread(crew, take, 1.0):
    found += [each.value for each in ended]
    by_worker.update(each.value[1] for each in ended)
    own.append(psutil.Process().memory_info().rss)
print(json.dumps({"most": crew.most, "found": found, "own": own}))
"""

ALONE = """
import sys
from unittest.mock import patch
from ray._private import services
from femo.cli.main import main
with patch.object(services, "find_gcs_addresses", return_value=set()):
    main(sys.argv[1:])
"""
"""The command where no other cluster is: Ray looks through all processes of the machine for a head that it might take."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: sockets lie below it, and their paths hold a hundred letters."""
    with tempfile.TemporaryDirectory(prefix="femo", ignore_cleanup_errors=True) as name:
        yield Path(name)
        end_drivers()


@pytest.fixture
def head(folder: Path) -> Iterator[Head]:
    with head_in(folder) as found:
        yield found


def _source(tmp_path: Path, n: int) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(n):
        (source / f"slow{number:02d}.mp4").write_bytes(bytes(range(1 + number, 5 + 2 * number)))
    (source / "bad.mp4").write_bytes(b"bad")
    return source


def _ended(driver: "subprocess.Popen[str]") -> str:
    out, err = driver.communicate(timeout=LIMIT_S)
    assert driver.returncode == 0, err
    return out.splitlines()[-1]


def _same_as_local(source: Path, out: Path, tmp_path: Path) -> None:
    """Compare with what one process makes of the same inputs."""
    (tmp_path / "local").mkdir()
    go(source, tmp_path / "local" / "out", part_inputs=1000)
    for dataset in ("frames", "persons", "clips", "failures"):
        found, expected = (read(each, dataset) for each in (out, tmp_path / "local" / "out"))
        keys = [name for name in ("clip", "person", "frame") if name in found]
        assert not found.duplicated(keys).any()
        pd.testing.assert_frame_equal(
            found.sort_values(keys, ignore_index=True), expected.sort_values(keys, ignore_index=True)
        )


def _reads(tmp_path: Path) -> list[str]:
    log = tmp_path / "reads.log"
    return log.read_text().split() if log.exists() else []


def _wait_for_reads(tmp_path: Path, n: int, driver: "subprocess.Popen[str]") -> None:
    until_s = time.monotonic() + LIMIT_S
    while len(_reads(tmp_path)) < n:
        assert time.monotonic() < until_s
        assert driver.poll() is None, driver.communicate()[1]
        time.sleep(0.1)


def test_a_worker_killed_in_the_middle_costs_nothing_but_a_retry(head: Head, folder: Path, tmp_path: Path) -> None:
    source, out = _source(tmp_path, 12), tmp_path / "out"
    (source / "deadly.mp4").write_bytes(b"deadly, the first time")
    driver = drive(RUN, folder, source, out, head.address)
    _wait_for_reads(tmp_path, 4, driver)
    actors = [process for process in head.processes() if "_Actor" in process.name() + " ".join(process.cmdline())]
    actors[0].kill()
    report = json.loads(_ended(driver))
    assert (report["n_done"], report["n_failed"], report["engine"]) == (13, 1, "ray")
    assert report["failures"] == [["bad.mp4", "bad.mp4 is bad"]]
    assert (tmp_path / "deadly.mp4.died").exists()
    _same_as_local(source, out, tmp_path)
    assert len(_reads(tmp_path)) <= 14 + 1  # the input of the worker that was killed


@pytest.mark.parametrize("back", [False, True], ids=["gone", "back"])
@pytest.mark.parametrize("kind", ["direct", "client"])
def test_with_the_head_gone_the_run_says_so_and_the_same_command_ends_it(
    head: Head, folder: Path, tmp_path: Path, kind: str, back: bool
) -> None:
    """A head that is back at once is another cluster, which knows nothing of the jobs."""
    source, out = _source(tmp_path, 30), tmp_path / "out"
    address = head.address if kind == "direct" else f"ray://{head.client}"
    patience = 600 if back else 3
    more = {"RAY_CLIENT_RECONNECT_GRACE_PERIOD": str(patience), "PATIENCE_S": str(patience)}
    driver = drive(RUN, folder, source, out, address, more=more)
    _wait_for_reads(tmp_path, 6, driver)
    head.kill()
    if back:
        head.start()
    _, said = driver.communicate(timeout=LIMIT_S)
    assert driver.returncode == 1, said
    assert said.splitlines()[-1].startswith("the Ray cluster is gone; start it and give the same command again")
    n_before = len(_reads(tmp_path))
    assert 6 <= n_before < 31  # in the middle
    if not back:
        head.start()
    report = json.loads(_ended(drive(RUN, folder, source, out, address, more=more)))
    assert (report["n_done"], report["n_failed"]) == (30, 1)
    _same_as_local(source, out, tmp_path)
    # what two workers were reading, or had read and nobody had noted
    assert len(_reads(tmp_path)) <= 31 + 4


def test_a_cluster_that_runs_here_is_found_without_its_address(head: Head, folder: Path, tmp_path: Path) -> None:
    source, out = _source(tmp_path, 2), tmp_path / "out"
    report = json.loads(_ended(drive(RUN, folder, source, out, "", more={"RAY_ADDRESS": head.address})))
    assert (report["n_done"], report["engine"]) == (2, "ray")
    assert _listening(head) == {"127.0.0.1"}


def _listening(head: Head) -> set[str]:
    found = [each for process in head.processes() for each in process.net_connections("tcp")]
    return {each.laddr.ip.removeprefix("::ffff:") for each in found if each.status == psutil.CONN_LISTEN}


def test_without_a_cluster_the_processes_of_this_machine_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    Image.fromarray(clips.portrait()).save(tmp_path / "source" / "b.png")
    command = [sys.executable, "-c", ALONE, "corpus", tmp_path / "source", "--out", tmp_path / "out", "--no-mesh"]
    command += ["--model", write_small(tmp_path / "small"), "--engine", "ray", "--workers", 1, "--json-progress"]
    done = subprocess.run(
        [str(each) for each in command],
        env=environment(folder),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("no Ray cluster runs on this machine, so its own processes read") == 1
    states = [json.loads(line) for line in done.stdout.splitlines()]
    assert (states[-1]["n_done"], states[-1]["engine"]) == (1, "local")
    assert read(tmp_path / "out", "frames")["clip"].tolist() == ["b.png"]


def test_an_address_without_a_cluster_is_said(folder: Path, tmp_path: Path) -> None:
    source = _source(tmp_path, 1)
    driver = drive(RUN, folder, source, tmp_path / "out", "ray://127.0.0.1:1")
    _, said = driver.communicate(timeout=LIMIT_S)
    assert driver.returncode == 1
    assert said.splitlines()[-1].startswith("no Ray cluster answers at ray://127.0.0.1:1: ")


def test_memory_stays_flat_and_no_more_than_one_job_waits_for_a_worker(head: Head, folder: Path) -> None:
    told = json.loads(_ended(drive(SPREAD, folder, head.address)))
    assert told["most"] == 2
    assert sorted(number for number, _, _ in told["found"]) == list(range(len(told["found"])))
    workers = {pid for _, pid, _ in told["found"]}
    assert len(workers) == 2
    for sizes in ([size for _, pid, size in told["found"] if pid == worker] for worker in workers):
        tenth = len(sizes) // 10
        assert np.median(sizes[-tenth:]) == pytest.approx(np.median(sizes[tenth : 2 * tenth]), rel=0.1)
    own = told["own"]
    assert own[-1] == pytest.approx(own[len(own) // 5], rel=0.1)
