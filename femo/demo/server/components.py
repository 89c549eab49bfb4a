"""What a component of the page can send, so that an event that anyone may post to sees nothing else.

Conventions: every kind of component that is an input of an event has its check here (``TAKES``), which returns "" or what was
expected. Choices are those that the session was shown. A file is judged by its form only; whether it is an upload is for the
door of the tab (``femo.demo.events.uploaded``) and for Gradio.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import gradio as gr
from gradio.components import Component

from femo.demo.server.arguments import WrongArgument, spelt

MOST_CHARS: Final = 2000
"""Characters of a text box that sets no bound."""
MOST_ASKED: Final = 20
"""Entries of a JSON component, which holds what the page's address asks for."""
FILE_KEYS: Final[Mapping[str, tuple[type, ...]]] = {
    "path": (str, type(None)),
    "url": (str, type(None)),
    "orig_name": (str, type(None)),
    "mime_type": (str, type(None)),
    "size": (int, type(None)),
    "is_stream": (bool,),
    "meta": (dict,),
}


def fitting_values(inputs: Sequence[Any], values: Sequence[Any], *, whole: bool) -> list[Any]:
    """Check the values of an event's inputs, and return them as the page will show them.

    A number past the end of a slider is that end, and an emptied box its lower one: the page sends what is being typed, and
    once the box is left shows this in it, which it does not send.

    Args:
        inputs: Components, as the session was shown them.
        values: What was sent.
        whole: Whether choices that were never filled are a refusal; a handler that is called without preprocessing judges itself.

    Raises:
        WrongArgument: A value is none that the component could have sent, or there are too few or too many.
    """
    if len(values) != len(inputs):
        raise WrongArgument(f"{len(values)} values were sent, expected {len(inputs)}.")
    for component, value in zip(inputs, values, strict=True):
        takes = next((TAKES[kind] for kind in type(component).__mro__ if kind in TAKES), None)
        expected = takes(component, value, whole) if takes is not None else ""
        if expected:
            name = getattr(component, "label", None) or type(component).__name__
            raise WrongArgument(f"{name} is {spelt(value)}, expected {expected}.")
    return [
        _within(component, value) if isinstance(component, gr.Slider) else value
        for component, value in zip(inputs, values, strict=True)
    ]


def _within(slider: gr.Slider, value: float | None) -> float:
    return slider.minimum if value is None else min(max(value, slider.minimum), slider.maximum)


def _state(_: gr.State, value: Any, whole: bool) -> str:
    """A state lies on the server; what is sent in its place is not looked at."""
    return ""


def _text(box: gr.Textbox, value: Any, whole: bool) -> str:
    most = box.max_length or MOST_CHARS
    return (
        ""
        if value is None or (isinstance(value, str) and len(value) <= most)
        else f"up to {most} characters of text"
    )


def _choice(component: gr.Radio | gr.Dropdown, value: Any, whole: bool) -> str:
    if value is None or (_is_chosen(component, value, whole)):
        return ""
    return "one of its choices; if you see it there, reload the page"


def _choices(component: gr.CheckboxGroup, value: Any, whole: bool) -> str:
    fits = isinstance(value, list) and all(_is_chosen(component, one, whole) for one in value)
    return "" if fits else "a list of its choices"


def _is_chosen(component: Any, value: Any, whole: bool) -> bool:
    choices = [choice for _, choice in component.choices]
    if not choices and not whole:
        return isinstance(value, str) or _is_number(value)
    return any(type(value) is type(choice) and value == choice for choice in choices)  # True is not 1 here


def _tick(_: gr.Checkbox, value: Any, whole: bool) -> str:
    return "" if value is None or isinstance(value, bool) else "true or false"


def _number(slider: gr.Slider, value: Any, whole: bool) -> str:
    return "" if value is None or _is_number(value) else f"a number from {slider.minimum:g} to {slider.maximum:g}"


def _file(component: Component, value: Any, whole: bool) -> str:
    if value is None:
        return ""
    if getattr(component, "file_count", "single") == "multiple":
        return "" if isinstance(value, list) and all(map(_is_file, value)) else "a list of files"
    return "" if _is_file(value) else "a file"


def _asked(_: gr.JSON, value: Any, whole: bool) -> str:
    fits = value is None or (
        isinstance(value, dict)
        and len(value) <= MOST_ASKED
        and all(isinstance(one, str) for one in value.values())
    )
    return "" if fits else f"up to {MOST_ASKED} names with a text each"


def _example(examples: gr.Dataset, value: Any, whole: bool) -> str:
    n_examples = len(examples.samples)
    return "" if type(value) is int and 0 <= value < n_examples else f"a whole number from 0 to {n_examples - 1}"


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_file(value: Any) -> bool:
    if not isinstance(value, dict) or not any(isinstance(value.get(key), str) for key in ("path", "url")):
        return False
    if "\0" in str(
        value.get("path")
    ):  # no system has such a path, and Python's own check of it is no refusal but an error
        return False
    return all(type(value[key]) in kinds for key, kinds in FILE_KEYS.items() if key in value)


TAKES: Final[Mapping[type, Callable[[Any, Any, bool], str]]] = {
    gr.State: _state,
    gr.Textbox: _text,
    gr.Radio: _choice,
    gr.Dropdown: _choice,
    gr.CheckboxGroup: _choices,
    gr.Checkbox: _tick,
    gr.Slider: _number,
    gr.File: _file,
    gr.UploadButton: _file,
    gr.Image: _file,
    gr.Video: _file,
    gr.JSON: _asked,
    gr.Dataset: _example,
}
