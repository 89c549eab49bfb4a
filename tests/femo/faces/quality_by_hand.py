"""Faces whose quality and expression are known, for the tests of what is judged of them."""

import numpy as np

from femo.labels import AFFECTNET_8
from femo.types import QUALITY, Quality, Scores


def rows(**columns: float) -> Quality:
    """One face that is well seen, but for these measures."""
    well = {"confidence": 1.0, "size_px": 100.0, "sharpness": 0.5, "yaw_deg": 5.0, "covered": 0.0}
    return Quality(np.array([[(well | columns)[name] for name in QUALITY]], np.float32))


def said(*top: float) -> dict[str, Scores]:
    values = np.zeros((1, 8), np.float32)
    values[0, : len(top)] = top
    return {"expression": Scores("expression", AFFECTNET_8, values, "distribution", "trained")}
