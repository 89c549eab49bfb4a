"""Turns at the processor: who is let in next, told by threads that wait for one place."""

import threading
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from femo.demo.server import turns
from femo.demo.server.turns import LATE_S, Kind, Turns


def order(
    waiting: Sequence[Kind], waited_s: float, monkeypatch: pytest.MonkeyPatch, holder: Kind = "frame"
) -> str:
    """Let these wait, in this order, behind one who leaves after ``waited_s``; return first letters as they came in."""
    now = [100.0]
    monkeypatch.setattr(turns, "time", SimpleNamespace(monotonic=lambda: now[0]))
    one, came, threads = Turns(1), [], []

    def visit(kind: Kind) -> None:
        with one.turn(kind):
            came.append(kind[0])

    with one.turn(holder):
        for number, kind in enumerate(waiting, start=1):
            threads.append(threading.Thread(target=visit, args=(kind,)))
            threads[-1].start()
            while sum(map(len, one._waiting.values())) < number:
                threading.Event().wait(0.001)
        now[0] += waited_s
    for thread in threads:
        thread.join(30)
    return "".join(came)


def test_frames_go_before_a_photo_that_is_not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    assert order(["photo", "frame", "frame", "photo"], LATE_S / 2, monkeypatch) == "ffpp"


def test_late_photos_and_frames_take_every_other_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen cameras keep a photo no longer than LATE_S, and a crowd of photos keeps no camera out."""
    waiting: list[Kind] = ["photo"] * 4 + ["frame"] * 3
    assert order(waiting, LATE_S, monkeypatch) == "pfpfpfp"


def test_places_are_given_at_once_and_never_more_than_there_are() -> None:
    two, most, inside = Turns(2), [], []
    lock, start = threading.Lock(), threading.Barrier(8)

    def visit(kind: Kind) -> None:
        start.wait()
        for _ in range(50):
            with two.turn(kind):
                with lock:
                    inside.append(kind)
                    most.append(len(inside))
                with lock:
                    inside.pop()

    threads = [threading.Thread(target=visit, args=(kind,)) for kind in ("photo", "frame") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(most) == 400
    assert max(most) <= 2
    assert two._free == 2


def test_a_turn_that_fails_gives_its_place_on() -> None:
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns.turn("frame"):
        raise ZeroDivisionError
    done = threading.Event()
    with turns.turn("frame"):
        done.set()
    assert done.is_set()
