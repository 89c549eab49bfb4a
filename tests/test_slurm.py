"""``docs/cluster/slurm.sh``: every line of a list is read by one task, whichever tasks are sent again, beside whatever job."""

import os
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "docs" / "cluster" / "slurm.sh"
PARTS = 10
SRUN = """#!/bin/bash
# instead of running `femo corpus LIST --out OUT ...`: shows who was given which list, once it may go on
set -e
touch "$5/started"
until [ -e "$GO" ]; do sleep 0.02; done
echo "$*" > "$5/command"
cp "$3" "$5/list"
"""


class Cluster:
    """Starts tasks of the script as SLURM would, with a stand-in for what it runs on the nodes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "bin" / "srun").write_text(SRUN)
        (folder / "bin" / "srun").chmod(0o755)

    def start(
        self, table: str, out: str, task: int, job: int = 1, count: int = PARTS, go: str = "/"
    ) -> "subprocess.Popen[str]":
        """Start one task of an array of ``count``."""
        environment = os.environ | {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "SLURM_ARRAY_JOB_ID": str(job),
            "SLURM_ARRAY_TASK_ID": str(task),
            "SLURM_ARRAY_TASK_COUNT": str(count),
            "SLURM_ARRAY_TASK_MIN": str(task if count == 1 else 0),
            "SLURM_ARRAY_TASK_MAX": str(task if count == 1 else count - 1),
            "SLURM_CPUS_PER_TASK": "8",
            "GO": go,
        }
        command = ["bash", str(SCRIPT), table, out]
        return subprocess.Popen(command, cwd=self.folder, env=environment, stderr=subprocess.PIPE, text=True)

    def run(self, table: str, out: str, task: int, job: int = 1, count: int = PARTS) -> str:
        """Run one task to its end and return what it says of a mistake."""
        return self.start(table, out, task, job, count).communicate(timeout=30)[1]

    def lines(self, out: str, task: int) -> list[str]:
        """Return the lines of the list that a task was given, below the header."""
        header, *lines = (self.folder / out / str(task) / "list").read_text().splitlines()
        assert header == "path"
        return lines


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def written(path: Path, *lines: str) -> list[str]:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["path", *lines]) + "\n")
    return list(lines)


def test_the_tasks_share_the_lines_and_one_that_is_sent_again_keeps_its_own(
    cluster: Cluster, tmp_path: Path
) -> None:
    names = written(tmp_path / "data" / "clips.csv", *(f"{number}.mp4" for number in range(23)))
    for task in range(PARTS):
        assert cluster.run("data/clips.csv", "out", task) == ""
    assert sorted(name for task in range(PARTS) for name in cluster.lines("out", task)) == sorted(names)
    assert cluster.lines("out", 2) == ["2.mp4", "12.mp4", "22.mp4"]
    for task in (0, 2):  # sbatch --array=0, then --array=2
        assert cluster.run("data/clips.csv", "again", task, job=2, count=1) == ""
        assert cluster.lines("again", task) == cluster.lines("out", task)


def test_the_list_lies_beside_the_table_while_it_is_read(cluster: Cluster, tmp_path: Path) -> None:
    """Relative paths hang on the folder of the list."""
    written(tmp_path / "data" / "clips.csv", "a.mp4")
    cluster.run("data/clips.csv", "out", 0)
    srun, corpus, part, *options = (tmp_path / "out" / "0" / "command").read_text().split()
    assert (srun, corpus, Path(part).parent) == ("femo", "corpus", Path("data"))
    assert options == ["--out", "out/0", "--workers", "8", "--json-progress"]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["clips.csv"]


@pytest.mark.parametrize("tables", [("a.csv", "b.csv"), ("a.csv", "a.csv")], ids=["two tables", "one table"])
def test_jobs_beside_each_other_read_their_own_lists(
    tables: tuple[str, str], cluster: Cluster, tmp_path: Path
) -> None:
    for name in tables:
        written(tmp_path / "data" / name, f"{name}.mp4")
    go = tmp_path / "go"
    first = cluster.start(f"data/{tables[0]}", "first", 0, job=1, count=1, go=str(go))
    while not (tmp_path / "first" / "0" / "started").exists():
        assert first.poll() is None
        time.sleep(0.02)
    assert cluster.run(f"data/{tables[1]}", "second", 0, job=2, count=1) == ""
    go.touch()
    assert first.communicate(timeout=30)[1] == ""
    assert cluster.lines("first", 0) == [f"{tables[0]}.mp4"]
    assert cluster.lines("second", 0) == [f"{tables[1]}.mp4"]


def test_a_list_with_tabs_stays_one(cluster: Cluster, tmp_path: Path) -> None:
    written(tmp_path / "data" / "clips.tsv", "a.mp4")
    cluster.run("data/clips.tsv", "out", 0)
    assert (tmp_path / "out" / "0" / "command").read_text().split()[2].endswith(".tsv")


@pytest.mark.parametrize(
    ("table", "task", "sentence"),
    [
        ("data/clips.csv", PARTS, "no task 10 of 10 parts; expected --array=0-9"),
        ("data/clips.parquet", 0, "clips.parquet is no list that can be dealt by lines; expected a .csv or .tsv"),
    ],
)
def test_what_would_lose_lines_is_refused(
    table: str, task: int, sentence: str, cluster: Cluster, tmp_path: Path
) -> None:
    written(tmp_path / table, "a.mp4")
    job = cluster.start(table, "out", task)
    assert sentence in job.communicate(timeout=30)[1]
    assert job.returncode == 1
    assert not (tmp_path / "out").exists()


def test_the_array_has_as_many_tasks_as_the_list_has_parts() -> None:
    script = SCRIPT.read_text()
    assert f"#SBATCH --array=0-{PARTS - 1}\n" in script
    assert f"\nparts={PARTS} " in script


def test_an_array_with_fewer_tasks_than_parts_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    """``sbatch --array=0-2`` would leave seven lines in ten to tasks that never come."""
    written(tmp_path / "data" / "clips.csv", *(f"{number}.mp4" for number in range(20)))
    said = cluster.run("data/clips.csv", "out", 0, count=3)
    assert said == "slurm.sh: tasks 0 to 2 would leave lines of 10 parts unread; expected --array=0-9\n"
    assert not (tmp_path / "out").exists()


def test_a_row_of_several_lines_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    written(tmp_path / "data" / "clips.csv", 'a "quoted" name.mp4', '"b.mp4', 'c.mp4"')
    said = cluster.run("data/clips.csv", "out", 0)
    assert said.startswith("slurm.sh: data/clips.csv has a line break within quotation marks")
    written(tmp_path / "data" / "clips.csv", 'a "quoted" name.mp4', '"b, c.mp4"')
    assert cluster.run("data/clips.csv", "out", 1) == ""
    assert cluster.lines("out", 1) == ['"b, c.mp4"']
