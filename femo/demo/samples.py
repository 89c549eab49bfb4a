"""One click to a clip or a picture: examples with their credit, in every tab that takes a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import gradio as gr
from gradio.components import Component

from femo.demo.markup import render

FOLDER: Final = Path(__file__).parent / "examples"
CREDIT: Final = "Portraits by NASA and the US Navy, public domain; other expressions and movements are computed."
"""Who made what the examples are made of; ``examples/README.md`` has the details."""


def samples(component: Component, names: Sequence[str], labels: Sequence[str] | None = None) -> Any:
    """Place the examples of one component.

    Args:
        component: Gets the file that is clicked.
        names: Files in ``examples/``.
        labels: What each shows, where the component has no small picture of it.

    Returns:
        The event of a click, to go on from.
    """
    event = gr.Examples(
        [[str(FOLDER / name)] for name in names],
        [component],
        label="Example" if len(names) == 1 else "Examples",
        example_labels=None if labels is None else list(labels),
        api_visibility="private",
    ).load_input_event
    gr.HTML(render("quiet", text=CREDIT), elem_classes="femo-flush femo-credit")
    return event
