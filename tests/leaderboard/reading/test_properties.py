"""What holds for every file: x against x is perfect, order never matters, and a mutation gives a score or a refusal."""

import math
import random
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from leaderboard.errors import SubmissionRefused
from leaderboard.reading.reference import load_reference
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
    low = best
    if task.family == "accuracy":  # Wilson's: few clips or images leave room for worse ones
        low = binomtest(report.n_scored, report.n_scored).proportion_ci(method="wilson").low
    if task.family not in (
        "classes",
        "action-units",
        "multi-task",
    ):  # there a draw may lack a class, which counts 0
        assert report.interval[0] == pytest.approx(low, abs=1e-6)


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
