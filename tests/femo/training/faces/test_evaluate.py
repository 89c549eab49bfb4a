"""Shares with Wilson's interval, against the table of Newcombe (1998, Stat. Med. 17, table I, method 3)."""

import numpy as np
import pytest

from femo.training.faces.evaluate import mean_recall, share


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_share_has_wilsons_interval(k: int, n: int, low: float, high: float) -> None:
    got = share(np.arange(n) < k)
    assert got["interval"] == pytest.approx([low, high], abs=5e-5)
    assert (got["value"], got["n"]) == (round(k / n, 5), n)


def test_the_share_of_nothing_is_none() -> None:
    assert share(np.zeros(0, np.bool_)) == {"value": None, "interval": None, "n": 0}


def test_mean_recall_counts_every_class_alike() -> None:
    """Class 0: 3 of 4, class 2: 0 of 1, a label that the head lacks counts in N only: (0.75 + 0) / 2."""
    hits = np.array([True, True, True, False, False, False])
    got = mean_recall(hits, np.array([0, 0, 0, 0, 2, -1]))
    assert got["value"] == pytest.approx(0.375)
    assert got["n"] == 6
    low, high = got["interval"]
    assert low < 0.375 < high
    assert mean_recall(np.zeros(0, bool), np.zeros(0, int)) == {"value": None, "interval": None, "n": 0}
