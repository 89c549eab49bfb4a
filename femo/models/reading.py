"""From when on a face is too badly seen, or an answer too close, to be given as sure: the key ``reading`` of a config.

A folder's own numbers come from its measured accuracy at each quality and stand in its card; the defaults are for folders that
have none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


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

    small_px: float = 32
    blur: float = 0.22
    turned_deg: float = 45
    covered: float = 1.0
    close_margin: float = 0.15
    attribute_least: float = 0.6


def reading_of(raw: Mapping[str, Any] | None) -> ReadingSpec:
    """Read the key; what it leaves out keeps its default, and what else it holds (citations, figures) is left alone.

    Raises:
        ValueError: A threshold is no number from 0.
    """
    names = [field.name for field in fields(ReadingSpec)]
    given = {} if raw is None else {key: float(value) for key, value in raw.items() if key in names}
    if any(not value >= 0 for value in given.values()) or given.get("attribute_least", 0) > 1:
        raise ValueError("reading: each threshold must be at least 0, attribute_least at most 1")
    return ReadingSpec(**given)
