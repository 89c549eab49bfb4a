"""Strangers that look like one person, counted by hand."""

import numpy as np
import pytest

from femo.training.faces.strangers import measure_strangers


def test_pairs_are_counted_without_children() -> None:
    """Four adults and a child, at 0, 20, 90, 100 and 0 degrees.

    Of the adults' six pairs the cosines of the first two (0.94) and of the last two (0.98) lie above 0.85. The first two are
    both women of class 0, 30 and 35 years old; the last two differ in gender.
    """
    degrees = np.radians([0, 20, 90, 100, 0])
    unit = np.stack([np.cos(degrees), np.sin(degrees)], axis=1).astype(np.float32)
    got = measure_strangers(
        unit,
        0.85,
        np.array([30, 35, 50, 51, 5], np.float32),
        np.array([1, 1, 0, 1, 1]),
        np.array([0, 0, 2, 2, 0]),
    )
    assert got == pytest.approx(
        {"same_cosine": 0.85, "n_pairs": 6, "share": 2 / 6, "n_alike": 1, "share_alike": 1.0}
    )
