"""Checks what a page tells of an event itself, such as which bar was pressed: anyone may post to an event of the tabs."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, get_type_hints

import gradio as gr

from femo.demo.server.arguments import WrongArgument, spelt


def fitting_event(handler: Callable[..., Any], data: Any) -> None:
    """Check what is sent of the event itself, such as which bar was pressed.

    Raises:
        WrongArgument: The handler asks for more than was sent.
    """
    handler = handler.func if isinstance(handler, partial) else handler
    kinds = [kind for kind in get_type_hints(handler).values() if isinstance(kind, type)]
    wanted = [kind for kind in kinds if issubclass(kind, gr.EventData)]
    if not wanted:
        return
    if not isinstance(data, dict) or not all(_is_plain(value) for value in data.values()):
        raise WrongArgument(f"The event is {spelt(data)}, expected its data.")
    if gr.SelectData in wanted and not {"index", "value"} <= data.keys():
        raise WrongArgument(f"The event is {spelt(data)}, expected what was chosen: index and value.")


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_plain(value: Any) -> bool:
    several = value if isinstance(value, list) else [value]
    return all(one is None or isinstance(one, str | bool) or _is_number(one) for one in several)
