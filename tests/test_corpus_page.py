"""``docs/corpus.md`` is true: its query runs on what a run writes, its columns are there, and its commands are commands."""

import re
import shlex
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from femo.cli.main import main
from femo.corpora import run
from femo.errors import FemoError
from tests.corpora import ROOT, read
from tests.stub_corpus import go

PAGE = (ROOT / "docs" / "corpus.md").read_text(encoding="utf-8")
LENGTHS = {"a.mp4": 60, "b.mp4": 80, "c.mp4": 100, "d.mp4": 52, "short.mp4": 40, "unsure.mp4": 90, "alone.mp4": 70}
"""Bytes of the made inputs, of which ``tests.stub_corpus`` makes as many faces of two persons."""
GROUPS = {
    "a.mp4": "calm",
    "b.mp4": "stress",
    "c.mp4": "stress",
    "d.mp4": "calm",
    "short.mp4": "calm",
    "unsure.mp4": "calm",
}


def _blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [text for named, text in found if named == language]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a reader of the page: his data sets, of two sources with a name in common, and a table of groups."""
    (tmp_path / "clips").mkdir()
    for number, (name, n) in enumerate(LENGTHS.items()):
        (tmp_path / "clips" / name).write_bytes(
            np.random.default_rng(number).integers(0, 98, n, np.uint8).tobytes()
        )
    go(tmp_path / "clips", tmp_path / "clips.femo")
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "a.mp4").write_bytes(bytes([99]) * 60)  # of another day, in no group
    go(tmp_path / "later", tmp_path / "clips.femo")
    places = {str(tmp_path / "clips" / name): group for name, group in GROUPS.items()}
    pd.Series(places, name="condition").rename_axis("place").to_csv(tmp_path / "groups.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_ten_lines_compare_the_groups(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [block] = [block for block in _blocks("python") if "duckdb" in block]
    assert len(block.splitlines()) == 10
    asked, sql = [], duckdb.sql

    def kept(query: str) -> Any:
        asked.append(query)
        return sql(query)

    monkeypatch.setattr(duckdb, "sql", kept)
    exec(compile(block, "docs/corpus.md", "exec"), {})
    assert "calm" in capsys.readouterr().out  # shown
    found = sql(*asked).df()
    persons = read(folder / "clips.femo", "persons")
    left_out = persons["clip"].isin(["short.mp4", "unsure.mp4"])  # of 20 frames; of 45 that nobody is sure of
    persons = persons[~left_out & (persons["clip_id"] <= len(LENGTHS))]
    groups = persons["valence"].groupby(persons["clip"].map(GROUPS))
    means = groups.mean().sort_values()
    assert found["condition"].tolist() == means.index.tolist()
    assert found["persons"].tolist() == [4, 4]
    assert found["valence"].to_numpy() == pytest.approx(means.to_numpy(), abs=1e-6)
    assert found["standard_error"].to_numpy() == pytest.approx(groups.sem()[means.index].to_numpy(), abs=1e-6)


def test_the_units_are_printed_as_the_page_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [block] = [block for block in _blocks("python") if "read_schema" in block]
    exec(compile(block, "docs/corpus.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(pq.read_schema("clips.femo/frames/part-000001.parquet"))
    assert "time_s double b's' b'time from the start of the clip; 0 for a photo'" in lines
    assert "valence float b'-1-1' b''" in lines


def test_the_columns_that_the_page_names_are_there(folder: Path) -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", PAGE, re.MULTILINE)
    assert [name for name, _ in rows] == ["frames", "persons", "clips", "failures"]
    for dataset, text in rows:
        columns = read(folder / "clips.femo", dataset).columns
        assert [name for name in re.findall(r"`(\w+)`", text) if name not in columns] == []


def test_the_commands_are_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(source: str, out: Path, **options: Any) -> None:
        asked.append((source, str(out), options))
        raise FemoError("not here")

    monkeypatch.setattr(run, "corpus", refuse)
    monkeypatch.chdir(tmp_path)
    lines = [line for block in _blocks("") for line in block.splitlines() if line.startswith("femo corpus ")]
    for line in lines:
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(line, comments=True)[1:])
        assert ended.value.code == 1, line  # 2 is for what the command does not know
    assert [(source, out) for source, out, _ in asked][:2] == [
        ("clips/", "clips.femo"),
        ("list.csv", "clips.femo"),
    ]
    assert len(asked) == len(lines) >= 4
    assert {key: asked[1][2][key] for key in ("workers", "every", "retry_failures", "pictures")} == {
        "workers": 8,
        "every": 5,
        "retry_failures": True,
        "pictures": False,
    }
