"""From when on a face is too badly seen, or an answer too close, to be given as sure: the key ``reading`` of a config.

A folder's own numbers come from its measured accuracy at each quality and stand in its card; the defaults are for folders that
have none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Le

from femo.models.checked import checked

Threshold = Annotated[float, Ge(0)]


@dataclass(frozen=True, slots=True)
class ReadingSpec:
    """Thresholds; what is measured is described in ``femo.faces.quality``.

    Attributes:
        small_px: A longer side below is small. FER+ faces have 48 pixels; of 24 little is left.
        blur: A sharpness below is blurred: between the blurred and the sharp chips of ``femo.faces.quality``.
        turned_deg: A yaw above is turned away: the training sets hold hardly any.
        covered: From this on something covers the face.
        close_margin: The most probable expression leads by less: too close.
        attribute_least: An age, gender or ethnicity that is less probable has no word.
    """

    small_px: Threshold = 32
    blur: Threshold = 0.22
    turned_deg: Threshold = 45
    covered: Threshold = 1.0
    close_margin: Threshold = 0.15
    attribute_least: Annotated[Threshold, Le(1)] = 0.6


def reading_of(raw: Mapping[str, Any] | None) -> ReadingSpec:
    """Read the key; what it leaves out keeps its default, and what else it holds (citations, figures) is left alone.

    Raises:
        ValueError: A threshold is no number from 0.
    """
    return checked(ReadingSpec, {} if raw is None else raw, "reading")
