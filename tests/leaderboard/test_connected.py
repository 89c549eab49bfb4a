"""Labels are read once, on first need; missing ones are asked for again."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from leaderboard import connected as connected_labels
from leaderboard.connected import ConnectedLabels
from leaderboard.errors import ReferenceInvalid, ReferenceMissing
from leaderboard.reading.private_labels import RETRY_S
from leaderboard.schema import Task
from leaderboard.tasks import TASKS
from leaderboard.types import Keys, Reference

AFEW, FACES, LFW = TASKS["afew"], TASKS["utkface"], TASKS["lfw"]


def labels(task: Task) -> Reference:
    shape = (2, len(task.columns))
    keys = Keys.items(["a", "b"])
    return Reference(task.name, keys, np.zeros(shape), np.ones(shape, bool), np.array([False, True]), "01234567")


def test_labels_are_read_once_by_any_number_of_threads() -> None:
    read: list[str] = []
    together = threading.Barrier(8)

    def slow(task: Task) -> Reference:
        read.append(task.name)
        time.sleep(0.05)  # long enough for the others to come in between
        return labels(task)

    def ask(_: int) -> Reference:
        together.wait()
        return connected.of(AFEW)

    connected = ConnectedLabels(slow)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert len({id(one) for one in found}) == 1
    connected.of(FACES)
    assert read == ["afew", "utkface"]


def test_missing_labels_are_asked_for_again_and_found_later() -> None:
    there = False

    def read(task: Task) -> Reference:
        if not there:
            raise ReferenceMissing("none yet")
        return labels(task)

    connected = ConnectedLabels(read)
    assert (connected.find(AFEW), connected.asked(AFEW), connected.signature(AFEW)) == (None, None, None)
    with pytest.raises(ReferenceMissing, match="none yet"):
        connected.of(AFEW)
    there = True
    assert connected.signature(AFEW) == "afew|val|ref:01234567|n:2|accuracy|v1.0"


def test_labels_that_cannot_be_read_are_a_fault_and_not_missing() -> None:
    def broken(task: Task) -> Reference:
        raise ReferenceInvalid("line 3")

    with pytest.raises(ReferenceInvalid):
        ConnectedLabels(broken).find(AFEW)


def test_they_are_told_to_the_host_once_and_tried_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []
    now = [1000.0]

    def broken(task: Task) -> Reference:
        asked.append(task.name)
        if len(asked) > 2:
            return labels(task)
        raise ReferenceInvalid("reference labels of afew: a.txt, line 3")

    monkeypatch.setattr(connected_labels.time, "monotonic", lambda: now[0])
    connected = ConnectedLabels(broken)
    for _ in range(3):
        assert connected.shown_signature(AFEW) is None
        with pytest.raises(ReferenceInvalid, match=r"a\.txt, line 3"):
            connected.signature(AFEW)
    assert (asked, len(caplog.records)) == (["afew"], 1)
    assert "a.txt, line 3; until that is mended, nothing is scored for afew" in caplog.text
    now[0] += RETRY_S
    assert connected.shown_signature(AFEW) is None
    now[0] += RETRY_S
    assert connected.shown_signature(AFEW) == "afew|val|ref:01234567|n:2|accuracy|v1.0"
    assert len(asked) == 3


def test_where_labels_are_hidden_every_row_is_asked_for() -> None:
    connected = ConnectedLabels(labels)
    hidden, given = connected.asked(AFEW), connected.asked(FACES)
    assert hidden is not None
    assert given is not None
    assert (hidden.optional.tolist(), given.optional.tolist()) == ([False, False], [False, True])


def test_a_task_of_published_rows_has_no_labels_and_nobody_looks() -> None:
    def never(task: Task) -> Reference:
        raise AssertionError("asked for labels")

    assert ConnectedLabels(never).find(LFW) is None


def test_labels_that_take_their_time_hold_up_no_other_task() -> None:
    asked, come = threading.Event(), threading.Event()

    def read(task: Task) -> Reference:
        if task is AFEW:
            asked.set()
            assert come.wait(10)
        return labels(task)

    connected = ConnectedLabels(read)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(connected.of, AFEW)
        assert asked.wait(10)
        try:
            assert pool.submit(connected.of, FACES).result(timeout=5).task == "utkface"
        finally:
            come.set()
        assert slow.result(timeout=5).task == "afew"
