"""Cuts curves where a person was not in view: nothing is drawn there, and nothing said.

Conventions: those of ``figures.photo``. Lines and maps get NaN; stacked areas, which Plotly draws across a NaN, fall to zero at
the edge of a gap and hold no point inside it.
"""

from typing import Final, NamedTuple

import numpy as np

from femo.types import Bools, Doubles, Floats

EDGE: Final = 1e-3
"""Width of an edge: a part of the step to the next moment."""


class Areas(NamedTuple):
    """Stacked areas with gaps.

    Attributes:
        time_s: float64 (M,), increasing.
        values: float32 (M, K), 0 at the edges of gaps.
        said: bool (M,), False at the foot of an edge, of which there is nothing to say.
    """

    time_s: Doubles
    values: Floats
    said: Bools


def without_absence(values: Floats, seen: Bools) -> Floats:
    """Return curves (T, ...) with NaN where ``seen`` (T,) is False."""
    return np.where(seen.reshape(-1, *[1] * (values.ndim - 1)), values, np.float32(np.nan))


def areas(time_s: Doubles, values: Floats, seen: Bools) -> Areas:
    """Cut stacked areas: what is seen lasts until the next moment, and then there is nothing until somebody is seen again.

    Args:
        time_s: float64 (T,), increasing.
        values: float32 (T, K).
        seen: bool (T,).
    """
    nothing = np.zeros_like(values[:1])
    parts: list[tuple[Doubles, Floats, bool]] = [(time_s[:0], values[:0], True)]
    for start, stop in _stretches(seen):
        if start > 0:
            step = time_s[start] - time_s[start - 1]
            parts.append((time_s[start, None] - EDGE * step, nothing, False))
        parts.append((time_s[start:stop], values[start:stop], True))
        if stop < len(time_s):
            step = time_s[stop] - time_s[stop - 1]
            parts.append((time_s[stop, None] - 2 * EDGE * step, values[stop - 1 : stop], True))
            parts.append((time_s[stop, None] - EDGE * step, nothing, False))
    said = np.concatenate([np.full(len(times), is_said) for times, _, is_said in parts])
    return Areas(np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]), said)


def _stretches(seen: Bools) -> list[tuple[int, int]]:
    """Return [start, stop) of the rows in which ``seen`` holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
