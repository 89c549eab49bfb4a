"""What holds for every file: x against x is perfect, order never matters, and a mutation gives a score or a refusal."""

import math
import random
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from leaderboard.errors import Problems, SubmissionRefused
from leaderboard.reading.cells import LineFormat, parse_line
from leaderboard.reading.reference import load_reference
from leaderboard.reading.rows import RowBuffer, clean, read_rows
from leaderboard.reading.submission import read_submission, template
from leaderboard.scoring.reports import score
from leaderboard.tasks import TASKS, get_task
from leaderboard.types import Reference, ScoreReport, Submission
from tests.leaderboard.writing import AU_HEADER, EXPR_HEADER, VA_HEADER, zipped

SANDBOXES = [name for name, task in TASKS.items() if task.sandbox]
QUICK = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@cache
def labels_of(name: str) -> Reference:
    return load_reference(get_task(name))


@cache
def sandbox_file(name: str) -> list[str]:
    """Header and rows of a random valid file for a sandbox task."""
    task = get_task(name)
    rng = random.Random(0)

    def cell(column_index: int) -> str:
        column = task.columns[column_index]
        if column.kind == "real":
            return f"{rng.uniform(column.low, column.high):.3f}"
        return str(rng.randint(int(column.low), int(column.high)))

    header, *rows = template(task, labels_of(name)).splitlines()
    return [header, *(",".join([row.split(",")[0], *(cell(i) for i in range(len(task.columns)))]) for row in rows)]


def scored(name: str, data: bytes, folder: Path) -> ScoreReport:
    path = folder / "file"
    path.write_bytes(data)
    truth = labels_of(name)
    return score(get_task(name), read_submission(get_task(name), path, truth), truth, n_draws=50)


@pytest.mark.parametrize("name", SANDBOXES)
def test_labels_against_themselves_are_perfect(name: str) -> None:
    task, truth = get_task(name), labels_of(name)
    values = np.where(truth.valid, truth.labels, 0).astype(truth.labels.dtype)
    report = score(task, Submission(name, truth.keys, values), truth, n_draws=100)
    best = {"multi-task": 3.0, "faces": 0.0}.get(task.family, 1.0)
    assert report.main == pytest.approx(best, abs=1e-12)
    assert report.interval is not None
    assert report.interval[1] == pytest.approx(best, abs=1e-6)
    if task.family not in (
        "classes",
        "action-units",
        "multi-task",
    ):  # there a draw may lack a class, which counts 0
        assert report.interval[0] == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("name", SANDBOXES)
def test_row_order_does_not_matter(name: str, tmp_path: Path) -> None:
    header, *lines = sandbox_file(name)
    rows = list(lines)
    straight = scored(name, "\n".join([header, *rows]).encode(), tmp_path)
    random.Random(1).shuffle(rows)
    assert scored(name, "\n".join([header, *rows]).encode(), tmp_path) == straight


