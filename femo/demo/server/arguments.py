"""Checks what a caller of the API sends against the types that the endpoint's function declares.

Conventions: one check for every public endpoint, made before the function sees anything, so that a wrong type is answered
in one sentence. A file is passed on as nothing but its path and address, for the tab's own door to judge; what is left out
at the end gets the function's default.
"""

import types
from collections.abc import Callable, Sequence
from typing import Any, Final, Union, get_args, get_origin

import gradio as gr
from gradio.utils import get_function_params

from femo.errors import FemoError

SHOWN_CHARS: Final = 60
NAMES: Final[dict[Any, str]] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    gr.FileData: "a file",
    type(None): "null",
}


class WrongArgument(FemoError):
    """A caller sent something that the endpoint does not take."""


def checked(endpoint: Callable[..., Any], values: Sequence[Any]) -> list[Any]:
    """Return the values of a call, each of the type that the endpoint's function declares.

    Args:
        endpoint: The function behind the endpoint; it has a type hint for every parameter.
        values: What was sent, in the order of the parameters.

    Raises:
        WrongArgument: A value is of another type, missing, or one too many.
    """
    parameters = get_function_params(endpoint)
    if len(values) > len(parameters):
        names = ", ".join(name for name, *_ in parameters)
        raise WrongArgument(f"{len(values)} values were sent, expected at most {len(parameters)}: {names}.")
    given = []
    for index, (name, has_default, default, kind) in enumerate(parameters):
        if index < len(values):
            given.append(_checked(name, kind, values[index]))
        elif has_default:
            given.append(default)
        else:
            raise WrongArgument(f"{name} is missing, expected {_named(kind)}.")
    return given


def spelt(value: Any) -> str:
    """Return a value as a sentence shows it: what it is in Python, cut where it is long."""
    shown = repr(value)
    return shown if len(shown) <= SHOWN_CHARS else f"{shown[:SHOWN_CHARS]} …"


def _checked(name: str, kind: Any, value: Any) -> Any:
    if kind is gr.FileData:
        return _file(value)
    for option in _options(kind):
        if option is int and isinstance(value, float) and value.is_integer():
            return int(value)
        if option is float and type(value) in (int, float):
            return float(value)
        if type(value) is option:  # True is no whole number, though Python counts it as one
            return value
    raise WrongArgument(f"{name} is {spelt(value)}, expected {_named(kind)}.")


def _file(value: Any) -> dict[str, str] | None:
    """Keep path and address of a file; without the rest Gradio neither moves nor fetches anything.

    No system has a path with a null in it; Python says so in an error of another kind than that for a file that is not there.
    """
    if not isinstance(value, dict):
        return None
    kept = {key: value[key] for key in ("path", "url") if isinstance(value.get(key), str)}
    return {key: text for key, text in kept.items() if "\0" not in text}


def _options(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _named(kind: Any) -> str:
    return " or ".join(NAMES[option] for option in _options(kind))
