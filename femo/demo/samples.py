"""One click to a clip or a picture: examples with their credit, in every tab that takes a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import gradio as gr
from gradio.components import Component

FOLDER: Final = Path(__file__).parent / "examples"
CREDIT: Final = "portraits by NASA and the US Navy, public domain; moves are computed"
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
    return gr.Examples(
        [[str(FOLDER / name)] for name in names],
        [component],
        label=f"{'Example' if len(names) == 1 else 'Examples'} ({CREDIT})",
        example_labels=None if labels is None else list(labels),
        api_visibility="private",
    ).load_input_event