@QUICK
@given(name=st.sampled_from(SANDBOXES), data=st.data())
def test_a_mutated_table_gives_a_score_or_a_named_refusal(name: str, data: st.DataObject, tmp_path: Path) -> None:
    raw = bytearray("\n".join(sandbox_file(name)).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(raw, data)
    check_outcome(name, bytes(raw), tmp_path)


ZIPPED = {
    "sandbox-abaw-expr": (EXPR_HEADER, ["0", "7", "3"]),
    "sandbox-abaw-va": (VA_HEADER, ["0.5,-1", "0,0", "-0.125,1"]),
    "sandbox-abaw-au": (AU_HEADER, [",".join("0" * 12), ",".join("1" * 12)]),
    "sandbox-afew": ("", ["Happy", "Sad"]),
}


@QUICK
@given(name=st.sampled_from(sorted(ZIPPED)), data=st.data())
def test_a_mutated_zip_gives_a_score_or_a_named_refusal(name: str, data: st.DataObject, tmp_path: Path) -> None:
    raw = bytearray(valid_zip(name))
    mutate(raw, data)
    check_outcome(name, bytes(raw), tmp_path)


@cache
def valid_zip(name: str) -> bytes:
    header, lines = ZIPPED[name]
    keys = labels_of(name).keys
    return zipped(
        {
            f"{group}.txt": "\n".join([header, *(lines[i % len(lines)] for i in range(size))])
            if header
            else lines[size % 2]
            for group, size in zip(keys.groups, np.bincount(keys.group).tolist(), strict=True)
        }
    )


@pytest.mark.parametrize("name", sorted(ZIPPED))
def test_the_zips_are_valid_before_they_are_mutated(name: str, tmp_path: Path) -> None:
    assert scored(name, valid_zip(name), tmp_path).n_scored > 0


def mutate(raw: bytearray, data: st.DataObject) -> None:
    """Change, drop, insert or repeat some bytes."""
    at = data.draw(st.integers(0, max(len(raw) - 1, 0)))
    length = data.draw(st.sampled_from([1, 1, 1, 2, 7, 40]))
    kind = data.draw(st.sampled_from(["replace", "drop", "insert", "repeat", "cut"]))
    fresh = data.draw(
        st.one_of(st.binary(max_size=6), st.text("0123456789,.-\n eE/NanifAU\r\t\"'", max_size=6).map(str.encode))
    )
    if kind == "replace":
        raw[at : at + len(fresh)] = fresh
    elif kind == "drop":
        del raw[at : at + length]
    elif kind == "insert":
        raw[at:at] = fresh
    elif kind == "repeat":
        raw[at:at] = raw[at : at + length]
    else:
        del raw[at:]


def check_outcome(name: str, raw: bytes, folder: Path) -> None:
    report, refusal = None, None
    try:
        report = scored(name, raw, folder)
    except SubmissionRefused as error:
        refusal = error
    if refusal is not None:
        assert refusal.n_problems >= len(refusal.problems) >= 1
        assert "\n" not in str(refusal)
    if report is not None:
        assert all(map(math.isfinite, [report.main, *report.components.values(), *report.variants.values()]))
        assert report.n_scored == score_of_valid(name)


def score_of_valid(name: str) -> int:
    truth = labels_of(name)
    return int(truth.valid.any(axis=1).sum())


CELL = st.one_of(
    st.sampled_from(
        ["0", "1", "7", "8", "-1", "-5", "0.5", "-1.0", "1e-3", ".5", "", " 1 ", "nan", "inf", "--1", "1_0", "1e999", "٣", "Fear",
         "0.1234567890123456789012345678901234567890", "other", "4.0", "1.", "07.00",
         "\u20281", "1\xa0", "\x0c0", "\x1c0", "0\x85", "\u2003", "\x0b1",
         "1\x00"[:1], "+1", "a/b", '"0"', '"1', '0"', '"0" ', '""', '"0""1"',
         '"1,0"', '1"0', "1e00003", "0.1 ", "\t1"]
    ),
    st.floats(-1, 1).map(repr),
)  # fmt: skip
KEY = st.one_of(
    st.sampled_from(
        ["v/00001.jpg", "v/00002.jpg", "w_left/00010.jpg", "v/1.jpg", "v/00001.JPG", "v/00001.png", "v/000001.jpg", "v/00000.jpg",
         " v/00003.jpg", "v/00001", "/00001.jpg", "a/b/00001.jpg", "é/00001.jpg", "\x7f/00001.jpg", "",
         " /00001.jpg", "v /00004.jpg", "v\u2028/00001.jpg", "\u2028v/00001.jpg", "v\xa0/00001.jpg",
         "\x0cv/00001.jpg", "v\x0b/00001.jpg",
         "\x1c", "v\x85/00001.jpg", '"v/00005.jpg"', '"a,b/00001.jpg"', '"v/00001.jpg', 'v"/00001.jpg', "\ufffd/00001.jpg"]
    )
)  # fmt: skip


@settings(max_examples=120)
@example([("v/00001.jpg", ["0", "0"])], "abaw-va", False)
@given(
    st.lists(st.tuples(KEY, st.lists(CELL, min_size=1, max_size=3)), min_size=1, max_size=8),
    st.sampled_from(["abaw-va", "abaw-expr", "abaw-lsd"]),
    st.booleans(),
)
def test_the_fast_reader_reads_what_the_careful_one_does(
    lines: list[tuple[str, list[str]]], name: str, labels: bool
) -> None:
    task = get_task(name)
    layout = LineFormat(task.columns, task.key, labels=labels)
    body = [",".join([key, *cells]) for key, cells in lines]
    careful, expected, n_whole = Problems(), [], 0
    data = clean("\n".join(body).encode())
    for number, line in enumerate(data.decode().split("\n") if data else [], start=2):
        key, values, whole = parse_line(line, layout, "f", number, careful)
        n_whole += whole
        if key is not None:
            expected.append((key, number, values))
    fast, rows = Problems(), RowBuffer(layout)
    read_rows(data, "f", 2, rows, fast)
    keys, numbers, values = rows.stacked()
    found = [
        ((keys.groups[keys.group[row]], int(keys.frame[row])), int(numbers[row]), values[row].tolist())
        for row in range(len(keys))
    ]
    assert found == expected
    if not careful.count:
        assert rows.n_whole == n_whole
    assert (fast.count, fast.first) == (careful.count, careful.first)


@settings(max_examples=60)
@example([["7"], ["0"]], "abaw-expr")
@example([["7"], ["8"]], "abaw-expr")
@example([["1"] * 12, ["0"] * 11 + ["2"]], "abaw-au")
@given(
    st.one_of(
        st.lists(st.lists(CELL, min_size=1, max_size=3), min_size=1, max_size=8),
        st.lists(st.lists(st.sampled_from("0123456789"), min_size=1, max_size=1), min_size=1, max_size=8),
    ),
    st.sampled_from(["abaw-va", "abaw-expr"]),
)
def test_the_grid_reads_what_the_careful_one_does(lines: list[list[str]], name: str) -> None:
    layout = LineFormat(get_task(name).columns)
    data = clean("\n".join(",".join(cells) for cells in lines).encode())
    careful = Problems()
    expected = (
        [parse_line(line, layout, "f", n, careful)[1] for n, line in enumerate(data.decode().split("\n"), 2)]
        if data
        else []
    )
    fast, rows = Problems(), RowBuffer(layout)
    read_rows(data, "f", 2, rows, fast, "video")
    keys, _, values = rows.stacked()
    assert values.tolist() == expected
    assert keys.frame.tolist() == list(range(1, len(expected) + 1))
    assert (fast.count, fast.first) == (careful.count, careful.first)
