"""What a result has of its own to be seen in a notebook: HTML for the cell, and a chart.

Conventions: results lie below what draws them and know no figure. Who draws is looked up by name when a cell asks, as pandas
looks up its plotting backend, so a result costs nothing more where nobody looks.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

DRAWS: Final = "femo.output.notebook"
"""Module with ``html(result)`` and ``plot(result, number)``."""


class Shown:
    """A result that shows itself in Jupyter."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the picture with its boxes where it is at hand, and a table."""
        return str(_draws().html(self))

    def plot(self, number: int | None = None) -> "Figure":
        """Return the Plotly chart: the expressions of a face, the timeline of a person, the course of a group's mood.

        Args:
            number: Face of a photo, from 1, or id of a person; the first by default. A group has one chart.

        Raises:
            ValueError: Nobody has this number.
        """
        return _draws().plot(self, number)


def _draws() -> Any:
    return import_module(DRAWS)
