"""Products of a few rows with a matrix that stay in the thread that asks for them.

numpy gives a product of half a million multiplications or more to OpenBLAS' own threads, which then wait for more work at
full load: one product of 0.1 ms keeps another core busy for 20 ms, which network and decoder need.
"""

import numpy as np

from femo.types import Floats

FEW_ROWS = 256
"""Up to so many rows, the largest batch of a clip, numpy's own loops do: 24 µs a row for 1280 x 101."""


def project(rows: Floats, weight: Floats) -> Floats:
    """Return ``rows @ weight.T``; up to ``FEW_ROWS`` rows no other thread is started.

    Args:
        rows: float32 (N, D).
        weight: float32 (K, D).

    Returns:
        float32 (N, K).
    """
    if len(rows) > FEW_ROWS:
        return np.asarray(rows @ weight.T, np.float32)
    return np.asarray(np.einsum("nd,kd->nk", rows, weight), np.float32)
