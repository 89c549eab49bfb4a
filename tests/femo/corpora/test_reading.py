"""The worker of a process: made once when it starts, anew when it starts again, and handed its orders."""

from pathlib import Path

import pytest

from femo.corpora import reading
from femo.corpora.manifest import Input
from femo.corpora.options import Options
from femo.corpora.reading import Order, Refused, Setup


def test_a_process_has_one_worker_which_carries_out_its_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Setup] = []

    class Worker:
        def __init__(self, setup: Setup) -> None:
            made.append(setup)
            self.setup = setup

        def do(self, order: Order) -> Refused:
            return Refused(f"{order.item.clip} into {self.setup.out}")

    monkeypatch.setattr("femo.corpora.worker.Worker", Worker)
    monkeypatch.setattr(reading, "_WORKER", [])
    first, second = (Setup(Path(name), None, Options(), 1.0, 60.0) for name in ("a", "b"))
    order = Order(Input(1, "/in/x.mp4", "x.mp4"))
    reading.start(first)
    assert reading.do(order) == reading.do(order) == Refused("x.mp4 into a")
    reading.start(second)
    assert reading.do(order) == Refused("x.mp4 into b")
    assert made == [first, second]
