"""Places are given in the order of asking, to so many at once, and come back when a turn fails."""

import threading
import time

import pytest

from femo.demo.server.turns import Turns


def wait_for(turns: Turns, n_waiting: int) -> None:
    """Return when so many wait."""
    deadline = time.monotonic() + 30
    while len(turns._waiting) != n_waiting:
        assert time.monotonic() < deadline, "nobody came to wait"
        time.sleep(0.001)


def test_first_come_first_served() -> None:
    turns = Turns(1)
    served: list[int] = []

    def come(number: int) -> None:
        with turns.turn():
            served.append(number)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(8)]
    with turns.turn():
        for number, thread in enumerate(threads):
            thread.start()
            wait_for(turns, number + 1)
        assert served == []
    for thread in threads:
        thread.join(30)
    assert served == list(range(8))


def test_so_many_are_in_at_once_and_never_more() -> None:
    turns = Turns(3)
    within, most, lock, go = 0, 0, threading.Lock(), threading.Event()

    def come() -> None:
        nonlocal within, most
        with turns.turn():
            with lock:
                within += 1
                most = max(most, within)
            go.wait(30)
            with lock:
                within -= 1

    threads = [threading.Thread(target=come) for _ in range(7)]
    for thread in threads:
        thread.start()
    wait_for(turns, 4)
    assert (within, turns._free) == (3, 0)
    go.set()
    for thread in threads:
        thread.join(30)
    assert (most, within, turns._free) == (3, 0, 3)


def test_a_turn_that_fails_gives_its_place_on() -> None:
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns.turn():
        raise ZeroDivisionError
    done = threading.Event()
    with turns.turn():
        done.set()
    assert done.is_set()
