"""Whatever a page sends of an event is checked against what its handler asks for."""

from functools import partial
from typing import Any

import gradio as gr
import pytest

from femo.demo.server.arguments import WrongArgument
from femo.demo.server.told import fitting_event


def plain(name: str) -> None: ...


def of_event(name: str, event: gr.EventData) -> None: ...


def of_choice(event: gr.SelectData) -> None: ...


@pytest.mark.parametrize("data", [None, "anything", {"index": object()}])
def test_who_asks_for_no_event_is_not_troubled(data: Any) -> None:
    fitting_event(plain, data)


@pytest.mark.parametrize(
    "data", [{}, {"_data": None}, {"id": "entry-1", "on": True, "at": [0, 1.5, "x", None]}, {"empty": []}]
)
def test_plain_data_fits(data: Any) -> None:
    fitting_event(of_event, data)
    fitting_event(partial(of_event, "x"), data)


@pytest.mark.parametrize(
    "data",
    [None, [], "x", {"id": {"nested": 1}}, {"at": [[0]]}, {"at": float("nan")}, {"at": float("inf")}, {"at": [1, float("nan")]}],
)  # fmt: skip
def test_other_data_is_refused(data: Any) -> None:
    for handler in (of_event, of_choice, partial(of_event, "x")):
        with pytest.raises(WrongArgument, match=r"^The event is .*, expected its data\.$"):
            fitting_event(handler, data)


def test_a_choice_has_index_and_value() -> None:
    fitting_event(of_choice, {"index": [0, 1], "value": "happy", "selected": True})
    for data in ({}, {"index": 1}, {"value": "happy"}):
        with pytest.raises(WrongArgument, match="expected what was chosen: index and value"):
            fitting_event(of_choice, data)
