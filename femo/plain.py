"""Arrays as plain JSON types."""

from typing import Any

import numpy as np

DECIMALS = 5
"""Rounding in JSON: finer than any head is sure, and a tenth of the size of full floats."""


def plain(values: Any) -> Any:
    """Turn an array into nested lists with rounded floats and None for NaN."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind != "f":
            return values.tolist()
        rounded = np.round(values.astype(np.float64), DECIMALS)  # in float64: float32 has no 0.1 to round to
        if np.isnan(rounded).any():
            cells = rounded.astype(object)
            cells[np.isnan(rounded)] = None
            return cells.tolist()
        return rounded.tolist()
    if isinstance(values, float | np.floating):
        return None if np.isnan(values) else round(float(values), DECIMALS)
    return values.item() if isinstance(values, np.generic) else values
